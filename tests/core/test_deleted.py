"""The directory of an instance is deleted: who saw it, and who comes later, tell the same of it."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from builders import TreeBuilder
from logging_core import LoggingManager
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState
from logging_core.cache import read_fleet
from logging_core.read.reader import TreeReader
from written import Clock


def write(root: Path) -> None:
    """Three instances that cost something, one of which ended in an error; one without a trail."""
    clock = Clock()
    manager = LoggingManager(root, clock=clock)
    for number, name in enumerate("abc"):
        agent = manager.instance(name, f"agent {name}", role="qa")
        agent.created()
        agent.ready()
        agent.received(agent.sent("x"), "y", tokens=10 * number, cost=1.0 + number)
        agent.captured("pane")
        clock.now_s += 1
        agent.sent("never answered")
    agent.failed("out of memory")
    manager.close()
    TreeBuilder(root).send("d", "m", at=0)


def told(state: FleetState) -> list[tuple[object, ...]]:
    """What a list of instances shows of them."""
    return [
        (
            i.instance_id, i.label, i.role, i.state, i.reason, i.since_s, i.frames, i.errors,
            i.open_requests, i.usage.requests, i.usage.tokens, i.usage.cost_usd,
        )
        for i in state.instances
    ]  # fmt: skip


def test_who_saw_it_go_and_who_came_later_tell_the_same(tmp_path: Path) -> None:
    """The list after a deletion is that of the next start, and adds up to the total."""
    write(tmp_path)
    now_s = Clock().now_s + 60
    with closing(TreeReader(tmp_path)) as reader:
        model = FleetModel()
        model.apply(reader.poll())
        assert [i.instance_id for i in model.state(now_s).instances] == ["a", "b", "c", "d"]
        for name in "acd":
            shutil.rmtree(tmp_path / "instances" / name)
        for _ in range(2):
            model.apply(reader.poll())
    live, later = model.state(now_s), read_fleet(tmp_path).state(now_s)
    assert [i.instance_id for i in live.instances] == ["a", "b", "c"]
    assert told(live) == told(later)
    assert sum(i.usage.requests for i in live.instances) == live.usage.requests == 3
    assert sum(i.usage.cost_usd or 0 for i in live.instances) == live.usage.cost_usd == 6.0
    assert live.errors == later.errors == 1

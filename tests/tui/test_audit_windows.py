"""The audit panel's table by window, paused and in the past; and the rows behind its counts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import TreeBuilder
from driver import Driver, run_app
from logging_core.cache import read_fleet
from logging_core.history import History
from logging_core.read.events import newest_events
from madrox_tui.events.event_list import EventList
from madrox_tui.events.query import EventQuery, Events, query_of, with_happened
from madrox_tui.events.screen import EventsScreen
from madrox_tui.panels.audit.panel import AuditPanel
from madrox_tui.panels.audit.view import GROUPINGS

NOW_S = TreeBuilder.epoch(600)
EVENT, ERROR = GROUPINGS.index("event_type"), GROUPINGS.index("error")
QUANTILES = {"p50", "p95", "p99"}
DAY = "audit/audit_20261123.jsonl"


@pytest.fixture
def busy(tree: TreeBuilder) -> TreeBuilder:
    """A probe every minute of ten, by turns of two instances; every third one failed."""
    tree.spawn("a1", "atlas", at=0)
    tree.spawn("b2", "basil", at=1)
    for minute in range(10):
        probe(tree, "ab"[minute % 2] + "12"[minute % 2], minute * 60 + 30, failed=minute % 3 == 2)
    return tree


def probe(tree: TreeBuilder, instance_id: str, at: float, *, failed: bool) -> None:
    tree.audit("probe", instance_id, {"error": "no answer"} if failed else {}, at=at)


def told(person: Driver, label: str) -> list[str]:
    """How often, and of how many instances, the table says."""
    line = next((line for line in person.panel("audit").split("\n") if label in line), "")
    return [word for word in line.split() if word.isdigit()]


async def tells(person: Driver, label: str, number: int, instances: int) -> None:
    """The row of a text says so, and Enter lists as many events."""
    expected = [str(number), str(instances)]
    await person.until(lambda: told(person, label) == expected, f"{label} {expected}")
    rows = person.panel("audit").split("\n")
    heading = next(n for n, line in enumerate(rows) if "TIMES" in line)
    row = next(n for n, line in enumerate(rows) if label in line) - heading - 1
    person.app.screen.query_one(AuditPanel).show_row(row)
    await person.press("enter")
    await person.until(lambda: isinstance(person.app.screen, EventsScreen), "the rows")
    listed = person.app.screen.query_one(EventList)
    await person.until(lambda: listed.count > 0, "rows")
    assert listed.count == number
    await person.press("escape")
    await person.until(lambda: not isinstance(person.app.screen, EventsScreen), "the panel")


@pytest.mark.asyncio
async def test_a_window_has_its_own_events_and_errors(busy: TreeBuilder) -> None:
    """`W` goes from all time to the last hour and the last 5 minutes, whatever the grouping."""
    async with run_app(busy.root, now_s=NOW_S, size=(120, 48)) as person:
        await person.sees("atlas", "basil")
        await person.press("4", "z", *["b"] * EVENT)
        await tells(person, "probe", 10, 2)
        await person.press("W")
        await person.sees("by event · last 1h")
        await tells(person, "probe", 10, 2)
        await person.press("W")
        await person.sees("by event · last 5m")
        await tells(person, "probe", 5, 2)
        assert "instance_spawn" not in person.panel("audit")
        await person.press("b")
        await person.sees("by error · last 5m")
        await tells(person, "no answer", 2, 2)
        await person.press("W")
        await tells(person, "no answer", 3, 2)
        assert "last 5m" not in person.panel("audit")


@pytest.mark.asyncio
async def test_response_times_are_those_of_the_window(tree: TreeBuilder) -> None:
    """`W` gives the quantiles of the window, which say so, and the rows behind them are of it."""
    tree.spawn("a1", "atlas", at=0)
    for number, took_s in enumerate((40.0, 40.0, 2.0, 3.0)):
        details = {"message_id": f"m-{number}", "response_time_seconds": took_s}
        tree.audit("message_exchange", "a1", details, at=30 + number * 180)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.press("4", "z")
        await person.sees("40.0s max")
        await person.press("W", "W")
        await person.sees("3.0s max  ≈2.0s", "3.0s  5m")
        assert "40.0s" not in person.panel("audit")
        panel = person.app.screen.query_one(AuditPanel)
        while panel.figure != "max":
            await person.press("l" if panel.figure in QUANTILES else "k")
        await person.press("enter")
        await person.sees("exchanges in the last 5m, slowest first")
        listed = person.app.screen.query_one(EventList)
        await person.until(lambda: listed.count == 2, "the two of the window")


@pytest.mark.asyncio
async def test_a_window_is_of_the_instances_that_are_shown(busy: TreeBuilder) -> None:
    """A filter narrows its events and errors as it does those of all time."""
    async with run_app(busy.root, now_s=NOW_S, size=(120, 48), filter_text="basil") as person:
        await person.sees("basil")
        await person.press("4", "z", "W", "W", *["b"] * EVENT)
        await person.sees("by event · last 5m")
        await tells(person, "probe", 3, 1)
        await person.press("b")
        await tells(person, "no answer", 1, 1)


@pytest.mark.asyncio
async def test_a_window_in_which_nothing_happened_says_so(tree: TreeBuilder) -> None:
    """And what shows the rest."""
    tree.spawn("a1", "atlas", at=0)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("atlas")
        await person.press("4", "z", *["b"] * EVENT)
        await tells(person, "instance_spawn", 1, 1)
        await person.press("W", "W")
        await person.sees("nothing in the last 5m: press W for all time")


@pytest.mark.asyncio
async def test_paused_the_table_is_of_the_pause(busy: TreeBuilder) -> None:
    """What happened since is in no count, whatever it is grouped by, nor among the rows."""
    async with run_app(busy.root, now_s=NOW_S, size=(120, 48)) as person:
        await person.sees("atlas", "basil")
        await person.press("4", "z", "space")
        await person.sees("paused")
        for at in (601, 602, 603):
            probe(busy, "a1", at, failed=True)
        await person.sees("6 err")
        await person.press(*["b"] * EVENT)
        await tells(person, "probe", 10, 2)
        await person.press("b")
        await tells(person, "no answer", 3, 2)
        await person.press("W", "W")
        await person.sees("by error · last 5m")
        await tells(person, "no answer", 2, 2)


@pytest.fixture
def past(busy: TreeBuilder) -> Iterator[History]:
    with History(busy.root) as history:
        yield history


@pytest.mark.asyncio
async def test_an_earlier_moment_has_the_windows_that_ended_then(
    busy: TreeBuilder, past: History
) -> None:
    """All time up to then, and the minutes before; the rows are those of then."""
    async with run_app(busy.root, now_s=NOW_S, size=(120, 48), past=past) as person:
        await person.sees("atlas", "basil")
        await person.press("T", *"-2m", "enter")
        await person.sees("◷ at 12:08:00")
        await person.press("4", "z", *["b"] * EVENT)
        await tells(person, "probe", 8, 2)
        await person.press("W", "W")
        await person.sees("by event · last 5m")
        await tells(person, "probe", 5, 2)
        await person.press("b")
        await tells(person, "no answer", 1, 1)


def test_an_event_without_a_time_is_where_the_one_before_it_is(tree: TreeBuilder) -> None:
    """In every window, and in the list behind its count; one before all of them is in none."""
    tree.line(DAY, b'{"event_type": "x", "instance_id": "a"}\n')
    for at in (0, 60, 120):
        tree.audit("x", "a", {}, at=at)
        tree.line(DAY, b'{"event_type": "x", "instance_id": "a"}\n')
    model = read_fleet(tree.root)
    for start, stop, number in ((-9, 1, 2), (1, 61, 2), (-9, 999, 6), (130, 999, 0)):
        from_s, to_s = TreeBuilder.epoch(start), TreeBuilder.epoch(stop)
        groups = model.groups_in("event_type", from_s=from_s, to_s=to_s)
        assert groups is not None
        assert sum(group.usage.requests for group in groups) == number
        query = EventQuery("x", event_type="x", from_s=from_s, until_s=to_s)
        assert len(newest_events(tree.root, query.matches, 99)[0]) == number
    assert len(newest_events(tree.root, EventQuery("x", event_type="x").matches, 99)[0]) == 7


def test_what_is_listed_adds_up_to_its_row_in_any_window(real_tree: Path) -> None:
    """Of a real orchestrator's tree, of any instances, whatever it is grouped by."""
    model = read_fleet(real_tree)
    state, source, rows = model.state(NOW_S), random.Random(7), 0
    times = [e.time_s for e in newest_events(real_tree, lambda _: True, 999)[0] if e.time_s]
    everyone = [instance.instance_id for instance in state.instances]
    for _ in range(60):
        from_s, until_s = sorted(source.sample(times, 2))
        shown = frozenset(source.sample(everyone, 2)) if source.random() < 0.5 else None
        for by in GROUPINGS:
            groups = model.groups_in(by, from_s=from_s, to_s=until_s + 1e-6, instance_ids=shown)
            assert groups is not None
            for group in groups:
                query = query_of(
                    group, by, "x", shown=shown, labels=[other.label for other in groups]
                )
                assert query is not None
                query = query.within(from_s, until_s)
                found = Events(*newest_events(real_tree, query.matches, 999))
                listed = with_happened(found, query, state.events, 999).rows
                assert len(listed) == group.usage.requests
                rows += 1
    assert rows > 100

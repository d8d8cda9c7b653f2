"""A dashboard that begins with what an earlier run summed shows what one without would."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from builders import TreeBuilder
from logging_core.cache import FleetCache
from logging_core.read import session
from madrox_tui import live
from madrox_tui.live import LiveFleet

pytestmark = pytest.mark.asyncio


def fill(tree: TreeBuilder, first: int, last: int) -> None:
    for number in range(first, last):
        tree.send("a", f"m{number}", at=number)
        tree.receive("a", f"m{number}", at=number + 0.5, cost=0.25)


class Runs:
    """One run of the dashboard after the other, on the same tree."""

    def __init__(self, directory: Path) -> None:
        self.tree = TreeBuilder(directory / "logs")
        self._cache = directory / "cache"

    def fleet(self, *, cached: bool = True) -> LiveFleet:
        cache = FleetCache(self.tree.root, "test", self._cache) if cached else None
        return LiveFleet(self.tree.root, {}, poll=True, cache=cache, monotonic=lambda: 0.0)

    @property
    def is_kept(self) -> bool:
        return FleetCache(self.tree.root, "test", self._cache).load() is not None


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setattr(live, "WORTH_KEEPING", 1)
    made = Runs(tmp_path)
    fill(made.tree, 0, 50)
    made.fleet().begin()
    assert made.is_kept
    return made


def requests(fleet: LiveFleet) -> tuple[int, float | None]:
    usage = fleet.model.state(TreeBuilder.epoch(1000)).usage
    return usage.requests, usage.cost_usd


async def test_the_next_run_reads_only_what_is_new(runs: Runs) -> None:
    """Its first look has the sums of before and what was written since, and nothing twice."""
    fill(runs.tree, 50, 60)
    fleet = runs.fleet()
    batch = fleet.begin()
    assert sum(len(block.exchanges) for block in batch.blocks) == 10
    assert requests(fleet) == (60, 15.0)


async def test_a_rewritten_tree_is_never_shown_as_it_was(runs: Runs) -> None:
    """Already the first look has the sums of the tree as it is."""
    (path,) = (runs.tree.root / "audit").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"0.25", b"0.75"))
    fleet = runs.fleet()
    fleet.begin()
    assert requests(fleet) == (50, 37.5)


async def test_what_comes_later_follows_the_first_look(runs: Runs) -> None:
    """The first look is not handed out again; the next brings what was written meanwhile."""
    fleet = runs.fleet(cached=False)
    fleet.begin()
    fill(runs.tree, 50, 53)
    async with aclosing(fleet.batches()) as batches:
        async for batch in batches:
            fleet.take(batch)
            if requests(fleet)[0] >= 53:
                break
    assert requests(fleet) == (53, 13.25)


async def test_of_many_instances_less_is_read_of_each(runs: Runs) -> None:
    """The start takes no longer for a large fleet: the timeline keeps only so many messages."""
    few = live.history_bytes(runs.tree.root)
    for number in range(300):
        (runs.tree.root / "instances" / f"i{number}").mkdir()
    many = live.history_bytes(runs.tree.root)
    assert live.LEAST_HISTORY_BYTES <= many < few == live.HISTORY_BYTES
    assert live.history_bytes(runs.tree.root / "absent") == live.HISTORY_BYTES


async def test_the_first_look_sees_everything_of_a_small_tree(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes several looks to read, within reason, is there before the first paint."""
    fill(runs.tree, 50, 60)
    monkeypatch.setattr(session, "BATCH", 1)
    fleet = runs.fleet(cached=False)
    assert fleet.begin().caught_up
    assert requests(fleet) == (60, 15.0)
    assert len(fleet.model.state(TreeBuilder.epoch(1000)).messages) == 120

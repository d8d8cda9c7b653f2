"""A dashboard that begins with what an earlier run summed shows what one without would."""

from __future__ import annotations

import asyncio
import gc
import shutil
import threading
import weakref
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest

from builders import TreeBuilder
from logging_core.analyse.fleet import FleetModel
from logging_core.cache import FleetCache
from logging_core.read import session
from logging_core.read.follow import follow_on
from logging_core.read.reader import TreeReader
from logging_core.records import Batch
from logging_core.summing import Summing
from madrox_tui.feed import live, opened
from madrox_tui.feed.live import LiveFleet


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

    def keep(self) -> None:
        """Run once, and keep what that run knows at its end."""
        asyncio.run(follow(self.fleet(), lambda _: True))
        assert FleetCache(self.tree.root, "test", self._cache).load() is not None


@pytest.fixture(autouse=True)
def _sweeps_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody tells of changes here: each is found by a sweep."""
    monkeypatch.setattr(live, "follow_on", partial(follow_on, sweep_s=0.05))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setattr(live, "WORTH_KEEPING", 1)
    made = Runs(tmp_path)
    fill(made.tree, 0, 50)
    made.keep()
    return made


def take(fleet: LiveFleet, batch: Batch) -> None:
    """As the feed does, which shows it between the two."""
    fleet.take(batch)
    if fleet.wants_keeping(batch):
        fleet.keep(batch)


async def follow(fleet: LiveFleet, until: Callable[[Batch], bool]) -> list[Batch]:
    """What it brings, until a batch is all that was awaited."""
    seen = []
    async with aclosing(fleet.batches()) as batches:
        async for batch in batches:
            take(fleet, batch)
            seen.append(batch)
            if batch.caught_up and until(batch):
                break
    return seen


def requests(fleet: LiveFleet) -> tuple[int, float | None]:
    usage = fleet.model.state(TreeBuilder.epoch(1000)).usage
    return usage.requests, usage.cost_usd


def test_the_next_run_reads_only_what_is_new(runs: Runs) -> None:
    """It has the sums of before and what was written since, and nothing twice."""
    fill(runs.tree, 50, 60)
    fleet = runs.fleet()
    (batch,) = asyncio.run(follow(fleet, lambda _: True))
    assert sum(len(block.exchanges) for block in batch.blocks) == 10
    assert requests(fleet) == (60, 15.0)


def test_who_takes_a_batch_is_told_when_the_sums_are_to_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the batch that makes them worth it, once, and not with one that brings nothing new."""
    monkeypatch.setattr(live, "WORTH_KEEPING", 1)
    runs = Runs(tmp_path)
    fill(runs.tree, 0, 5)
    fleet, batch = runs.fleet(), TreeReader(runs.tree.root).poll()
    fleet.take(batch)
    assert fleet.wants_keeping(batch)
    fleet.keep(batch)
    assert not fleet.wants_keeping(batch)
    assert not fleet.wants_keeping(Batch(caught_up=True))
    assert batch.caught_up


def test_a_read_ahead_begins_with_what_was_kept(runs: Runs) -> None:
    """It sees what the run itself will see, in as many looks as it says."""
    fill(runs.tree, 50, 60)
    fleet = runs.fleet()
    assert fleet.read_ahead(lambda: False) == 1
    assert requests(fleet) == (60, 15.0)


def rewrite(tree: TreeBuilder) -> None:
    (path,) = (tree.root / "audit").glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"0.25", b"0.75"))


def test_a_rewritten_tree_is_never_shown_as_it_was(runs: Runs) -> None:
    """Ahead and afterwards there are the sums of the tree as it is."""
    rewrite(runs.tree)
    fleet = runs.fleet()
    fleet.read_ahead(lambda: False)
    assert requests(fleet) == (50, 37.5)
    fleet = runs.fleet()
    asyncio.run(follow(fleet, lambda _: True))
    assert requests(fleet) == (50, 37.5)


def test_what_comes_later_follows(runs: Runs) -> None:
    """The next batch brings what was written meanwhile, and nothing of before."""
    fleet = runs.fleet(cached=False)

    def written(_: Batch) -> bool:
        if requests(fleet)[0] == 50:
            fill(runs.tree, 50, 53)
        return requests(fleet)[0] == 53

    first, *later = asyncio.run(follow(fleet, written))
    assert first.count >= 50
    assert sum(len(block.exchanges) for batch in later for block in batch.blocks) == 3
    assert requests(fleet) == (53, 13.25)


def test_of_many_instances_less_is_read_of_each(runs: Runs) -> None:
    """The start takes no longer for a large fleet: the timeline keeps only so many messages."""
    few = opened.history_bytes(runs.tree.root)
    for number in range(300):
        (runs.tree.root / "instances" / f"i{number}").mkdir()
    many = opened.history_bytes(runs.tree.root)
    assert opened.MIN_HISTORY_BYTES <= many < few == opened.HISTORY_BYTES
    assert opened.history_bytes(runs.tree.root / "absent") == opened.HISTORY_BYTES


def test_a_read_ahead_sees_everything_if_there_is_time(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what takes several looks to read; and it ends early when it is told to."""
    fill(runs.tree, 50, 60)
    monkeypatch.setattr(session, "BATCH", 1)
    fleet = runs.fleet(cached=False)
    assert fleet.read_ahead(lambda: False) > 1
    assert requests(fleet) == (60, 15.0)
    assert len(fleet.model.state(TreeBuilder.epoch(1000)).messages) == 120
    assert runs.fleet(cached=False).read_ahead(lambda: True) == 1


def test_a_read_ahead_does_not_end_without_a_row_to_be_shown(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the audits fill the first look, there is one more; but without end it is not read."""
    for number in range(40):
        runs.tree.audit("instance_spawn", f"i{number}", {"instance_name": "x" * 900}, at=number)
    monkeypatch.setattr(session, "BATCH", 20_000)
    monkeypatch.setattr(session, "TURN", 10_000)
    fleet = runs.fleet(cached=False)
    assert fleet.read_ahead(lambda: True) == 2 == opened.MIN_POLLS
    fleet = runs.fleet(cached=False)
    monkeypatch.setattr(opened, "MIN_POLLS", 1_000)
    looks = fleet.read_ahead(lambda: True)
    state = fleet.model.state(TreeBuilder.epoch(1000))
    assert 1 < looks < 1_000
    assert len(state.messages) > 0


def long_log(tree: TreeBuilder) -> None:
    """More than is read of the end, after a request that nobody answered."""
    tree.send("b", "never-answered", at=0)
    for number in range(1, 40):
        tree.send("b", f"n{number}", "x" * 10_000, at=number)
        tree.receive("b", f"n{number}", at=number + 0.5, cost=1.0)


def open_requests(fleet: LiveFleet) -> list[str | None]:
    state = fleet.model.state(TreeBuilder.epoch(1000))
    return [r.message_id for i in state.instances if i.instance_id == "b" for r in i.open_requests]


def whole_fleet(runs: Runs, summing: Callable[[], live.Summing] | None = None) -> LiveFleet:
    make = summing or partial(Summing, runs.tree.root, None)
    return LiveFleet(runs.tree.root, {}, poll=True, cache=None, monotonic=lambda: 0.0, summing=make)


def test_what_the_ends_of_logs_do_not_tell_is_found_beside(runs: Runs) -> None:
    """A request that was never answered is open, however much was said since."""
    long_log(runs.tree)
    fleet = whole_fleet(runs)
    seen: list[tuple[str | None, list[str | None]]] = []

    def is_whole(_: Batch) -> bool:
        seen.append((fleet.unread, open_requests(fleet)))
        return fleet.unread is None

    asyncio.run(follow(fleet, is_whole))
    assert seen[0] == ("reading history", [])
    assert seen[-1] == (None, ["never-answered"])
    assert fleet.model.state(TreeBuilder.epoch(1000)).usage.cost_usd == 50 * 0.25 + 39


def test_what_is_written_meanwhile_is_counted_once(runs: Runs) -> None:
    """Lines that come while the whole tree is read are neither lost nor counted twice."""
    summing = Summing(runs.tree.root, None)
    read = summing.run

    def run() -> bool:
        fill(runs.tree, 50, 55)
        done = read()
        fill(runs.tree, 55, 60)
        return done

    summing.run = run  # type: ignore[method-assign]  # something happens before and after it
    fleet = whole_fleet(runs, lambda: summing)
    asyncio.run(follow(fleet, lambda _: fleet.unread is None and requests(fleet)[0] >= 60))
    assert requests(fleet) == (60, 15.0)


def test_rows_of_the_other_model_are_numbered_anew(runs: Runs) -> None:
    """Who remembers rows by their place learns that they are others, however often that was so."""
    fleet, often = whole_fleet(runs), FleetModel()
    for _ in range(9):
        often.apply(Batch(reset=True))
    fleet.model.succeed(often)
    generations: list[int] = []

    def is_whole(_: Batch) -> bool:
        generations.append(fleet.model.state(TreeBuilder.epoch(1000)).reordered)
        return fleet.unread is None

    asyncio.run(follow(fleet, is_whole))
    assert generations[-1] > generations[0] > 9


def test_a_tree_that_appears_later_is_read_as_a_whole(runs: Runs) -> None:
    """While there is none, nobody tries to, and so nothing has failed when it is there."""
    root = runs.tree.root
    long_log(runs.tree)
    aside = root.rename(root.with_name("aside"))
    tried: list[bool] = []

    def make() -> Summing:
        tried.append(root.exists())
        return Summing(root, None)

    fleet = whole_fleet(runs, make)

    def is_read(batch: Batch) -> bool:
        if batch.waiting is not None:
            asyncio.get_running_loop().call_later(0.1, aside.rename, root)
        return fleet.unread != "reading history"

    asyncio.run(follow(fleet, is_read))
    assert (fleet.unread, tried) == (None, [True])
    assert open_requests(fleet) == ["never-answered"]


def with_old_audits(tree: TreeBuilder) -> None:
    """Days of audit before the exchanges of a run: 40 more, at 1 dollar each."""
    for day in range(1, 5):
        for number in range(10):
            details = {"message_id": f"{day}-{number}", "cost": 1.0, "text": "x" * 800}
            tree.audit("message_exchange", "a", details, at=number - 86_400 * day)


def sums_so_far(fleet: LiveFleet) -> tuple[str | None, bool, int]:
    return fleet.unread, fleet.model.is_cut, requests(fleet)[0]


def test_of_a_long_audit_trail_the_end_is_shown_first(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known to be a part; the rest is read beside, and is whole then."""
    monkeypatch.setattr(opened, "AUDIT_BYTES", 30_000)
    monkeypatch.setattr(live, "AUDIT_BYTES", 30_000)
    with_old_audits(runs.tree)
    fleet, seen = whole_fleet(runs), []

    def is_whole(_: Batch) -> bool:
        seen.append(sums_so_far(fleet))
        return fleet.unread is None

    asyncio.run(follow(fleet, is_whole))
    unread, is_cut, number = seen[0]
    assert (unread, is_cut) == ("reading history", True)
    assert 50 < number < 90
    assert seen[-1] == (None, False, 90)


@pytest.mark.parametrize("fails", [True, False])
def test_what_nobody_else_reads_of_the_audit_trail_is_read(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    """Where no other process reads it, or that failed, no sum stays that of a part."""
    monkeypatch.setattr(live, "AUDIT_BYTES", 30_000)
    with_old_audits(runs.tree)
    fleet = whole_fleet(runs, lambda: Failing(runs=False)) if fails else runs.fleet(cached=False)
    asyncio.run(follow(fleet, lambda _: requests(fleet)[0] == 90))
    assert sums_so_far(fleet) == ("history not read: no room" if fails else None, False, 90)


def test_a_tree_that_goes_away_while_it_is_read_can_come_back(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile it is shown as last seen; what comes is read beside like any other."""
    monkeypatch.setattr(live, "AUDIT_BYTES", 30_000)
    with_old_audits(runs.tree)
    root, aside = runs.tree.root, runs.tree.root.with_name("aside")
    made: list[live.Summing] = []

    class GoneWithIt(Failing):
        def run(self) -> bool:
            root.rename(aside)
            return False

    def make() -> live.Summing:
        made.append(Summing(root, None) if made else GoneWithIt(runs=False))
        return made[-1]

    fleet, last_seen, after = whole_fleet(runs, make), [], list[str | None]()

    async def go_on() -> None:
        async with aclosing(fleet.batches()) as batches:
            async for batch in batches:
                take(fleet, batch)
                if batch.reset:
                    after.append(fleet.unread)
                if batch.waiting is not None:
                    last_seen.append(sums_so_far(fleet))
                    shutil.copytree(aside, root)
                if fleet.unread is None and batch.caught_up:
                    return

    asyncio.run(go_on())
    assert after == ["reading history"]
    ((unread, is_cut, number),) = last_seen
    assert is_cut
    assert unread in {"history not read: no room", "reading history"}  # which of both went first
    assert 50 < number < 90
    assert sums_so_far(fleet) == (None, False, 90)


def test_a_tree_that_is_back_before_its_reading_has_failed_is_read(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That what was there could not be read says nothing of what is there now."""
    monkeypatch.setattr(live, "AUDIT_BYTES", 30_000)
    with_old_audits(runs.tree)
    root, aside = runs.tree.root, runs.tree.root.with_name("aside")
    late, made = FailsLate(lambda: root.rename(aside)), list[live.Summing]()

    def make() -> live.Summing:
        made.append(Summing(root, None) if made else late)
        return made[-1]

    fleet = whole_fleet(runs, make)

    async def go_on() -> None:
        async with aclosing(fleet.batches()) as batches:
            async for batch in batches:
                take(fleet, batch)
                if batch.waiting is not None:
                    shutil.copytree(aside, root)
                    late.may_end.set()
                    while fleet.unread == "reading history" and not late.is_closed:
                        await asyncio.sleep(0)
                if fleet.unread is None and batch.caught_up:
                    return

    asyncio.run(go_on())
    assert sums_so_far(fleet) == (None, False, 90)


def test_it_is_said_how_far_the_other_process_is(runs: Runs) -> None:
    """In percent, once there is one; never that all is read while it is not."""
    job, begun, ends = Failing(runs=False), threading.Event(), threading.Event()

    def run() -> bool:
        begun.set()
        ends.wait()
        return False

    job.run = run  # type: ignore[method-assign]  # it ends when it is told to
    fleet = whole_fleet(runs, lambda: job)

    async def listen() -> list[str | None]:
        following = asyncio.create_task(follow(fleet, lambda _: False))
        await asyncio.to_thread(begun.wait)
        said = []
        for job.share in (0.004, 0.4, 0.999, 1.0):
            said.append(fleet.progress)
        ends.set()
        while fleet.unread == "reading history":
            await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.wait({following})
        return [*said, fleet.progress]

    said = asyncio.run(listen())
    percents = [f"reading history {percent}%" for percent in (40, 99, 99)]
    assert said == ["reading history", *percents, "history not read: no room"]


class Failing:
    """A summing that fails, in one way or the other."""

    share = 0.0
    trouble = "no room"

    def __init__(self, *, runs: bool) -> None:
        self.runs = runs

    def run(self) -> bool:
        return self.runs

    def load(self, **_: object) -> None:
        return None

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


class FailsLate(Failing):
    """A summing that has failed, but whose end nobody hears of until it may."""

    def __init__(self, begin: Callable[[], object]) -> None:
        super().__init__(runs=False)
        self.begin = begin
        self.may_end = threading.Event()
        self.is_closed = False

    def run(self) -> bool:
        self.begin()
        self.may_end.wait()
        return self.runs

    def stop(self) -> None:
        self.may_end.set()

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    ("is_run", "tries", "why"),
    [(False, 1, "no room"), (True, live.MAX_TRIES, "logs were rotated each time that was tried")],
)
def test_it_goes_on_without_what_cannot_be_read(
    runs: Runs, *, is_run: bool, tries: int, why: str
) -> None:
    """If the whole tree cannot be summed, what follows is shown all the same, and why is said."""
    made: list[Failing] = []

    def make() -> Failing:
        made.append(Failing(runs=is_run))
        return made[-1]

    fleet = whole_fleet(runs, make)

    async def go_on() -> None:
        following = asyncio.create_task(follow(fleet, lambda _: requests(fleet)[0] == 53))
        while fleet.unread != f"history not read: {why}":
            await asyncio.sleep(0.01)
        fill(runs.tree, 50, 53)
        await following

    asyncio.run(go_on())
    assert requests(fleet) == (53, 13.25)
    assert len(made) == tries


def test_what_was_summed_is_let_go_however_often_it_is_cancelled(runs: Runs) -> None:
    """Who ends the program does not wait for the other process, nor is its file left open."""
    running, ended, closed = threading.Event(), threading.Event(), threading.Event()

    class Slow(Failing):
        def run(self) -> bool:
            running.set()
            return ended.wait(30) and False

        def close(self) -> None:
            closed.set()

    fleet = whole_fleet(runs, lambda: Slow(runs=False))

    async def leave() -> None:
        following = asyncio.create_task(follow(fleet, lambda _: False))
        while not running.is_set():
            await asyncio.sleep(0.01)
        while not following.done():
            following.cancel()
            await asyncio.sleep(0.01)
        assert closed.is_set()
        ended.set()

    asyncio.run(leave())


def test_only_a_whole_model_is_kept(runs: Runs, tmp_path: Path) -> None:
    """The next start never begins with what only the ends of logs told."""
    cache = FleetCache(runs.tree.root, "other", tmp_path / "other")
    fleet = LiveFleet(
        runs.tree.root,
        {},
        poll=True,
        cache=cache,
        monotonic=lambda: 0.0,
        summing=partial(Summing, runs.tree.root, None),
    )
    kept: list[tuple[str | None, bool]] = []

    def is_kept(_: Batch) -> bool:
        kept.append((fleet.unread, cache.load() is not None))
        return kept[-1][1]

    asyncio.run(follow(fleet, is_kept))
    assert kept[-1] == (None, True)
    assert all(unread is not None for unread, _ in kept[:-1])


def test_a_model_that_nobody_holds_is_gone_at_once(runs: Runs) -> None:
    """Its memory is free before the next one is loaded, with no collection of garbage."""
    gc.disable()
    try:
        fleet = runs.fleet(cached=False)
        fleet.read_ahead(lambda: True)
        model = weakref.ref(fleet.model)
        fold = weakref.ref(fleet.model._fold)
        del fleet
        assert (model(), fold()) == (None, None)
    finally:
        gc.enable()


@pytest.mark.fault("R67")
def test_sums_that_cannot_be_kept_are_known_not_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why is known after the first try; a dashboard without a cache has no trouble with it."""
    monkeypatch.setattr(live, "WORTH_KEEPING", 1)
    runs = Runs(tmp_path)
    fill(runs.tree, 0, 5)
    (tmp_path / "cache").write_text("in the way")
    fleet = runs.fleet()
    assert fleet.trouble is None
    asyncio.run(follow(fleet, lambda _: True))
    assert (fleet.trouble or "").endswith(": File exists")
    assert requests(fleet) == (5, 1.25)
    fleet = runs.fleet(cached=False)
    asyncio.run(follow(fleet, lambda _: True))
    assert fleet.trouble is None

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from builders import TreeBuilder
from logging_core import follow
from logging_core.read import watch
from logging_core.read.reader import TreeReader
from logging_core.records import Batch, FrameRef, InstanceSeen, Message
from reading import messages, until

NEVER_S = 3600.0
pytestmark = pytest.mark.asyncio


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.fault("R56")
async def test_what_is_written_is_seen_without_a_sweep(tree: TreeBuilder) -> None:
    """An appended message, and everything in a directory made a moment ago, comes by itself."""
    tree.spawn("a", "alpha")
    async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
        assert (await anext(batches)).caught_up
        for number in range(5):
            tree.send("a", f"m{number}")
            assert await messages(batches, 1) == [f"m{number}"]
        for number in range(5):
            tree.spawn(f"new{number}")
            tree.send(f"new{number}", f"n{number}")
            tree.frame(f"new{number}", "pane")
            found = await until(batches, lambda found: any(isinstance(r, FrameRef) for r in found))
            assert InstanceSeen(instance_id=f"new{number}") in found
        assert threading.active_count() < 20


@pytest.mark.fault("R57")
@pytest.mark.parametrize("above", [".git", ".venv", "node_modules"])
async def test_a_tree_below_a_directory_that_reloaders_ignore_is_watched(
    tmp_path: Path, above: str
) -> None:
    """Whatever stands in the path of the root."""
    tree = TreeBuilder(tmp_path / above / "logs~")
    tree.send("agent~", "m0")
    async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
        for number in range(1, 4):  # the first one may still be found by the sweep at the start
            assert await messages(batches, 1) == [f"m{number - 1}"]
            tree.send("agent~", f"m{number}")


async def test_the_first_batch_comes_at_once(tree: TreeBuilder) -> None:
    """Also from an empty tree; later ones always say something."""
    async with aclosing(follow(tree.root, sweep_s=0.01)) as batches:
        first = await anext(batches)
        assert first.records == ()
        assert first.caught_up
        tree.send("a", "m1")
        assert await messages(batches, 1) == ["m1"]


@pytest.mark.fault("R61")
async def test_without_notifications_the_sweeps_find_everything(tree: TreeBuilder) -> None:
    """`poll=True` starts no watcher."""
    async with aclosing(follow(tree.root, poll=True, sweep_s=0.01)) as batches:
        await anext(batches)
        tree.send("a", "m1")
        assert await messages(batches, 1) == ["m1"]
        assert len(asyncio.all_tasks()) == 1


@pytest.mark.fault("R63")
@pytest.mark.parametrize(
    "error",
    [OSError("limit"), RuntimeError("no")],
)
async def test_a_watcher_that_fails_is_started_again(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Meanwhile the sweeps bring every record."""
    starts: list[str] = []

    async def broken(paths: Sequence[str], _: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        starts.append(paths[0])
        yield set()
        raise error

    monkeypatch.setattr("logging_core.read.watch.fs_events", broken)
    monkeypatch.setattr(watch, "_PAUSE_S", 0.001)
    async with aclosing(follow(tree.root, sweep_s=0.01)) as batches:
        await anext(batches)
        for number in range(1000):
            tree.send("a", f"m{number}")
            assert await messages(batches, 1) == [f"m{number}"]
            if len(starts) > 2:
                break
    assert set(starts) == {str(tree.root)}
    assert len(starts) > 2


@pytest.mark.fault("R63")
async def test_a_watcher_that_fails_for_good_stops_nobody(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody has thought of ends the notices; the sweeps go on."""

    async def broken(paths: Sequence[str], _: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        if paths:
            raise ValueError(paths[0])
        yield set()

    monkeypatch.setattr("logging_core.read.watch.fs_events", broken)
    async with aclosing(follow(tree.root, sweep_s=0.01)) as batches:
        await anext(batches)
        tree.send("a", "m")
        assert await messages(batches, 1) == ["m"]


@pytest.mark.fault("R54")
async def test_a_file_name_that_no_watcher_takes_costs_only_time(tree: TreeBuilder) -> None:
    """A name that is no UTF-8 ends every notification; the sweeps go on."""
    tree.send(os.fsdecode(b"bad\xff"), "m0")
    async with aclosing(follow(tree.root, sweep_s=0.05)) as batches:
        assert await messages(batches, 1) == ["m0"]
        for number in range(1, 6):
            tree.send(os.fsdecode(b"bad\xff"), f"m{number}")
            assert await messages(batches, 1) == [f"m{number}"]


@pytest.mark.fault("R45")
async def test_a_root_that_comes_later_is_followed(tmp_path: Path) -> None:
    """It is waited for, read, and then watched."""
    root = tmp_path / "later" / "logs"
    async with aclosing(follow(root, sweep_s=0.05)) as batches:
        assert (await anext(batches)).waiting is not None
        TreeBuilder(root).send("a", "m1")
        assert await messages(batches, 1) == ["m1"]


@pytest.mark.fault("R46")
async def test_a_root_that_is_replaced_is_followed_anew(tree: TreeBuilder) -> None:
    """The batch says so, and the new directory is the one that is watched."""
    tree.send("a", "m1")
    async with aclosing(follow(tree.root, sweep_s=0.05)) as batches:
        assert await messages(batches, 1) == ["m1"]
        tree.root.rename(tree.root.with_name("old"))
        new = TreeBuilder(tree.root)
        new.send("b", "m2")
        while not (batch := await anext(batches)).reset:
            assert batch.waiting is not None
        assert [r.message_id for r in batch.records if isinstance(r, Message)] == ["m2"]
        new.send("b", "m3")
        assert await messages(batches, 1) == ["m3"]


@pytest.mark.fault("R46")
async def test_a_root_that_is_made_again_is_watched_again(tree: TreeBuilder) -> None:
    """A directory deleted and made anew at once, which may well have the same inode."""
    tree.send("a", "m1")

    async def write_on(new: TreeBuilder) -> None:
        while True:
            await asyncio.sleep(0.02)
            new.send("b", "m3")

    async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
        assert await messages(batches, 1) == ["m1"]
        shutil.rmtree(tree.root)
        new = TreeBuilder(tree.root)
        new.send("b", "m2")
        assert await messages(batches, 1) == ["m2"]
        writer = asyncio.create_task(write_on(new))
        assert (await messages(batches, 1))[0] == "m3"
        writer.cancel()


async def test_leaving_the_loop_leaves_nothing_behind(tree: TreeBuilder) -> None:
    """No task and no descriptor is left when the iterator is closed."""
    tree.spawn("a")
    await asyncio.to_thread(list, ())  # the loop's own descriptors and thread pool
    before = descriptors()
    for _ in range(3):
        async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
            async for _batch in batches:
                break
    assert len(asyncio.all_tasks()) == 1
    async with asyncio.timeout(10):
        while descriptors() > before:  # the watcher's own thread needs a moment to end
            await asyncio.sleep(0.005)


async def test_a_cancelled_consumer_leaves_nothing_behind(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the tree that is under way is waited for."""
    looking, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    real = TreeReader.poll

    def slow(self: TreeReader, *where: Any, **how: Any) -> Batch:
        looking.set()
        go_on.wait()
        batch = real(self, *where, **how)
        ended.set()
        return batch

    async def consume() -> None:
        async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
            async for _batch in batches:
                pass

    monkeypatch.setattr(TreeReader, "poll", slow)
    task = asyncio.create_task(consume())
    assert await asyncio.to_thread(looking.wait, 30)
    task.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert len(asyncio.all_tasks()) == 1


async def test_a_cursor_goes_on_after_a_batch(tree: TreeBuilder) -> None:
    """What was written in between comes first, and nothing twice."""
    tree.send("a", "m1")
    async with aclosing(follow(tree.root)) as batches:
        cursor = (await anext(batches)).cursor
    tree.send("a", "m2")
    async with aclosing(follow(tree.root, cursor=cursor)) as batches:
        assert await messages(batches, 1) == ["m2"]


async def test_a_slow_consumer_gets_larger_batches(tree: TreeBuilder) -> None:
    """Nothing is lost and nothing is queued but the names of files."""
    async with aclosing(follow(tree.root)) as batches:
        await anext(batches)
        for number in range(200):
            tree.send("a", f"m{number}", at=number)
            if number % 50 == 0:
                await asyncio.sleep(0.02)
        assert await messages(batches, 200) == [f"m{number}" for number in range(200)]


async def test_reading_rests_while_much_is_written(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that finds something is followed by twice its time in which nothing is read."""
    looks: list[tuple[float, float]] = []
    poll = TreeReader.poll

    def poll_slowly(self: TreeReader, *args: Any, **options: Any) -> Batch:
        begun_s = time.monotonic()
        time.sleep(0.02)  # what it would take to read from many files
        batch = poll(self, *args, **options)
        looks.append((begun_s, time.monotonic()))
        return batch

    tree.send("a", "m0")
    monkeypatch.setattr(TreeReader, "poll", poll_slowly)
    async with aclosing(follow(tree.root, poll=True, sweep_s=1e-6)) as batches:
        for number in range(1, 4):
            assert await messages(batches, 1) == [f"m{number - 1}"]
            tree.send("a", f"m{number}")
    for (begun_s, ended_s), (next_s, _) in pairwise(
        looks[1:3]
    ):  # a sweep comes at once after the first one
        assert next_s - ended_s >= ended_s - begun_s

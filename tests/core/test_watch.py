"""What the operating system is asked to tell of, and what becomes of it where it cannot."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self
from unittest import mock

import pytest
import virtual

from builders import TreeBuilder
from faults import as_nobody, as_root, reachable_by_nobody
from logging_core import follow
from logging_core.read import watch
from logging_core.read.fs_events import fs_events
from logging_core.read.reader import TreeReader
from logging_core.read.watchable import watchable
from logging_core.records import Batch, Message
from reading import messages

NEVER_S = 3600.0


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """No watch waits before it is made anew."""
    monkeypatch.setattr(watch, "_RENEW_S", 0.0)
    monkeypatch.setattr(watch, "_RENEW_SHARE", 1e9)
    monkeypatch.setattr(watch, "_PAUSE_S", 0.001)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The names of the directories of each watch that is begun."""
    lists: list[set[str]] = []
    real = fs_events

    def listed(paths: Sequence[str], ended: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        lists.append({Path(path).name for path in paths})
        return real(paths, ended)

    monkeypatch.setattr("logging_core.read.watch.fs_events", listed)
    return lists


async def says(batches: AsyncIterator[Batch], tree: TreeBuilder, instance_id: str) -> None:
    """Each of several messages in a row is seen: no single look can have found them."""
    for number in range(3):
        message_id = f"{instance_id}-{number}"
        tree.send(instance_id, message_id)
        while await messages(batches, 1) != [message_id]:
            pass


# --- which directories -----------------------------------------------------------


def test_each_directory_that_can_be_listed_is_watched_by_itself(tree: TreeBuilder) -> None:
    """The newest instances first; no link, no file, none without rights, none without a name."""
    for number in range(4):
        tree.send(f"i{number}", "m")
        os.utime(tree.root / f"instances/i{number}", (number, number))
    (tree.root / "instances/i1").chmod(0)
    (tree.root / "instances/link").symlink_to(tree.root / "audit")
    (tree.root / "instances/file").touch()
    tree.send(os.fsdecode(b"bad\xff"), "m")
    with as_nobody(tree.root.parent):
        paths, left_out = watchable(tree.root)
    names = ("", "/audit", "/instances", "/instances/i3", "/instances/i2", "/instances/i0")
    assert paths == [f"{tree.root}{name}" for name in names]
    assert left_out == 1  # what nobody may read is not missed


@pytest.mark.fault("R39")
def test_a_root_may_be_a_link_but_what_is_in_it_may_not(tree: TreeBuilder) -> None:
    """Where the root is, the user says."""
    link = tree.root.parent / "link"
    link.symlink_to(tree.root)
    (tree.root / "audit").rmdir()
    (tree.root / "audit").symlink_to(tree.root / "instances")
    assert watchable(link).paths == [str(link), f"{link}/instances"]


@pytest.mark.fault("R54")
def test_a_bad_name_leaves_its_directory_out_once_it_has_done_harm(tree: TreeBuilder) -> None:
    """That of the instances, too: it is opened to be read, which ends a watch as a change does."""
    for name in ("a", "b", os.fsdecode(b"bad\xff")):
        tree.send(name, "m")
    tree.line(os.fsdecode(b"instances/a/\xff"), b"")
    root, instances = str(tree.root), f"{tree.root}/instances"
    first, both = [root, f"{root}/audit"], [f"{instances}/a", f"{instances}/b"]
    paths, left_out = watchable(tree.root)
    assert (sorted(paths), left_out) == ([*first, instances, *both], 1)
    assert watchable(tree.root, wary=True) == ([*first, f"{instances}/b"], 3)


def test_without_a_root_there_is_nothing_to_watch(tmp_path: Path) -> None:
    """And that is an error, so that it is tried again."""
    with pytest.raises(FileNotFoundError):
        watchable(tmp_path / "no")


# --- what is noticed -------------------------------------------------------------


@pytest.mark.fault("R55")
@pytest.mark.asyncio
async def test_one_directory_without_rights_costs_no_other_its_notices(tree: TreeBuilder) -> None:
    """Without a single sweep, messages of each of the others are seen."""
    names = [f"i{number}" for number in range(9)]
    for name in names:
        tree.send(name, "old")
        reachable_by_nobody(tree.root / f"instances/{name}/communication.jsonl")
    hidden = names.pop(4)
    (tree.root / f"instances/{hidden}").chmod(0)
    with as_nobody(tree.root.parent):
        async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
            await messages(batches, len(names))
            for name in names:
                await says(batches, tree, name)


@pytest.mark.asyncio
@pytest.mark.usefixtures("ready")
async def test_a_directory_is_watched_as_soon_as_it_may_be(tree: TreeBuilder) -> None:
    """One that is new, one made anew in the place of another, and one that was without rights."""
    tree.send("a", "old")
    tree.send("b", "old")
    reachable_by_nobody(tree.root / "instances/b/communication.jsonl")
    (tree.root / "instances/b").chmod(0)
    with as_nobody(tree.root.parent):
        async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
            assert await messages(batches, 1) == ["old"]
            with as_root():
                (tree.root / "instances/b").chmod(0o755)
            assert await messages(batches, 1) == ["old"]
            await says(batches, tree, "b")
            with as_root():
                tree.send("c", "old")
                reachable_by_nobody(tree.root / "instances/c/communication.jsonl")
            assert await messages(batches, 1) == ["old"]
            await says(batches, tree, "c")
            with as_root():
                (tree.root / "instances/a").rename(tree.root.parent / "aside")
                tree.send("a", "new")
                reachable_by_nobody(tree.root / "instances/a/communication.jsonl")
            assert "new" in await messages(batches, 1)
            await says(batches, tree, "a")


@pytest.mark.asyncio
@pytest.mark.usefixtures("ready")
async def test_a_directory_that_only_a_sweep_found_is_watched_too(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost notice of a new directory does not leave it unwatched."""
    watched: list[frozenset[str]] = []

    async def blind(paths: Sequence[str], ended: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        watched.append(frozenset(paths))
        await ended.wait()
        for _ in ():
            yield set()

    monkeypatch.setattr("logging_core.read.watch.fs_events", blind)
    async with aclosing(follow(tree.root, sweep_s=0.01)) as batches:
        await anext(batches)
        for name in ("a", "b"):
            tree.send(name, name)
            assert await messages(batches, 1) == [name]
        number = 0
        while f"{tree.root}/instances/b" not in watched[-1]:
            tree.send("a", f"m{number}")
            await messages(batches, 1)
            number += 1


@pytest.mark.asyncio
async def test_the_longer_the_silence_the_fewer_are_looked_into_at_once(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any notice: two sweeps see all there is, or four after a minute; news wakes them."""

    async def deaf(_: Sequence[str], ended: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        await ended.wait()
        for _ in ():
            yield set()

    turns: list[int] = []
    poll = TreeReader.poll

    def note(reader: TreeReader, told: Any, **options: int) -> Batch:
        turns.append(options["turns"])
        return poll(reader, told, **options)

    loop = asyncio.get_running_loop()
    clock, gone_by_s = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: clock() + gone_by_s)
    monkeypatch.setattr("logging_core.read.watch.fs_events", deaf)
    monkeypatch.setattr(TreeReader, "poll", note)
    tree.send("a", "m0")
    async with aclosing(follow(tree.root, sweep_s=0.01)) as batches:
        await anext(batches)
        for silence_s, expected in ((0.0, 2), (60.0, 4), (0.0, 2)):
            turns.clear()
            while expected not in turns[-1:]:
                gone_by_s += silence_s
                tree.send("a", "m")
                await messages(batches, 1)


@pytest.mark.asyncio
async def test_what_is_noticed_as_a_sweep_is_due_does_not_wait_for_its_turn(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep looks at half of the instances, and at all that something was noticed of."""
    names = [f"a{number}" for number in range(12)]
    logs = [tree.root / "instances" / name / "communication.jsonl" for name in names]
    written, looks, gone_by_s = asyncio.Event(), 0, 0.0

    async def notices(_: Sequence[str], ended: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        nonlocal gone_by_s
        await written.wait()
        gone_by_s = NEVER_S
        yield {("modified", str(log)) for log in logs}
        await ended.wait()

    poll = TreeReader.poll

    def count(reader: TreeReader, told: Any, **options: int) -> Batch:
        nonlocal looks
        looks += 1
        return poll(reader, told, **options)

    loop = asyncio.get_running_loop()
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + gone_by_s)
    monkeypatch.setattr("logging_core.read.watch.fs_events", notices)
    monkeypatch.setattr(TreeReader, "poll", count)
    for name in names:
        tree.spawn(name)
    async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
        await anext(batches)
        found = asyncio.create_task(messages(batches, len(names)))
        while looks < 2:  # the second is the sweep after the watch began
            await asyncio.sleep(0)
        for name in names:
            tree.send(name, name)
        written.set()
        assert sorted(map(str, await found)) == sorted(names)


@pytest.mark.asyncio
async def test_a_crowd_that_comes_is_not_a_new_watch_for_each(
    tree: TreeBuilder, watched: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it may be made anew, the watch stays; what is new is found by looking there."""
    monkeypatch.setattr(watch, "_RENEW_S", NEVER_S)
    async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
        await anext(batches)
        for number in range(9):
            tree.send(f"i{number}", f"m{number}")
            assert await messages(batches, 1) == [f"m{number}"]
    assert len(watched) == 1


@pytest.mark.fault("R58")
@pytest.mark.asyncio
async def test_notices_are_not_held_back_while_there_are_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The watcher is asked to tell after 100 ms at the latest, and to look every 20 while busy."""
    asked: list[tuple[int, int]] = []

    class Busy:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...
        def watch(self, debounce_ms: int, step_ms: int, *_: object) -> set[tuple[int, str]]:
            asked.append((debounce_ms, step_ms))
            return {(1, "/logs/audit")}

    monkeypatch.setattr("watchfiles._rust_notify.RustNotify", Busy)
    async with aclosing(fs_events(["/logs"], asyncio.Event())) as changes:
        for _ in range(3):
            assert await anext(changes) == {("added", "/logs/audit")}
    assert len(asked) == 3
    assert all(debounce_ms <= 100 and step_ms <= 20 for debounce_ms, step_ms in asked)


@pytest.mark.fault("R51", "R53", "R63")
@pytest.mark.asyncio
@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    "error",
    [OSError("OS file watch limit reached."), RuntimeError("Too many open files"), ValueError()],
    ids=["no more watches", "no watcher", "a fault of ours"],
)
async def test_a_reader_that_is_told_nothing_says_so(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It polls while notices fail, and no longer once they come again."""
    failing = True
    real = fs_events

    async def broken(paths: Sequence[str], ended: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        if failing:
            raise error
        async with aclosing(real(paths, ended)) as changes:
            async for batch in changes:
                yield batch

    monkeypatch.setattr("logging_core.read.watch.fs_events", broken)
    async with aclosing(follow(tree.root, sweep_s=0.01)) as batches:
        assert not (await anext(batches)).polling
        assert (await anext(batches)).polling
        if isinstance(error, ValueError):  # of which the watch does not recover
            return
        failing = False
        assert not (await anext(batches)).polling
    async with aclosing(follow(tree.root, sweep_s=0.01, poll=True)) as batches:
        tree.send("a", "m")
        assert not (await anext(batches)).polling  # nobody wanted to be told


def test_a_watch_that_fails_once_a_day_is_made_anew_at_once(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many days it has been so; only one that fails again and again is tried less often."""
    lasts_s, pauses = 0.0, list[float]()
    failed_s = 0.0

    async def failing(_: object, __: object) -> AsyncGenerator[set[Any], None]:
        nonlocal failed_s
        loop = asyncio.get_running_loop()
        if failed_s:
            pauses.append(round(loop.time() - failed_s, 1))
        await asyncio.sleep(lasts_s)
        failed_s = loop.time()
        if failed_s > 0:
            raise RuntimeError("no more notices")
        yield set()

    async def watch_for(seconds: float) -> list[float]:
        pauses.clear()
        await asyncio.sleep(seconds)
        return pauses[:]

    async def watch_it() -> None:
        nonlocal lasts_s
        watching = watch.Watch(tree.root)
        await watching.start()
        assert await watch_for(200) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30]
        lasts_s = 86_400.0
        assert await watch_for(4.5 * 86_400) == [30, 0.5, 0.5, 0.5, 0.5]
        await watching.stop()

    monkeypatch.setattr("logging_core.read.watch.fs_events", failing)
    virtual.run(watch_it())


@pytest.mark.fault("R51")
@pytest.mark.asyncio
@pytest.mark.usefixtures("ready")
async def test_a_limit_of_watches_leaves_as_many_as_there_may_be(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest instances are told of at once, and the others are found by the sweeps."""
    for number in range(20):
        tree.send(f"i{number}", "old")
        os.utime(tree.root / f"instances/i{number}", (number, number))
    real = fs_events

    async def limited(paths: Sequence[str], ended: asyncio.Event) -> AsyncGenerator[set[Any], None]:
        if len(paths) > 10:
            raise OSError("OS file watch limit reached. about ['/x']")
        async with aclosing(real(paths, ended)) as changes:
            async for batch in changes:
                yield batch

    monkeypatch.setattr("logging_core.read.watch.fs_events", limited)
    async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
        await messages(batches, 20)
        await says(batches, tree, "i19")
    async with aclosing(follow(tree.root, sweep_s=0.05)) as batches:
        await messages(batches, 23)
        await says(batches, tree, "i0")
        tree.send("i0", "last")
        assert (await anext(batches)).polling


@pytest.mark.fault("R54")
@pytest.mark.asyncio
@pytest.mark.usefixtures("ready")
async def test_an_instance_with_a_bad_name_ends_nobody_elses_notices(
    tree: TreeBuilder, watched: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told that nothing tells of it, and each sweep looks into it, not one in two or four."""
    turns: list[int] = []
    poll = TreeReader.poll

    def note(reader: TreeReader, told: Any, **options: int) -> Batch:
        turns.append(options["turns"])
        return poll(reader, told, **options)

    monkeypatch.setattr(TreeReader, "poll", note)
    bad, number = os.fsdecode(b"bad\xff"), 0
    for name in (bad, "good"):
        tree.send(name, "old")
    async with aclosing(follow(tree.root, sweep_s=0.05)) as batches:
        batch = await anext(batches)
        while not batch.polling or not watched or "instances" in watched[-1]:
            number += 1
            tree.send(bad, f"m{number}")
            batch = await anext(batches)
        tries = len(watched)
        turns.clear()
        for later in range(number + 1, number + 4):
            tree.send(bad, f"m{later}")
            while await messages(batches, 1) != [f"m{later}"]:
                pass
            await says(batches, tree, "good")
    assert len(watched) == tries
    assert set(turns) <= {0, 1}


@pytest.mark.fault("R54")
@pytest.mark.asyncio
@pytest.mark.usefixtures("ready")
async def test_a_file_with_a_bad_name_ends_the_notices_of_its_directory_only(
    tree: TreeBuilder, watched: list[set[str]]
) -> None:
    """The watch fails once, and is made anew without that directory."""
    tree.send("a", "old")
    tree.send("b", "old")
    async with aclosing(follow(tree.root, sweep_s=0.05)) as batches:
        assert await messages(batches, 2) == ["old", "old"]
        number = 0
        while not watched or not {"instances", "b"} <= watched[-1] or "a" in watched[-1]:
            tree.line(os.fsdecode(b"instances/a/\xff"), b"x")
            tree.send("b", f"m{number}")
            assert await messages(batches, 1) == [f"m{number}"]
            number += 1
        tries = len(watched)
        for _ in range(3):
            tree.line(os.fsdecode(b"instances/a/\xff"), b"x")
            await says(batches, tree, "b")
    assert len(watched) == tries


@pytest.mark.asyncio
async def test_the_watcher_is_asked_again_only_when_somebody_listens(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever rests costs nothing meanwhile: what changes then is told together afterwards."""
    asked: list[str] = []

    async def changes(_paths: Sequence[str], _ended: asyncio.Event) -> AsyncIterator[set[Any]]:
        for path in ("a", "b", "c"):
            asked.append(path)
            yield {("modified", path)}

    monkeypatch.setattr("logging_core.read.watch.fs_events", changes)
    listener = watch.Watch(tree.root)
    await listener.start()
    for path in ("a", "b"):
        await listener.changed.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert asked[-1] == path
        assert listener.take().paths == {path}
        listener.listen()
    await listener.stop()


def test_what_changes_during_a_short_look_is_told_at_once(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hardly anything can have changed after it: nothing is waited for."""
    notifier = virtual.Notifier()
    monkeypatch.setattr("logging_core.read.watch.fs_events", notifier.fs_events)
    path = tree.root / "instances/a/communication.jsonl"

    async def work_after_each() -> list[float]:
        virtual.WHOSE.set(mock.Mock())
        late_s: list[float] = []
        wrote_s = 0.0
        async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
            async for batch in batches:
                if batch.records:
                    late_s.append(asyncio.get_running_loop().time() - wrote_s)
                tree.send("a", f"m{len(late_s)}")
                wrote_s = asyncio.get_running_loop().time()
                for watcher in notifier.watchers:
                    notifier.tell(watcher, "modified", str(path))
                await asyncio.sleep(0.03)
                if len(late_s) == 10:
                    return late_s
        raise AssertionError

    tree.send("a", "before")
    assert virtual.run(work_after_each())[-5:] == pytest.approx([0.03] * 5, abs=0.005)


def test_a_caller_that_rests_is_told_of_all_that_changed_meanwhile(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However soon the first of it was noticed: the rest is not left for the time after."""
    notifier = virtual.Notifier()
    monkeypatch.setattr("logging_core.read.watch.fs_events", notifier.fs_events)
    numbers = iter(range(100))

    def write(instance_id: str) -> None:
        tree.send(instance_id, f"{instance_id}-{next(numbers)}")
        path = tree.root / f"instances/{instance_id}/communication.jsonl"
        for watcher in notifier.watchers:
            notifier.tell(watcher, "modified", str(path))

    async def rest_after_each() -> list[list[str]]:
        virtual.WHOSE.set(mock.Mock())
        told: list[list[str]] = []
        async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
            async for batch in batches:
                told.append([m.instance_id for m in batch.records if isinstance(m, Message)])
                await asyncio.sleep(0.1)
                write("a")
                await asyncio.sleep(0.2)
                write("b")
                if len(told) == 6:
                    return told
        raise AssertionError

    for name in ("a", "b"):
        tree.send(name, "before")
    assert [sorted(names) for names in virtual.run(rest_after_each())] == [["a", "b"]] * 6


@pytest.mark.asyncio
async def test_nothing_is_lost_while_nobody_listens(tree: TreeBuilder) -> None:
    """What is written while a caller is busy is told to it without any sweep."""
    for name in ("a", "b", "c"):
        tree.send(name, "before")
    async with aclosing(follow(tree.root, sweep_s=NEVER_S)) as batches:
        await messages(batches, 3)
        for number in range(5):
            expected = {f"{name}-{number}" for name in ("a", "b", "c")}
            for message_id in expected:
                tree.send(message_id[0], message_id)
                await asyncio.sleep(0)
            assert set(await messages(batches, 3)) == expected

"""Callers of `follow` of a tree to which anything happens, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any
from unittest import mock

from accounts import MAX_TURNS, Account
from happenings import METADATA, World
from virtual import WHOSE, Notifier, Watcher

from logging_core import follow
from logging_core.read.reader import TreeReader
from logging_core.records import Batch

_SWEEP_S = 2.0
_MOST = 3
_SOON_S = 0.1
_LATE_S = 3.0  # after which a late notice comes
_ROUNDS = 4  # in which metadata that is written in place is looked at
_QUIET_S = 100.0  # after which all must be told


class Callers:
    """Several callers of `follow`, and what the operating system tells them.

    Args:
        world: The tree.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._how = "at once"
        self._notifier = Notifier()
        self._callers = [Caller(world, blocks=blocks) for blocks in (False, True)]
        self._tasks: list[asyncio.Task[None]] = []
        world.listeners.append(self._notice)

    async def sleep(self, seconds: float) -> None:
        """Let some time pass."""
        self._world.wait(round(seconds * 1e9))
        await asyncio.sleep(seconds)

    async def notices_come(self, how: str) -> None:
        """From now on: `at once`, `late`, `twice` or `never`."""
        self._how = how

    async def be_slow(self, which: int, seconds: float) -> None:
        """One of them takes so long for each batch from now on."""
        self._callers[which].pace_s = seconds

    async def be_away(self, who: str, *, copied: bool) -> None:
        """The directory of an instance is away for so long that it is missed."""
        self._world.put_away(who)
        self._check()  # what is away is not late
        await self.sleep(3 * _SWEEP_S)
        self._world.bring_back(who, copied=copied)

    async def come(self, blocks: bool) -> None:
        """One more begins to follow, if they are few."""
        if len(self._callers) < _MOST:
            self._callers.append(Caller(self._world, blocks=blocks))
            self._tasks.append(asyncio.create_task(self._callers[-1].run()))

    async def restart(self, which: int) -> None:
        """One of them stops, and another one goes on after it."""
        if self._callers[which].is_at_rest:
            await _end([self._tasks[which]])
            self._callers[which].go_on()
            self._tasks[which] = asyncio.create_task(self._callers[which].run())

    async def break_watches(self, is_broken: bool) -> None:
        """The operating system refuses to tell anything; or does so no longer."""
        self._notifier.break_down(is_broken=is_broken)

    async def run(self, steps: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Let things happen while they follow, and after some time have them tell all."""
        with _watched_by(self._notifier):
            self._tasks = [asyncio.create_task(caller.run()) for caller in self._callers]
            await asyncio.sleep(1)
            for name, options in steps:
                if hasattr(self._world, name):
                    getattr(self._world, name)(**options)
                else:
                    await getattr(self, name)(**options)
                self._check(begins_anew="root" in name)
            for caller in self._callers:
                caller.pace_s = 0.0
            self._world.permit()
            await self.sleep(_QUIET_S)
            self._check()
            await _end(self._tasks)
        assert self._notifier.watchers == []
        for caller in self._callers:
            caller.end()

    def _check(self, *, begins_anew: bool = False) -> None:
        for task, caller in zip(self._tasks, self._callers, strict=True):
            if task.done():
                task.result()
            if begins_anew:
                caller.begin_anew()
            caller.check_in_time()

    def _notice(self, _kind: str, path: str) -> None:
        for watcher in list(self._notifier.watchers):
            if self._how != "never" and watcher.sees(path):
                self._tell(watcher, _kind, path)

    def _tell(self, watcher: Watcher, kind: str, path: str) -> None:
        loop = asyncio.get_running_loop()
        if self._how != "late":
            loop.call_soon(self._notifier.tell, watcher, kind, path)
        if self._how in {"late", "twice"}:
            loop.call_later(_LATE_S, self._notifier.tell, watcher, kind, path)


class Caller(Account):
    """One caller.

    Attributes:
        pace_s: How long it takes for a batch.
    """

    def __init__(self, world: World, *, blocks: bool) -> None:
        super().__init__(world, blocks=blocks)
        self.pace_s = 0.0
        self._blocks = blocks
        self._busy_until_s = 0.0
        self._found = self._received = 0
        self._cursor: dict[str, Any] | None = None
        self._heard: dict[int, float] = {}  # when a notice came of records that were not told
        self._there: dict[int, float] = {}  # since when they are there

    async def run(self) -> None:
        """Follow the tree."""
        WHOSE.set(self)
        options: dict[str, Any] = {"blocks": self._blocks, "cursor": self._cursor}
        following = follow(self.world.root, sweep_s=_SWEEP_S, **options)
        async with aclosing(following) as batches:
            async for batch in batches:
                self._received += batch.count
                self._cursor = batch.cursor
                self.accumulated.take(batch, self.world.now_s)
                self._busy_until_s = _now_s() + self.pace_s
                await asyncio.sleep(self.pace_s)

    @property
    def is_at_rest(self) -> bool:
        """Whether it has received all that was found, and there is something to go on after."""
        return self._found == self._received and self._cursor is not None

    def go_on(self) -> None:
        """The next one goes on after what this one received."""
        self.accumulated.keep()
        self.may_miss(self.world.torn())
        self.begin_anew()

    def hear(self, path: str) -> None:
        """See `Told`."""
        for number in self.missing({self.world.directory_of(path)}):
            self._heard.setdefault(number, _now_s())

    def look(self, batch: Batch) -> None:
        """A look brought this: what was noticed before it is told."""
        self._found += batch.count
        if batch.waiting is None:
            self.take(batch)
            heard = {n: log for n, log in self.missing().items() if not log.endswith(METADATA)}
            late = {n: log for n, log in heard.items() if self._is_before(self._heard, n, _SOON_S)}
            assert not late, f"not at the look after its notice: {late}"

    def begin_anew(self) -> None:
        """The whole tree has come or gone."""
        self._heard.clear()
        self._there.clear()

    def check_in_time(self) -> None:
        """Nothing is later than sweeps would find it, unless the caller is slow."""
        missing = self.missing()
        self._there = {number: self._there.get(number, _now_s()) for number in missing}
        if self.pace_s or _now_s() < self._busy_until_s + MAX_TURNS * _SWEEP_S:
            return
        for number, log in missing.items():
            rounds = _ROUNDS if log.endswith(METADATA) else 1
            within_s = (rounds * MAX_TURNS + 1) * _SWEEP_S
            assert not self._is_before(self._there, number, within_s), f"late: {number} of {log}"
            if not log.endswith(METADATA):
                heard = self._is_before(self._heard, number, 5 * _SOON_S)
                assert not heard, f"noticed, and not looked at: {number} of {log}"

    def end(self) -> None:
        """All is told, and every record that was read has come."""
        if self.world.root.exists():
            self.check()
        assert self._found == self._received

    def _is_before(self, times: dict[int, float], number: int, ago_s: float) -> bool:
        return times.get(number, _now_s()) < _now_s() - ago_s


@contextmanager
def _watched_by(notifier: Notifier) -> Iterator[None]:
    poll = TreeReader.poll

    def look(reader: TreeReader, told: Any, **options: int) -> Batch:
        batch = poll(reader, told, **options)
        caller = WHOSE.get()
        assert isinstance(caller, Caller)
        caller.look(batch)
        return batch

    with (
        mock.patch("logging_core.read.watch.fs_events", notifier.fs_events),
        mock.patch.object(TreeReader, "poll", look),
    ):
        yield


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _now_s() -> float:
    return asyncio.get_running_loop().time()

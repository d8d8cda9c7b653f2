"""Readers of a tree to which anything happens: all that they tell is held against it."""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

from accumulated import Accumulated
from happenings import METADATA, NUMBER, World, number_at

from logging_core import cache
from logging_core.read import known, session, sweep, tail
from logging_core.read.backoff import Backoff
from logging_core.read.files import open_regular
from logging_core.read.reader import TreeReader
from logging_core.read.sweep import Sweep
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    OrchestratorEvent,
    Record,
)

DENIED = os.strerror(errno.EACCES)
"""The problem of a file that may not be read."""

MAX_TURNS = 4
"""In so many sweeps each instance is looked into, or in fewer."""


class Account:
    """What a reader told, held against what was written.

    Attributes:
        told: How often each record was.
        accumulated: What is made of it.
    """

    def __init__(self, world: World, *, blocks: bool = False) -> None:
        self.world = world
        self.told: Counter[int] = Counter()
        self._in_order = not blocks
        self._seen: set[str] = set()
        self._last: dict[str, int] = {}
        self._frames: set[tuple[object, ...]] = set()
        self._optional: set[int] = set()
        self._again: Counter[int] = Counter()
        self.accumulated = Accumulated(world.root, blocks=blocks)
        world.readers.append(self)

    def may_miss(self, numbers: Collection[int]) -> None:
        """These are no more, so they are told if they have been read."""
        self._optional.update(numbers)

    def may_repeat(self, numbers: Collection[int]) -> None:
        """These stand in a file that is read from its start."""
        self._again.update(numbers)
        self._frames.clear()

    def missing(self, directories: Collection[str] | None = None) -> dict[int, str]:
        """Which records are there, whole, and were not told; and where."""
        return {
            n: self.world.log_of(n) for n in self.world.present(directories) if not self.told[n]
        }

    def check(self) -> None:
        """All is told that could be, and nothing else."""
        world = self.world
        assert not self.missing(), f"never told: {self.missing()}"
        cut = world.cut_for_good()
        lost = {n: world.log_of(n) for n in cut - self._optional if not self.told[n]}
        assert not lost, f"torn, and never told: {lost}"
        open_ = {n: world.log_of(n) for n in world.torn() - cut if self.told[n]}
        early = {n for n, log in open_.items() if "tmux" not in log}
        assert not early, f"told before its end: {early}"
        assert self._seen == world.instances()
        self.accumulated.check(world.now_s)

    def take(self, batch: Batch) -> None:
        """What one look brought."""
        if batch.reset:
            for known in (self._seen, self._frames, self._last, self.told):
                known.clear()
        for record in batch.records:
            if isinstance(record, InstanceSeen):
                assert record.instance_id not in self._seen, f"seen twice: {record}"
                self._seen.add(record.instance_id)
            elif isinstance(record, InstanceGone):
                assert record.instance_id in self._seen, f"gone, never seen: {record}"
                self._seen.discard(record.instance_id)
                self._forget_metadata(record.instance_id)
            else:
                self._take_record(record)
        for problem in batch.problems:
            is_denied = problem.reason == DENIED
            assert problem.line or problem.is_gap or is_denied, f"a problem: {problem}"
            for found in dict.fromkeys(NUMBER.findall(problem.line)):
                self._take_number(int(found), in_order=False)
        for block in batch.blocks:
            for time_s in block.exchanges.times:
                self._take_number(number_at(time_s), in_order=False)

    def _forget_metadata(self, instance_id: str) -> None:
        """What an instance says of itself is told anew if it comes back, as it counts nowhere."""
        log = f"instances/{instance_id}/{METADATA}"
        self._last.pop(log, None)
        for number in [n for n in self.told if self.world.log_of(n) == log]:
            del self.told[number]

    def _take_record(self, record: Record) -> None:
        if not isinstance(record, AuditEvent | OrchestratorEvent):
            assert record.instance_id in self._seen, f"of nobody: {record}"
        if isinstance(record, FrameRef):
            number = number_at(record.time_s)
            key = (number, record.end, record.suspect)
            assert key not in self._frames, f"told twice: {record}"
            self._frames.add(key)
            if not self.told[number]:
                self._take_number(number)
            return
        numbers = dict.fromkeys(map(int, NUMBER.findall(repr(record))))
        assert numbers, f"a record that nobody wrote: {record}"
        for number in numbers:
            self._take_number(number, in_order=self._in_order)

    def _take_number(self, number: int, *, in_order: bool = True) -> None:
        log = self.world.log_of(number)
        self.told[number] += 1
        if self.told[number] > 1:
            assert self._again[number] > 0, f"told twice: {number} of {log}"
            self._again[number] -= 1
        elif in_order and log not in self.world.disordered:
            last = self._last.get(log, 0)
            assert last < number, f"{number} of {log} told after {last}"
            self._last[log] = number


class Follower(Account):
    """A reader that is told what changed.

    Attributes:
        notices: What it was not told of yet.
    """

    def __init__(self, world: World, *, blocks: bool = False) -> None:
        super().__init__(world, blocks=blocks)
        self.notices: list[str] = []
        world.listeners.append(lambda _, path: self.notices.append(path))
        self._make = partial(TreeReader, world.root, blocks=blocks)
        self._reader = self._make()
        self._cursor: dict[str, Any] = {}
        self._sweeps: Counter[int] = Counter()  # since each record was there
        self._is_begun = False

    def restart(self) -> None:
        """Another reader goes on."""
        if self._cursor:
            self._reader = self._make(cursor=json.loads(json.dumps(self._cursor)))
            self.accumulated.keep()
            self._optional |= self.world.torn()
            self._is_begun = False

    def poll(self, notices: Sequence[str], turns: int) -> Batch:
        """One look: all that it must tell, it does."""
        world = self.world
        batch = self._reader.poll(notices, turns=turns)
        assert (batch.waiting is None) == world.root.exists()
        self.accumulated.take(batch, world.now_s)
        if batch.waiting is not None:
            return batch
        self.take(batch)
        everything = turns == 1 or batch.reset or not self._is_begun
        told = None if everything else {world.directory_of(path) for path in notices}
        missing = self.missing(told)
        if turns:
            self._sweeps.update(world.present())
            missing |= {n: log for n, log in self.missing().items() if self._sweeps[n] >= MAX_TURNS}
        late = {n: log for n, log in missing.items() if not log.endswith(METADATA)}
        assert not late, f"not told: {late}"
        self._is_begun, self._cursor = True, batch.cursor
        return batch

    def settle(self) -> None:
        """After some sweeps all is told."""
        self.world.permit()
        for _ in range(4):
            self.world.wait(60 * 10**9)
            batch = self.poll((), 1)
            while not batch.caught_up:
                batch = self.poll((), 0)
        if self.world.root.exists():
            self.check()


@contextmanager
def clocks_of(world: World) -> Iterator[None]:
    """The reader's clocks are those of the world; whose turn it is does not differ by chance."""
    with ExitStack() as stack:
        patch = mock.patch.object
        made = partial(Sweep, now_ns=lambda: world.now_ns)
        stack.enter_context(patch(session, "Sweep", made))
        waits = partial(Backoff, now=lambda: world.now_ns / 1e9)
        stack.enter_context(patch(session, "Backoff", waits))
        stack.enter_context(patch(sweep, "hash", _crc, create=True))
        for module in (tail, known):
            stack.enter_context(patch(module, "open_regular", partial(_open, world)))
        stack.enter_context(patch(cache, "WORTH_KEEPING", 0))
        yield


@contextmanager
def _open(world: World, path: str) -> Iterator[int]:
    with open_regular(path) as fd:
        if os.fstat(fd).st_ino in world.denied:
            raise PermissionError(errno.EACCES, DENIED, path)
        yield fd


def _crc(name: str) -> int:
    return zlib.crc32(name.encode())

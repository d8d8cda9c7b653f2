"""What a tree says, sorted by time into a temporary file: what a history is made of."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from threading import Event

import msgspec

from logging_core.analyse.summary import EXCHANGE
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent, Batch, InstanceGone, InstanceSeen, Record
from logging_core.spill import Entry, Page, Spill

Timed = tuple[float, Entry]
"""A record, a problem or an oddity, and the moment from which on it counts."""

Runs = list[list[Page]]
"""Stretches of records, each in order of time; the earlier one first where times are equal."""


class Gatherer:
    """Reads a tree into runs, each record once.

    Args:
        root: The log directory.
        spill: Where the records go.
        page_size: So many of them stand together.
        now: The clock that says when an instance was found to be gone.
        on_reset: Called when the tree turns out to be another one: nothing from before counts.

    Attributes:
        runs: What was gathered. Whoever has taken it over empties it.
    """

    def __init__(
        self,
        root: Path,
        spill: Spill,
        page_size: int,
        *,
        now: Callable[[], float],
        on_reset: Callable[[], object],
    ) -> None:
        self.runs: Runs = []
        self._reader = TreeReader(root, tails=True)
        self._spill = spill
        self._page_size = page_size
        self._now = now
        self._on_reset = on_reset
        self._last_s: dict[tuple[type, str], float] = {}
        self._is_underway = False
        self._departed = Departed()

    def gather(self, progress: Callable[[int], object] | None, stop: Event | None) -> bool:
        """Read what is new, or until told to stop; whether that is everything.

        Args:
            progress: Called after each look with how many records were read in this call.
            stop: Set it to end early: what was read stays, and the next call goes on there.

        Raises:
            OSError: There is no room.
        """
        count = 0
        while stop is None or not stop.is_set():
            batch = self._reader.poll(() if self._is_underway else None)
            if batch.reset:
                self._departed.clear()
                self._forget()
                self._on_reset()
            self._is_underway = not batch.caught_up
            timed = sorted([*self._timed(batch), *self._departed.take()], key=itemgetter(0))
            if timed:
                pieces = _pieces(timed, self._page_size)
                self.runs.append([self._spill.put_entries(piece) for piece in pieces])
            count += len(timed)
            if progress is not None:
                progress(count)
            if batch.caught_up:
                return True
        return False

    def begin_anew(self) -> None:
        """Gather everything again."""
        self._reader.close()
        self._forget()

    def note_gone(self, instance_id: str, at_s: float) -> None:
        """An instance was found to be gone at a moment; from any thread."""
        self._departed.note(instance_id, at_s)

    def _forget(self) -> None:
        self.runs, self._last_s, self._is_underway = [], {}, False
        self._departed.give_back()

    def _timed(self, batch: Batch) -> Iterator[Timed]:
        """What a batch brought, each with its time, or that of a record before.

        What has neither counts from the beginning on.
        """
        yield from ((oddity.time_s, oddity) for oddity in batch.oddities)
        for problem in batch.problems:
            yield -math.inf if problem.time_s is None else problem.time_s, problem
        for record in batch.records:
            if isinstance(record, InstanceSeen):
                self._departed.returned(record.instance_id)
                continue
            if isinstance(record, InstanceGone):
                self._departed.confirm(record.instance_id, self._now())
                continue
            log = (type(record), "")
            if not isinstance(record, AuditEvent):
                log = (type(record), getattr(record, "instance_id", None) or "")
            at_s: float | None = getattr(record, "time_s", getattr(record, "created_s", None))
            if at_s is None:
                at_s = self._last_s.get(log, -math.inf)
            self._last_s[log] = at_s
            yield at_s, _slim(record)


class Departed:
    """When which instances were found to be gone, by whoever found it first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[Timed] = []
        self._taken = 0
        self._unconfirmed: set[str] = set()

    def note(self, instance_id: str, at_s: float) -> None:
        """Somebody else found it; the reader may find the same later."""
        with self._lock:
            self._found.append((at_s, InstanceGone(instance_id=instance_id)))
            self._unconfirmed.add(instance_id)

    def confirm(self, instance_id: str, at_s: float) -> None:
        """The reader found it: that counts only if nobody else did before."""
        with self._lock:
            if instance_id not in self._unconfirmed:
                self._found.append((at_s, InstanceGone(instance_id=instance_id)))
            self._unconfirmed.discard(instance_id)

    def returned(self, instance_id: str) -> None:
        """The reader sees its directory, and has not missed it."""
        with self._lock:
            self._unconfirmed.discard(instance_id)

    def take(self) -> list[Timed]:
        """What was found since the last call."""
        with self._lock:
            start, self._taken = self._taken, len(self._found)
            return self._found[start:]

    def give_back(self) -> None:
        """What was taken is to be taken again."""
        with self._lock:
            self._taken = 0

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._found.clear()
            self._unconfirmed.clear()
            self._taken = 0


def _pieces(timed: list[Timed], size: int) -> Iterator[list[Timed]]:
    for start in range(0, len(timed), size):
        yield timed[start : start + size]


def _slim(record: Record) -> Record:
    """The record without what no state depends on."""
    if isinstance(record, AuditEvent) and record.event_type == EXCHANGE and record.error is None:
        if "affected_instances" in record.details:
            return record  # whom an ERROR level is about
        return msgspec.structs.replace(record, details={}, extra={})
    return record

"""Read a tree into a temporary file as runs of records sorted by time: the input of `History`."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from threading import Event

import msgspec

from logging_core.analyse.moments import Moments, is_change, moment_of
from logging_core.analyse.summary import EXCHANGE
from logging_core.history.spill import Entry, Page, Spill
from logging_core.read.reader import TreeReader
from logging_core.records import (
    AuditEvent,
    Batch,
    InstanceGone,
    InstanceSeen,
    LifecycleEvent,
    Record,
)

Timed = tuple[float, Entry]
"""A time in seconds since the epoch, and the record, problem or anomaly that counts from then."""

Runs = list[list[Page]]
"""Runs of records, each sorted by time; between runs, equal times keep the order of the runs."""


class Gatherer:
    """Reads a tree into runs, each record once.

    Args:
        root: The log directory.
        spill: Where the records are written.
        page_size: Records per page.
        now: The clock for when an instance was found to be gone; seconds since the epoch.
        on_reset: Called when the root was replaced by another tree: everything before is void.

    Attributes:
        runs: The runs gathered so far. The consumer empties it.
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
        self._moments: Moments[int] = Moments()
        self._unpaired: dict[int, tuple[float, LifecycleEvent]] = {}
        self._numbers = itertools.count()  # by which unpaired entries are known

    def gather(self, progress: Callable[[int], object] | None, stop: Event | None) -> bool:
        """Read what is new, until caught up or stopped; return whether it caught up.

        Args:
            progress: Called after each poll with the number of records read in this call.
            stop: Set it to end early: what was read is kept, and the next call resumes there.

        Raises:
            OSError: The temporary file cannot be written.
        """
        count = 0
        while stop is None or not stop.is_set():
            batch = self._reader.poll(turns=0 if self._is_underway else 1)
            if batch.reset:
                self._departed.clear()
                self._forget()
                self._on_reset()
            self._is_underway = not batch.caught_up
            timed = [*self._timed(batch), *self._departed.take()]
            timed += self._left() if batch.caught_up else ()
            timed.sort(key=itemgetter(0))
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
        """Discard the runs; the next `gather` reads the tree from the start."""
        self._reader.close()
        self._forget()

    def note_gone(self, instance_id: str, at_s: float) -> None:
        """Record that an instance was found to be gone at `at_s`; may be called from any thread."""
        self._departed.note(instance_id, at_s)

    def _forget(self) -> None:
        self.runs, self._last_s, self._is_underway = [], {}, False
        self._moments, self._unpaired = Moments(), {}

    def _timed(self, batch: Batch) -> Iterator[Timed]:
        """Yield the entries of a batch with their times.

        A record without a time gets that of the record before it in its log; with neither, it
        counts from the beginning.
        """
        yield from ((anomaly.time_s, anomaly) for anomaly in batch.anomalies)
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
            at_s = _time_of(record)
            if at_s is None:
                at_s = self._last_s.get(log, -math.inf)
            self._last_s[log] = at_s
            if isinstance(record, LifecycleEvent):
                yield from self._entry(record, at_s)
                continue
            yield at_s, _slim(record)
            if isinstance(record, AuditEvent):
                number = self._moments.audited(record, record.time_s)
                found = None if number is None else self._unpaired.pop(number, None)
                if found is not None:
                    yield at_s, found[1]

    def _entry(self, entry: LifecycleEvent, at_s: float) -> Iterator[Timed]:
        """Yield an entry of an instance.log, unless the audit trail may tell when exactly."""
        number = next(self._numbers)
        exact_s = self._moments.exact(entry, number)
        if exact_s is not None:
            yield exact_s, entry
        elif is_change(entry):
            self._unpaired[number] = (at_s, entry)
        else:
            yield at_s, entry

    def _left(self) -> list[Timed]:
        """Return the entries that the audit trail, all of it, does not tell of."""
        left: list[Timed] = list(self._unpaired.values())
        self._unpaired = {}
        self._moments.forget_entries()
        return left


class Departed:
    """When instances were found to be gone, by the reader or by others; the first finder counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[Timed] = []
        self._unconfirmed: set[str] = set()

    def note(self, instance_id: str, at_s: float) -> None:
        """Record what somebody other than the reader found; the reader may find it too, later."""
        with self._lock:
            self._found.append((at_s, InstanceGone(instance_id=instance_id)))
            self._unconfirmed.add(instance_id)

    def confirm(self, instance_id: str, at_s: float) -> None:
        """Record what the reader found, unless it was noted before."""
        with self._lock:
            if instance_id not in self._unconfirmed:
                self._found.append((at_s, InstanceGone(instance_id=instance_id)))
            self._unconfirmed.discard(instance_id)

    def returned(self, instance_id: str) -> None:
        """The reader sees the directory again: what it finds next is another departure."""
        with self._lock:
            self._unconfirmed.discard(instance_id)

    def take(self) -> list[Timed]:
        """Return what was found since the last call."""
        with self._lock:
            found, self._found = self._found, []
            return found

    def clear(self) -> None:
        """Forget all departures."""
        with self._lock:
            self._found.clear()
            self._unconfirmed.clear()


def _time_of(record: Record) -> float | None:
    if isinstance(record, LifecycleEvent):
        return moment_of(record)
    at_s: float | None = getattr(record, "time_s", getattr(record, "created_s", None))
    return at_s


def _pieces(timed: list[Timed], size: int) -> Iterator[list[Timed]]:
    for start in range(0, len(timed), size):
        yield timed[start : start + size]


def _slim(record: Record) -> Record:
    """Return the record without the fields that no state depends on."""
    if isinstance(record, AuditEvent) and record.event_type == EXCHANGE and record.error is None:
        if "affected_instances" in record.details:
            return record  # an ERROR counts against these
        return msgspec.structs.replace(record, details={}, extra={})
    return record

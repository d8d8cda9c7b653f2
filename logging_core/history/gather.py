"""Read a tree into a temporary file as runs of records sorted by time: the input of `History`."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from threading import Event

import msgspec

from logging_core.analyse.moments import Moments, is_change, moment_of
from logging_core.event_types import EXCHANGE
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


class Reading(msgspec.Struct):
    """What is known of a tree once it was read so far; whoever has it goes on from there.

    It can be pickled if it is not underway.

    Attributes:
        reader: Knows how far each file was read.
        is_underway: There is more to be read of what the last sweep saw.
        last_s: The time of the last record of each log.
        moments: What the audit trail or an instance.log told of, and the other one not yet.
        unpaired: The entries among that, each with its time, by numbers of ours.
    """

    reader: TreeReader
    is_underway: bool = False
    last_s: dict[tuple[type, str], float] = {}
    moments: Moments[int] = msgspec.field(default_factory=Moments)
    unpaired: dict[int, tuple[float, LifecycleEvent]] = {}


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
        reading: How far the tree was read.
        departed: When instances were found to be gone.
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
        self.reading = Reading(TreeReader(root, tails=True))
        self.departed = Departed()
        self._spill = spill
        self._page_size = page_size
        self._now = now
        self._on_reset = on_reset
        self._numbers = itertools.count()  # by which unpaired entries are known

    def gather(
        self, progress: Callable[[int], object] | None, stop: Event | None, count: int = 0
    ) -> bool:
        """Read what is new, until caught up or stopped; return whether it caught up.

        Args:
            progress: Called after each poll with the number of records read so far.
            stop: Set it to end early: what was read is kept, and the next call resumes there.
            count: The number of records that were read before.

        Raises:
            OSError: The temporary file cannot be written, or the tree went away half read.
        """
        while stop is None or not stop.is_set():
            batch = self.reading.reader.poll(turns=0 if self.reading.is_underway else 1)
            if batch.waiting is not None and self.reading.is_underway:
                raise OSError(batch.waiting)
            if batch.reset:
                self.departed.clear()
                self._forget()
                self._on_reset()
            self.reading.is_underway = not batch.caught_up
            timed = [*self._timed(batch), *self.departed.take()]
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
        self.reading.reader.close()
        self._forget()

    def go_on(self, reading: Reading, taken: int, unconfirmed: set[str]) -> None:
        """Go on from where another one has read to; see also `Departed.go_on`."""
        self.reading = reading
        self.departed.go_on(taken, unconfirmed)

    def _forget(self) -> None:
        self.runs, self.reading = [], Reading(self.reading.reader)

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
                self.departed.returned(record.instance_id)
                continue
            if isinstance(record, InstanceGone):
                self.departed.confirm(record.instance_id, self._now())
                continue
            log = (type(record), "")
            if not isinstance(record, AuditEvent):
                log = (type(record), getattr(record, "instance_id", None) or "")
            at_s = _time_of(record)
            if at_s is None:
                at_s = self.reading.last_s.get(log, -math.inf)
            self.reading.last_s[log] = at_s
            if isinstance(record, LifecycleEvent):
                yield from self._entry(record, at_s)
                continue
            yield at_s, _slim(record)
            if isinstance(record, AuditEvent):
                number = self.reading.moments.audited(record, record.time_s)
                found = None if number is None else self.reading.unpaired.pop(number, None)
                if found is not None:
                    yield at_s, found[1]

    def _entry(self, entry: LifecycleEvent, at_s: float) -> Iterator[Timed]:
        """Yield an entry of an instance.log, unless the audit trail may tell when exactly."""
        number = next(self._numbers)
        exact_s = self.reading.moments.exact(entry, number)
        if exact_s is not None:
            yield exact_s, entry
        elif is_change(entry):
            self.reading.unpaired[number] = (at_s, entry)
        else:
            yield at_s, entry

    def _left(self) -> list[Timed]:
        """Return the entries that the audit trail, all of it, does not tell of."""
        left: list[Timed] = list(self.reading.unpaired.values())
        self.reading.unpaired = {}
        self.reading.moments.forget_entries()
        return left


class Departed:
    """When instances were found to be gone, by the reader or by others; the first finder counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[tuple[float, InstanceGone]] = []
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

    def take(self) -> Sequence[Timed]:
        """Return what was found since the last call."""
        with self._lock:
            found, self._found = self._found, []
            return found

    def noted(self) -> list[tuple[float, str]]:
        """Return what was found since `take` was called last: when, and who."""
        with self._lock:
            return [(at_s, gone.instance_id) for at_s, gone in self._found]

    def unconfirmed(self) -> set[str]:
        """Return whom the reader, which was not the first to find it, may still find gone."""
        with self._lock:
            return set(self._unconfirmed)

    def go_on(self, taken: int, unconfirmed: set[str]) -> None:
        """Go on after another reader, to which the first `taken` of what was `noted` were told.

        Args:
            taken: How many.
            unconfirmed: Of these; see there.
        """
        with self._lock:
            del self._found[:taken]
            self._unconfirmed = unconfirmed | {gone.instance_id for _, gone in self._found}

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

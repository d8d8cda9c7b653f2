"""What exchanges and errors add up to by time, in bounded memory.

What is kept, and how finely:

- of the whole fleet its newest exchanges one by one, 131,072 (`MAX_OF_FLEET`),
  which is finer than any minute; what is older by the hour for good;
- of each instance the same, but `MAX_ROWS` of them.

An exchange takes 28 bytes, an hour 0.5 KiB and what its response times need, up to a few KiB.
Where only hours are known, an hour counts in the stretch that it begins in. Counts, sums, means
and maxima are exact, quantiles within 2 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from logging_core.analyse.columns import Columns, Numbers
from logging_core.analyse.rows import Rows
from logging_core.analyse.state import Slot, Usage
from logging_core.analyse.summary import Tally
from logging_core.records import AuditEvent

MAX_ROWS = 2_048
"""So many of an instance's newest exchanges are kept one by one."""

MAX_OF_FLEET = 1 << 17
"""So many of the fleet's newest exchanges are kept one by one."""

_HOUR = 60
_DAY = 24 * _HOUR
_MONTH = 31 * _DAY
_MAX_PENDING = 1 << 14


class Track:
    """One instance by time.

    Attributes:
        rows: Its newest exchanges.
        errors: How many it had in which minute.
    """

    __slots__ = ("_hours", "errors", "rows")

    def __init__(self) -> None:
        self.rows = Rows()
        self.errors: dict[int, int] = {}
        self._hours: dict[int, Tally] = {}

    def add(self, rows: Rows) -> None:
        """Take exchanges in; the oldest days are read last, and go to their hours at once."""
        if len(self.rows) >= MAX_ROWS // 2 and rows.newest() <= self.rows.oldest():
            _add_by_hour(self._hours, rows)
        else:
            self.rows.extend(rows)
            self.fold()

    def fold(self) -> None:
        """Put what is too many into its hours."""
        if len(self.rows) > MAX_ROWS:
            _add_by_hour(self._hours, self.rows.take_first(len(self.rows) - MAX_ROWS // 2))

    def cells(self, first: int, step: int, last: int) -> Iterator[tuple[int, Numbers | Tally]]:
        """What belongs to the stretches of `step` minutes from `first` to `last`."""
        for hour, tally in self._hours.items():
            if first <= hour * _HOUR < last:
                yield (hour * _HOUR - first) // step, tally
        for number, rows in self.rows.between(first, last).grouped(step, first):
            yield number, rows.numbers()


class Day:
    """One day of the fleet: its exchanges, and its hours once they are asked for."""

    __slots__ = ("_hours", "rows")

    def __init__(self) -> None:
        self.rows = Rows()
        self._hours: dict[int, Tally] | None = None

    def add(self, rows: Rows) -> None:
        """Take exchanges in."""
        self.rows.extend(rows)
        self._hours = None

    def hours(self) -> dict[int, Tally]:
        """The sums of each hour that has any."""
        if self._hours is None:
            self._hours = {}
            _add_by_hour(self._hours, self.rows)
        return self._hours

    def cells(self, start: int, stop: int) -> Iterator[Numbers | Tally]:
        """What makes up a stretch: as many hours as fit."""
        begin, end = -(-start // _HOUR), stop // _HOUR
        if begin >= end:
            yield self.rows.between(start, stop).numbers()
            return
        yield self.rows.between(start, begin * _HOUR).numbers()
        yield from _between(self.hours(), begin, end)
        yield self.rows.between(end * _HOUR, stop).numbers()


class Series:
    """The fleet and each instance by time."""

    __slots__ = ("_coming", "_count", "_days", "_errors", "_hours", "_tracks")

    def __init__(self) -> None:
        self._days: dict[int, Day] = {}
        self._count = 0
        self._hours: dict[int, Tally] = {}
        self._errors: dict[int, int] = {}
        self._tracks: dict[str | None, Track] = {}
        self._coming = Rows()

    def extend(self, instance_id: str | None, exchanges: Columns) -> None:
        """Count exchanges of one instance that were decoded in bulk, but not as the fleet's."""
        if len(exchanges):
            self._track(instance_id).add(Rows.of(exchanges))

    def add_up(self, exchanges: Columns) -> None:
        """Count as the fleet's what `extend` counted of all instances."""
        self._coming.extend(Rows.of(exchanges))
        if len(self._coming) >= _MAX_PENDING:
            self._settle()

    def add(self, event: AuditEvent, at_s: float) -> None:
        """Count an exchange that was decoded singly."""
        track = self._track(event.instance_id)
        for rows in (track.rows, self._coming):
            rows.add(int(at_s // 60), event)
        track.fold()
        if len(self._coming) >= _MAX_PENDING:
            self._settle()

    def add_error(self, instance_ids: Iterable[str], at_s: float) -> None:
        """Count an error of the fleet, and of each instance that it is about."""
        minute = int(at_s // 60)
        for errors in (self._errors, *(self._track(i).errors for i in instance_ids)):
            errors[minute] = errors.get(minute, 0) + 1
            if len(errors) > _MONTH:
                del errors[min(errors)]

    def forget(self, instance_id: str) -> None:
        """Begin anew for an instance; the fleet keeps its share."""
        self._tracks.pop(instance_id, None)

    def slots(
        self, from_s: float, to_s: float, step_s: float, instance_ids: Collection[str] | None
    ) -> tuple[Slot, ...]:
        """All stretches of `step_s` from `from_s` to `to_s`; see `FleetModel.series`."""
        step = int(step_s) // 60
        if step < 1 or step_s % 60:
            raise ValueError(f"a step must be whole minutes, not {step_s} s")
        first, last = int(from_s // 60), int(-(-to_s // 60))
        count = max(0, -(-(last - first) // step))
        tallies = self._tallies(first, step, last, count, instance_ids)
        errors = [0] * count
        for minutes in self._errors_of(instance_ids):
            for minute, times in minutes.items():
                if first <= minute < last:
                    errors[(minute - first) // step] += times
        return tuple(
            _slot((first + number * step) * 60.0, tallies.get(number), errors[number])
            for number in range(count)
        )

    def usage(self, from_s: float, to_s: float, instance_ids: Collection[str] | None) -> Usage:
        """The sums from `from_s` to `to_s`, to the minute."""
        first, last = int(from_s // 60), int(-(-to_s // 60))
        if last <= first:
            return Usage()
        tallies = self._tallies(first, last - first, last, 1, instance_ids)
        return tallies.get(0, Tally()).usage()

    def _tallies(
        self, first: int, step: int, last: int, count: int, instance_ids: Collection[str] | None
    ) -> dict[int, Tally]:
        """The sums of each stretch that has any."""
        tallies: defaultdict[int, Tally] = defaultdict(Tally)
        if instance_ids is None:
            self._settle()
            for number in range(count):
                start = first + number * step
                for cell in self._cells(start, min(start + step, last)):
                    tallies[number].include(cell)
            return tallies
        for instance_id in set(instance_ids):
            track = self._tracks.get(instance_id)
            for number, cell in () if track is None else track.cells(first, step, last):
                tallies[number].include(cell)
        return tallies

    def _cells(self, start: int, stop: int) -> Iterator[Numbers | Tally]:
        yield from _between(self._hours, -(-start // _HOUR), -(-stop // _HOUR))
        for day in range(start // _DAY, -(-stop // _DAY)):
            if day in self._days:
                yield from self._days[day].cells(
                    max(start, day * _DAY), min(stop, (day + 1) * _DAY)
                )

    def _errors_of(self, instance_ids: Collection[str] | None) -> Iterator[dict[int, int]]:
        if instance_ids is None:
            yield self._errors
            return
        for instance_id in set(instance_ids):
            if instance_id in self._tracks:
                yield self._tracks[instance_id].errors

    def _settle(self) -> None:
        coming, self._coming = self._coming, Rows()
        for number, rows in coming.grouped(_DAY):
            day = self._days.get(number)
            if day is None:
                day = self._days[number] = Day()
            day.add(rows)
            self._count += len(rows)
        while self._count > MAX_OF_FLEET:
            self._let_go()

    def _let_go(self) -> None:
        """Of the oldest exchanges, know the hours only."""
        oldest = min(self._days)
        day = self._days[oldest]
        number = min(len(day.rows), max(_MAX_PENDING, self._count - MAX_OF_FLEET))
        _add_by_hour(self._hours, day.rows.take_first(number))
        self._count -= number
        day.add(Rows())
        if not len(day.rows):
            del self._days[oldest]

    def _track(self, instance_id: str | None) -> Track:
        track = self._tracks.get(instance_id)
        if track is None:
            track = self._tracks[instance_id] = Track()
        return track


def _add_by_hour(tallies: dict[int, Tally], rows: Rows) -> None:
    for hour, members in rows.grouped(_HOUR):
        tally = tallies.get(hour)
        if tally is None:
            tally = tallies[hour] = Tally()
        tally.extend(members.numbers())
        tally.sum_up()  # an hour is mostly complete, and there are hundreds


def _between(tallies: dict[int, Tally], start: int, stop: int) -> Iterator[Tally]:
    """The tallies with keys from `start` to `stop`, whichever way is shorter."""
    if stop - start > len(tallies):
        yield from (tally for key, tally in tallies.items() if start <= key < stop)
        return
    for key in range(start, stop):
        if key in tallies:
            yield tallies[key]


def _slot(start_s: float, tally: Tally | None, errors: int) -> Slot:
    if tally is None:
        return Slot(start_s, errors=errors)
    usage = tally.usage()
    return Slot(
        start_s,
        usage.requests,
        usage.tokens,
        usage.cost_usd,
        usage.unpriced,
        errors,
        usage.latency,
    )

"""What exchanges add up to by time, in bounded memory; of events and errors see `analyse.counts`.

What is kept, and how finely:

- of the whole fleet its newest exchanges one by one, 131,072 (`MAX_OF_FLEET`) at most and seven
  eighths of that at least; what is older by the hour for good;
- of each instance the same, but 2,048 (`MAX_ROWS`) at most and half of that at least.

An exchange takes 32 bytes, an hour 0.5 KiB and what its response times need, up to a few KiB.
Where only hours are known, an hour counts in the slot that it begins in, and the sums of a window
that cuts one are unknown. Else counts, sums, means and maxima are exact, quantiles within 2 %.

A stretch of time begins with its first moment and ends before its last.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Self

from logging_core.analyse.columns import KINDS, Columns, Numbers
from logging_core.analyse.hours import HOUR_S, Hours
from logging_core.analyse.rows import Rows
from logging_core.analyse.state import Slot, Usage
from logging_core.analyse.summary import Tally
from logging_core.records import UNKNOWN, AuditEvent

MAX_ROWS = 2_048
"""So many of an instance's newest exchanges are kept one by one, at most."""

MAX_OF_FLEET = 1 << 17
"""So many of the fleet's newest exchanges are kept one by one, at most."""

_MINUTE = 60
_DAY = 24 * HOUR_S
_MAX_PENDING = 1 << 14


class Steps(NamedTuple):
    """Stretches of time, one after the other.

    Attributes:
        from_s: When the first one begins.
        step_s: How long each is.
        to_s: When the last one ends, whole or not.
        number: How many there are.
    """

    from_s: float
    step_s: int
    to_s: float
    number: int

    @classmethod
    def between(cls, from_s: float, to_s: float, step_s: float) -> Self:
        """All from the minute of `from_s` to `to_s`.

        Raises:
            ValueError: `step_s` is not a multiple of 60.
        """
        step = int(step_s)
        if step < _MINUTE or step_s % _MINUTE:
            raise ValueError(f"a step must be whole minutes, not {step_s} s")
        from_s = from_s // _MINUTE * _MINUTE
        return cls(from_s, step, to_s, max(0, math.ceil((to_s - from_s) / step)))

    def slots(self, tallies: Mapping[int, Tally]) -> tuple[Slot, ...]:
        """All, with their sums; those that have none included."""
        sums = {number: tally.usage() for number, tally in tallies.items()}
        nothing = Usage()
        return tuple(
            Slot(self.from_s + number * self.step_s, sums.get(number, nothing))
            for number in range(self.number)
        )


class Track:
    """One instance by time.

    Attributes:
        rows: Its newest exchanges.
        hours: What its older exchanges add up to.
    """

    __slots__ = ("hours", "rows")

    def __init__(self) -> None:
        self.rows = Rows(KINDS)
        self.hours = Hours()

    def add(self, rows: Rows) -> None:
        """Take exchanges in; the oldest days are read last, and go to their hours at once."""
        if len(self.rows) >= MAX_ROWS // 2 and rows.newest_s() <= self.rows.oldest_s():
            self.hours.add(rows)
        else:
            self.rows.extend(rows)
            self.fold()

    def fold(self) -> None:
        """Put what is too many into its hours."""
        if len(self.rows) > MAX_ROWS:
            self.hours.add(self.rows.take_first(len(self.rows) - MAX_ROWS // 2))

    def has_any(self, from_s: float, to_s: float) -> bool:
        """Whether any of it belongs to a stretch."""
        if self.rows.has_any(from_s, to_s):
            return True
        return next(_beginning_within(self.hours, from_s, to_s), None) is not None

    def cells(
        self, from_s: float, step_s: int, to_s: float
    ) -> Iterator[tuple[int, Numbers | Tally]]:
        """What belongs to the stretches of `step_s` from `from_s` to `to_s`."""
        for hour, tally in _beginning_within(self.hours, from_s, to_s):
            yield int((hour * HOUR_S - from_s) // step_s), tally
        for number, rows in self.rows.between(from_s, to_s).grouped(step_s, from_s):
            yield number, Numbers.of_rows(rows)


class Day:
    """One day of the fleet: its exchanges, and its hours once they are asked for."""

    __slots__ = ("_hours", "rows")

    def __init__(self) -> None:
        self.rows = Rows(KINDS)
        self._hours: Hours | None = None

    def add(self, rows: Rows) -> None:
        """Take exchanges in."""
        self.rows.extend(rows)
        self._hours = None

    def hours(self) -> Hours:
        """The sums of each hour that has any."""
        if self._hours is None:
            self._hours = Hours()
            self._hours.add(self.rows)
        return self._hours

    def cells(self, from_s: float, to_s: float) -> Iterator[Numbers | Tally]:
        """What makes up a stretch: as many hours as fit."""
        begin, end = math.ceil(from_s / HOUR_S), int(to_s // HOUR_S)
        if begin >= end:
            yield Numbers.of_rows(self.rows.between(from_s, to_s))
            return
        yield Numbers.of_rows(self.rows.between(from_s, begin * HOUR_S))
        yield from (tally for _, tally in self.hours().between(begin, end))
        yield Numbers.of_rows(self.rows.between(end * HOUR_S, to_s))


class Series:
    """The fleet and each instance by time."""

    __slots__ = ("_coming", "_count", "_days", "_hours", "_tracks")

    def __init__(self) -> None:
        self._days: dict[int, Day] = {}
        self._count = 0
        self._hours = Hours()
        self._tracks: dict[str | None, Track] = {}
        self._coming = Rows(KINDS)

    def extend(self, instance_id: str | None, exchanges: Columns) -> None:
        """Count exchanges of one instance that were decoded in bulk, but not as the fleet's."""
        if len(exchanges):
            self._track(instance_id).add(exchanges.rows())

    def add_up(self, exchanges: Columns) -> None:
        """Count as the fleet's what `extend` counted of all instances."""
        self._coming.extend(exchanges.rows())
        if len(self._coming) >= _MAX_PENDING:
            self._settle()

    def add(self, event: AuditEvent, at_s: float) -> None:
        """Count an exchange that was decoded singly."""
        track = self._track(event.instance_id)
        _, *numbers = Numbers.of_events((event,))
        said = [values[0] if values else UNKNOWN for values in numbers]
        for rows in (track.rows, self._coming):
            rows.add(at_s, *said)
        track.fold()
        if len(self._coming) >= _MAX_PENDING:
            self._settle()

    def tallies(
        self, steps: Steps, instance_ids: Collection[str | None] | None
    ) -> dict[int, Tally]:
        """The sums of each of the stretches that has any, by its number."""
        from_s, step_s, to_s, count = steps
        tallies: defaultdict[int, Tally] = defaultdict(Tally)
        if instance_ids is None:
            self._settle()
            for number in range(count):
                start_s = from_s + number * step_s
                for cell in self._cells(start_s, min(start_s + step_s, to_s)):
                    tallies[number].include(cell)
            return tallies
        for track in self._tracks_of(instance_ids):
            for number, cell in track.cells(from_s, step_s, to_s):
                tallies[number].include(cell)
        return tallies

    def tally(
        self, from_s: float, to_s: float, instance_ids: Collection[str | None] | None
    ) -> Tally | None:
        """The sums from `from_s` to `to_s`; `None` if that cuts an hour known as a whole only."""
        if to_s <= from_s:
            return Tally()
        if self._cuts_hour(from_s, instance_ids) or self._cuts_hour(to_s, instance_ids):
            return None
        whole = Steps(from_s, math.ceil(to_s - from_s), to_s, 1)
        return self.tallies(whole, instance_ids).get(0, Tally())

    def whose(
        self, from_s: float, to_s: float, instance_ids: Collection[str | None] | None
    ) -> tuple[str, ...] | None:
        """The ids of those who have any from `from_s` to `to_s`, sorted; `None` as of `tally`."""
        of_them = self._tracks.keys() if instance_ids is None else instance_ids
        if self._cuts_hour(from_s, of_them) or self._cuts_hour(to_s, of_them):
            return None
        ids = {i for i in of_them if i is not None and i in self._tracks}
        return tuple(sorted(i for i in ids if self._tracks[i].has_any(from_s, to_s)))

    def first_s(self, instance_ids: Collection[str | None] | None) -> float | None:
        """When the first exchange was; see `FleetModel.first_exchange_s`."""
        if instance_ids is not None:
            firsts = [_first_s(track.hours, track.rows) for track in self._tracks_of(instance_ids)]
        else:
            self._settle()
            days = [self._days[min(self._days)].rows] if self._days else []
            firsts = [_first_s(self._hours, *days)]
        known = [first_s for first_s in firsts if first_s is not None]
        return min(known, default=None)

    def _cells(self, from_s: float, to_s: float) -> Iterator[Numbers | Tally]:
        yield from (tally for _, tally in _beginning_within(self._hours, from_s, to_s))
        for number in range(int(from_s // _DAY), math.ceil(to_s / _DAY)):
            if number in self._days:
                yield from self._days[number].cells(
                    max(from_s, number * _DAY), min(to_s, (number + 1) * _DAY)
                )

    def _cuts_hour(self, at_s: float, instance_ids: Collection[str | None] | None) -> bool:
        if instance_ids is not None:
            return any(track.hours.cuts(at_s) for track in self._tracks_of(instance_ids))
        self._settle()
        return self._hours.cuts(at_s)

    def _tracks_of(self, instance_ids: Collection[str | None]) -> Iterator[Track]:
        return (self._tracks[i] for i in set(instance_ids) if i in self._tracks)

    def _settle(self) -> None:
        coming, self._coming = self._coming, Rows(KINDS)
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
        self._hours.add(day.rows.take_first(number))
        self._count -= number
        day.add(Rows(KINDS))
        if not len(day.rows):
            del self._days[oldest]

    def _track(self, instance_id: str | None) -> Track:
        track = self._tracks.get(instance_id)
        if track is None:
            track = self._tracks[instance_id] = Track()
        return track


def _first_s(hours: Hours, *singly: Rows) -> float | None:
    firsts = [rows.oldest_s() for rows in singly if len(rows)]
    begin_s = hours.begin_s()
    return min(firsts if begin_s is None else [begin_s, *firsts], default=None)


def _beginning_within(hours: Hours, from_s: float, to_s: float) -> Iterator[tuple[int, Tally]]:
    """The hours that begin in a stretch, with their numbers since the epoch."""
    return hours.between(math.ceil(from_s / HOUR_S), math.ceil(to_s / HOUR_S))

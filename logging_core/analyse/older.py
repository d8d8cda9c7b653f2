"""What exchanges of long ago add up to, when it is no longer known of each what it said."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Iterator

from logging_core.analyse.cells import Cells, Stretch
from logging_core.analyse.columns import WHOSE, Numbers
from logging_core.analyse.hours import DAY_H, DAY_S, HOUR_S, Hours
from logging_core.analyse.rows import Rows
from logging_core.analyse.summary import Tally

MAX_BY_HOUR = 1 << 17
"""So many sums of an hour and an instance are kept, at most."""


class Older:
    """The fleet by the hour, and each instance by the hour or, of still older ones, by the day.

    Instances are numbered. What some add up to is kept until more is taken in, as the same is asked
    again and again while it is shown.
    """

    __slots__ = ("_asked", "_cells", "_hours", "_whole_days_until", "_whose")

    def __init__(self) -> None:
        self._hours = Hours()
        self._cells: dict[int, Cells] = {}
        self._whole_days_until = -math.inf  # an hour: cells before it are of days
        self._whose: Collection[int] = ()  # who was asked about last
        self._asked: dict[tuple[int, int], Tally] = {}  # what they add up to between two hours

    def add(self, rows: Rows) -> None:
        """Take exchanges in, in whatever order they come."""
        self._hours.add(rows)
        for number, theirs in rows.by(WHOSE):
            cells = self._cells.setdefault(number, Cells())
            for hour, start, stop in theirs.places(HOUR_S):
                begin = hour if hour >= self._whole_days_until else hour // DAY_H * DAY_H
                cells.add(begin, Numbers.of_some(theirs, start, stop))
        self._merge_days()
        self._asked = {}

    def begin_s(self, whose: Collection[int] | None) -> float | None:
        """When the first of what is known began, of all or of some; `None` if there is none."""
        if whose is None:
            return self._hours.begin_s()
        begins = [cells.hours[0] for cells in self._cells_of(whose)]
        return min(begins) * float(HOUR_S) if begins else None

    def tallies(self, from_s: float, to_s: float) -> Iterator[Tally]:
        """What begins in a stretch, of all."""
        return (tally for _, tally in self._hours.beginning_within(from_s, to_s))

    def tally(self, from_s: float, to_s: float, whose: Collection[int]) -> Tally:
        """What begins in a stretch, of some together; it must not be changed."""
        if whose != self._whose:
            self._whose, self._asked = whose, {}
        start, stop = _hours_of(from_s, to_s)
        tally = self._asked.get((start, stop))
        if tally is None:
            stretches = (cells.between(start, stop) for cells in self._cells_of(whose))
            tally = self._asked[start, stop] = Stretch.together(stretches).tally()
        return tally

    def each(self, from_s: float, to_s: float, whose: Collection[int]) -> dict[int, Tally]:
        """The same of each of some that has any."""
        start, stop = _hours_of(from_s, to_s)
        stretches = {i: self._cells[i].between(start, stop) for i in whose if i in self._cells}
        return {number: stretch.tally() for number, stretch in stretches.items() if stretch.sums}

    def cuts(self, at_s: float, *, by_instance: bool) -> bool:
        """Whether a moment may lie between exchanges of which only the sum is known."""
        if by_instance and at_s < self._whole_days_until * HOUR_S and at_s % DAY_S:
            begin_s = self._hours.begin_s()
            return begin_s is not None and at_s > begin_s // DAY_S * DAY_S
        return self._hours.cuts(at_s)

    def _cells_of(self, whose: Collection[int]) -> Iterator[Cells]:
        return (self._cells[number] for number in whose if number in self._cells)

    def _merge_days(self) -> None:
        """Of the older hours of each instance, know the days only, if there are too many."""
        since = self._whole_days_until
        starts = [(cells.hours, bisect_left(cells.hours, since)) for cells in self._cells.values()]
        if sum(len(hours) - start for hours, start in starts) <= MAX_BY_HOUR:
            return
        each = sorted(hour for hours, start in starts for hour in hours[start:])
        self._whole_days_until = until = each[len(each) // 2] // DAY_H * DAY_H
        for cells in self._cells.values():
            cells.merge_days(until)


def _hours_of(from_s: float, to_s: float) -> tuple[int, int]:
    """The first hour that begins in a stretch, and the first that begins after it."""
    return math.ceil(from_s / HOUR_S), math.ceil(to_s / HOUR_S)

"""What happened, one by one: when it was, and what each says, in columns of numbers."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Self


class Rows:
    """Rows in order of their times, once that is asked for.

    Args:
        kinds: A type code of `array` for each column besides the times.

    Attributes:
        times: Seconds since the epoch.
        columns: As long as that.
    """

    __slots__ = ("_ordered", "columns", "times")

    def __init__(self, kinds: str) -> None:
        self.times = array("d")
        self.columns: tuple[array[Any], ...] = tuple([array(kind) for kind in kinds])
        self._ordered = 0  # so many are in order

    @classmethod
    def of(cls, times: array[float], *columns: array[Any]) -> Self:
        """Rows of columns that are there: copies of them."""
        self = cls("")
        self.times, self.columns = times[:], tuple([column[:] for column in columns])
        listed = times.tolist()
        self._ordered = len(listed) if sorted(listed) == listed else 0
        return self

    def __len__(self) -> int:
        return len(self.times)

    def extend(self, other: Rows) -> None:
        """Take in all rows of `other`."""
        if not len(other):
            return
        if self._ordered == len(self) and self._follows(other.times[0]):
            self._ordered += other._ordered
        self.times.extend(other.times)
        for column, more in zip(self.columns, other.columns, strict=True):
            column.extend(more)

    def add(self, at_s: float, *values: float) -> None:
        """Take one row in."""
        self._ordered += self._ordered == len(self) and self._follows(at_s)
        self.times.append(at_s)
        for column, value in zip(self.columns, values, strict=True):
            column.append(value)

    def oldest_s(self) -> float:
        """The first time; there must be one."""
        self._put_in_order()
        return self.times[0]

    def newest_s(self) -> float:
        """The last time; there must be one."""
        self._put_in_order()
        return self.times[-1]

    def has_any(self, from_s: float, to_s: float) -> bool:
        """Whether one is at or after `from_s` and before `to_s`."""
        start, stop = self._span(from_s, to_s)
        return start < stop

    def between(self, from_s: float, to_s: float) -> Rows:
        """Those at or after `from_s` and before `to_s`."""
        return self._cut(*self._span(from_s, to_s))

    def having(self, column: int, values: Collection[Any]) -> Rows:
        """Those with one of some values in a column."""
        self._put_in_order()
        return self._only([row for row, v in enumerate(self.columns[column]) if v in values])

    def by(self, column: int) -> Iterator[tuple[Any, Rows]]:
        """Each value of a column once, and the rows that have it."""
        self._put_in_order()
        places: defaultdict[Any, list[int]] = defaultdict(list)
        for row, value in enumerate(self.columns[column]):
            places[value].append(row)
        for value, chosen in places.items():
            yield value, self._only(chosen)

    def take_first(self, number: int) -> Rows:
        """Remove the first so many, and return them."""
        self._put_in_order()
        first, rest = self._cut(0, number), self._cut(number, len(self))
        self.times, self.columns, self._ordered = rest.times, rest.columns, rest._ordered
        return first

    def grouped(self, unit_s: int, first_s: float = 0.0) -> Iterator[tuple[int, Rows]]:
        """Them by stretches of `unit_s`, counted from `first_s`."""
        for group, start, stop in self.places(unit_s, first_s):
            yield group, self._cut(start, stop)

    def places(self, unit_s: int, first_s: float = 0.0) -> Iterator[tuple[int, int, int]]:
        """Of each of these its number, its first row, and the one after its last."""
        if self._ordered < len(self):
            only = int((min(self.times) - first_s) // unit_s)
            if max(self.times) < first_s + (only + 1) * unit_s:
                yield only, 0, len(self)  # which costs less than to put them in order
                return
            self._put_in_order()
        start = 0
        while start < len(self):
            group = int((self.times[start] - first_s) // unit_s)
            stop = bisect_left(self.times, first_s + (group + 1) * unit_s, start)
            yield group, start, stop
            start = stop

    def _follows(self, at_s: float) -> bool:
        return not len(self) or self.times[-1] <= at_s

    def _span(self, from_s: float, to_s: float) -> tuple[int, int]:
        self._put_in_order()
        return bisect_left(self.times, from_s), bisect_left(self.times, to_s)

    def _only(self, places: Sequence[int]) -> Rows:
        part = Rows("")
        part.times = array("d", [self.times[place] for place in places])
        part.columns = tuple(
            [array(column.typecode, [column[i] for i in places]) for column in self.columns]
        )
        part._ordered = len(places)
        return part

    def _cut(self, start: int, stop: int) -> Rows:
        part = Rows.__new__(Rows)  # with no column made only to be replaced
        part.times = self.times[start:stop]
        part.columns = tuple([column[start:stop] for column in self.columns])
        part._ordered = max(0, min(stop, self._ordered) - start)
        return part

    def _put_in_order(self) -> None:
        """Sort from where the first of the others belongs, which is mostly near the end."""
        if self._ordered == len(self):
            return
        others = self.times[self._ordered :]
        start = bisect_right(self.times, min(others), 0, self._ordered)
        order = sorted(range(start, len(self)), key=self.times.__getitem__)
        for column in (self.times, *self.columns):
            column[start:] = array(column.typecode, [column[row] for row in order])
        self._ordered = len(self)

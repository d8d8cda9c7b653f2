"""Exchanges one by one in 28 bytes each: the minute, and what each says."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Self

from logging_core.analyse.columns import Columns, Numbers, known
from logging_core.records import UNKNOWN, AuditEvent


class Rows:
    """Exchanges in order of their minutes, once that is asked for.

    Attributes:
        minutes: Since the epoch.
    """

    __slots__ = ("_costs", "_is_ordered", "_seconds", "_tokens", "minutes")

    def __init__(self) -> None:
        self.minutes = array("I")
        self._tokens = array("q")
        self._costs = array("d")
        self._seconds = array("d")
        self._is_ordered = True

    @classmethod
    def of(cls, exchanges: Columns) -> Self:
        """Exchanges that were decoded in bulk."""
        self = cls()
        self.minutes = array("I", [int(time_s // 60) for time_s in exchanges.times])
        self._tokens, self._costs = exchanges.tokens[:], exchanges.costs[:]
        self._seconds = exchanges.seconds[:]
        minutes = self.minutes.tolist()
        self._is_ordered = sorted(minutes) == minutes
        return self

    def __len__(self) -> int:
        return len(self.minutes)

    def extend(self, other: Rows) -> None:
        """Take in all rows of `other`."""
        if not len(other):
            return
        follows = not len(self) or self.minutes[-1] <= other.minutes[0]
        self._is_ordered = self._is_ordered and other._is_ordered and follows
        self.minutes.extend(other.minutes)
        self._tokens.extend(other._tokens)
        self._costs.extend(other._costs)
        self._seconds.extend(other._seconds)

    def add(self, minute: int, event: AuditEvent) -> None:
        """Take an exchange in that was decoded singly."""
        _, tokens, costs, seconds = Numbers.of_events((event,))
        self._is_ordered = self._is_ordered and (not len(self) or self.minutes[-1] <= minute)
        self.minutes.append(minute)
        self._tokens.append(tokens[0] if tokens else UNKNOWN)
        self._costs.append(costs[0] if costs else UNKNOWN)
        self._seconds.append(seconds[0] if seconds else UNKNOWN)

    def oldest(self) -> int:
        """The first minute; there must be one."""
        self._put_in_order()
        return self.minutes[0]

    def newest(self) -> int:
        """The last minute; there must be one."""
        self._put_in_order()
        return self.minutes[-1]

    def between(self, first: int, last: int) -> Rows:
        """Those from the minute `first` to before the minute `last`."""
        self._put_in_order()
        return self._cut(bisect_left(self.minutes, first), bisect_left(self.minutes, last))

    def take_first(self, number: int) -> Rows:
        """Remove the first so many, and return them."""
        self._put_in_order()
        first, rest = self._cut(0, number), self._cut(number, len(self))
        self.minutes, self._tokens = rest.minutes, rest._tokens
        self._costs, self._seconds = rest._costs, rest._seconds
        return first

    def numbers(self) -> Numbers:
        """What they say together."""
        tokens, costs = known(self._tokens), known(self._costs)
        return Numbers(len(self), tokens, costs, known(self._seconds))

    def grouped(self, unit: int, first: int = 0) -> Iterator[tuple[int, Rows]]:
        """Them by stretches of `unit` minutes, counted from the minute `first`."""
        self._put_in_order()
        start = 0
        while start < len(self):
            group = (self.minutes[start] - first) // unit
            stop = bisect_left(self.minutes, first + (group + 1) * unit, start)
            yield group, self._cut(start, stop)
            start = stop

    def _cut(self, start: int, stop: int) -> Rows:
        part = Rows.__new__(Rows)  # with no column made only to be replaced
        part.minutes = self.minutes[start:stop]
        part._tokens = self._tokens[start:stop]
        part._costs = self._costs[start:stop]
        part._seconds = self._seconds[start:stop]
        part._is_ordered = True
        return part

    def _put_in_order(self) -> None:
        if self._is_ordered:
            return
        order = sorted(range(len(self)), key=self.minutes.__getitem__)
        self.minutes = array("I", [self.minutes[row] for row in order])
        self._tokens = array("q", [self._tokens[row] for row in order])
        self._costs = array("d", [self._costs[row] for row in order])
        self._seconds = array("d", [self._seconds[row] for row in order])
        self._is_ordered = True

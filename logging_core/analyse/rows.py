"""Exchanges one by one in 32 bytes each: when it was, and what each says."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Self

from logging_core.analyse.columns import Columns, Numbers, known
from logging_core.records import UNKNOWN, AuditEvent


class Rows:
    """Exchanges in order of their times, once that is asked for.

    Attributes:
        times: Seconds since the epoch.
    """

    __slots__ = ("_costs", "_ordered", "_seconds", "_tokens", "times")

    def __init__(self) -> None:
        self.times = array("d")
        self._tokens = array("q")
        self._costs = array("d")
        self._seconds = array("d")
        self._ordered = 0  # so many are in order

    @classmethod
    def of(cls, exchanges: Columns) -> Self:
        """Exchanges that were decoded in bulk."""
        self = cls()
        self.times, self._tokens = exchanges.times[:], exchanges.tokens[:]
        self._costs, self._seconds = exchanges.costs[:], exchanges.seconds[:]
        times = self.times.tolist()
        self._ordered = len(times) if sorted(times) == times else 0
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
        self._tokens.extend(other._tokens)
        self._costs.extend(other._costs)
        self._seconds.extend(other._seconds)

    def add(self, at_s: float, event: AuditEvent) -> None:
        """Take an exchange in that was decoded singly."""
        _, tokens, costs, seconds = Numbers.of_events((event,))
        self._ordered += self._ordered == len(self) and self._follows(at_s)
        self.times.append(at_s)
        self._tokens.append(tokens[0] if tokens else UNKNOWN)
        self._costs.append(costs[0] if costs else UNKNOWN)
        self._seconds.append(seconds[0] if seconds else UNKNOWN)

    def oldest_s(self) -> float:
        """The first time; there must be one."""
        self._put_in_order()
        return self.times[0]

    def newest_s(self) -> float:
        """The last time; there must be one."""
        self._put_in_order()
        return self.times[-1]

    def between(self, from_s: float, to_s: float) -> Rows:
        """Those at or after `from_s` and before `to_s`."""
        self._put_in_order()
        return self._cut(bisect_left(self.times, from_s), bisect_left(self.times, to_s))

    def take_first(self, number: int) -> Rows:
        """Remove the first so many, and return them."""
        self._put_in_order()
        first, rest = self._cut(0, number), self._cut(number, len(self))
        self.times, self._tokens = rest.times, rest._tokens
        self._costs, self._seconds, self._ordered = rest._costs, rest._seconds, rest._ordered
        return first

    def numbers(self) -> Numbers:
        """What they say together."""
        tokens, costs = known(self._tokens), known(self._costs)
        return Numbers(len(self), tokens, costs, known(self._seconds))

    def grouped(self, unit_s: int, first_s: float = 0.0) -> Iterator[tuple[int, Rows]]:
        """Them by stretches of `unit_s`, counted from `first_s`."""
        if self._ordered < len(self):
            only = int((min(self.times) - first_s) // unit_s)
            if max(self.times) < first_s + (only + 1) * unit_s:
                yield only, self  # which costs less than to put them in order
                return
            self._put_in_order()
        start = 0
        while start < len(self):
            group = int((self.times[start] - first_s) // unit_s)
            stop = bisect_left(self.times, first_s + (group + 1) * unit_s, start)
            yield group, self._cut(start, stop)
            start = stop

    def _follows(self, at_s: float) -> bool:
        return not len(self) or self.times[-1] <= at_s

    def _cut(self, start: int, stop: int) -> Rows:
        part = Rows.__new__(Rows)  # with no column made only to be replaced
        part.times = self.times[start:stop]
        part._tokens = self._tokens[start:stop]
        part._costs = self._costs[start:stop]
        part._seconds = self._seconds[start:stop]
        part._ordered = stop - start
        return part

    def _put_in_order(self) -> None:
        """Sort from where the first of the others belongs, which is mostly near the end."""
        if self._ordered == len(self):
            return
        others = self.times[self._ordered :]
        start = bisect_right(self.times, min(others), 0, self._ordered)
        order = sorted(range(start, len(self)), key=self.times.__getitem__)
        self.times[start:] = array("d", [self.times[row] for row in order])
        self._tokens[start:] = array("q", [self._tokens[row] for row in order])
        self._costs[start:] = array("d", [self._costs[row] for row in order])
        self._seconds[start:] = array("d", [self._seconds[row] for row in order])
        self._ordered = len(self)

"""What of one day is known exchange by exchange."""

from __future__ import annotations

import math
from collections.abc import Iterator

from logging_core.analyse.columns import KINDS, WHOSE, Numbers
from logging_core.analyse.hours import HOUR_S, Hours
from logging_core.analyse.rows import Rows
from logging_core.analyse.summary import Tally


class Day:
    """What of one day of the fleet is known one by one.

    Attributes:
        rows: Its exchanges, as `KINDS`.
    """

    __slots__ = ("_hours", "_some", "rows")

    def __init__(self) -> None:
        self.rows = Rows(KINDS)
        self._hours: Hours | None = None  # once they are asked for
        self._some: tuple[frozenset[int], Rows] | None = None  # that were asked for last

    def add(self, rows: Rows) -> None:
        """Take exchanges in."""
        self.rows.extend(rows)
        self._hours = self._some = None

    def take_first(self, number: int) -> Rows:
        """Remove the first so many, and return them."""
        self._hours = self._some = None
        return self.rows.take_first(number)

    def only(self, whose: frozenset[int]) -> Rows:
        """The exchanges of some instances, by their numbers."""
        if self._some is None or self._some[0] != whose:
            self._some = whose, self.rows.having(WHOSE, whose)
        return self._some[1]

    def sums(self, from_s: float, to_s: float) -> Iterator[Numbers | Tally]:
        """What makes up a stretch of it: as many hours as fit."""
        begin, end = math.ceil(from_s / HOUR_S), int(to_s // HOUR_S)
        if begin >= end:
            yield Numbers.of_rows(self.rows.between(from_s, to_s))
            return
        yield Numbers.of_rows(self.rows.between(from_s, begin * HOUR_S))
        yield from (tally for _, tally in self._by_hour().between(begin, end))
        yield Numbers.of_rows(self.rows.between(end * HOUR_S, to_s))

    def _by_hour(self) -> Hours:
        if self._hours is None:
            self._hours = Hours()
            self._hours.add(self.rows)
        return self._hours

"""What exchanges add up to by time, in bounded memory; of events and errors see `analyse.counts`.

What is kept, and how finely:

- the newest exchanges one by one, 262,144 (`MAX_SINGLY`) at most and fifteen sixteenths of that at
  least;
- what is older by the hour for good, of the fleet and of each instance;
- but of all instances together 131,072 (`older.MAX_BY_HOUR`) sums of an hour at most: of what is
  still older those of each day, in UTC.

An exchange takes 36 bytes, an hour or a day of an instance 80 and 2 for each response time, an hour
of the fleet 0.5 KiB and what its response times need, up to 8 KiB. Where only hours or days are
known, one counts in the slot that it begins in, and the sums of a window that cuts one are unknown.
Else counts, sums, means and maxima are exact, quantiles within 2 %.

A stretch of time begins with its first moment and ends before its last.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Self

from logging_core.analyse.columns import KINDS, WHOSE, Columns, Numbers
from logging_core.analyse.day import Day
from logging_core.analyse.hours import DAY_S
from logging_core.analyse.older import Older
from logging_core.analyse.rows import Rows
from logging_core.analyse.state import Slot, Usage
from logging_core.analyse.summary import Tally
from logging_core.exchanges import UNKNOWN
from logging_core.records import AuditEvent

MAX_SINGLY = 1 << 18
"""So many of the newest exchanges are kept one by one, at most."""

MAX_PENDING = 1 << 14
"""So many exchanges may wait to be put in order."""

_MINUTE = 60


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


class Series:
    """The fleet and each instance by time."""

    __slots__ = ("_coming", "_count", "_days", "_numbers", "_older")

    def __init__(self) -> None:
        self._numbers: dict[str | None, int] = {}  # of the instances, from 0
        self._coming = Rows(KINDS)
        self._days: dict[int, Day] = {}
        self._count = 0  # of what is in these
        self._older = Older()

    def extend(self, instance_ids: Sequence[str | None], exchanges: Columns) -> None:
        """Count exchanges that were decoded in bulk, each of the instance at its place."""
        for instance_id in dict.fromkeys(instance_ids):
            self._number(instance_id)
        self._coming.extend(
            exchanges.rows(array("I", map(self._numbers.__getitem__, instance_ids)))
        )
        self._settle_many()

    def add(self, event: AuditEvent, at_s: float) -> None:
        """Count an exchange that was decoded singly."""
        _, *numbers = Numbers.of_events((event,))
        said = [values[0] if values else UNKNOWN for values in numbers]
        self._coming.add(at_s, self._number(event.instance_id), *said)
        self._settle_many()

    def tallies(
        self, steps: Steps, instance_ids: Collection[str | None] | None
    ) -> dict[int, Tally]:
        """The sums of each of the stretches that has any, by its number."""
        self._settle()
        tallies: defaultdict[int, Tally] = defaultdict(Tally)
        whose = None if instance_ids is None else self._numbers_of(instance_ids)
        for number in range(steps.number):
            from_s = steps.from_s + number * steps.step_s
            for cell in self._sums(from_s, min(from_s + steps.step_s, steps.to_s), whose):
                tallies[number].include(cell)
        return tallies

    def tally(
        self, from_s: float, to_s: float, instance_ids: Collection[str | None] | None
    ) -> Tally | None:
        """The sums from `from_s` to `to_s`; `None` if that cuts what is known as a whole only."""
        if to_s <= from_s:
            return Tally()
        if self._cuts(from_s, instance_ids) or self._cuts(to_s, instance_ids):
            return None
        whole = Steps(from_s, math.ceil(to_s - from_s), to_s, 1)
        return self.tallies(whole, instance_ids).get(0, Tally())

    def by_instance(
        self, from_s: float, to_s: float, instance_ids: Collection[str | None] | None
    ) -> dict[str | None, Tally] | None:
        """The same of each instance that has any."""
        of_them = self._numbers if instance_ids is None else instance_ids
        if self._cuts(from_s, of_them) or self._cuts(to_s, of_them):
            return None
        self._settle()
        whose = self._numbers_of(of_them)
        tallies = defaultdict(Tally, self._older.each(from_s, to_s, whose))
        for day, begin_s, end_s in self._days_between(from_s, to_s):
            for number, rows in day.rows.between(begin_s, end_s).by(WHOSE):
                if number in whose:
                    tallies[number].extend(Numbers.of_rows(rows))
        return {i: tallies[n] for i, n in self._numbers.items() if n in tallies}

    def first_s(self, instance_ids: Collection[str | None] | None) -> float | None:
        """When the first exchange was; see `FleetModel.first_exchange_s`."""
        self._settle()
        days = [self._days[number] for number in sorted(self._days)]
        whose = None if instance_ids is None else self._numbers_of(instance_ids)
        begin_s = self._older.begin_s(whose)
        rows = (day.rows if whose is None else day.only(whose) for day in days)
        first_s = next((some.oldest_s() for some in rows if len(some)), None)
        return min((s for s in (begin_s, first_s) if s is not None), default=None)

    # --- parts ---------------------------------------------------------------

    def _sums(
        self, from_s: float, to_s: float, whose: frozenset[int] | None
    ) -> Iterator[Numbers | Tally]:
        """What a stretch is made of, of all or of some."""
        if whose is None:
            yield from self._older.tallies(from_s, to_s)
        else:
            yield self._older.tally(from_s, to_s, whose)
        for day, begin_s, end_s in self._days_between(from_s, to_s):
            if whose is None:
                yield from day.sums(begin_s, end_s)
            else:
                yield Numbers.of_rows(day.only(whose).between(begin_s, end_s))

    def _days_between(self, from_s: float, to_s: float) -> Iterator[tuple[Day, float, float]]:
        """Each day that has any, and what of the stretch is in it."""
        first, last = int(from_s // DAY_S), math.ceil(to_s / DAY_S)
        for number in sorted(n for n in self._days if first <= n < last):
            begin_s = number * float(DAY_S)
            yield self._days[number], max(from_s, begin_s), min(to_s, begin_s + DAY_S)

    def _cuts(self, at_s: float, instance_ids: Collection[str | None] | None) -> bool:
        """Whether a moment may lie between exchanges of which only the sum is known."""
        self._settle()
        return self._older.cuts(at_s, by_instance=instance_ids is not None)

    def _number(self, instance_id: str | None) -> int:
        return self._numbers.setdefault(instance_id, len(self._numbers))

    def _numbers_of(self, instance_ids: Collection[str | None]) -> frozenset[int]:
        return frozenset(self._numbers[i] for i in instance_ids if i in self._numbers)

    # --- taking in -----------------------------------------------------------

    def _settle_many(self) -> None:
        if len(self._coming) >= MAX_PENDING:
            self._settle()

    def _settle(self) -> None:
        coming, self._coming = self._coming, Rows(KINDS)
        for number, rows in coming.grouped(DAY_S):
            day = self._days.get(number)
            if day is None:
                day = self._days[number] = Day()
            day.add(rows)
            self._count += len(rows)
        while self._count > MAX_SINGLY:
            self._let_go()

    def _let_go(self) -> None:
        """Of the oldest exchanges, know the hours only."""
        oldest = min(self._days)
        day = self._days[oldest]
        number = min(len(day.rows), max(MAX_PENDING, self._count - MAX_SINGLY))
        self._older.add(day.take_first(number))
        self._count -= number
        if not len(day.rows):
            del self._days[oldest]

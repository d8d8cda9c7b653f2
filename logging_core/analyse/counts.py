"""How often what happened: event types and errors, of each instance and by time, in bounded memory.

All time is counted for good. By time is kept of each table, as of exchanges (see `analyse.series`):

- what happened last one by one, 131,072 (`MAX_SINGLY`) at most and seven eighths of that at least;
- what is older by the hour, 262,144 (`MAX_BY_HOUR`) sums of one text, instance and hour at most and
  three quarters of that at least; of what is still older, only that it happened.

Either takes 24 bytes. A window that cuts an hour known as a whole is unknown, and so is one that
begins where nothing but all time is known; from the beginning to any later moment is not.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from logging_core.analyse.grouping import in_order
from logging_core.analyse.hours import HOUR_S
from logging_core.analyse.rows import Rows
from logging_core.analyse.state import Group, Usage

MAX_COUNTED = 1 << 14
"""So many pairs of a text and an instance are told apart at most, and seven eighths at least.

Of the texts that were longest ago only the sum is known; what has no time is never long ago."""

MAX_SINGLY = 1 << 17
"""So many are kept one by one, at most."""

MAX_BY_HOUR = 1 << 18
"""So many sums of an hour are kept, at most."""

_KINDS = "QIi"  # which text, which instance, how often: less than nothing if taken back

_Times: TypeAlias = Mapping[str | None, int]
"""How often, by instance."""


class Counts:
    """How often each text was met, by instance: event types, errors.

    Args:
        by_time: Keep what `groups_in` tells.

    Attributes:
        total: How many of all.
    """

    __slots__ = (
        "_by_time",
        "_counts",
        "_hours",
        "_ids",
        "_known_from_s",
        "_last_s",
        "_met",
        "_newest_s",
        "_others",
        "_pairs",
        "_rows",
        "_texts",
        "total",
    )

    def __init__(self, *, by_time: bool = True) -> None:
        self.total = 0
        self._counts: dict[str, dict[str | None, int]] = {}
        self._last_s: dict[str, float] = {}  # when each of the texts was last
        self._others: dict[str | None, int] = {}
        self._pairs = 0
        self._by_time = by_time
        self._met = 0  # so many texts got a number
        self._texts: dict[str, int] = {}  # the numbers of those that are told apart
        self._ids: dict[str | None, int] = {}  # and of the instances, from 0
        self._rows = Rows(_KINDS)
        self._hours = Rows(_KINDS)  # each at the beginning of its hour
        self._newest_s = -math.inf  # of what is in them
        self._known_from_s = -math.inf

    def add(
        self, text: str, instance_id: str | None, at_s: float | None = None, times: int = 1
    ) -> None:
        """Count some; without a time they are in no window but those from the beginning."""
        self.total += times
        counts = self._counts.get(text)
        if counts is None:
            counts = self._counts[text] = {}
            self._last_s[text] = -math.inf
        self._last_s[text] = max(self._last_s[text], math.inf if at_s is None else at_s)
        self._pairs += instance_id not in counts
        _increase(counts, instance_id, times)
        if self._by_time and at_s is not None:
            self._note(text, instance_id, at_s, times)
        if self._pairs > MAX_COUNTED:
            self._merge_oldest()

    def take_back(self, text: str, instance_id: str | None, at_s: float | None) -> None:
        """Count one less of what was counted, with the time that was given then."""
        self.total -= 1
        counts = self._counts.get(text)
        if counts is None or instance_id not in counts:
            _increase(self._others, instance_id, -1)
            return
        if self._by_time and at_s is not None:
            self._note(text, instance_id, at_s, -1)
        _increase(counts, instance_id, -1)
        if not counts[instance_id]:
            del counts[instance_id]
            self._pairs -= 1
        if not counts:
            self._forget(text)

    def groups(self, instance_ids: Collection[str | None] | None) -> tuple[Group, ...]:
        """One group for each text, the most frequent first.

        Those that are no longer told apart are together in one without a label.

        Args:
            instance_ids: Count only these instances; `None` for all, and what is of none.
        """
        return _groups((*self._counts.items(), (None, self._others)), instance_ids)

    def groups_in(
        self, from_s: float | None, to_s: float, instance_ids: Collection[str | None] | None
    ) -> tuple[Group, ...] | None:
        """The same of what was from `from_s` to before `to_s`; `None` if that is unknown.

        Args:
            from_s: `None`: from the beginning, what has no time included.
            to_s: The end.
            instance_ids: As of `groups`.
        """
        if not all(self._parts(at_s) for at_s in (from_s, to_s) if at_s is not None):
            return None
        if from_s is not None:
            return _groups(self._counted(from_s, to_s).items(), instance_ids)
        later = self._counted(to_s, math.inf)
        everything = (*self._counts.items(), (None, self._others))
        return _groups(
            [(text, Counter(all_of_it) - later[text]) for text, all_of_it in everything],
            instance_ids,
        )

    def _merge_oldest(self) -> None:
        """Many at once, as they have to be put in order for it; one text is kept in any case."""
        for text in sorted(self._counts, key=lambda text: (self._last_s[text], text))[:-1]:
            if self._pairs <= MAX_COUNTED * 7 // 8:
                break
            oldest = self._forget(text)
            self._pairs -= len(oldest)
            for instance_id, times in oldest.items():
                _increase(self._others, instance_id, times)

    def _forget(self, text: str) -> dict[str | None, int]:
        del self._last_s[text]
        self._texts.pop(text, None)
        return self._counts.pop(text)

    # --- by time -------------------------------------------------------------

    def _note(self, text: str, instance_id: str | None, at_s: float, times: int) -> None:
        number = self._texts.get(text)
        if number is None:
            number = self._texts[text] = self._met
            self._met += 1
        self._rows.add(at_s, number, self._ids.setdefault(instance_id, len(self._ids)), times)
        if len(self._rows) > MAX_SINGLY:
            self._fold()

    def _fold(self) -> None:
        """Of the oldest, know the hours only; of the oldest hours, only that they were."""
        older = self._rows.take_first(len(self._rows) - MAX_SINGLY * 7 // 8)
        self._newest_s = max(self._newest_s, older.newest_s())
        self._hours.extend(_by_hour(older))
        if len(self._hours) > MAX_BY_HOUR:
            self._hours = _by_hour(self._hours)
            too_many = len(self._hours) - MAX_BY_HOUR * 3 // 4
            if too_many > 0:
                self._known_from_s = self._hours.take_first(too_many).newest_s() + HOUR_S

    def _parts(self, at_s: float) -> bool:
        """Whether it is known what was before a moment and what after it."""
        begin_s = at_s // HOUR_S * HOUR_S
        is_cut = begin_s < at_s <= self._newest_s and self._hours.has_any(begin_s, at_s)
        return at_s >= self._known_from_s and not is_cut

    def _counted(self, from_s: float, to_s: float) -> defaultdict[str | None, Counter[str | None]]:
        texts, ids = {number: text for text, number in self._texts.items()}, [*self._ids]
        counted: defaultdict[str | None, Counter[str | None]] = defaultdict(Counter)
        for rows in (self._hours, self._rows):
            for (text, whose), times in _sums(rows.between(from_s, to_s)).items():
                counted[texts.get(text)][ids[whose]] += times
        for counts in counted.values():
            for unmet in [instance_id for instance_id, times in counts.items() if not times]:
                del counts[unmet]
        return counted


def _increase(counts: dict[str | None, int], instance_id: str | None, times: int) -> None:
    counts[instance_id] = counts.get(instance_id, 0) + times


def _sums(rows: Rows) -> Counter[tuple[int, int]]:
    """How often it was, by text and instance."""
    sums: Counter[tuple[int, int]] = Counter()
    for text, whose, times in zip(*rows.columns, strict=True):
        sums[text, whose] += times
    return sums


def _by_hour(rows: Rows) -> Rows:
    """The sums of each hour."""
    summed = Rows(_KINDS)
    for hour, members in rows.grouped(HOUR_S):
        for (text, whose), times in _sums(members).items():
            if times:
                summed.add(float(hour * HOUR_S), text, whose, times)
    return summed


def _groups(
    counts: Iterable[tuple[str | None, _Times]], instance_ids: Collection[str | None] | None
) -> tuple[Group, ...]:
    chosen = None if instance_ids is None else set(instance_ids)
    return in_order(
        Group(text, Usage(requests=sum(times.values())), tuple(sorted(filter(None, times))))
        for text, all_times in counts
        if (times := _only(all_times, chosen))
    )


def _only(counts: _Times, chosen: set[str | None] | None) -> _Times:
    return counts if chosen is None else {i: n for i, n in counts.items() if i in chosen}

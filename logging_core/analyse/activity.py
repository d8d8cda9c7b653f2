"""When an instance was heard of, and how often."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence

FUTURE_S = 300.0
"""A record so far ahead of the clock does not tell when an instance was last active."""

PULSE_MINUTES = 60
"""Of so many minutes at least it is known how many records each had."""

_PULSE_S = 60.0 * PULSE_MINUTES


class Activity:
    """When an instance was heard of last, records from the future left out; and how often."""

    __slots__ = ("_before_s", "_is_believed", "_last_s", "_minutes", "_times")

    def __init__(self) -> None:
        self._minutes = array("I")  # in order, and how many records each had
        self._times = array("I")
        self._last_s = -math.inf
        self._before_s = -math.inf  # the newest that is older by more than a jump of the clock
        self._is_believed = False  # whether the last one was, before the reader's clock went back

    def add(self, at_s: float | None) -> None:
        """Take the time of a record in."""
        if at_s is not None:
            self._count(int(at_s // 60), 1)
            self.note(at_s)

    def note(self, at_s: float | None) -> None:
        """It was heard of at a moment, by what is no record that counts."""
        if at_s is None:
            return
        if at_s > self._last_s:
            if at_s > self._last_s + FUTURE_S:
                self._before_s, self._is_believed = self._last_s, False
            self._last_s = at_s
        elif self._before_s < at_s < self._last_s - FUTURE_S:
            self._before_s = at_s

    def add_all(self, times: Sequence[float]) -> None:
        """Take the times of many records in, in file order."""
        newest_s = max(times)
        # A clock that jumped ahead must not hide the newest record that can be believed.
        believed_s = newest_s - FUTURE_S
        if min(times) < believed_s:
            self.note(next(t for t in reversed(times) if t < believed_s))
        self.note(newest_s)
        from_s = max(self._counts_from_s(), newest_s - _PULSE_S)
        minutes: dict[int, int] = {}
        for time_s in times:
            if time_s >= from_s:
                minute = int(time_s // 60)
                minutes[minute] = minutes.get(minute, 0) + 1
        for minute, count in minutes.items():
            self._count(minute, count)

    def per_minute(self, now_s: float, minutes: int) -> tuple[int, ...]:
        """How many records each of the last minutes had, the current one last."""
        first = int(now_s // 60) - minutes + 1
        counts = [0] * minutes
        for place in range(bisect_left(self._minutes, first), len(self._minutes)):
            ago = self._minutes[place] - first
            if ago < minutes:
                counts[ago] = self._times[place]
        return tuple(counts)

    def last_s(self, now_s: float) -> float | None:
        """The newest time up to `FUTURE_S` after now.

        What is later is forgotten, unless it was not later when this was asked before: then it is
        the clock that is asked by that was put back, and may be put right.
        """
        latest_s = now_s + FUTURE_S
        if self._last_s > latest_s and not self._is_believed:
            self._last_s, self._before_s = self._before_s, -math.inf
        self._is_believed = self._is_believed or self._last_s <= latest_s
        for at_s in (self._last_s, self._before_s):
            if at_s <= latest_s:
                return at_s if at_s > -math.inf else None
        return None

    def same_until_s(self, now_s: float) -> float:
        """Up to which moment `last_s` is the same as now if it is not heard of again."""
        is_ahead = self._last_s > now_s + FUTURE_S
        return math.nextafter(self._last_s - FUTURE_S, -math.inf) if is_ahead else math.inf

    def _counts_from_s(self) -> float:
        """When the oldest minute begins that is not outnumbered by newer ones."""
        known = len(self._minutes) >= PULSE_MINUTES
        return 60.0 * self._minutes[-PULSE_MINUTES] if known else 0.0

    def _count(self, minute: int, times: int) -> None:
        place = bisect_left(self._minutes, minute)
        if place < len(self._minutes) and self._minutes[place] == minute:
            self._times[place] += times
            return
        self._minutes.insert(place, minute)
        self._times.insert(place, times)
        if len(self._minutes) > 2 * PULSE_MINUTES:
            del self._minutes[:PULSE_MINUTES], self._times[:PULSE_MINUTES]

"""What exchanges of long ago add up to, hour by hour."""

from __future__ import annotations

import math
from collections.abc import Iterator

from logging_core.analyse.columns import Numbers
from logging_core.analyse.latency import LatencySketch
from logging_core.analyse.rows import Rows
from logging_core.analyse.summary import Tally

HOUR_S = 3600
DAY_H = 24
DAY_S = DAY_H * HOUR_S

CENTROIDS = 300
"""So fine is the sketch of the response times of an hour: within 2 % as well, in 5 KiB."""


class Hours:
    """The sums of each hour that has any exchanges; which of these are in them is forgotten."""

    __slots__ = ("_newest_s", "_tallies")

    def __init__(self) -> None:
        self._tallies: dict[int, Tally] = {}
        self._newest_s = -math.inf

    def add(self, rows: Rows) -> None:
        """Count exchanges, in whatever order they come."""
        for hour, start, stop in rows.places(HOUR_S):
            tally = self._tallies.get(hour)
            if tally is None:
                tally = self._tallies[hour] = Tally(LatencySketch(CENTROIDS))
            tally.extend(Numbers.of_some(rows, start, stop))
            tally.sum_up()  # an hour is mostly complete, and there are hundreds
        self._newest_s = max(self._newest_s, max(rows.times, default=-math.inf))

    def begin_s(self) -> float | None:
        """When the first of them began; `None` if there is none."""
        return min(self._tallies) * float(HOUR_S) if self._tallies else None

    def between(self, start: int, stop: int) -> Iterator[tuple[int, Tally]]:
        """Those of the hours since the epoch from `start` to before `stop`."""
        if stop - start > len(self._tallies):  # whichever way is shorter
            yield from (entry for entry in self._tallies.items() if start <= entry[0] < stop)
            return
        for hour in range(start, stop):
            if hour in self._tallies:
                yield hour, self._tallies[hour]

    def beginning_within(self, from_s: float, to_s: float) -> Iterator[tuple[int, Tally]]:
        """Those that begin in a stretch."""
        return self.between(math.ceil(from_s / HOUR_S), math.ceil(to_s / HOUR_S))

    def cuts(self, at_s: float) -> bool:
        """Whether a moment may lie between exchanges of which only the sum is known."""
        if at_s % HOUR_S == 0 or int(at_s // HOUR_S) not in self._tallies:
            return False
        return at_s <= self._newest_s

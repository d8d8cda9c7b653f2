"""How fast records arrive, and how far the screen lags behind the files."""

from __future__ import annotations

import math
from collections.abc import Callable

SMOOTHING_S = 3.0
"""The time constant of the smoothing: after this long, an event's weight is 1/e."""

QUIET = 0.05
"""Fewer events per second than this count as 0."""


class Pulse:
    """Counts the records of each poll of the tree, once its history has been read.

    Args:
        clock: A monotonic clock, in seconds.

    Attributes:
        records: How many records have arrived since then.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.records = 0
        self._rate = 0.0
        self._at_s = clock()
        self._live = False
        self._behind_s: float | None = None

    def beat(self, events: int, *, caught_up: bool) -> None:
        """Note a poll that brought `events` records; `caught_up` if no more were left to read."""
        now_s, new = self._clock(), events if self._live else 0
        self.records += new
        self._rate = self._rate_at(now_s) + new / SMOOTHING_S
        self._at_s = now_s
        if caught_up:
            self._live, self._behind_s = True, None
        elif self._live and self._behind_s is None:
            self._behind_s = now_s

    @property
    def events_per_s(self) -> float:
        """Records per second, smoothed; 0 when nothing has arrived for a while."""
        rate = self._rate_at(self._clock())
        return rate if rate >= QUIET else 0.0

    @property
    def lag_s(self) -> float:
        """How long the files have held more than is shown, in seconds; 0 when all is shown."""
        return 0.0 if self._behind_s is None else self._clock() - self._behind_s

    def _rate_at(self, now_s: float) -> float:
        return self._rate * math.exp((self._at_s - now_s) / SMOOTHING_S)

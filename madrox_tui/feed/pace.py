"""How often to poll, and to show, a tree in which more happens than anyone can follow."""

from __future__ import annotations

from collections.abc import Callable

MANY_PER_S = 300.0
"""From this many events per second on, nobody can follow each of them."""

SHARE = 0.4
"""The share of a core that polling and painting may then take, as far as `MAX_REST_S` allows."""

MIN_REST_S = 0.25
"""The shortest rest between two polls then."""

MAX_REST_S = 1.5
"""The longest: a slow machine shows things later, never fewer of them."""

PARTS_S = 0.25
"""How often a part of the history is shown while the rest is still being read."""


class Pace:
    """Decides when to rest, and when to show what was read.

    What arrives during a rest is read in one go, which is cheap, and shown once.

    Args:
        clock: A monotonic clock, in seconds.
        used: Processor seconds that this process has used so far.
    """

    def __init__(self, clock: Callable[[], float], used: Callable[[], float]) -> None:
        self._clock = clock
        self._used = used
        self._from_s = clock()
        self._used_s = used()
        self._shown_s = float("-inf")

    def rest_s(self, events_per_s: float) -> float:
        """Return how long to rest after a poll that read everything; 0 where little happens."""
        now_s, used_s = self._clock(), self._used()
        took_s, cost_s = now_s - self._from_s, used_s - self._used_s
        rest_s = 0.0
        if events_per_s >= MANY_PER_S:
            rest_s = min(max(MIN_REST_S, cost_s / SHARE - took_s), MAX_REST_S)
        self._from_s, self._used_s = now_s + rest_s, used_s
        return rest_s

    def shown(self) -> None:
        """Note that a view was just shown."""
        self._shown_s = self._clock()

    def wants_part(self, events_per_s: float) -> bool:
        """Return whether to show what a poll read although there is more to read."""
        rest_s = MAX_REST_S if events_per_s >= MANY_PER_S else 0.0
        return self._clock() - self._shown_s >= PARTS_S + rest_s

    def wants_tick(self, tick_s: float, events_per_s: float) -> bool:
        """Return whether to update ages after `tick_s`; not while new views do so anyway."""
        if events_per_s < MANY_PER_S:
            return True
        return self._clock() - self._shown_s >= tick_s + MAX_REST_S

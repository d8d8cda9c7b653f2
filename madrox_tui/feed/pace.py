"""How often to look at a tree in which more happens than anyone can follow, and to show it."""

from __future__ import annotations

from collections.abc import Callable

MANY_PER_S = 300.0
"""So many events a second are more than a person can follow."""

SHARE = 0.4
"""Of a core: what all of it then takes at most, as far as `MAX_REST_S` allows."""

MIN_REST_S = 0.25
"""Then so much time passes from one look to the next at least."""

MAX_REST_S = 1.5
"""And so much at most: a slow machine shows things later, and never fewer."""

PARTS_S = 0.25
"""How often a part of the history is shown while the rest is still being read."""


class Pace:
    """Says when to rest, and when to show what was seen.

    What comes during a rest is read in one go, which is cheap, and shown once.

    Args:
        clock: Seconds that only ever grow.
        used: Processor seconds that this process has used so far.
    """

    def __init__(self, clock: Callable[[], float], used: Callable[[], float]) -> None:
        self._clock = clock
        self._used = used
        self._from_s = clock()
        self._used_s = used()
        self._shown_s = float("-inf")

    def rest_s(self, events_per_s: float) -> float:
        """For how long not to look, now that a look has seen all; 0 where little happens."""
        now_s, used_s = self._clock(), self._used()
        took_s, cost_s = now_s - self._from_s, used_s - self._used_s
        rest_s = 0.0
        if events_per_s >= MANY_PER_S:
            rest_s = min(max(MIN_REST_S, cost_s / SHARE - took_s), MAX_REST_S)
        self._from_s, self._used_s = now_s + rest_s, used_s
        return rest_s

    def shown(self) -> None:
        """A view has been shown."""
        self._shown_s = self._clock()

    def wants_part(self, events_per_s: float) -> bool:
        """Whether to show what a look brought that has not seen all."""
        rest_s = MAX_REST_S if events_per_s >= MANY_PER_S else 0.0
        return self._clock() - self._shown_s >= PARTS_S + rest_s

    def wants_tick(self, tick_s: float, events_per_s: float) -> bool:
        """Whether to show how much older all is after `tick_s`; not while views come anyway."""
        if events_per_s < MANY_PER_S:
            return True
        return self._clock() - self._shown_s >= tick_s + MAX_REST_S

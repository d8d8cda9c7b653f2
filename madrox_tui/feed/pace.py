"""How often to poll, and to show, a tree in which things happen all the time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple


class Budget(NamedTuple):
    """What polling and painting may take.

    Attributes:
        share: Of a core, as far as `longest_s` allows.
        saved_s: Processor seconds that quiet time saves up at most, to be spent without a rest.
        look_s: Processor seconds of a look and its view that count at most: what is more went into
            history, or into what the user did.
        shortest_s: The shortest rest between two polls.
        longest_s: The longest: a slow machine shows things later, never fewer of them.
    """

    share: float
    saved_s: float
    look_s: float
    shortest_s: float
    longest_s: float


FOLLOWED = Budget(share=0.06, saved_s=0.2, look_s=0.1, shortest_s=0.0, longest_s=0.3)
"""Where a person can follow: the first updates after a quiet while are shown at once."""

SELDOM = FOLLOWED._replace(longest_s=0.0)
"""Where a rest would hold each event back and join hardly any two: nothing would be saved."""

MANY = Budget(share=0.4, saved_s=0.0, look_s=math.inf, shortest_s=0.25, longest_s=2.0)
"""Where nobody can: each view shows hundreds of events."""

SELDOM_PER_S = 3.0
"""With fewer events per second, each has a view of its own."""

MANY_PER_S = 300.0
"""From this many events per second on, nobody can follow each of them."""

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
        self._saved_s = FOLLOWED.saved_s
        self._shown_s = float("-inf")

    def rest_s(self, events_per_s: float) -> float:
        """Return how long to rest after a poll that read everything."""
        now_s, used_s = self._clock(), self._used()
        budget = _budget(events_per_s)
        earned_s = (now_s - self._from_s) * budget.share
        spent_s = min(used_s - self._used_s, budget.look_s)
        saved_s = min(self._saved_s, budget.saved_s) + earned_s - spent_s
        rest_s = min(max(budget.shortest_s, -saved_s / budget.share), budget.longest_s)
        self._saved_s = min(max(saved_s, 0.0), budget.saved_s)  # the rest pays what is owed
        self._from_s, self._used_s = now_s + rest_s, used_s
        return rest_s

    def shown(self) -> None:
        """Note that a view was just shown."""
        self._shown_s = self._clock()

    def wants_part(self, events_per_s: float) -> bool:
        """Return whether to show what a poll read although there is more to read."""
        return self._clock() - self._shown_s >= PARTS_S + _longest_many_s(events_per_s)

    def till_tick_s(self, tick_s: float, events_per_s: float) -> float:
        """Return how long until ages are to be shown, `tick_s` old; later while views come soon."""
        return self._shown_s + tick_s + _longest_many_s(events_per_s) - self._clock()


def _budget(events_per_s: float) -> Budget:
    if events_per_s >= MANY_PER_S:
        return MANY
    return FOLLOWED if events_per_s >= SELDOM_PER_S else SELDOM


def _longest_many_s(events_per_s: float) -> float:
    """The longest rest where more happens than a person can follow; 0 where less does."""
    return MANY.longest_s if events_per_s >= MANY_PER_S else 0.0

"""How fast money is spent, and when a budget will be used up.

Unpriced exchanges are left out of every amount here, so each amount is a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from logging_core.analyse.state import Slot, Usage

HOUR_S = 3600.0

MAX_AHEAD_S = 366 * 86400.0
"""A projected end further away than this is not reported."""


class Rate(msgspec.Struct, frozen=True):
    """The cost per hour over one time window: what was spent in it by the time that passed in it.

    A window ends at the moment that is shown; the exchanges after its beginning, up to that moment,
    are in it. All time begins with the first exchange, and no window is longer than all time: what
    10 minutes cost is divided by 10 minutes, also where the last hour is asked for. Less than a
    minute counts as a minute: one exchange is no pace.

    With `--since`, what was spent before is unknown: a window that begins earlier has no rate, and
    in place of all time there is the time that is counted, called by its length.

    Attributes:
        window: Its name: `5m`, `1h`, `all`; or what is counted: `10m`.
        usd_per_hour: `None` if unknown: none of the exchanges is priced, or the window cuts an
            hour of long ago whose sum only is kept.
        unpriced: Exchanges in the window that the rate does not include.
    """

    window: str
    usd_per_hour: float | None
    unpriced: int = 0


class Budget(msgspec.Struct, frozen=True):
    """How much of a budget is spent.

    Attributes:
        limit_usd: The budget, more than 0.
        spent_usd: What the whole fleet is known to have spent; `None` if unknown: none of its
            exchanges is priced.
        unpriced: Exchanges that `spent_usd` does not include.
        reached_s: When the budget runs out at the rate of `window`; `None` if not within a year, or
            if it has run out already.
        window: The name of that rate: `1h` or `5m`, or of less if less is counted; `None` if there
            is none.
        spent_since_s: Since when it is spent, to the minute; `None` if it is not, or if unknown.
    """

    limit_usd: float
    spent_usd: float | None
    unpriced: int = 0
    reached_s: float | None = None
    window: str | None = None
    spent_since_s: float | None = None

    @property
    def used(self) -> float:
        """The fraction known to be spent; 1 is all of it, and more than 1 is over budget."""
        return (self.spent_usd or 0.0) / self.limit_usd


def make_rate(window: str, usage: Usage, seconds: float) -> Rate:
    """Compute how fast money was spent.

    Args:
        window: The window's name.
        usage: The usage in it.
        seconds: How much time passed in it; more than 0.
    """
    if usage.cost_usd is None and usage.requests:
        return Rate(window, None, usage.unpriced)
    return Rate(window, (usage.cost_usd or 0.0) / seconds * HOUR_S, usage.unpriced)


def make_budget(limit_usd: float, total: Usage, rate: Rate | None, now_s: float) -> Budget:
    """Compute what is left of a budget.

    Args:
        limit_usd: The budget.
        total: The usage of the whole fleet.
        rate: The rate to go by; `None` if there is none yet.
        now_s: The present.
    """
    spent = total.cost_usd if total.requests else 0.0
    if rate is None or rate.usd_per_hour is None:
        return Budget(limit_usd, spent, total.unpriced)
    left, reached_s = limit_usd - (spent or 0.0), None
    if left > 0 and rate.usd_per_hour:
        ahead_s = left / rate.usd_per_hour * HOUR_S
        reached_s = now_s + ahead_s if ahead_s <= MAX_AHEAD_S else None
    return Budget(limit_usd, spent, total.unpriced, reached_s, rate.window)


def crossed(
    slots: Sequence[Slot], spent_usd: float, limit_usd: float
) -> tuple[float, float] | None:
    """Return when the slot began in which a budget was used up, and what was spent at its end.

    `None` if it was before all of them.

    Args:
        slots: What was spent when, oldest first, up to now.
        spent_usd: What is spent by now; at least `limit_usd`.
        limit_usd: The budget.
    """
    for slot in reversed(slots):
        before_usd = spent_usd - (slot.usage.cost_usd or 0.0)
        if before_usd < limit_usd:
            return slot.start_s, spent_usd
        spent_usd = before_usd
    return None

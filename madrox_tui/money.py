"""How fast money is spent, and when a budget is: sums only, nothing invented.

What is not priced is left out of every amount here, so each is the least that was spent.
"""

from __future__ import annotations

import msgspec

from logging_core.analyse.state import Usage

HOUR_S = 3600.0
LEAST_S = 60.0
"""A rate is over a minute at least: sums are known to the minute."""

MOST_AHEAD_S = 366 * 86400.0
"""An end that is further away than this is none."""


class Rate(msgspec.Struct, frozen=True):
    """What one window cost by the hour.

    Attributes:
        window: Its name: `5m`, `1h`, `all`.
        usd_per_hour: `None` if it cannot be known: exchanges, and none of them priced, or no time.
        unpriced: Exchanges in it that are not in the rate.
    """

    window: str
    usd_per_hour: float | None
    unpriced: int = 0


class Budget(msgspec.Struct, frozen=True):
    """How much of a budget is gone.

    Attributes:
        limit_usd: The budget, more than 0.
        spent_usd: What is known to be spent, by the whole fleet.
        unpriced: Exchanges that are not in it.
        reached_s: When the budget will be gone if the last hour goes on; `None` if it will not
            within a year, or is gone already.
    """

    limit_usd: float
    spent_usd: float
    unpriced: int = 0
    reached_s: float | None = None

    @property
    def used(self) -> float:
        """The part that is gone: 1 is all, and more is more."""
        return self.spent_usd / self.limit_usd


def make_rate(window: str, usage: Usage, seconds: float | None, *, is_priced: bool = True) -> Rate:
    """How fast money was spent.

    Args:
        window: The window's name.
        usage: What was used in it.
        seconds: How long it lasted; `None` if that is not known.
        is_priced: Whether there is a price on anything at all: if not, nothing is free.
    """
    if seconds is None or (usage.cost_usd is None and (usage.requests or not is_priced)):
        return Rate(window, None, usage.unpriced)
    hours = max(seconds, LEAST_S) / HOUR_S
    return Rate(window, (usage.cost_usd or 0.0) / hours, usage.unpriced)


def make_budget(limit_usd: float, total: Usage, rate: Rate, now_s: float) -> Budget:
    """What is left of a budget.

    Args:
        limit_usd: The budget.
        total: What the whole fleet used.
        rate: How fast it spends now.
        now_s: The moment.
    """
    spent = total.cost_usd or 0.0
    left = limit_usd - spent
    reached_s = None
    if left > 0 and rate.usd_per_hour:
        ahead_s = left / rate.usd_per_hour * HOUR_S
        reached_s = now_s + ahead_s if ahead_s <= MOST_AHEAD_S else None
    return Budget(limit_usd, spent, total.unpriced, reached_s)

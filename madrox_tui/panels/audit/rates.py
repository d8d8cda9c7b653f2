"""How fast money was spent in the windows that end at a moment, by what the model knows."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from logging_core.analyse.state import FleetState, Group, InstanceState, Slot, Usage
from madrox_tui import format as fmt
from madrox_tui.panels.audit.money import Rate, make_rate

HOUR = "1h"
WINDOWS = (("5m", 300), (HOUR, 3600))
"""The windows of rates and table: names and lengths, in seconds; a third one is all time."""

MIN_RATED_S = 60.0
"""The least time that an amount is divided by: less than a minute of spending is no pace."""


class AuditModel(Protocol):
    """What the audit panel needs of the fleet model."""

    @property
    def since_s(self) -> float | None:
        """What happened before is not counted; `None`: all is."""
        ...

    @property
    def is_cut(self) -> bool:
        """Whether older audit events are still to be read."""
        ...

    def series(
        self,
        *,
        from_s: float,
        to_s: float,
        step_s: int,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Slot, ...]:
        """Return the sums per time slot, empty slots included."""
        ...

    def usage_in(
        self, *, from_s: float, to_s: float, instance_ids: Collection[str | None] | None = None
    ) -> Usage | None:
        """Return the sums from one moment to before another; `None` if unknown."""
        ...

    def first_exchange_s(self, instance_ids: Collection[str | None] | None = None) -> float | None:
        """Return when the first exchange was; `None` if there is none."""
        ...

    def groups(self, by: str, instance_ids: Collection[str] | None = None) -> tuple[Group, ...]:
        """Return the sums per group of instances or events, the most expensive first."""
        ...

    def groups_in(
        self,
        by: str,
        *,
        from_s: float | None,
        to_s: float,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Group, ...] | None:
        """Return the same from one moment to before another; `None` if unknown."""
        ...


def window_start(now_s: float, window_s: float) -> float:
    """Return the first moment of a window that ends now, with now in it."""
    return after(now_s - window_s)


def after(at_s: float) -> float:
    """Return the moment after a moment: stretches of time end before theirs."""
    return math.nextafter(at_s, math.inf)


class _Counted(NamedTuple):
    """How long anything was spent, as far as is known.

    Attributes:
        seconds: Since the first exchange, or since `since_s` if there may have been one before.
        is_cut: Whether there may have been exchanges before, which are not counted.
    """

    seconds: float
    is_cut: bool

    def name(self, window: str, window_s: float) -> str:
        """Return a window's name, or what of it is counted."""
        return fmt.span(self.seconds) if self.is_cut and self.seconds < window_s else window


def _counted(
    model: AuditModel,
    instances: Sequence[InstanceState],
    ids: Collection[str] | None,
    now_s: float,
) -> _Counted | None:
    """Return how long is counted; `None` if nothing was spent, or too little time is counted."""
    since_s, born_s = model.since_s, creation_s(instances, now_s)
    if since_s is not None and (born_s is None or born_s < since_s):
        seconds = now_s - since_s
        return _Counted(seconds, is_cut=True) if seconds >= MIN_RATED_S else None
    first_s = model.first_exchange_s(ids)
    if first_s is None or first_s > now_s:
        return None
    return _Counted(max(now_s - first_s, MIN_RATED_S), is_cut=False)


def make_rates(
    model: AuditModel,
    instances: Sequence[InstanceState],
    usage: Usage,
    now_s: float,
    ids: Collection[str] | None,
) -> tuple[Rate, ...]:
    """Return the rates of the windows that are counted as a whole, and of all that is counted.

    Args:
        model: Knows sums by time.
        instances: Those that are asked about.
        usage: What they add up to.
        now_s: The moment that the windows end at, in seconds since the epoch.
        ids: Their ids; `None` for the whole fleet.
    """
    counted = _counted(model, instances, ids, now_s)
    if counted is None or usage.cost_usd is None:
        return ()
    rates = tuple(
        _rate(model, name, s, counted, now_s, ids) for name, s in WINDOWS if s <= counted.seconds
    )
    name = counted.name("all", math.inf)
    if any(rate.window == name for rate in rates):
        return rates
    return *rates, make_rate(name, usage, counted.seconds)


def highest_rate(model: AuditModel, state: FleetState) -> Rate | None:
    """Return the fleet's highest rate over one of `WINDOWS`, or over what is counted of it.

    Of equal ones, that of the longer window; `None`: too little is counted.
    """
    now_s = state.at_s
    counted = _counted(model, state.instances, None, now_s)
    if counted is None:
        return None
    rates = (
        _rate(model, counted.name(name, s), s, counted, now_s, None) for name, s in WINDOWS[::-1]
    )
    return max(rates, key=lambda rate: rate.usd_per_hour or 0.0)


def _rate(
    model: AuditModel,
    name: str,
    window_s: float,
    counted: _Counted,
    now_s: float,
    ids: Collection[str] | None,
) -> Rate:
    """Return the rate over a window, divided by the part of it that is counted."""
    from_s = window_start(now_s, window_s)
    usage = model.usage_in(from_s=from_s, to_s=after(now_s), instance_ids=ids)
    if usage is None:
        return Rate(name, None)
    return make_rate(name, usage, min(window_s, counted.seconds))


def creation_s(instances: Sequence[InstanceState], now_s: float) -> float | None:
    """Return when the oldest instance was created; `None` if unknown."""
    created = (i.created_s for i in instances)
    return min((s for s in created if s is not None and s <= now_s), default=None)

"""What the audit panel shows beyond the fleet's totals: rates, a series, groups, a budget."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, Protocol

import msgspec

from logging_core.analyse.state import FleetState, Group, InstanceState, Slot, Usage
from madrox_tui import format as fmt
from madrox_tui.money import Budget, Rate, make_budget, make_rate

GROUPINGS = ("instance", "role", "model", "instance_type", "parent", "event_type", "error")
"""What the table can be grouped by, in the order of the key."""

COUNTED = frozenset({"event_type", "error"})
"""Groupings that count events, which have neither tokens nor cost."""


def kept_grouping(kept: dict[str, Any]) -> str:
    """Return the grouping a panel saved: one of `GROUPINGS`, whatever `kept` holds."""
    return kept["by"] if kept.get("by") in GROUPINGS else GROUPINGS[0]


_MINUTE, _HOUR, _DAY = 60, 3600, 86400
SPANS: tuple[tuple[int, int], ...] = (
    (_HOUR, _MINUTE),
    (3 * _HOUR, 2 * _MINUTE),
    (12 * _HOUR, 10 * _MINUTE),
    (_DAY, 15 * _MINUTE),
    (7 * _DAY, 2 * _HOUR),
    (31 * _DAY, 6 * _HOUR),
)
"""Spans the plots may show, each with its step, in seconds; the shortest that fits all is used."""

HOUR = "1h"
WINDOWS = (("5m", 5 * _MINUTE), (HOUR, _HOUR))
"""The windows of the rates: names and lengths, in seconds; a third rate is of all time."""

MIN_AGE_S = 5 * _MINUTE
"""The least time that a rate is told of: a younger fleet has none of all time."""

MIN_STEPS = 15
"""The least number of steps in a plot, so that a young fleet is not one broad bar."""


class AuditModel(Protocol):
    """What the audit panel needs of the fleet model."""

    @property
    def since_s(self) -> float | None:
        """What happened before is not counted; `None`: all is."""
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

    def groups(self, by: str, instance_ids: Collection[str] | None = None) -> tuple[Group, ...]:
        """Return the sums per group of instances or events, the most expensive first."""
        ...


class AuditView(msgspec.Struct, frozen=True, eq=False):
    """The sums of one view, over the instances shown.

    Attributes:
        rates: Cost per hour over the last 5 minutes, the last hour and all time, each up to the
            moment that the view is of, that moment included; see `Rate` for `--since`.
        slots: The plotted series, oldest first; the last one ends at that moment.
        step_s: Length of each slot.
        quiet_since_s: Since when nothing happened, at least, if all slots are empty; else `None`.
        by: What `groups` are grouped by: one of `GROUPINGS`.
        groups: The most expensive first.
        budget: How much of the budget is spent, by the whole fleet; `None` if none is set.
    """

    rates: tuple[Rate, ...] = ()
    slots: tuple[Slot, ...] = ()
    step_s: int = _MINUTE
    quiet_since_s: float | None = None
    by: str = GROUPINGS[0]
    groups: tuple[Group, ...] = ()
    budget: Budget | None = None


NOTHING_SUMMED = AuditView()
"""Shown until the first sums are there."""


def make_audit_view(
    model: AuditModel,
    state: FleetState,
    instances: Sequence[InstanceState],
    *,
    usage: Usage,
    by: str = GROUPINGS[0],
    budget_usd: float | None = None,
) -> AuditView:
    """Query the model for what the panel shows.

    Args:
        model: The model that made `state`.
        state: The whole fleet; its time is the end of the series.
        instances: The instances shown.
        usage: Their total.
        by: What to group by: one of `GROUPINGS`.
        budget_usd: The budget; `None` or 0 for none.
    """
    now_s = state.at_s
    narrowed = len(instances) < len(state.instances)
    ids = frozenset(i.instance_id for i in instances) if narrowed else None
    begun_s = _begin(model, instances, ids, now_s)
    span_s, step_s = _span(None if begun_s is None else now_s - begun_s)
    rates = _rates(model, usage, begun_s, now_s, ids)
    budget = None
    if budget_usd:
        whole = begun_s if ids is None else _begin(model, state.instances, None, now_s)
        rate = _latest_rate(model, _counted_s(model, whole, now_s), now_s)
        budget = make_budget(budget_usd, state.usage, rate, now_s)
    from_s = (now_s // step_s + 1) * step_s - span_s
    slots = model.series(from_s=from_s, to_s=_after(now_s), step_s=step_s, instance_ids=ids)
    return AuditView(
        rates=rates,
        slots=slots,
        step_s=step_s,
        quiet_since_s=_quiet_since_s(slots, from_s, instances),
        by=by,
        groups=model.groups(by, ids),
        budget=budget,
    )


def window_start(now_s: float, window_s: float) -> float:
    """Return the first moment of a window that ends now, with now in it."""
    return _after(now_s - window_s)


def _after(at_s: float) -> float:
    """Return the moment after a moment: stretches of time end before theirs."""
    return math.nextafter(at_s, math.inf)


def _rates(
    model: AuditModel,
    usage: Usage,
    begun_s: float | None,
    now_s: float,
    ids: Collection[str] | None,
) -> tuple[Rate, ...]:
    """Return the rates of the windows that are counted as a whole, and of all that is counted."""
    counted_s = _counted_s(model, begun_s, now_s)
    is_priced = usage.cost_usd is not None or not usage.requests
    rates = tuple(
        _rate(model, name, s, now_s, ids, is_priced=is_priced)
        for name, s in WINDOWS
        if s <= counted_s
    )
    if counted_s == math.inf:
        return *rates, make_rate("all", usage, _all_time_s(begun_s, now_s))
    name = fmt.span(counted_s)
    if counted_s < MIN_AGE_S or any(rate.window == name for rate in rates):
        return rates
    return *rates, make_rate(name, usage, counted_s)


def _latest_rate(model: AuditModel, counted_s: float, now_s: float) -> Rate | None:
    """Return the fleet's rate over the last hour, or over what is counted; `None` if too little."""
    window_s = min(counted_s, _HOUR)
    if window_s < MIN_AGE_S:
        return None
    return _rate(model, fmt.span(window_s), window_s, now_s, None)


def _rate(
    model: AuditModel,
    name: str,
    window_s: float,
    now_s: float,
    ids: Collection[str] | None,
    *,
    is_priced: bool = True,
) -> Rate:
    from_s = window_start(now_s, window_s)
    usage = model.usage_in(from_s=from_s, to_s=_after(now_s), instance_ids=ids)
    return (
        Rate(name, None) if usage is None else make_rate(name, usage, window_s, is_priced=is_priced)
    )


def _counted_s(model: AuditModel, begun_s: float | None, now_s: float) -> float:
    """Return how far back everything is counted, in seconds; infinitely, unless `since_s` cuts."""
    is_cut = model.since_s is not None and begun_s == model.since_s
    return now_s - begun_s if is_cut and begun_s is not None else math.inf


def _all_time_s(begun_s: float | None, now_s: float) -> float | None:
    """Return the length of all time; `None` if it is unknown or too short.

    Before a fleet's beginning it spent nothing, so that all time is an hour at least.
    """
    if begun_s is None or now_s - begun_s < MIN_AGE_S:
        return None
    return max(now_s - begun_s, _HOUR)


def _quiet_since_s(
    slots: Sequence[Slot], from_s: float, instances: Sequence[InstanceState]
) -> float | None:
    if any(slot.usage.requests for slot in slots):
        return None
    return min(from_s, max((i.last_activity_s or from_s for i in instances), default=from_s))


def _begin(
    model: AuditModel,
    instances: Sequence[InstanceState],
    ids: Collection[str] | None,
    now_s: float,
) -> float | None:
    """Return when the time that is counted began; `None` if unknown.

    It began with the creation of the oldest instance, or at `since_s` if that was later. If no
    creation is known, with the hour of the last month's first exchange.
    """
    since_s = -math.inf if model.since_s is None else model.since_s
    created = [i.created_s for i in instances if i.created_s is not None and i.created_s <= now_s]
    if created:
        return max(min(created), since_s)
    to_s = (now_s // _HOUR + 1) * _HOUR
    from_s = to_s - SPANS[-1][0]
    slots = model.series(from_s=from_s, to_s=_after(now_s), step_s=_HOUR, instance_ids=ids)
    first = next((slot for slot in slots if slot.usage.requests), None)
    return None if first is None else max(first.start_s, since_s)


def _span(age_s: float | None) -> tuple[int, int]:
    """Return the span to plot and its step: the fleet's age, but at least `MIN_STEPS` steps."""
    most_s, step_s = next((span for span in SPANS if (age_s or 0.0) <= span[0]), SPANS[-1])
    steps = max(MIN_STEPS, math.ceil((age_s or 0.0) / step_s) + 1)
    return min(most_s, steps * step_s), step_s

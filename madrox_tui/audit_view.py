"""What the audit panel shows beyond the fleet's totals: rates, a series, groups, a budget."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, Protocol

import msgspec

from logging_core.analyse.state import FleetState, Group, InstanceState, Slot, Usage
from madrox_tui.money import Budget, Rate, make_budget, make_rate

GROUPINGS = ("instance", "role", "model", "instance_type", "parent", "event_type", "error")
"""What the table can be grouped by, in the order of the key."""


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

WINDOWS = (("5m", 5 * _MINUTE), ("1h", _HOUR))
"""The windows of the rates: names and lengths, in seconds; a third rate is of all time."""

MIN_AGE_S = 5 * _MINUTE
"""A younger fleet has no rate of all time; up to an hour, that rate is over an hour."""

MIN_STEPS = 15
"""The least number of steps in a plot, so that a young fleet is not one broad bar."""


class AuditModel(Protocol):
    """What the audit panel needs of the fleet model."""

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
        self, *, from_s: float, to_s: float, instance_ids: Collection[str] | None = None
    ) -> Usage:
        """Return the sums of one time span, to the minute."""
        ...

    def groups(self, by: str, instance_ids: Collection[str] | None = None) -> tuple[Group, ...]:
        """Return the sums per group of instances or events, the most expensive first."""
        ...


class AuditView(msgspec.Struct, frozen=True, eq=False):
    """The sums of one view, over the instances shown.

    Attributes:
        rates: Cost per hour over the last 5 minutes, the last hour and all time.
        slots: The plotted series, oldest first; the last one is still under way.
        step_s: Length of each slot.
        by: What `groups` are grouped by: one of `GROUPINGS`.
        groups: The most expensive first.
        budget: How much of the budget is spent, by the whole fleet; `None` if none is set.
    """

    rates: tuple[Rate, ...] = ()
    slots: tuple[Slot, ...] = ()
    step_s: int = _MINUTE
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
    age_s = _age(model, instances, ids, now_s)
    span_s, step_s = _span(age_s)
    to_s = (now_s // step_s + 1) * step_s
    is_priced = usage.cost_usd is not None or not usage.requests
    known = age_s is not None and age_s >= MIN_AGE_S
    rates = (
        *(_rate(model, name, s, now_s, ids, is_priced=is_priced) for name, s in WINDOWS),
        make_rate("all", usage, max(age_s or 0.0, _HOUR) if known else None),
    )
    budget = None
    if budget_usd:
        of_all = _rate(model, "1h", _HOUR, now_s, None)
        budget = make_budget(budget_usd, state.usage, of_all, now_s)
    return AuditView(
        rates=rates,
        slots=model.series(from_s=to_s - span_s, to_s=to_s, step_s=step_s, instance_ids=ids),
        step_s=step_s,
        by=by,
        groups=model.groups(by, ids),
        budget=budget,
    )


def window_start(now_s: float, window_s: float) -> float:
    """Return when a window that ends now begins: with a whole minute."""
    return (now_s - window_s) // _MINUTE * _MINUTE


def _rate(
    model: AuditModel,
    name: str,
    window_s: float,
    now_s: float,
    ids: Collection[str] | None,
    *,
    is_priced: bool = True,
) -> Rate:
    """Return the rate of a window from a whole minute on: sums are known to the minute."""
    from_s = window_start(now_s, window_s)
    usage = model.usage_in(from_s=from_s, to_s=now_s + _MINUTE, instance_ids=ids)
    return make_rate(name, usage, now_s - from_s, is_priced=is_priced)


def _age(
    model: AuditModel,
    instances: Sequence[InstanceState],
    ids: Collection[str] | None,
    now_s: float,
) -> float | None:
    """Return the age of the oldest instance, in seconds; `None` if unknown.

    If no creation is known, it is counted from the hour of the last month's first exchange.
    """
    created = [i.created_s for i in instances if i.created_s is not None and i.created_s <= now_s]
    if created:
        return now_s - min(created)
    to_s = (now_s // _HOUR + 1) * _HOUR
    most_s = SPANS[-1][0]
    slots = model.series(from_s=to_s - most_s, to_s=to_s, step_s=_HOUR, instance_ids=ids)
    first = next((slot for slot in slots if slot.requests), None)
    return None if first is None else now_s - first.start_s


def _span(age_s: float | None) -> tuple[int, int]:
    """Return the span to plot and its step: the fleet's age, but at least `MIN_STEPS` steps."""
    most_s, step_s = next((span for span in SPANS if (age_s or 0.0) <= span[0]), SPANS[-1])
    steps = max(MIN_STEPS, math.ceil((age_s or 0.0) / step_s) + 1)
    return min(most_s, steps * step_s), step_s

"""What the audit panel shows beyond the sums of the fleet: rates, a series, groups, a budget."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, Protocol

import msgspec

from logging_core.analyse.state import FleetState, Group, InstanceState, Slot, Usage
from madrox_tui.money import Budget, Rate, make_budget, make_rate

WAYS = ("instance", "role", "model", "instance_type", "parent", "event_type", "error")
"""What the table can be grouped by, in the order of the key."""


def kept_way(kept: dict[str, Any]) -> str:
    """What the sums are to be by, of what a panel kept: one of `WAYS`, whatever it is."""
    return kept["by"] if kept.get("by") in WAYS else WAYS[0]


_MINUTE, _HOUR, _DAY = 60, 3600, 86400
SPANS: tuple[tuple[int, int], ...] = (
    (_HOUR, _MINUTE),
    (3 * _HOUR, 2 * _MINUTE),
    (12 * _HOUR, 10 * _MINUTE),
    (_DAY, 15 * _MINUTE),
    (7 * _DAY, 2 * _HOUR),
    (31 * _DAY, 6 * _HOUR),
)
"""How much time the plots may show, and in what steps, in seconds; the least that holds all."""

LEAST_STEPS = 15
"""A plot has so many steps at least, so that a young fleet is not one broad bar."""


class AuditModel(Protocol):
    """What is asked of the fleet model."""

    def series(
        self,
        *,
        from_s: float,
        to_s: float,
        step_s: int,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Slot, ...]:
        """Sums by time, empty stretches included."""
        ...

    def usage_in(
        self, *, from_s: float, to_s: float, instance_ids: Collection[str] | None = None
    ) -> Usage:
        """Sums of one stretch, to the minute."""
        ...

    def groups(self, by: str, instance_ids: Collection[str] | None = None) -> tuple[Group, ...]:
        """Sums by what instances or events have in common, the dearest first."""
        ...


class AuditView(msgspec.Struct, frozen=True, eq=False):
    """The sums behind one look, of the instances that are shown.

    Attributes:
        rates: What the last 5 minutes, the last hour and all time cost by the hour.
        slots: The series that is plotted, oldest first.
        step_s: How long each of its slots is.
        by: What `groups` are grouped by: one of `WAYS`.
        groups: The dearest first.
        budget: How much of the budget is gone; `None` if none is set. Always the whole fleet's.
    """

    rates: tuple[Rate, ...] = ()
    slots: tuple[Slot, ...] = ()
    step_s: int = _MINUTE
    by: str = WAYS[0]
    groups: tuple[Group, ...] = ()
    budget: Budget | None = None


NOTHING_SUMMED = AuditView()
"""What is shown before anything was summed up."""


def make_audit_view(
    model: AuditModel,
    state: FleetState,
    instances: Sequence[InstanceState],
    *,
    usage: Usage,
    by: str = WAYS[0],
    budget_usd: float | None = None,
) -> AuditView:
    """Ask the model for what the panel shows.

    Args:
        model: The model that made `state`.
        state: The whole fleet; its moment is the end of the series.
        instances: Those that are shown.
        usage: What these add up to.
        by: What to group by: one of `WAYS`.
        budget_usd: The budget; `None` or 0 for none.
    """
    now_s = state.at_s
    narrowed = len(instances) < len(state.instances)
    ids = frozenset(i.instance_id for i in instances) if narrowed else None
    age_s = _age(instances, now_s)
    span_s, step_s = _span(age_s)
    to_s = (now_s // step_s + 1) * step_s
    is_priced = usage.cost_usd is not None or not usage.requests
    rates = (
        _rate(model, "5m", 5 * _MINUTE, now_s, ids, age_s, is_priced=is_priced),
        _rate(model, "1h", _HOUR, now_s, ids, age_s, is_priced=is_priced),
        make_rate("all", usage, age_s),
    )
    budget = None
    if budget_usd:
        of_all = _rate(model, "1h", _HOUR, now_s, None, _age(state.instances, now_s))
        budget = make_budget(budget_usd, state.usage, of_all, now_s)
    return AuditView(
        rates=rates,
        slots=model.series(from_s=to_s - span_s, to_s=to_s, step_s=step_s, instance_ids=ids),
        step_s=step_s,
        by=by,
        groups=model.groups(by, ids),
        budget=budget,
    )


def _rate(
    model: AuditModel,
    name: str,
    window_s: float,
    now_s: float,
    ids: Collection[str] | None,
    age_s: float | None,
    *,
    is_priced: bool = True,
) -> Rate:
    """The rate of a window; a fleet that is younger than it spent all in less time."""
    usage = model.usage_in(from_s=now_s - window_s, to_s=now_s + _MINUTE, instance_ids=ids)
    seconds = window_s if age_s is None else min(window_s, age_s)
    return make_rate(name, usage, seconds, is_priced=is_priced)


def _age(instances: Sequence[InstanceState], now_s: float) -> float | None:
    created = [i.created_s for i in instances if i.created_s is not None and i.created_s <= now_s]
    return now_s - min(created) if created else None


def _span(age_s: float | None) -> tuple[int, int]:
    """How much time to show, and in what steps: the fleet's life, but not too little of it."""
    most_s, step_s = next((span for span in SPANS if (age_s or 0.0) <= span[0]), SPANS[-1])
    steps = max(LEAST_STEPS, math.ceil((age_s or 0.0) / step_s) + 1)
    return min(most_s, steps * step_s), step_s

"""What the audit panel shows beyond the fleet's totals: rates, a series, groups, a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from logging_core.analyse.state import FleetState, Group, InstanceState, Slot, Usage
from madrox_tui.panels.audit.money import Budget, Rate, crossed, make_budget
from madrox_tui.panels.audit.rates import (
    WINDOWS,
    AuditModel,
    after,
    creation_s,
    highest_rate,
    make_rates,
    window_start,
)

GROUPINGS = ("instance", "role", "model", "instance_type", "parent", "event_type", "error")
"""What the table can be grouped by, in the order of the key."""

COUNTED = frozenset({"event_type", "error"})
"""Groupings that count events, which have neither tokens nor cost."""

HAVE_IDS = frozenset({"instance", "parent"})
"""Groupings whose labels are ids of instances."""


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

ALL_TIME = "all"
TABLE_WINDOWS = (ALL_TIME, *(name for name, _ in reversed(WINDOWS)))
"""The windows of plots and table, in the order of the key."""

MIN_STEPS = 15
"""The least number of steps in a plot, so that a young fleet is not one broad bar."""


GroupsOf: TypeAlias = Callable[[str, Collection[str] | None], tuple[Group, ...]]
"""The groups of all time up to some moment: by what, and of which instances; `None`: of all."""


class AuditView(msgspec.Struct, frozen=True, eq=False):
    """The sums of one view, over the instances shown.

    Attributes:
        rates: Cost per hour over the last 5 minutes, the last hour and all time, each up to the
            moment that the view is of, that moment included; without the windows that are longer
            than all time, and empty if nothing is priced. See `Rate` for `--since`.
        at_s: That moment, in seconds since the epoch; `None` until there are sums.
        slots: The plotted series, oldest first: of all time, as far as there is room, or all
            minutes of the window; that moment is in the last one.
        step_s: Length of each slot.
        quiet_since_s: Since when nothing happened, at least, if all slots are empty; else `None`.
        by: What `groups` are grouped by: one of `GROUPINGS`.
        window: The window that `groups`, `slots` and `whole` are of, up to that moment: one of
            `TABLE_WINDOWS`. What is not known of it is plotted as of all time.
        from_s: When that begins; `None` for all time.
        groups: The most expensive first.
        is_known: Whether they are known: not of a window that cuts an hour of long ago.
        whole: What they are parts of; `None` for all time, as that is what the view adds up to,
            and where it is not known.
        budget: How much of the budget is spent, by the whole fleet; `None` if none is set, or while
            that is unknown.
        counted_from_s: Where older exchanges are still to be read, when the first one was that is
            counted; else `None`.
    """

    rates: tuple[Rate, ...] = ()
    at_s: float | None = None
    slots: tuple[Slot, ...] = ()
    step_s: int = _MINUTE
    quiet_since_s: float | None = None
    by: str = GROUPINGS[0]
    window: str = ALL_TIME
    from_s: float | None = None
    groups: tuple[Group, ...] = ()
    is_known: bool = True
    whole: Usage | None = None
    budget: Budget | None = None
    counted_from_s: float | None = None

    @property
    def plotted_window(self) -> str | None:
        """The window that `slots` are of; `None`: they are of all time."""
        return None if self.whole is None else self.window


NOTHING_SUMMED = AuditView()
"""Shown until the first sums are there."""


def make_audit_view(
    model: AuditModel,
    state: FleetState,
    instances: Sequence[InstanceState],
    *,
    usage: Usage,
    by: str = GROUPINGS[0],
    window: str = ALL_TIME,
    budget_usd: float | None = None,
    groups_of: GroupsOf | None = None,
) -> AuditView:
    """Query the model for what the panel shows.

    Args:
        model: The model that made `state`.
        state: The whole fleet; its time is the end of the series.
        instances: The instances shown.
        usage: Their total.
        by: What to group by: one of `GROUPINGS`.
        window: The window of plots and groups: one of `TABLE_WINDOWS`.
        budget_usd: The budget; `None` or 0 for none.
        groups_of: Knows the groups as of `state`; `None`: the model does, which is of then.
    """
    now_s = state.at_s
    narrowed = len(instances) < len(state.instances)
    ids = frozenset(i.instance_id for i in instances) if narrowed else None
    counted_from_s = model.first_exchange_s() if model.is_cut else None
    since_s = None if window == ALL_TIME else window_start(now_s, dict(WINDOWS)[window])
    if since_s is None:
        groups, total = _Groups((groups_of or model.groups)(by, ids))
    else:
        groups, total = _in_window(model, by, since_s, now_s, ids)
    if since_s is None or total is None:
        from_s, step_s = _plotted(model, instances, ids, now_s)
    else:
        from_s, step_s = since_s // _MINUTE * _MINUTE, _MINUTE
    slots = model.series(from_s=from_s, to_s=after(now_s), step_s=step_s, instance_ids=ids)
    if counted_from_s is not None and counted_from_s > now_s:
        slots = ()
    rates = make_rates(model, instances, usage, now_s, ids)
    if model.is_cut:
        rates = _covered(rates, now_s if counted_from_s is None else counted_from_s, now_s)
    budget = _budget(model, state, budget_usd) if budget_usd and not model.is_cut else None
    return AuditView(
        rates=rates,
        at_s=now_s,
        slots=slots,
        step_s=step_s,
        quiet_since_s=_quiet_since_s(slots, from_s, instances),
        by=by,
        window=window,
        from_s=since_s,
        groups=groups or (),
        is_known=groups is not None,
        whole=total,
        budget=budget,
        counted_from_s=counted_from_s,
    )


class _Groups(NamedTuple):
    """Groups, and what they are parts of; see `AuditView`."""

    groups: tuple[Group, ...] | None
    whole: Usage | None = None


def _in_window(
    model: AuditModel, by: str, from_s: float, now_s: float, ids: Collection[str] | None
) -> _Groups:
    to_s = after(now_s)
    groups = model.groups_in(by, from_s=from_s, to_s=to_s, instance_ids=ids)
    return _Groups(groups, model.usage_in(from_s=from_s, to_s=to_s, instance_ids=ids))


def _covered(rates: Sequence[Rate], from_s: float, to_s: float) -> tuple[Rate, ...]:
    """Return the rates of windows that end at `to_s` and do not begin before `from_s`."""
    lengths = dict(WINDOWS)
    return tuple(rate for rate in rates if lengths.get(rate.window, math.inf) <= to_s - from_s)


def _budget(model: AuditModel, state: FleetState, limit_usd: float) -> Budget:
    """Compute how much of a budget the whole fleet has spent, by the highest rate of `WINDOWS`."""
    now_s = state.at_s
    budget = make_budget(limit_usd, state.usage, highest_rate(model, state), now_s)
    if budget.used < 1:
        return budget
    since_s = _spent_since_s(model, budget, *_plotted(model, state.instances, None, now_s), now_s)
    return msgspec.structs.replace(budget, spent_since_s=since_s)


def _spent_since_s(
    model: AuditModel, budget: Budget, from_s: float, step_s: int, now_s: float
) -> float | None:
    """Return since when a budget is spent, to the minute; `None` if before `from_s`.

    It is looked for in slots of `step_s`, and then in those of a minute.
    """
    since_s, spent_usd, to_s = None, budget.spent_usd or 0.0, after(now_s)
    for step in (step_s, _MINUTE):
        slots = model.series(from_s=from_s, to_s=to_s, step_s=step)
        crossing = crossed(slots, spent_usd, budget.limit_usd)
        if crossing is None:
            break
        since_s, spent_usd = crossing
        from_s, to_s = since_s, min(to_s, since_s + step)
    return since_s


def _plotted(
    model: AuditModel,
    instances: Sequence[InstanceState],
    ids: Collection[str] | None,
    now_s: float,
) -> tuple[float, int]:
    """Return when the plot of some instances begins, and its step, in seconds."""
    begun_s = _begin(model, instances, ids, now_s)
    span_s, step_s = _span(None if begun_s is None else now_s - begun_s)
    return (now_s // step_s + 1) * step_s - span_s, step_s


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
    """Return when what is plotted began; `None` if nothing did.

    It began with the creation of the oldest instance, or with the first exchange if no creation is
    known or older exchanges are still to be read; at `since_s` if that was later.
    """
    born_s = None if model.is_cut else creation_s(instances, now_s)
    since_s = model.since_s
    begun_s = model.first_exchange_s(ids) if born_s is None else born_s
    return begun_s if begun_s is None or since_s is None else max(begun_s, since_s)


def _span(age_s: float | None) -> tuple[int, int]:
    """Return the span to plot and its step: the fleet's age, but at least `MIN_STEPS` steps."""
    fits = ((most_s, step_s) for most_s, step_s in SPANS if (age_s or 0.0) + step_s <= most_s)
    most_s, step_s = next(fits, SPANS[-1])
    steps = max(MIN_STEPS, math.ceil((age_s or 0.0) / step_s) + 1)
    return min(most_s, steps * step_s), step_s

"""Making views: what a filter leaves of a fleet, and its sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from logging_core.analyse.grouping import UsageOf, of_instances
from logging_core.analyse.state import FleetState, Group, InstanceState, Usage
from madrox_tui.config import Settings
from madrox_tui.feed.pulse import Pulse
from madrox_tui.filters import parse_filter
from madrox_tui.panels.audit.rates import AuditModel
from madrox_tui.panels.audit.sums import AuditSums
from madrox_tui.panels.audit.view import ALL_TIME, COUNTED, AuditView
from madrox_tui.view import ACTIVITY_MINUTES, Narrowing, View

if TYPE_CHECKING:
    from madrox_tui.feed.past import Past  # loads asyncio: the first view is made without

PREFETCHED = -1
"""`FleetState.reordered` of the prefetched view: no other view continues its rows."""

_MINUTE_S = 60.0


class Model(AuditModel, Protocol):
    """What is asked of the fleet model."""

    def holds_at(self, now_s: float, /) -> bool:
        """Whether `state` gives what it gave last, but for the moment."""

    def state(self, now_s: float, /) -> FleetState:
        """The fleet at a moment, in seconds since the epoch."""

    def usage_of(self, instance_ids: Iterable[str | None], /) -> Usage:
        """What some instances add up to."""

    def usages_in(self, *, from_s: float, to_s: float) -> UsageOf | None:
        """Knows what instances added up to in a window; `None` if that is unknown."""

    def activity(self, instance_id: str, *, now_s: float, minutes: int) -> tuple[int, ...]:
        """Records of each of the last minutes, oldest first."""


class ViewMaker:
    """Makes views; its methods block, except `group_by` and `again`.

    Args:
        settings: The initial filter, and the budget.
        pulse: How fast records arrive.
        clock: A monotonic clock, in seconds.

    Attributes:
        narrowing: Which instances the next views show; may be set while one is made.
        is_whole: Of the next views; see `View`.
        unread: Of the next views; see `View`.
    """

    def __init__(self, settings: Settings, pulse: Pulse, clock: Callable[[], float]) -> None:
        self.narrowing = Narrowing(parse_filter(settings.filter))
        self._sums = AuditSums(budget_usd=settings.budget_usd, clock=clock)
        self._pulse = pulse
        self._last: View | None = None
        self.is_whole = False
        self.unread: str | None = None

    def group_by(self, by: str, window: str = ALL_TIME) -> None:
        """Group the audit panel's table by something else, or in another window, from now on."""
        self._sums.by, self._sums.window = by, window

    def newest(self, model: Model, now_s: float) -> View:
        """Return a view of the fleet as it is now."""
        self._last = view = self.of(model, model.state(now_s))
        return view

    def again(self, model: Model, now_s: float) -> View | None:
        """Return the last `newest` as of now, quickly, if only time has passed; else `None`."""
        last = self._last
        if last is None or not model.holds_at(now_s) or not self._sums.is_current:
            return None
        if last.narrowing != self.narrowing:
            return None
        if (last.is_whole, last.unread) != (self.is_whole, self.unread):
            return None
        if now_s // _MINUTE_S != last.state.at_s // _MINUTE_S:
            return None  # the activity of another minute is shown
        rate, lag_s = self._pulse.events_per_s, self._pulse.lag_s
        self._last = last.later(model.state(now_s), events_per_s=rate, lag_s=lag_s)
        return self._last

    def of(self, model: Model, state: FleetState) -> View:
        """Return a view of a state that the live model gave just now."""
        narrowing = self.narrowing
        instances, usage = _narrow(state, narrowing, model.usage_of)
        audit = self._sums.look(model, state, instances, usage)
        return self._make(state, narrowing, instances, usage, audit, _activity(model, state))

    def held(self, model: Model, state: FleetState) -> View:
        """A state that the live model gave before: what came since is in none of the sums."""
        narrowing = self.narrowing
        usage_of = _usage_until(model, state.at_s)
        instances, usage = _narrow(state, narrowing, usage_of)
        groups_of = partial(_groups_of, model, state, usage_of)
        audit = self._sums.look_back(model, state, instances, usage, groups_of)
        return self._make(state, narrowing, instances, usage, audit, _activity(model, state))

    def earlier(
        self,
        model: Model,
        state: FleetState,
        moment_s: float,
        past: Past,
    ) -> View:
        """The fleet at an earlier moment; who had no name yet is called by that of today.

        Args:
            model: The live one, which knows sums by time.
            state: The fleet as it was.
            moment_s: Seconds since the epoch.
            past: Knows the other sums as of then.
        """
        state = self._named(state)
        narrowing = self.narrowing
        instances, usage = _narrow(state, narrowing, partial(past.usage_at, moment_s))
        groups_of = partial(past.groups_at, moment_s)
        audit = self._sums.look_back(model, state, instances, usage, groups_of)
        return self._make(state, narrowing, instances, usage, audit, {}, moment_s)

    def _named(self, state: FleetState) -> FleetState:
        latest = self._last.state.instances if self._last is not None else ()
        names = {i.instance_id: i.instance_name for i in latest}
        instances = tuple(
            i
            if i.instance_name is not None
            else msgspec.structs.replace(i, instance_name=names.get(i.instance_id))
            for i in state.instances
        )
        return msgspec.structs.replace(state, instances=instances)

    def _make(
        self,
        state: FleetState,
        narrowing: Narrowing,
        instances: tuple[InstanceState, ...],
        usage: Usage,
        audit: AuditView,
        activity: Mapping[str, tuple[int, ...]],
        moment_s: float | None = None,
    ) -> View:
        return View(
            state,
            narrowing,
            instances,
            usage,
            activity=activity,
            audit=audit,
            moment_s=moment_s,
            records=self._pulse.records,
            events_per_s=self._pulse.events_per_s,
            lag_s=self._pulse.lag_s,
            is_whole=self.is_whole,
            unread=self.unread,
        )


def _narrow(
    state: FleetState, narrowing: Narrowing, usage_of: UsageOf
) -> tuple[tuple[InstanceState, ...], Usage]:
    """The instances that are shown, and what they add up to."""
    instances = narrowing.choose(state.instances)
    if len(instances) == len(state.instances):
        return instances, state.usage
    return instances, usage_of([instance.instance_id for instance in instances])


def _activity(model: Model, state: FleetState) -> dict[str, tuple[int, ...]]:
    return {
        i.instance_id: model.activity(i.instance_id, now_s=state.at_s, minutes=ACTIVITY_MINUTES)
        for i in state.instances
    }


def _usage_until(model: Model, at_s: float) -> UsageOf:
    """Knows what instances added up to at a moment; by now, if that is no longer known."""

    @cache
    def known() -> UsageOf:
        usage_of = model.usages_in(from_s=0.0, to_s=_after(at_s))
        return model.usage_of if usage_of is None else usage_of

    def usage_until(instance_ids: Iterable[str | None]) -> Usage:
        return known()(instance_ids)

    return usage_until


def _after(at_s: float) -> float:
    """The moment after a moment: stretches of time end before theirs."""
    return math.nextafter(at_s, math.inf)


def _groups_of(
    model: Model,
    state: FleetState,
    usage_of: UsageOf,
    by: str,
    instance_ids: Collection[str] | None,
) -> tuple[Group, ...]:
    """See `FleetModel.groups`, of the instances as they were; of now, if that is unknown."""
    if by in COUNTED:
        to_s = _after(state.at_s)
        groups = model.groups_in(by, from_s=None, to_s=to_s, instance_ids=instance_ids)
        return model.groups(by, instance_ids) if groups is None else groups
    known = {i.instance_id: i for i in state.instances}

    def say(instance_id: str, field: str) -> str | None:
        said: str | None = getattr(known[instance_id], field)
        return said

    return of_instances(by, known, instance_ids, say, usage_of)

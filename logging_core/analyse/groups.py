"""Tables of sums: what instances, roles, models, subtrees, events and errors add up to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from logging_core.analyse.counts import Counts
from logging_core.analyse.grouping import GROUPINGS, UsageOf, in_order, of_instances
from logging_core.analyse.instance import Instance
from logging_core.analyse.series import Series
from logging_core.analyse.state import Group, Usage
from logging_core.analyse.summary import EXCHANGE, Summary


class Tables:
    """All tables of one fleet.

    Args:
        summary: What its instances add up to.
        series: The same by time.
        by_time: Whether that is kept, and with it what `groups_in` tells.

    Attributes:
        events: How often each event type was met; of exchanges it is not kept by time there.
        errors: How often each error was met.
    """

    def __init__(self, summary: Summary, series: Series, *, by_time: bool) -> None:
        self.events = Counts(by_time=by_time)
        self.errors = Counts(by_time=by_time)
        self._summary = summary
        self._series = series

    def groups(
        self, by: str, known: Mapping[str, Instance], instance_ids: Collection[str] | None
    ) -> tuple[Group, ...]:
        """See `FleetModel.groups`; `known` are all instances."""
        _check(by)
        if by == "error":
            return self.errors.groups(instance_ids)
        if by == "event_type":
            return self._by_event_type(instance_ids)
        return _of_instances(by, known, instance_ids, self._summary.usage_of)

    def groups_in(
        self,
        by: str,
        known: Mapping[str, Instance],
        instance_ids: Collection[str] | None,
        from_s: float | None,
        to_s: float,
    ) -> tuple[Group, ...] | None:
        """See `FleetModel.groups_in`; `known` are all instances."""
        _check(by)
        if by == "error":
            return self.errors.groups_in(from_s, to_s, instance_ids)
        try:
            if by == "event_type":
                return self._by_event_type_in(instance_ids, from_s, to_s)
            groups = _of_instances(
                by, known, instance_ids, lambda ids: self._usage_in(set(ids), from_s, to_s)
            )
        except _UnknownError:
            return None
        return tuple(group for group in groups if group.usage.requests)

    def _by_event_type(self, instance_ids: Collection[str] | None) -> tuple[Group, ...]:
        groups = []
        for group in self.events.groups(instance_ids):
            usage = group.usage
            if group.label == EXCHANGE:
                chosen = None if instance_ids is None else set(instance_ids)
                usage = self._summary.total() if chosen is None else self._summary.usage_of(chosen)
            groups.append(Group(group.label, usage, group.instance_ids))
        return in_order(groups)

    def _by_event_type_in(
        self, instance_ids: Collection[str] | None, from_s: float | None, to_s: float
    ) -> tuple[Group, ...] | None:
        groups = self.events.groups_in(from_s, to_s, instance_ids)
        if groups is None:
            return None
        others = [group for group in groups if group.label != EXCHANGE]
        usage = self._usage_in(instance_ids, from_s, to_s)
        if not usage.requests:
            return in_order(others)
        whose = self._series.whose(_begin_s(from_s), to_s, instance_ids)
        return None if whose is None else in_order([*others, Group(EXCHANGE, usage, whose)])

    def _usage_in(
        self, instance_ids: Collection[str | None] | None, from_s: float | None, to_s: float
    ) -> Usage:
        usage = self._series.usage(_begin_s(from_s), to_s, instance_ids)
        if usage is None:
            raise _UnknownError
        return usage


class _UnknownError(Exception):
    """Of a window that cuts an hour of which only the sum is known."""


def _check(by: str) -> None:
    if by not in GROUPINGS:
        raise ValueError(f"cannot group by {by!r}: only by {', '.join(GROUPINGS)}")


def _begin_s(from_s: float | None) -> float:
    return 0.0 if from_s is None else from_s


def _of_instances(
    by: str,
    known: Mapping[str, Instance],
    instance_ids: Collection[str] | None,
    usage_of: UsageOf,
) -> tuple[Group, ...]:
    def say(instance_id: str, field: str) -> str | None:
        instance = known[instance_id]
        is_parent = field == "parent_instance_id"
        return instance.parent(known.__contains__) if is_parent else instance.identity(field)

    return of_instances(by, known, instance_ids, say, usage_of)

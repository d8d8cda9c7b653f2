"""Tables of sums: what instances, roles, models, subtrees, events and errors add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from logging_core.analyse.instance import Instance
from logging_core.analyse.state import Group, Usage
from logging_core.analyse.summary import EXCHANGE, Summary

FIELDS = frozenset({"role", "model", "instance_type"})
"""What an instance says about itself."""

MOST_COUNTED = 4_096
"""So many different pairs of a text and an instance are counted; later ones are left out."""

WAYS = ("instance", *sorted(FIELDS), "parent", "event_type", "error")
"""What can be grouped by."""

_UsageOf: TypeAlias = Callable[[Iterable[str]], Usage]


class Counts:
    """How often a text was met, by instance: event types, errors."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str | None], int] = {}

    def add(self, text: str, instance_id: str | None, times: int = 1) -> None:
        """Count some."""
        key = text, instance_id
        known = self._counts.get(key)
        if known is not None:
            self._counts[key] = known + times
        elif len(self._counts) < MOST_COUNTED:
            self._counts[key] = times

    def groups(self, instance_ids: Collection[str] | None) -> tuple[Group, ...]:
        """One group for each text, the most frequent first; `None`: of all instances."""
        times: defaultdict[str, int] = defaultdict(int)
        members: defaultdict[str, list[str]] = defaultdict(list)
        for (text, instance_id), count in self._counts.items():
            if instance_ids is None or instance_id in instance_ids:
                times[text] += count
                if instance_id is not None:
                    members[text].append(instance_id)
        return in_order(
            Group(text, Usage(requests=count), tuple(sorted(members[text])))
            for text, count in times.items()
        )


class Tables:
    """All tables of one fleet.

    Args:
        summary: What its instances add up to.

    Attributes:
        events: How often each event type was met.
        errors: How often each error was met.
    """

    def __init__(self, summary: Summary) -> None:
        self.events = Counts()
        self.errors = Counts()
        self._summary = summary

    def groups(
        self, by: str, known: Mapping[str, Instance], instance_ids: Collection[str] | None
    ) -> tuple[Group, ...]:
        """See `FleetModel.groups`; `known` are all instances."""
        if by not in WAYS:
            raise ValueError(f"cannot group by {by!r}: only by {', '.join(WAYS)}")
        if by == "error":
            return self.errors.groups(instance_ids)
        if by == "event_type":
            return self._by_event_type(instance_ids)
        chosen = known.keys() if instance_ids is None else known.keys() & set(instance_ids)
        usage_of = self._summary.usage_of
        if by == "parent":
            parents = {i: instance.parent(known.__contains__) for i, instance in known.items()}
            return by_parent(parents, chosen, usage_of)
        if by in FIELDS:
            return by_label({i: known[i].says(by) for i in chosen}, usage_of)
        groups = by_label({i: i for i in chosen}, usage_of)
        nobodys = usage_of((None,))
        if instance_ids is not None or not nobodys.requests:
            return groups
        return in_order((*groups, Group(None, nobodys)))

    def _by_event_type(self, instance_ids: Collection[str] | None) -> tuple[Group, ...]:
        groups = []
        for group in self.events.groups(instance_ids):
            usage = group.usage
            if group.label == EXCHANGE:
                chosen = None if instance_ids is None else set(instance_ids)
                usage = self._summary.total() if chosen is None else self._summary.usage_of(chosen)
            groups.append(Group(group.label, usage, group.instance_ids))
        return in_order(groups)


def by_label(labels: Mapping[str, str | None], usage_of: _UsageOf) -> tuple[Group, ...]:
    """One group for each label.

    Args:
        labels: Of each instance.
        usage_of: What instances add up to.
    """
    members: defaultdict[str | None, list[str]] = defaultdict(list)
    for instance_id, label in labels.items():
        members[label].append(instance_id)
    return in_order(
        Group(label, usage_of(ids), tuple(sorted(ids))) for label, ids in members.items()
    )


def by_parent(
    parents: Mapping[str, str | None], chosen: Collection[str], usage_of: _UsageOf
) -> tuple[Group, ...]:
    """One group for each instance that has children: itself and everyone below it.

    Args:
        parents: Of each instance its parent; of a loop everyone is below everyone.
        chosen: Only these instances are members.
        usage_of: What instances add up to.
    """
    subtrees: defaultdict[str, set[str]] = defaultdict(set)
    for instance_id in parents:
        seen = {instance_id}
        above = parents[instance_id]
        while above is not None and above not in seen:
            seen.add(above)
            subtrees[above].update((instance_id, above))
            above = parents.get(above)
    groups = []
    for label, subtree in subtrees.items():
        members = sorted(subtree & set(chosen))
        if members:
            groups.append(Group(label, usage_of(members), tuple(members)))
    return in_order(groups)


def in_order(groups: Iterable[Group]) -> tuple[Group, ...]:
    """The dearest first, those without a cost by requests; ties by label, the unknown last."""
    return tuple(sorted(groups, key=_rank))


def _rank(group: Group) -> tuple[float, int, bool, str]:
    cost_usd = -1.0 if group.usage.cost_usd is None else group.usage.cost_usd
    return -cost_usd, -group.usage.requests, group.label is None, group.label or ""

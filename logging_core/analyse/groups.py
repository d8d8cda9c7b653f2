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

MAX_COUNTED = 1 << 14
"""So many pairs of a text and an instance are told apart; of texts met long ago, only the sum."""

GROUPINGS = ("instance", *sorted(FIELDS), "parent", "event_type", "error")
"""What can be grouped by."""

_UsageOf: TypeAlias = Callable[[Iterable[str]], Usage]


class Counts:
    """How often each text was met, by instance: event types, errors.

    Attributes:
        total: How many of all.
    """

    __slots__ = ("_counts", "_others", "_pairs", "total")

    def __init__(self) -> None:
        self.total = 0
        self._counts: dict[str, dict[str | None, int]] = {}  # the text that was met last is last
        self._others: dict[str | None, int] = {}
        self._pairs = 0

    def add(self, text: str, instance_id: str | None, times: int = 1) -> None:
        """Count some."""
        self.total += times
        counts = self._counts.pop(text, {})
        self._counts[text] = counts
        self._pairs += instance_id not in counts
        _increase(counts, instance_id, times)
        while self._pairs > MAX_COUNTED and len(self._counts) > 1:
            self._merge_oldest()

    def groups(self, instance_ids: Collection[str] | None) -> tuple[Group, ...]:
        """One group for each text, the most frequent first.

        Those that are no longer told apart are together in one without a label.

        Args:
            instance_ids: Count only these instances; `None` for all, and what is of none.
        """
        chosen = None if instance_ids is None else set(instance_ids)
        return in_order(
            Group(text, Usage(requests=sum(counts.values())), tuple(sorted(filter(None, counts))))
            for text, all_counts in (*self._counts.items(), (None, self._others))
            if (counts := _only(all_counts, chosen))
        )

    def _merge_oldest(self) -> None:
        oldest = self._counts.pop(next(iter(self._counts)))
        self._pairs -= len(oldest)
        for instance_id, times in oldest.items():
            _increase(self._others, instance_id, times)


def _increase(counts: dict[str | None, int], instance_id: str | None, times: int) -> None:
    counts[instance_id] = counts.get(instance_id, 0) + times


def _only(counts: dict[str | None, int], chosen: set[str] | None) -> dict[str | None, int]:
    return counts if chosen is None else {i: n for i, n in counts.items() if i in chosen}


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
        if by not in GROUPINGS:
            raise ValueError(f"cannot group by {by!r}: only by {', '.join(GROUPINGS)}")
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
            return by_label({i: _field(known[i], by) for i in chosen}, usage_of)
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


def _field(instance: Instance, field: str) -> str | None:
    """What it says about itself; of an unknown model the type is known at least."""
    said = instance.identity(field)
    return instance.identity("instance_type") if said is None and field == "model" else said


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

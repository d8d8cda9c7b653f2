"""Tables of sums: what instances, roles, models, subtrees, events and errors add up to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from logging_core.analyse.grouping import GROUPINGS, in_order, of_instances
from logging_core.analyse.instance import Instance
from logging_core.analyse.state import Group, Usage
from logging_core.analyse.summary import EXCHANGE, Summary

MAX_COUNTED = 1 << 14
"""So many pairs of a text and an instance are told apart; of texts met long ago, only the sum."""


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

        def say(instance_id: str, field: str) -> str | None:
            instance = known[instance_id]
            is_parent = field == "parent_instance_id"
            return instance.parent(known.__contains__) if is_parent else instance.identity(field)

        return of_instances(by, known, instance_ids, say, self._summary.usage_of)

    def _by_event_type(self, instance_ids: Collection[str] | None) -> tuple[Group, ...]:
        groups = []
        for group in self.events.groups(instance_ids):
            usage = group.usage
            if group.label == EXCHANGE:
                chosen = None if instance_ids is None else set(instance_ids)
                usage = self._summary.total() if chosen is None else self._summary.usage_of(chosen)
            groups.append(Group(group.label, usage, group.instance_ids))
        return in_order(groups)

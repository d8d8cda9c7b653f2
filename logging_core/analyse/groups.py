"""Sums of one tree, or of several together, by what belongs together and by time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import NamedTuple, TypeAlias

from logging_core.analyse.grouping import GROUPINGS, Say, UsageOf, in_order, of_instances, together
from logging_core.analyse.series import Steps
from logging_core.analyse.state import Group, Slot, Usage
from logging_core.analyse.summary import Tally
from logging_core.analyse.sums import Sums
from logging_core.event_types import EXCHANGE

Ids: TypeAlias = AbstractSet[str | None] | None
"""Whose: `None` in it is nobody, instead of it everybody and nobody."""


class PrefixedSums(NamedTuple):
    """Some of the sums.

    Attributes:
        sums: Of one tree.
        prefix: What stands before the ids of its instances, to tell them from those of others.
    """

    sums: Sums
    prefix: str = ""

    def own(self, ids: Ids) -> Ids:
        """Whom that means in here."""
        if ids is None or not self.prefix:
            return ids
        start = len(self.prefix)
        return {
            i if i is None else i[start:] for i in ids if i is None or i.startswith(self.prefix)
        }

    def named(self, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        """Groups in here, with their members as they are called outside."""
        if not self.prefix:
            return groups
        return tuple([Group(g.label, g.usage, self.names(g.instance_ids)) for g in groups])

    def names(self, ids: Iterable[str]) -> tuple[str, ...]:
        """How instances in here are called outside."""
        return tuple([self.prefix + instance_id for instance_id in ids])

    def name(self, instance_id: str | None) -> str | None:
        """The same of one, or of nobody."""
        return None if instance_id is None else self.prefix + instance_id


class Tables:
    """What is asked of the sums.

    Args:
        parts: What is added up, in this order; with one prefix they know of the same instances.
    """

    def __init__(self, parts: Sequence[PrefixedSums]) -> None:
        self._parts = parts

    def usage_of(self, ids: Ids) -> Usage:
        """The exchanges of all time."""
        found = [
            part.sums.totals.total() if own is None else part.sums.totals.of(own)
            for part, own in self._asked(ids)
        ]
        return Tally.together(found).usage()

    def usage_in(self, from_s: float, to_s: float, ids: Ids) -> Usage | None:
        """The same from one moment to before another; `None` if that is unknown."""
        found = [part.sums.series.tally(from_s, to_s, own) for part, own in self._asked(ids)]
        known = [tally for tally in found if tally is not None]
        return Tally.together(known).usage() if len(known) == len(found) else None

    def slots(self, steps: Steps, ids: Ids) -> tuple[Slot, ...]:
        """The same by time."""
        tallies: defaultdict[int, list[Tally]] = defaultdict(list)
        for part, own in self._asked(ids):
            for number, tally in part.sums.series.tallies(steps, own).items():
                tallies[number].append(tally)
        return steps.slots({number: Tally.together(some) for number, some in tallies.items()})

    def first_s(self, ids: Ids) -> float | None:
        """When the first exchange was; see `FleetModel.first_exchange_s`."""
        firsts = [part.sums.series.first_s(own) for part, own in self._asked(ids)]
        return min((first_s for first_s in firsts if first_s is not None), default=None)

    def groups(self, by: str, known: Collection[str], say: Say, ids: Ids) -> tuple[Group, ...]:
        """See `FleetModel.groups`.

        Args:
            by: What by.
            known: All instances.
            say: What they say of themselves.
            ids: Of these only.
        """
        _check(by)
        if by == "error":
            return self._counted(lambda sums, own: sums.errors.groups(own), ids) or ()
        if by == "event_type":
            groups = self._counted(lambda sums, own: sums.events.groups(own), ids) or ()
            return in_order(
                Group(EXCHANGE, self.usage_of(ids), group.instance_ids)
                if group.label == EXCHANGE
                else group
                for group in groups
            )
        return of_instances(by, known, ids, say, lambda some: self.usage_of({*some}))

    def groups_in(
        self,
        by: str,
        known: Collection[str],
        say: Say,
        ids: Ids,
        from_s: float | None,
        to_s: float,
    ) -> tuple[Group, ...] | None:
        """See `FleetModel.groups_in`; the other arguments are those of `groups`."""
        _check(by)
        if by == "error":
            return self._counted(lambda sums, own: sums.errors.groups_in(from_s, to_s, own), ids)
        if by == "event_type":
            return self._by_event_type_in(ids, from_s, to_s)
        usage_of = self.usages_in(_begin_s(from_s), to_s, ids)
        if usage_of is None:
            return None
        groups = of_instances(by, known, ids, say, usage_of)
        return tuple(group for group in groups if group.usage.requests)

    def usages_in(self, from_s: float, to_s: float, ids: Ids) -> UsageOf | None:
        """Knows what any of some instances add up to in a window; `None` if that is unknown."""
        tallies: defaultdict[str | None, list[Tally]] = defaultdict(list)
        for part, own in self._asked(ids):
            theirs = part.sums.series.by_instance(from_s, to_s, own)
            if theirs is None:
                return None
            for instance_id, tally in theirs.items():
                tallies[part.name(instance_id)].append(tally)

        def usage_of(instance_ids: Iterable[str | None]) -> Usage:
            found = [tally for i in set(instance_ids) for tally in tallies.get(i, ())]
            return Tally.together(found).usage()

        return usage_of

    def _by_event_type_in(
        self, ids: Ids, from_s: float | None, to_s: float
    ) -> tuple[Group, ...] | None:
        groups = self._counted(lambda sums, own: sums.events.groups_in(from_s, to_s, own), ids)
        usage = self.usage_in(_begin_s(from_s), to_s, ids)
        if groups is None or usage is None:
            return None
        others = [group for group in groups if group.label != EXCHANGE]
        if not usage.requests:
            return in_order(others)
        whose = self._whose(_begin_s(from_s), to_s, ids)
        return None if whose is None else in_order([*others, Group(EXCHANGE, usage, whose)])

    def _counted(
        self, count: Callable[[Sums, Ids], tuple[Group, ...] | None], ids: Ids
    ) -> tuple[Group, ...] | None:
        """Groups whose members are only numbered; `None` if some part does not know its own."""
        found: list[tuple[Group, ...]] = []
        for part, own in self._asked(ids):
            groups = count(part.sums, own)
            if groups is None:
                return None
            found.append(part.named(groups))
        return found[0] if len(found) == 1 else together(chain.from_iterable(found))

    def _whose(self, from_s: float, to_s: float, ids: Ids) -> tuple[str, ...] | None:
        """The ids of those who have any exchange in a window, sorted; `None` if unknown."""
        found: set[str] = set()
        for part, own in self._asked(ids):
            theirs = part.sums.series.by_instance(from_s, to_s, own)
            if theirs is None:
                return None
            found.update(part.names(i for i in theirs if i is not None))
        return tuple(sorted(found))

    def _asked(self, ids: Ids) -> Iterator[tuple[PrefixedSums, Ids]]:
        """The parts that know of anybody who is asked about, and whom that means in there."""
        for part in self._parts:
            own = part.own(ids)
            if own is None or own:
                yield part, own


def _check(by: str) -> None:
    if by not in GROUPINGS:
        raise ValueError(f"cannot group by {by!r}: only by {', '.join(GROUPINGS)}")


def _begin_s(from_s: float | None) -> float:
    return 0.0 if from_s is None else from_s

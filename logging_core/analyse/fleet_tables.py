"""What a fleet model adds up to: its tables and plots."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial

from logging_core.analyse.fold import Fold
from logging_core.analyse.grouping import UsageOf
from logging_core.analyse.groups import PrefixedSums, Tables
from logging_core.analyse.instance import Instance
from logging_core.analyse.series import Steps
from logging_core.analyse.state import Group, Slot, Usage


class FleetTables:
    """Sums up what was folded, of some instances or of all, by time or by what belongs together.

    Args:
        fold: What records are folded into; they may go on.
    """

    def __init__(self, fold: Fold) -> None:
        self._fold = fold

    def usage_of(self, instance_ids: Iterable[str | None]) -> Usage:
        """What some instances add up to; those that are not known add nothing. `None` is nobody."""
        return self._tables().usage_of(set(instance_ids))

    def series(
        self,
        *,
        from_s: float,
        to_s: float,
        step_s: float,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Slot, ...]:
        """What was exchanged by time; see `analyse.series` for how finely.

        Args:
            from_s: When the first slot begins; cut to its minute.
            to_s: When the last one ends, whole or not: what is later is not in it.
            step_s: How long a slot is, a multiple of 60.
            instance_ids: Of these instances only; `None`: all, and what is nobody's.

        Returns:
            All slots in order, those that are empty included.

        Raises:
            ValueError: The step is not a multiple of 60.
        """
        steps = Steps.between(from_s, to_s, step_s)
        return self._tables().slots(steps, _as_set(instance_ids))

    def usage_in(
        self, *, from_s: float, to_s: float, instance_ids: Collection[str | None] | None = None
    ) -> Usage | None:
        """What some instances, or all, add up to from one moment to before another.

        `None` if that is unknown: long ago only hours or days are, see `analyse.series`.
        """
        return self._tables().usage_in(from_s, to_s, _as_set(instance_ids))

    def usages_in(self, *, from_s: float, to_s: float) -> UsageOf | None:
        """Knows of any instances what `usage_in` tells: of many at less cost than to ask for each.

        `None` if that is unknown of some instance.
        """
        return self._tables().usages_in(from_s, to_s, None)

    def first_exchange_s(self, instance_ids: Collection[str | None] | None = None) -> float | None:
        """When some instances, or all, had their first exchange; `None` if they had none.

        Long ago only hours or days are known, see `analyse.series`: then it is when that began.
        """
        return self._tables().first_s(_as_set(instance_ids))

    def groups(self, by: str, instance_ids: Collection[str] | None = None) -> tuple[Group, ...]:
        """Sums of what belongs together: the dearest first, else the busiest.

        Args:
            by: `instance` (labels are ids), `role`, `model` (the type of one whose model is
                unknown), `instance_type`, `parent` (an instance with everyone below it),
                `event_type` or `error`, of which only the number is known, one for each instance
                that an error is about.
            instance_ids: Of these instances only; `None`: all.

        Raises:
            ValueError: `by` is none of these.
        """
        tables, known = self._tables(), self._known()
        return tables.groups(by, known, partial(_say, known), _as_set(instance_ids))

    def groups_in(
        self,
        by: str,
        *,
        from_s: float | None,
        to_s: float,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Group, ...] | None:
        """The same from one moment to before another, without those that had nothing in it.

        `None` if that is unknown: long ago only hours or days are, see `analyse.series` and
        `analyse.counts`.

        Args:
            by: As of `groups`.
            from_s: When the window begins; `None`: with the first record. Then event types and
                errors without any time are in it, too.
            to_s: When it ends.
            instance_ids: As of `groups`.

        Raises:
            ValueError: `by` is none of these.
        """
        tables, known, chosen = self._tables(), self._known(), _as_set(instance_ids)
        return tables.groups_in(by, known, partial(_say, known), chosen, from_s, to_s)

    def activity(self, instance_id: str, *, now_s: float, minutes: int) -> tuple[int, ...]:
        """How many records each of the last minutes had, oldest first, the current one last.

        Args:
            instance_id: Whose; one that is not known has none.
            now_s: The moment.
            minutes: How many; up to `activity.PULSE_MINUTES` are known for certain.
        """
        self._fold.settle()
        instance = self._fold.instances.get(instance_id)
        if instance is None:
            return (0,) * minutes
        return instance.records_per_minute(now_s, minutes)

    def _tables(self) -> Tables:
        self._fold.settle()
        return Tables((PrefixedSums(self._fold.sums),))

    def _known(self) -> dict[str, Instance]:
        return {i.instance_id: i for i in self._fold.instances.values() if i.is_known}


def _say(known: Mapping[str, Instance], instance_id: str, field: str) -> str | None:
    """What an instance says of itself, in one of `IDENTITY_FIELDS`."""
    instance = known[instance_id]
    is_parent = field == "parent_instance_id"
    return instance.parent(known.__contains__) if is_parent else instance.identity.get(field)


def _as_set(instance_ids: Collection[str | None] | None) -> set[str | None] | None:
    return None if instance_ids is None else set(instance_ids)

"""What one tree or several add up to, as a value that can be written, sent, read and merged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from io import BytesIO
from typing import Self

from logging_core.analyse import memento
from logging_core.analyse.forms import SUMS
from logging_core.analyse.grouping import GROUPINGS, in_order
from logging_core.analyse.groups import Ids, PrefixedSums, Tables
from logging_core.analyse.roster import Roster
from logging_core.analyse.series import Steps
from logging_core.analyse.state import Group, Slot, Usage
from logging_core.analyse.tree_sums import TreeSums, check_parts
from logging_core.arguments import ids_of, moment
from logging_core.records import IDENTITY_FIELDS

BY_TREE = "tree"


class FleetSummary:
    """What the exchanges, events and errors of one log tree or of several add up to.

    `summarize` makes it of a tree; `merge` puts the trees of many machines together. It can be
    asked about all time and about any window, and what it cannot know it does not make up.

    An instance is called by the name of its tree, a slash and its id, `host-1/abc123`, as ids of
    two trees may be the same; only one whose parent is not in its own tree is the child of the one
    instance in the others that has this id. A tree that was summed twice counts once: as it was
    found last. The parts of a tree add up, and an instance in several of them is one.

    Its methods block, and are for one thread at a time. None changes what it tells.

    Args:
        parts: What `summarize` and `from_bytes` make it of; without any there is nothing in it.
    """

    def __init__(self, *parts: TreeSums) -> None:
        newest: dict[tuple[str, str], TreeSums] = {}
        for part in parts:
            key = part.tree, part.part
            newest[key] = _newer(newest[key], part) if key in newest else part
        self._parts = tuple(newest[key] for key in sorted(newest))
        self._tables = _tables(self._parts)

    # --- as a value ----------------------------------------------------------

    def merge(self, *others: FleetSummary) -> FleetSummary:
        """Return the summary of all the trees together, in whatever order they come."""
        return FleetSummary(*self._parts, *(part for other in others for part in other._parts))

    def to_bytes(self) -> bytes:
        """Return it as bytes to be kept or sent, for `from_bytes`.

        They hold no message, and take some 80 bytes for each exchange, or half of that and less
        where there are hundreds of thousands.
        """
        file = BytesIO()
        memento.dump([*self._parts], file, SUMS)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the summary that `to_bytes` was called on.

        Whoever wrote them, no code in them runs, and their texts are safe to show; their numbers
        are believed.

        Raises:
            ValueError: They are damaged, or of another version of this library: what that wrote
                has to be made anew.
        """
        try:
            parts = memento.load(BytesIO(data), SUMS)
            check_parts(parts)
        except ValueError as error:
            raise ValueError(f"not a summary that can be read: {error}") from error
        return cls(*parts)

    # --- who is in it --------------------------------------------------------

    @property
    def trees(self) -> dict[str, float]:
        """When each tree, by name, was looked at last, in seconds since the epoch."""
        looks = {part.tree: part.at_s for part in sorted(self._parts, key=_age)}
        return dict(sorted(looks.items()))

    @property
    def instances(self) -> dict[str, dict[str, str]]:
        """What each instance, as it is called here, is known to say of itself.

        Its `instance_name`, `role`, `instance_type`, `model`, `parent_instance_id`, which is what
        that one is called here, and `tmux_session`.
        """
        say = self._roster.say
        return {
            name: {
                field: said for field in IDENTITY_FIELDS if (said := say(name, field)) is not None
            }
            for name in sorted(self._roster.said)
        }

    @property
    def errors(self) -> int:
        """How many errors there were; what two files of a tree report of one counts once."""
        return sum(part.errors for part in self._parts)

    @cached_property
    def _roster(self) -> Roster:
        return Roster(sorted(self._parts, key=_age))

    # --- sums ----------------------------------------------------------------

    def usage(self, instance_ids: Iterable[str] | None = None) -> Usage:
        """Return what the exchanges of all time add up to.

        Args:
            instance_ids: Of these instances only: many, or one. `None`: all, and what is nobody's.

        Raises:
            TypeError: `instance_ids` are no ids.
        """
        return self._tables.usage_of(_chosen(instance_ids))

    def usage_in(
        self, *, from_s: float, to_s: float, instance_ids: Iterable[str] | None = None
    ) -> Usage | None:
        """Return the same from one moment to before another.

        `None` if that is unknown: of many exchanges long ago only the sum of each hour is known, of
        instances in the end of each day (UTC), and the window begins or ends within one of these.

        Args:
            from_s: When the window begins, in seconds since the epoch.
            to_s: When it ends.
            instance_ids: As of `usage`.

        Raises:
            ValueError: `from_s` or `to_s` is no time.
            TypeError: As of `usage`.
        """
        window = moment("from_s", from_s, finite=True), moment("to_s", to_s, finite=True)
        return self._tables.usage_in(*window, _chosen(instance_ids))

    def series(
        self,
        *,
        from_s: float,
        to_s: float,
        step_s: float = 60,
        instance_ids: Iterable[str] | None = None,
    ) -> tuple[Slot, ...]:
        """Return the same by time, as for a plot.

        Where only the sum of an hour or a day is known, it is in the slot that this begins in.

        Args:
            from_s: When the first slot begins, in seconds since the epoch; cut to its minute.
            to_s: When the last one ends, whole or not: what is later is not in it.
            step_s: How long a slot is, a multiple of 60.
            instance_ids: As of `usage`.

        Returns:
            All slots in order, those that are empty included.

        Raises:
            ValueError: The step is not a multiple of 60, or `from_s` or `to_s` is no time.
            TypeError: As of `usage`.
        """
        window = moment("from_s", from_s, finite=True), moment("to_s", to_s, finite=True)
        return self._tables.slots(Steps.between(*window, step_s), _chosen(instance_ids))

    def first_exchange_s(self, instance_ids: Iterable[str] | None = None) -> float | None:
        """Return when the first exchange was, in seconds since the epoch; `None` without any.

        Where only the sum of its hour or day is known, that is when this began.

        Args:
            instance_ids: As of `usage`.

        Raises:
            TypeError: As of `usage`.
        """
        return self._tables.first_s(_chosen(instance_ids))

    def groups(self, by: str, instance_ids: Iterable[str] | None = None) -> tuple[Group, ...]:
        """Return sums of what belongs together: the dearest first, else the busiest.

        Args:
            by: `tree`, `instance`, `role`, `model` (the type of one whose model is unknown),
                `instance_type`, `parent` (an instance with everyone below it), `event_type` or
                `error`, of which only the number is known, one for each instance that an error is
                about.
            instance_ids: As of `usage`.

        Raises:
            ValueError: `by` is none of these.
            TypeError: As of `usage`.
        """
        _check(by)
        ids, roster = _chosen(instance_ids), self._roster
        if by == BY_TREE:
            return self._by_tree(ids, lambda tables: tables.usage_of(ids)) or ()
        return self._tables.groups(by, roster.said, roster.say, ids)

    def groups_in(
        self,
        by: str,
        *,
        from_s: float | None,
        to_s: float,
        instance_ids: Iterable[str] | None = None,
    ) -> tuple[Group, ...] | None:
        """Return the same from one moment to before another, without what had nothing in it.

        `None` if that is unknown, see `usage_in`.

        Args:
            by: As of `groups`.
            from_s: When the window begins, in seconds since the epoch; `None`: with the first
                record. Then event types and errors without any time are in it, too.
            to_s: When it ends.
            instance_ids: As of `usage`.

        Raises:
            ValueError: `by` is none of these, or `from_s` or `to_s` is no time.
            TypeError: As of `usage`.
        """
        _check(by)
        ids, roster = _chosen(instance_ids), self._roster
        from_s = None if from_s is None else moment("from_s", from_s, finite=True)
        to_s = moment("to_s", to_s, finite=True)
        if by != BY_TREE:
            return self._tables.groups_in(by, roster.said, roster.say, ids, from_s, to_s)
        begin_s = 0.0 if from_s is None else from_s
        groups = self._by_tree(ids, lambda tables: tables.usage_in(begin_s, to_s, ids))
        return None if groups is None else tuple(g for g in groups if g.usage.requests)

    def _by_tree(
        self, ids: Ids, usage: Callable[[Tables], Usage | None]
    ) -> tuple[Group, ...] | None:
        groups = []
        for tree in self.trees:
            members = [name for name in sorted(self._roster.said) if name.startswith(f"{tree}/")]
            if ids is not None:
                members = [name for name in members if name in ids]
            of_tree = usage(_tables(part for part in self._parts if part.tree == tree))
            if of_tree is None:
                return None
            if ids is None or members:
                groups.append(Group(tree, of_tree, tuple(members)))
        return in_order(groups)


def _tables(parts: Iterable[TreeSums]) -> Tables:
    return Tables([PrefixedSums(part.sums, f"{part.tree}/") for part in parts])


def _newer(one: TreeSums, other: TreeSums) -> TreeSums:
    """Which of two looks at the same is the later one, whichever of them comes first."""
    if one.at_s == other.at_s and one is not other:
        return max(one, other, key=_dumped)
    return max(one, other, key=_age)


def _age(part: TreeSums) -> float:
    return part.at_s


def _dumped(part: TreeSums) -> bytes:
    file = BytesIO()
    memento.dump(part, file, SUMS)
    return file.getvalue()


def _check(by: str) -> None:
    if by != BY_TREE and by not in GROUPINGS:
        raise ValueError(f"cannot group by {by!r}: only by {BY_TREE}, {', '.join(GROUPINGS)}")


def _chosen(instance_ids: Iterable[str] | None) -> Ids:
    return None if instance_ids is None else ids_of("instance_ids", instance_ids)

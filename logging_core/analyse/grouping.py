"""Which instances belong together, and what each group of them adds up to. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

from logging_core.analyse.state import Group, Usage

_SAID = frozenset({"role", "model", "instance_type"})
"""What instances may say about themselves alike."""

GROUPINGS = ("instance", *sorted(_SAID), "parent", "event_type", "error")
"""What can be grouped by."""

Say: TypeAlias = Callable[[str, str], str | None]
"""What an instance says in a field, one of `IDENTITY_FIELDS`."""

UsageOf: TypeAlias = Callable[[Iterable[str | None]], Usage]
"""What some instances add up to."""


def of_instances(
    by: str,
    known: Collection[str],
    instance_ids: Collection[str | None] | None,
    say: Say,
    usage_of: UsageOf,
) -> tuple[Group, ...]:
    """Groups of instances: one for each, or by what they say of themselves.

    Args:
        by: See `FleetModel.groups`; neither `event_type` nor `error`.
        known: All instances.
        instance_ids: Of these only; `None`: all, and what is nobody's.
        say: What they say of themselves.
        usage_of: What instances add up to.
    """
    chosen = set(known) if instance_ids is None else set(known) & set(instance_ids)
    if by == "parent":
        return by_parent({i: say(i, "parent_instance_id") for i in known}, chosen, usage_of)
    if by in _SAID:
        return by_label({i: _label(say, i, by) for i in chosen}, usage_of)
    groups = by_label({i: i for i in chosen}, usage_of)
    nobodys = usage_of((None,))
    if instance_ids is not None or not nobodys.requests:
        return groups
    return in_order((*groups, Group(None, nobodys)))


def _label(say: Say, instance_id: str, field: str) -> str | None:
    """What it says about itself; of an unknown model the type is known at least."""
    said = say(instance_id, field)
    return say(instance_id, "instance_type") if said is None and field == "model" else said


def by_label(labels: Mapping[str, str | None], usage_of: UsageOf) -> tuple[Group, ...]:
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
    parents: Mapping[str, str | None], chosen: Collection[str], usage_of: UsageOf
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


def together(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Groups of which only the number is known: those with one label are one."""
    numbers: Counter[str | None] = Counter()
    members: defaultdict[str | None, set[str]] = defaultdict(set)
    for group in groups:
        numbers[group.label] += group.usage.requests
        members[group.label].update(group.instance_ids)
    return in_order(
        Group(label, Usage(number), tuple(sorted(members[label])))
        for label, number in numbers.items()
    )


def in_order(groups: Iterable[Group]) -> tuple[Group, ...]:
    """The dearest first, those without a cost by requests; ties by label, the unknown last."""
    return tuple(sorted(groups, key=_rank))


def _rank(group: Group) -> tuple[float, int, bool, str]:
    cost_usd = -1.0 if group.usage.cost_usd is None else group.usage.cost_usd
    return -cost_usd, -group.usage.requests, group.label is None, group.label or ""

"""The rows of the instances panel and their order: flat, or a tree with foldable branches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from logging_core.analyse.state import InstanceState, Latency, OpenRequest, State, Usage
from madrox_tui import format as fmt
from madrox_tui.sorting import SortKey
from madrox_tui.states import LOOKS

T = TypeVar("T", int, float)

BRANCH, FOLDED = "▾", "▸"
"""Before an instance with others below it: these are shown, or folded into its row."""

URGENCY = "state"
"""The default order: instances that need you, then the others, terminated ones last."""


class Order(msgspec.Struct, frozen=True):
    """How rows are sorted.

    Attributes:
        key: One of `ORDERS`.
        reverse: Whether the key's default direction is reversed.
    """

    key: str = URGENCY
    reverse: bool = False

    @property
    def mark(self) -> str:
        """The sign of the direction: `▾` if the largest is first."""
        return ORDERS[self.key].mark(reverse=self.reverse)


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row.

    Attributes:
        instance: The instance that is selected when the cursor is here.
        shown: What the row shows: the instance, or the totals of a folded branch.
        lead: Whose state it shows: the instance itself, or the one in a folded branch that needs
            you most.
        ids: The instances it represents: more than one if a branch is folded.
        depth: Depth in the tree; 0 for a root, and in a flat list.
        branch: Whether it has children in the tree.
    """

    instance: InstanceState
    shown: InstanceState
    lead: InstanceState
    ids: tuple[str, ...]
    depth: int = 0
    branch: bool = False

    @property
    def folded(self) -> int:
        """The number of instances folded into it."""
        return len(self.ids) - 1


def _age(time_s: float | None) -> float | None:
    """Return what an age is sorted by: the later the time, the smaller."""
    return None if time_s is None else -time_s


ORDERS: Mapping[str, SortKey[InstanceState]] = {
    URGENCY: SortKey(lambda i: LOOKS[i.state].rank, largest_first=False),
    "since": SortKey(lambda i: _age(i.since_s)),
    "name": SortKey(lambda i: i.label.casefold(), largest_first=False),
    "role": SortKey(lambda i: i.role, largest_first=False),
    "model": SortKey(lambda i: fmt.model(i.instance_type, i.model), largest_first=False),
    "open": SortKey(lambda i: _age(i.open_requests[0].since_s) if i.open_requests else None),
    "requests": SortKey(lambda i: i.usage.requests),
    "tokens": SortKey(lambda i: i.usage.tokens),
    "cost": SortKey(lambda i: i.usage.cost_usd),
    "p95": SortKey(lambda i: i.usage.latency.p95_s),
    "seen": SortKey(lambda i: _age(i.last_activity_s), largest_first=False),
}
"""The sort keys. Unknown values come last in either direction."""


def ordered(instances: Iterable[InstanceState], order: Order) -> list[InstanceState]:
    """Sort instances; ties by urgency, then in the given order."""
    urgent = sorted(instances, key=lambda i: LOOKS[i.state].rank)
    return ORDERS[order.key].sort(urgent, reverse=order.reverse)


def flat(instances: Iterable[InstanceState], order: Order) -> list[Row]:
    """Return one row per instance."""
    return [Row(i, i, i, (i.instance_id,)) for i in ordered(instances, order)]


def forest(
    instances: Sequence[InstanceState],
    order: Order,
    folded: frozenset[str],
    *,
    with_dead: bool = True,
) -> list[Row]:
    """Return the rows of a tree; an instance whose parent is not among them is a root.

    A branch is sorted by its totals, so that an instance that needs you is at the top together
    with its parents. Its totals are of all in it, even of those who have no row.

    Args:
        instances: The instances.
        order: The order of the roots, and of the children of one parent.
        folded: Ids of the parents whose branch is folded into one row.
        with_dead: Whether a branch in which all are terminated is shown.
    """
    children = _children(instances)
    rows: list[Row] = []
    sums: dict[str, InstanceState] = {}
    leads: dict[str, InstanceState] = {}
    reach: dict[str, tuple[str, ...]] = {}
    for instance in reversed(list(_depth_first(children))):
        below = [i.instance_id for i in children.get(instance.instance_id, ())]
        lead = leads[instance.instance_id] = _lead(instance, [leads[i] for i in below])
        sums[instance.instance_id] = _merged(instance, lead, [sums[i] for i in below])
        reach[instance.instance_id] = (instance.instance_id, *(j for i in below for j in reach[i]))
    own = {i.instance_id: i for i in instances}
    if not with_dead:
        sums = {i: total for i, total in sums.items() if total.state is not State.TERMINATED}
    stack = [(root, 0) for root in _placed(children.get(None, ()), sums, order)]
    while stack:
        instance_id, depth = stack.pop()
        instance, offspring = own[instance_id], children.get(instance_id, [])
        if offspring and instance_id in folded:
            total, lead, ids = sums[instance_id], leads[instance_id], reach[instance_id]
            rows.append(Row(instance, total, lead, ids, depth, branch=True))
            continue
        rows.append(Row(instance, instance, instance, (instance_id,), depth, bool(offspring)))
        stack += [(child, depth + 1) for child in _placed(offspring, sums, order)]
    return rows


def _placed(
    siblings: Iterable[InstanceState], sums: Mapping[str, InstanceState], order: Order
) -> list[str]:
    """Return the sorted ids of siblings with a sum in reverse, ready to push on a stack."""
    placed = ordered((sums[i.instance_id] for i in siblings if i.instance_id in sums), order)
    return [i.instance_id for i in reversed(placed)]


def _children(instances: Sequence[InstanceState]) -> dict[str | None, list[InstanceState]]:
    """Group children by parent, roots under `None`; a cycle is cut, making one of it a root."""
    parents = {i.instance_id: i.parent_instance_id for i in instances}
    children: dict[str | None, list[InstanceState]] = {}
    rooted: set[str | None] = {None}
    for instance in instances:
        path: dict[str, None] = {}
        at: str | None = instance.instance_id
        while at in parents and at not in rooted and at not in path:
            path[at] = None
            at = parents[at]
        if at in path:  # a cycle: cut it here
            parents[at] = None
        rooted.update(path)
    for instance in instances:
        parent = parents[instance.instance_id]
        children.setdefault(parent if parent in parents else None, []).append(instance)
    return children


def _depth_first(children: Mapping[str | None, list[InstanceState]]) -> Iterable[InstanceState]:
    stack = list(children.get(None, ()))
    while stack:
        instance = stack.pop()
        yield instance
        stack += children.get(instance.instance_id, ())


def _lead(instance: InstanceState, below: Sequence[InstanceState]) -> InstanceState:
    """Return whose state a branch shows: that of the most urgent, its root before others."""
    return min((instance, *below), key=lambda i: LOOKS[i.state].rank)


def _merged(
    instance: InstanceState, lead: InstanceState, below: Sequence[InstanceState]
) -> InstanceState:
    """Merge a branch: its totals, and the state of its lead.

    Quantiles cannot be summed: they are unknown unless only one instance has any.
    """
    if not below:
        return instance
    everyone = (instance, *below)
    return msgspec.structs.replace(
        instance,
        state=lead.state,
        since_s=lead.since_s,
        reason=instance.reason if lead is instance else f"{lead.label}: {lead.reason}",
        usage=_usage([i.usage for i in everyone]),
        open_requests=tuple(sorted((r for i in everyone for r in i.open_requests), key=_asked)),
        errors=sum(i.errors for i in everyone),
        frames=sum(i.frames for i in everyone),
        last_activity_s=_most(i.last_activity_s for i in everyone),
    )


def _usage(usages: Sequence[Usage]) -> Usage:
    timed = [usage.latency for usage in usages if usage.latency.count]
    return Usage(
        requests=sum(usage.requests for usage in usages),
        tokens=_sum(usage.tokens for usage in usages),
        cost_usd=_sum(usage.cost_usd for usage in usages),
        unpriced=sum(usage.unpriced for usage in usages),
        latency=timed[0] if len(timed) == 1 else Latency(sum(latency.count for latency in timed)),
    )


def _sum(values: Iterable[T | None]) -> T | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _asked(request: OpenRequest) -> tuple[bool, float]:
    return request.since_s is None, request.since_s or 0.0

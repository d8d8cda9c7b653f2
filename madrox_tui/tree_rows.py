"""Which instances are rows, and in what order: flat, or as a tree whose branches fold. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from logging_core.analyse.state import InstanceState, Latency, OpenRequest, State, Usage
from madrox_tui.panels.look import LOOKS, NEEDS_YOU

T = TypeVar("T", int, float)

URGENCY = "state"
"""The order to begin with: those that need you, then the living, then the gone."""


class Order(msgspec.Struct, frozen=True):
    """By what rows are sorted.

    Attributes:
        key: One of `ORDERS`.
        reverse: Against the direction that the key begins with.
    """

    key: str = URGENCY
    reverse: bool = False

    @property
    def mark(self) -> str:
        """The sign of the direction: `▾` when the largest is first."""
        return "▾" if ORDERS[self.key].largest_first != self.reverse else "▴"


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row.

    Attributes:
        instance: The instance that is selected when the cursor is here.
        shown: What the row says: the instance, or a folded branch as a whole.
        ids: Whom it stands for: more than one when a branch is folded.
        depth: How deep in the tree; 0 for a root, and in a flat list.
        branch: Whether others are below it in the tree.
    """

    instance: InstanceState
    shown: InstanceState
    ids: tuple[str, ...]
    depth: int = 0
    branch: bool = False

    @property
    def folded(self) -> int:
        """How many instances are folded into it."""
        return len(self.ids) - 1


class _Key(msgspec.Struct, frozen=True):
    value: Callable[[InstanceState], float | str | None]
    largest_first: bool = True


ORDERS: Mapping[str, _Key] = {
    URGENCY: _Key(lambda i: LOOKS[i.state].rank, largest_first=False),
    "since": _Key(lambda i: i.since_s, largest_first=False),
    "name": _Key(lambda i: i.label.casefold(), largest_first=False),
    "role": _Key(lambda i: i.role, largest_first=False),
    "model": _Key(lambda i: i.model or i.instance_type, largest_first=False),
    "open": _Key(lambda i: len(i.open_requests)),
    "requests": _Key(lambda i: i.usage.requests),
    "tokens": _Key(lambda i: i.usage.tokens),
    "cost": _Key(lambda i: i.usage.cost_usd),
    "p95": _Key(lambda i: i.usage.latency.p95_s),
    "seen": _Key(lambda i: i.last_activity_s),
}
"""What rows can be sorted by. Unknown is last in either direction."""


def ordered(instances: Iterable[InstanceState], order: Order) -> list[InstanceState]:
    """The instances in an order; equal ones by urgency, then as they were."""
    key = ORDERS[order.key]
    urgent = sorted(instances, key=lambda i: LOOKS[i.state].rank)
    known = [(value, i) for i in urgent if (value := key.value(i)) is not None]
    unknown = [i for i in urgent if key.value(i) is None]
    descending = key.largest_first != order.reverse
    # Python keeps equal ones in their order also when it sorts in reverse.
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [i for _, i in known] + unknown


def flat(instances: Iterable[InstanceState], order: Order) -> list[Row]:
    """One row each."""
    return [Row(i, i, (i.instance_id,)) for i in ordered(instances, order)]


def forest(instances: Sequence[InstanceState], order: Order, folded: frozenset[str]) -> list[Row]:
    """Each instance below its parent; one whose parent is not among them is a root.

    A branch is placed by what it is as a whole, so that whoever needs you is at the top together
    with its parents.

    Args:
        instances: Those to show.
        order: Of the roots, and of the children of one parent.
        folded: The ids of parents whose branches are one row each.
    """
    children = _children(instances)
    rows: list[Row] = []
    sums = {root.instance_id: root for root in instances}
    reach: dict[str, tuple[str, ...]] = {}
    for instance in reversed(list(_depth_first(children))):
        below = [i.instance_id for i in children.get(instance.instance_id, ())]
        sums[instance.instance_id] = _merged(instance, [sums[i] for i in below])
        reach[instance.instance_id] = (instance.instance_id, *(j for i in below for j in reach[i]))
    own = {i.instance_id: i for i in instances}
    stack = [(root, 0) for root in _placed(children.get(None, ()), sums, order)]
    while stack:
        instance_id, depth = stack.pop()
        instance, offspring = own[instance_id], children.get(instance_id, [])
        if offspring and instance_id in folded:
            rows.append(Row(instance, sums[instance_id], reach[instance_id], depth, branch=True))
            continue
        rows.append(Row(instance, instance, (instance_id,), depth, branch=bool(offspring)))
        stack += [(child, depth + 1) for child in _placed(offspring, sums, order)]
    return rows


def _placed(
    siblings: Iterable[InstanceState], sums: Mapping[str, InstanceState], order: Order
) -> list[str]:
    """The ids of siblings, the first of them last: to be taken from a stack."""
    placed = ordered((sums[i.instance_id] for i in siblings), order)
    return [i.instance_id for i in reversed(placed)]


def _children(instances: Sequence[InstanceState]) -> dict[str | None, list[InstanceState]]:
    """Children by parent, the roots under `None`; of those who name each other one is a root."""
    parents = {i.instance_id: i.parent_instance_id for i in instances}
    children: dict[str | None, list[InstanceState]] = {}
    rooted: set[str | None] = {None}
    for instance in instances:
        path: dict[str, None] = {}
        at: str | None = instance.instance_id
        while at in parents and at not in rooted and at not in path:
            path[at] = None
            at = parents[at]
        if at in path:  # a circle: it is cut here
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


def _merged(instance: InstanceState, below: Sequence[InstanceState]) -> InstanceState:
    """A branch as one: its sums, and the state of whoever in it needs you most.

    Quantiles of several instances do not add up: unless only one has any, they are unknown.
    """
    if not below:
        return instance
    everyone = (instance, *below)
    urgent = min(everyone, key=lambda i: LOOKS[i.state].rank)
    leads = urgent is not instance and (
        urgent.state in NEEDS_YOU or instance.state in {State.TERMINATED, State.UNKNOWN}
    )
    return msgspec.structs.replace(
        instance,
        state=urgent.state if leads else instance.state,
        since_s=urgent.since_s if leads else instance.since_s,
        reason=f"{urgent.label}: {urgent.reason}" if leads else instance.reason,
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
        latency=timed[0] if len(timed) == 1 else Latency(),
    )


def _sum(values: Iterable[T | None]) -> T | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _asked(request: OpenRequest) -> tuple[bool, float]:
    return request.since_s is None, request.since_s or 0.0

"""Exporting the audit table's sums. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from logging_core.analyse.state import Group
from madrox_tui.export import Export, Value
from madrox_tui.panels.audit.view import COUNTED, HAVE_IDS


def audit_export(
    by: str, groups: Sequence[Group], called: Callable[[Group], str], note: str = ""
) -> Export:
    """Export the sums of each group, in the order of the table; unknown is `None`.

    Args:
        by: The grouping.
        groups: The groups.
        called: Returns what a group is called on the screen.
        note: What the sums leave out; `''` if nothing is missing.
    """
    columns = (
        by,
        *((f"{by}_id",) if by in HAVE_IDS else ()),
        "instances",
        "times" if by in COUNTED else "requests",
        "tokens",
        "cost_usd",
        "unpriced",
        "p50_s",
        "p95_s",
        "max_s",
    )
    rows = (tuple(_values(by, group, called)) for group in groups)
    return Export("audit", columns, rows, note)


def _values(by: str, group: Group, called: Callable[[Group], str]) -> Iterator[Value]:
    yield called(group)
    if by in HAVE_IDS:
        yield group.label
    yield len(group.instance_ids)
    usage = group.usage
    yield from (usage.requests, usage.tokens, usage.cost_usd, usage.unpriced)
    yield from (usage.latency.p50_s, usage.latency.p95_s, usage.latency.max_s)

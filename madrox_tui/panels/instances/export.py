"""Exporting the instances. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from logging_core.analyse.state import InstanceState
from madrox_tui.export import Export, Value, iso_time
from madrox_tui.panels.instances.rows import Row

EXPORTED = (
    "instance_id",
    "instance_name",
    "role",
    "instance_type",
    "model",
    "parent_instance_id",
    "state",
    "reason",
    "state_since",
    "last_activity",
    "requests",
    "tokens",
    "cost_usd",
    "unpriced",
    "p50_s",
    "p95_s",
    "open_requests",
    "errors",
    "frames",
)
"""The exported columns; times are ISO 8601 with their offset."""


def instance_export(rows: Iterable[Row], note: str = "") -> Export:
    """Export the rows; unknown is `None`.

    Args:
        rows: The rows.
        note: What their sums leave out; `''` if nothing is missing.
    """
    return Export("instances", EXPORTED, (_values(row.shown) for row in rows), note)


def _values(instance: InstanceState) -> tuple[Value, ...]:
    usage = instance.usage
    return (
        instance.instance_id,
        instance.instance_name,
        instance.role,
        instance.instance_type,
        instance.model,
        instance.parent_instance_id,
        instance.state.value,
        instance.reason,
        iso_time(instance.since_s),
        iso_time(instance.last_activity_s),
        usage.requests,
        usage.tokens,
        usage.cost_usd,
        usage.unpriced,
        usage.latency.p50_s,
        usage.latency.p95_s,
        len(instance.open_requests),
        instance.errors,
        instance.frames,
    )

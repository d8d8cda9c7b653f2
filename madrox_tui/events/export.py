"""Exporting audit events. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from madrox_tui.events.query import Events
from madrox_tui.export import Export, iso_time

EXPORTED = (
    "time",
    "instance_id",
    "instance_name",
    "event_type",
    "message_id",
    "response_time_s",
    "tokens",
    "cost_usd",
    "error",
)
"""The exported columns."""


def events_export(events: Events, names: Mapping[str, str], note: str = "") -> Export:
    """Export events, in the order listed; times are ISO 8601 with their offset.

    Args:
        events: The events.
        names: Instance names by id.
        note: What is not among them; `''` if nothing is missing.
    """
    rows = (
        (
            iso_time(event.time_s),
            event.instance_id,
            names.get(event.instance_id or ""),
            event.event_type,
            event.message_id,
            event.response_time_s,
            event.tokens,
            event.cost_usd,
            event.error,
        )
        for event in events.rows
    )
    return Export("events", EXPORTED, rows, note)

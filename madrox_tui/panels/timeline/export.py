"""Exporting the rows of the timeline. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from logging_core.analyse.state import TimelineEvent
from madrox_tui.export import Export, Value, iso_time
from madrox_tui.panels.timeline.entries import Entry, Row, Separator, entry_text

EXPORTED = (
    "time",
    "instance_id",
    "instance_name",
    "event_type",
    "direction",
    "message_id",
    "response_time_s",
    "tokens",
    "cost_usd",
    "text",
)
"""The exported columns; times are ISO 8601 with their offset."""


def timeline_export(rows: Sequence[Row], labels: Mapping[str, str], note: str = "") -> Export:
    """Export every message and event, oldest first, with its whole text.

    Args:
        rows: The rows of the timeline; separators are left out.
        labels: Each instance's label, by id.
        note: What is not among the rows; `''` if nothing is missing.
    """
    entries = (row for row in rows if not isinstance(row, Separator))
    values = (tuple(_values(entry, labels)) for entry in entries)
    return Export("timeline", EXPORTED, values, note)


def _values(entry: Entry, labels: Mapping[str, str]) -> Iterator[Value]:
    yield iso_time(entry.time_s)
    yield entry.instance_id or None
    yield labels.get(entry.instance_id)
    if isinstance(entry, TimelineEvent):
        yield from ("error" if entry.is_error else "event", None, entry.message_id)
        yield from (None, None, None)
    else:
        yield from (entry.event_type, entry.direction, entry.message_id)
        yield from (entry.response_time_s, entry.tokens, entry.cost_usd)
    yield entry_text(entry)

"""The events behind a row of the audit panel: which ones, their source, and their export."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from logging_core.analyse.state import Group, TimelineEvent
from logging_core.codec.times import format_time_aware
from logging_core.records import AuditEvent, Message
from madrox_tui.export import Export

EXCHANGE = "message_exchange"

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


class EventQuery(msgspec.Struct, frozen=True):
    """Selects audit events.

    Attributes:
        title: A title for them, safe to show.
        instance_ids: Only events of these instances, where `None` as an element stands for events
            without an instance; `None` for all events.
        event_type: Only this type; `None` for any.
        error: Only events whose error starts with this line, which may end in `…` where it was
            truncated; for an event without an error, its type counts. `None` for any.
        but_types: Types to exclude.
    """

    title: str
    instance_ids: frozenset[str | None] | None = None
    event_type: str | None = EXCHANGE
    error: str | None = None
    but_types: frozenset[str] = frozenset()

    def matches(self, event: AuditEvent) -> bool:
        """Return whether an event is selected."""
        if self.event_type is not None and event.event_type != self.event_type:
            return False
        if self.error is not None and not _begins(event.error or event.event_type, self.error):
            return False
        if event.event_type in self.but_types:
            return False
        return self.instance_ids is None or event.instance_id in self.instance_ids


def _begins(text: str, line: str) -> bool:
    first = text.strip().partition("\n")[0]
    return first.startswith(line[:-1]) if line.endswith("…") else first == line


def query_of(
    group: Group,
    by: str,
    title: str,
    *,
    shown: frozenset[str] | None = None,
    labels: Iterable[str | None] = (),
) -> EventQuery | None:
    """Return the query for the events behind a row of the audit table; `None` if unknown.

    Args:
        group: The row.
        by: What the table is grouped by.
        title: The row's name.
        shown: The instances that pass the filter; `None` without one.
        labels: The labels of all rows.
    """
    if by == "event_type":
        but_types = frozenset(label for label in labels if label and group.label is None)
        return EventQuery(title, shown, event_type=group.label, but_types=but_types)
    if by == "error":
        if group.label is None:
            return None  # old errors whose first lines are no longer known
        return EventQuery(title, event_type=None, error=group.label)
    return EventQuery(title, frozenset(group.instance_ids or (None,)))


class Events(msgspec.Struct, frozen=True, eq=False):
    """The newest of the selected events.

    Attributes:
        newest_first: The events.
        more: Whether there may be older ones.
    """

    newest_first: tuple[AuditEvent, ...] = ()
    more: bool = False


def with_happened(
    found: Events, query: EventQuery, happened: Iterable[TimelineEvent], most: int
) -> Events:
    """Add the errors that are recorded elsewhere than in the audit trail.

    Args:
        found: The events found in the audit trail.
        query: The events selected; only a query for errors is extended.
        happened: The events in the fleet's state.
        most: How many events to return at most, the newest.
    """
    if query.error is None:
        return found
    known = {(event.time_s, event.error) for event in found.newest_first}
    errors = (
        AuditEvent(
            time_s=one.time_s,
            event_type="error",
            instance_id=one.instance_id or None,
            error=one.text,
        )
        for one in happened
        if one.is_error and (one.time_s, one.text) not in known
    )
    everything = [*found.newest_first, *filter(query.matches, errors)]
    everything.sort(key=lambda event: -math.inf if event.time_s is None else event.time_s)
    newest_first = tuple(reversed(everything[-most:]))
    return Events(newest_first, found.more or len(everything) > most)


class EventSource(Protocol):
    """Reads audit events on demand without blocking the screen."""

    async def events(self, query: EventQuery, most: int) -> Events:
        """Return the newest `most` events that the query selects."""
        ...

    async def halves(self, event: AuditEvent) -> tuple[Message, ...]:
        """The reply and the request that an event is about, as far as they are found."""
        ...


def events_export(events: Events, names: Mapping[str, str]) -> Export:
    """Export events, newest first; times are ISO 8601 with their offset.

    Args:
        events: The events.
        names: Instance names by id.
    """
    rows = (
        (
            None if event.time_s is None else format_time_aware(event.time_s),
            event.instance_id,
            names.get(event.instance_id or ""),
            event.event_type,
            event.message_id,
            event.response_time_s,
            event.tokens,
            event.cost_usd,
            event.error,
        )
        for event in events.newest_first
    )
    return Export("events", EXPORTED, rows)

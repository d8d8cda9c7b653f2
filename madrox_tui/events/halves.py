"""From an audit event to what was said: the messages of an exchange, or the event itself."""

from __future__ import annotations

import json
import math

from logging_core.analyse.state import TimelineEvent
from logging_core.records import SPOKEN, AuditEvent, Message
from logging_core.text import safe_block
from madrox_tui.timeline.message_source import PAGE, Pages

MAX_PAGES = 10
"""So many pages of an instance's messages before an event are looked through."""

_LATE_S = 60.0
"""A reply may be recorded so long after its exchange."""


def find_halves(pages: Pages, event: AuditEvent) -> tuple[Message, ...]:
    """The reply and its request, as far as they are found. Reads files, and blocks.

    Args:
        pages: The messages of the event's instance.
        event: What names the message.
    """
    if not event.message_id:
        return ()
    pages.start_before(math.inf if event.time_s is None else event.time_s + _LATE_S)
    found: dict[str | None, Message] = {}
    for _ in range(MAX_PAGES):
        page = pages.older(PAGE)
        for message in reversed(page):
            if message.message_id == event.message_id and message.event_type in SPOKEN:
                found.setdefault(message.direction, message)
                if message.direction == "outbound":
                    return tuple(found.values())
        if not page:
            break
    return tuple(found.values())


def event_entry(event: AuditEvent) -> TimelineEvent:
    """An event as it stands in the timeline: its type, and below that all that it says."""
    if event.details:
        told = safe_block(json.dumps(event.details, indent=2, ensure_ascii=False, default=str))
    else:
        told = event.error or ""
    text = "\n".join(filter(None, [event.event_type, told]))
    is_error = event.error is not None
    return TimelineEvent(event.instance_id or "", event.time_s, text, is_error, event.suspect)

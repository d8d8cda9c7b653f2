"""From an audit event to what was said: the messages of an exchange, or the event itself."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from logging_core.analyse.errors import affected_by, error_of
from logging_core.analyse.lives import life_begin_s, life_end_s
from logging_core.analyse.state import TimelineEvent
from logging_core.event_types import SPOKEN
from logging_core.records import AuditEvent, Message
from madrox_tui.panels.timeline.message_source import PAGE, Pages
from madrox_tui.panels.timeline.pairs import asks

MAX_PAGES = 10
"""So many pages of an instance's messages before an event are looked through."""

_LATE_S = 60.0
"""A reply may be recorded so long after its exchange."""


def find_halves(
    pages: Pages, event: AuditEvent, spawned: Sequence[float] = ()
) -> tuple[Message, ...]:
    """The reply and its request, as far as they are found. Reads files, and blocks.

    The request is the last one of that id before the event, in its life; the reply is the first one
    after that, before the next request of that id.

    Args:
        pages: The messages of the event's instance.
        event: What names the message.
        spawned: When each life of that instance began, ascending, as far as is known.
    """
    if not event.message_id:
        return ()
    begin_s, end_s = life_begin_s(spawned, event.time_s), life_end_s(spawned, event.time_s)
    until_s = math.inf if event.time_s is None else event.time_s
    pages.start_before(until_s + _LATE_S)
    replies: list[Message] = []  # after the request, the first one last
    for message in _newest_first(pages):
        if message.message_id != event.message_id or message.event_type not in SPOKEN:
            continue
        time_s = message.time_s
        if time_s is not None and not begin_s < time_s <= end_s:
            continue
        if not asks(message):
            replies.append(message)
        elif time_s is None or time_s <= until_s:
            return *replies[-1:], message
        else:
            replies = []
    return tuple(replies[:1])


def _newest_first(pages: Pages) -> Iterator[Message]:
    for _ in range(MAX_PAGES):
        page = pages.older(PAGE)
        yield from reversed(page)
        if not page:
            break


def reports(error: TimelineEvent, event: AuditEvent) -> bool:
    """Return whether an audit event reports an error, as far as its time and instance tell."""
    if error.time_s is None or event.time_s != error.time_s or error_of(event) is None:
        return False
    return error.instance_id in {event.instance_id, *affected_by(event)} or not error.instance_id


def event_entry(event: AuditEvent) -> TimelineEvent:
    """An event as it stands in the timeline: its type, and below that all that it says.

    Its texts are safe to show, as the reader made them; so is what JSON makes of these.
    """
    if event.details:
        told = json.dumps(event.details, indent=2, ensure_ascii=False, default=str)
    else:
        told = event.error or ""
    text = "\n".join(filter(None, [event.event_type, told]))
    is_error = event.error is not None
    return TimelineEvent(event.instance_id or "", event.time_s, text, is_error, event.suspect)

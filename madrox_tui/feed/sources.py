"""Sources of what a view does not hold; the readers are imported on first use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from logging_core.records import AuditEvent, FrameRef, Message
from logging_core.text import safe_line
from madrox_tui.panels.pane.frame_source import Frames, FrameSource
from madrox_tui.panels.timeline.message_source import MessageSource, Pages, Written

if TYPE_CHECKING:
    from logging_core.analyse.state import TimelineEvent
    from madrox_tui.events.query import EventQuery, Events


def frames_of(root: Path) -> FrameSource:
    """Return a source of every captured frame in a tree."""
    return FrameSource(partial(_open_pane, root), partial(_read_frame, root))


def messages_of(root: Path) -> MessageSource:
    """Return a source of every message in a tree."""
    return MessageSource(partial(pages_of, root))


def pages_of(root: Path, instance_ids: Collection[str] | None) -> Pages:
    """Return the messages of some instances, or of all for `None`; blocks."""
    from logging_core.read.messages import MessagePages

    return MessagePages(root, instance_ids)


def read_line(root: Path, message: Message) -> Written | None:
    """Find the line that a message was read from; blocks."""
    from logging_core.codec.lenient import repeated_keys
    from logging_core.read.messages import MessagePages

    data = MessagePages(root).line_of(message)
    if data is None:
        return None
    return Written(data, tuple(map(safe_line, repeated_keys(data))))


def read_events(root: Path, query: EventQuery, most: int) -> Events:
    """Return the first `most` audit events of a query; none if they cannot be read; blocks."""
    from logging_core.read.events import newest_events
    from madrox_tui.events.query import EventOrder, Events, Ranking

    if query.order is EventOrder.NEWEST:
        return Events(*newest_events(root, query.matches, most))
    ranking = Ranking(query, most)

    def look(event: AuditEvent) -> bool:
        ranking.offer(event)
        return False

    _, more = newest_events(root, look, 0)
    return Events(ranking.rows, more or ranking.found > most)


def read_told(root: Path, error: TimelineEvent) -> TimelineEvent | None:
    """Find all that the audit trail says of an error; blocks."""
    from logging_core.read.events import newest_events
    from madrox_tui.events.halves import event_entry, reports

    found, _ = newest_events(root, partial(reports, error), 1)
    return next(map(event_entry, found), None)


def read_halves(root: Path, event: AuditEvent, spawned: Sequence[float]) -> tuple[Message, ...]:
    """Return the reply and the request that an event is about, as far as found; blocks."""
    from madrox_tui.events.halves import find_halves

    return find_halves(pages_of(root, {event.instance_id or ""}), event, spawned)


def _open_pane(root: Path, instance_id: str) -> Frames:
    from logging_core.read.panes import PaneFile

    return PaneFile(root, instance_id)


def _read_frame(root: Path, ref: FrameRef) -> str:
    from logging_core.read.frames import read_frame

    return read_frame(root, ref)

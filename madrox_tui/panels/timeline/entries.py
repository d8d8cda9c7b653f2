"""What a row of the timeline may be: a message, an event, or a separator. Pure.

Rows are the records themselves; they are formatted when drawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from logging_core.analyse.state import TimelineEvent
from logging_core.records import Message


class Day(msgspec.Struct, frozen=True):
    """Separator: a new day, whose first row is at `time_s`."""

    time_s: float


class Quiet(msgspec.Struct, frozen=True):
    """Separator: nothing happened for `seconds`, until `time_s`."""

    time_s: float
    seconds: float


class EventsEnd(msgspec.Struct, frozen=True):
    """Separator: above this, before `time_s`, not all events are known, but all messages are."""

    time_s: float


class Gaps(msgspec.Struct, frozen=True):
    """Separator: above this, before `time_s`, messages are missing that are not loaded."""

    time_s: float


Entry: TypeAlias = Message | TimelineEvent
Separator: TypeAlias = Day | Quiet | EventsEnd | Gaps
Row: TypeAlias = Entry | Separator


def entry_text(row: Row) -> str:
    """Return the text of a message or event, as JSON where it is none; empty for a separator."""
    if isinstance(row, Message):
        return row.content or row.text or _json(row.extra.get("content"))
    return row.text if isinstance(row, TimelineEvent) else ""


def messages_in(rows: Iterable[Row]) -> int:
    """Return how many of some rows are messages."""
    return sum(isinstance(row, Message) for row in rows)


def characters_in(rows: Iterable[Row]) -> int:
    """Return the length of the messages among some rows."""
    return sum(len(row.content or "") for row in rows if isinstance(row, Message))


def _json(content: object) -> str:
    return "" if content is None else json.dumps(content, ensure_ascii=False, default=str)

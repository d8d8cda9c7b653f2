"""Which request a reply or a failure belongs to, and the other way round. Pure.

Whoever is spawned again may use message ids again, so that halves are paired within one life. The
rows of an instance are in the order of its file: a reply stands after its request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeGuard

from logging_core.analyse.state import TimelineEvent
from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Entry, Row

LifeEnd: TypeAlias = Callable[[str, float | None], float]
"""When the life of an instance ended that a moment is in; infinity if no spawn after is known."""


def asks(entry: Entry) -> bool:
    """Return whether an entry is a message that a reply may follow."""
    return isinstance(entry, Message) and entry.direction != "inbound"


def other_half(rows: Sequence[Row], index: int, life_end_s: LifeEnd) -> int | None:
    """Return the row of a request's reply, else of its failure; or the row of the request of these.

    The reply is the first one with the request's id after it, in its life, before the next request
    of that id.
    """
    row = rows[index]
    if not isinstance(row, Message | TimelineEvent) or row.message_id is None:
        return None
    find = _answer if asks(row) else _request
    return find(rows, index, row, life_end_s)


def are_halves(request: Entry, answer: Entry, life_end_s: LifeEnd) -> bool:
    """Return whether a message asks, and another entry belongs to it, in the same life."""
    if not asks(request) or asks(answer) or not _belongs(answer, request):
        return False
    return not _is_after(answer, life_end_s(request.instance_id, request.time_s))


def _answer(rows: Sequence[Row], index: int, request: Entry, life_end_s: LifeEnd) -> int | None:
    until_s, failed = life_end_s(request.instance_id, request.time_s), None
    for place in range(index + 1, len(rows)):
        row = rows[place]
        if not _belongs(row, request):
            continue
        if asks(row) or _is_after(row, until_s):
            break
        if isinstance(row, Message):
            return place
        failed = place if failed is None else failed
    return failed


def _request(rows: Sequence[Row], index: int, answer: Entry, life_end_s: LifeEnd) -> int | None:
    for place in range(index - 1, -1, -1):
        row = rows[place]
        if _belongs(row, answer) and asks(row):
            ended = _is_after(answer, life_end_s(row.instance_id, row.time_s))
            return None if ended else place
    return None


class Failures:
    """The errors that say which request failed."""

    def __init__(self) -> None:
        self._by_id: defaultdict[tuple[str, str], list[TimelineEvent]] = defaultdict(list)

    def add(self, events: Iterable[TimelineEvent]) -> None:
        """Take in further events, in the order of time."""
        for event in events:
            if event.message_id is not None and event.is_error:
                self._by_id[event.instance_id, event.message_id].append(event)

    def of(self, rows: Sequence[Row], index: int, life_end_s: LifeEnd) -> TimelineEvent | None:
        """Return the failure of a row's request; `None` if it is none, or none is known.

        Args:
            rows: All rows; the failure need not be among them.
            index: Which of them.
            life_end_s: Tells lives apart.
        """
        row = rows[index]
        if not isinstance(row, Message) or row.message_id is None or row.time_s is None:
            return None
        for event in self._by_id.get((row.instance_id, row.message_id), ()):
            if asks(row) and event.time_s is not None and event.time_s >= row.time_s:
                is_later = _is_after(event, life_end_s(row.instance_id, row.time_s))
                is_next = is_later or _asked_again(rows, index, row, event.time_s)
                return None if is_next else event
        return None


def _asked_again(rows: Sequence[Row], index: int, request: Message, until_s: float) -> bool:
    """Return whether there is another request of that id after a row, up to a moment."""
    for place in range(index + 1, len(rows)):
        row = rows[place]
        if _is_after(row, until_s):
            return False
        if _belongs(row, request) and asks(row):
            return True
    return False


def _belongs(row: Row, entry: Entry) -> TypeGuard[Entry]:
    """Return whether a row is about the same message of the same instance as an entry."""
    return (
        isinstance(row, Message | TimelineEvent)
        and row.message_id == entry.message_id
        and row.instance_id == entry.instance_id
    )


def _is_after(row: Row, moment_s: float) -> bool:
    return row.time_s is not None and row.time_s > moment_s

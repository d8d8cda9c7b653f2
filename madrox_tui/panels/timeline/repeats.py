"""Messages that are read though they are known. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Row


class Repeats:
    """Messages that pages may bring once more.

    Args:
        rows: The messages among these, and nothing else.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._left = Counter(_key(row) for row in rows if isinstance(row, Message))

    def left_out_of(self, page: Iterable[Message]) -> list[Message]:
        """Return a page without them; each is left out once, as there may be two that are alike."""
        new = []
        for message in page:
            key = _key(message)
            if self._left[key] > 0:
                self._left[key] -= 1
            else:
                new.append(message)
        return new


def _key(message: Message) -> int:
    what = message.message_id, message.direction, message.content
    return hash((message.instance_id, message.time_s, *what))

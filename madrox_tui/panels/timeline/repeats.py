"""Messages that are read though they are known. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Row

R = TypeVar("R", bound=Row)


class Repeats:
    """Messages that pages may bring once more.

    Args:
        rows: The messages among these, and nothing else.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._left = Counter[int]()
        self.add(rows)

    def add(self, rows: Iterable[Row]) -> None:
        """Expect the messages among some more rows, too."""
        self._left.update(_key(row) for row in rows if isinstance(row, Message))

    def left_out_of(self, rows: Iterable[R]) -> list[R]:
        """Return rows without them; each is left out once, as there may be two that are alike."""
        new = []
        for row in rows:
            key = _key(row) if isinstance(row, Message) else None
            if key is not None and self._left[key] > 0:
                self._left[key] -= 1
            else:
                new.append(row)
        return new


def _key(message: Message) -> int:
    what = message.message_id, message.direction, message.content
    return hash((message.instance_id, message.time_s, *what))

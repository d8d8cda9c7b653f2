"""What a person looks at in the timeline while its rows come and go. Pure."""

from __future__ import annotations

from typing import NamedTuple

from madrox_tui.panels.timeline.entries import Row
from madrox_tui.panels.timeline.rows import TimelineRows


class Place(NamedTuple):
    """What a person looks at.

    Attributes:
        at_cursor: The row under the cursor.
        seen: The same if it is on the screen, else the row at the top.
        line: The line of the screen that `seen` is on.
    """

    at_cursor: Row
    seen: Row
    line: int


class PlaceKeeper:
    """Knows what is looked at, and what was before its row was gone, until the person moves.

    So who narrows the rows and shows all again is back where they were.
    """

    def __init__(self) -> None:
        self._kept: tuple[Place, int, int] | None = None

    def place(self, rows: TimelineRows, cursor: int, top: int, height: int) -> Place | None:
        """Return what is looked at; `None` without rows.

        Args:
            rows: The rows shown.
            cursor: The number of the row under the cursor.
            top: The number of the row at the top of the screen.
            height: How many rows the screen shows.
        """
        if self._kept is not None and self._kept[1:] == (cursor, top):
            return self._kept[0]
        if max(cursor, top) >= len(rows.rows):
            return None
        at_cursor, line = rows.rows[cursor], cursor - top
        if 0 <= line < height:
            return Place(at_cursor, at_cursor, line)
        return Place(at_cursor, rows.rows[top], 0)

    def keep(self, place: Place | None, cursor: int, top: int) -> None:
        """Note on which rows cursor and top are, to show a place; `None` forgets it."""
        self._kept = None if place is None else (place, cursor, top)

"""What is on the lines of a list, before they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection

from madrox_tui.widgets.marks import Sides


class ScreenLine(NamedTuple):
    """The content of a screen line.

    Attributes:
        segments: Its text.
        at_cursor: Whether the cursor is on it.
        hits: The matches in its text, as character offsets.
        hit: Their style; `None` if there are none.
        beyond: On which sides it has matches out of view.
    """

    segments: tuple[Segment, ...] = ()
    at_cursor: bool = False
    hits: tuple[tuple[int, int], ...] = ()
    hit: Style | None = None
    beyond: Sides = Sides()


class Look(NamedTuple):
    """What all lines of the screen share while they are drawn or compared.

    Attributes:
        x: The first visible cell of the rows.
        top: The first row below the pinned lines.
        width: Visible cells of a row, without the margin; at least 1.
        height: Lines of the screen.
        cursor: The row under the cursor; -1 if rows have none.
        found: What is looked for.
        selection: What is selected with the mouse; `None` if nothing of it is.
        styles: The cell styles of the theme.
    """

    x: int
    top: int
    width: int
    height: int
    cursor: int
    found: str
    selection: Selection | None
    styles: Mapping[str, Style]

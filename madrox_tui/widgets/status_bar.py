"""The status line: live or not, the number of instances per state, the cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from madrox_tui.colours.cell_styles import cell_styles

GAP = "  "

COUNTS = 6
"""Pieces of this rank and below stay until words are glyphs."""

URGENT = 3
"""Pieces of this rank and below stay until the clock is dropped."""


class Piece(NamedTuple):
    """A part of the line.

    Attributes:
        rank: 0 is always shown; otherwise the piece with the highest rank is dropped first.
        texts: Its text in full, in shorter words, and as short as possible, safe to show; the
            last one is used for those that are missing.
        style: The name of a cell style; `''` for none.
        action: What a click on it does, as an action of Textual's; `''` for nothing.
    """

    rank: int
    texts: tuple[str, ...]
    style: str = ""
    action: str = ""

    def text(self, level: int) -> str:
        """Return its text in full for level 0, and shorter ones for 1 and 2."""
        return self.texts[min(level, len(self.texts) - 1)]


class StatusBar(Widget):
    """Pieces on the left, in an order that stays the same; a path and the clock on the right.

    If space is short, the path is dropped first. Then words are shortened, the least important
    pieces dropped, and words replaced by glyphs. What is urgent is dropped after the clock.
    """

    DEFAULT_CSS = "StatusBar { height: 1; padding: 0 1; background: $panel; color: $foreground; }"
    ALLOW_SELECT = False

    pieces: reactive[tuple[Piece, ...]] = reactive((), layout=False)
    """The pieces, in order."""

    path: reactive[str] = reactive("", layout=False)
    """Shown if it fits beside all pieces in full."""

    clock: reactive[str] = reactive("", layout=False)
    """Shown at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.auto_links = False  # what can be clicked keeps its colours

    def render_line(self, y: int) -> Strip:
        """Draw what fits."""
        del y
        shown, level, right = self._fitted()
        styles, own = cell_styles(self.app.theme_variables), self.rich_style
        segments: list[Segment] = []
        for piece in shown:
            if segments:
                segments.append(Segment(GAP, own))
            style = own + styles[piece.style] if piece.style else own
            segments.append(Segment(piece.text(level), style + _on_click(piece.action)))
        if right:
            blank = self.size.width - _width(shown, level) - cell_len(right)
            segments += Segment(" " * blank, own), Segment(right, own + styles["muted"])
        return Strip(segments)

    def _fitted(self) -> tuple[Sequence[Piece], int, str]:
        """Return the pieces that fit, how short their words are, and what is at the right."""
        path_and_clock = f"{self.path}{GAP}{self.clock}" if self.path else self.clock
        if _width(self.pieces, 0) + len(GAP) + cell_len(path_and_clock) <= self.size.width:
            return self.pieces, 0, path_and_clock
        width = self.size.width - len(GAP) - len(self.clock)
        shown, level = _shortened(self.pieces, width)
        is_said = all(piece in shown for piece in self.pieces if piece.rank <= URGENT)
        if is_said and _width(shown, level) <= width:
            return shown, level, self.clock
        return *_shortened(self.pieces, self.size.width), ""


def _shortened(pieces: Sequence[Piece], width: int) -> tuple[Sequence[Piece], int]:
    """Return what fits into `width` cells, at least what is always shown, and how short it is."""
    shown = list(pieces)
    for level in (0, 1, 2):
        while _width(shown, level) > width and level:
            last = max(reversed(shown), key=lambda piece: piece.rank, default=None)
            if last is None or last.rank <= (COUNTS if level == 1 else 0):
                break
            shown.remove(last)
        if _width(shown, level) <= width:
            break
    return shown, level


def _width(pieces: Iterable[Piece], level: int) -> int:
    widths = [cell_len(piece.text(level)) for piece in pieces]
    return sum(widths) + len(GAP) * max(0, len(widths) - 1)


@cache
def _on_click(action: str) -> Style:
    return Style.from_meta({"@click": action}) if action else Style.null()

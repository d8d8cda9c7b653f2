"""The status line: live or not, the number of instances per state, the cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

GAP = "  "

COUNTS = 6
"""Pieces of this rank and below stay until words are glyphs."""


class Piece(NamedTuple):
    """A part of the line.

    Attributes:
        rank: 0 is always shown; otherwise the piece with the highest rank is dropped first.
        texts: Its text in full, in shorter words, and as short as possible; the last one is used
            for those that are missing.
    """

    rank: int
    texts: tuple[Content, ...]

    def text(self, level: int) -> Content:
        """Return its text in full for level 0, and shorter ones for 1 and 2."""
        return self.texts[min(level, len(self.texts) - 1)]


class StatusBar(Widget):
    """Pieces on the left, in an order that stays the same; a path and the clock on the right.

    If space is short, the path is dropped first. Then words are shortened, the least important
    pieces dropped, and words replaced by glyphs. The clock is dropped last.
    """

    DEFAULT_CSS = "StatusBar { height: 1; padding: 0 1; background: $panel; color: $foreground; }"

    pieces: reactive[tuple[Piece, ...]] = reactive((), layout=False)
    """The styled pieces, in order."""

    path: reactive[str] = reactive("", layout=False)
    """Shown if it fits beside all pieces in full."""

    clock: reactive[str] = reactive("", layout=False)
    """Shown at the right."""

    def render(self) -> Content:
        """Draw what fits."""
        width = self.size.width
        long_right = f"{self.path}{GAP}{self.clock}" if self.path else self.clock
        left = _joined(self.pieces, 0)
        if left.cell_length + len(GAP) + Content(long_right).cell_length <= width:
            return _between(left, long_right, width)
        left = _fitted(self.pieces, width - len(GAP) - len(self.clock))
        if left.cell_length + len(GAP) + len(self.clock) <= width:
            return _between(left, self.clock, width)
        return left


def _fitted(pieces: Sequence[Piece], width: int) -> Content:
    """Join as much as fits into `width` cells, and at least what is always shown."""
    shown = list(pieces)
    for level in (0, 1, 2):
        while (left := _joined(shown, level)).cell_length > width and level:
            last = max(reversed(shown), key=lambda piece: piece.rank, default=None)
            if last is None or last.rank <= (COUNTS if level == 1 else 0):
                break
            shown.remove(last)
        if left.cell_length <= width:
            break
    return left


def _joined(pieces: Sequence[Piece], level: int) -> Content:
    return Content(GAP).join([piece.text(level) for piece in pieces])


def _between(left: Content, right: str, width: int) -> Content:
    styled = Content.styled(right, "$muted")
    return Content.assemble(left, " " * (width - left.cell_length - styled.cell_length), styled)

"""The status line: live or not, the number of instances per state, the cost."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

GAP = "  "


class StatusBar(Widget):
    """As many pieces as fit on the left, most important first, and a text on the right."""

    DEFAULT_CSS = "StatusBar { height: 1; padding: 0 1; background: $panel; color: $foreground; }"

    pieces: reactive[tuple[Content, ...]] = reactive((), layout=False)
    """The styled pieces; the last is dropped first."""

    right: reactive[str] = reactive("", layout=False)
    """Shown if it fits beside all pieces."""

    def render(self) -> Content:
        """Draw what fits."""
        width = self.size.width
        shown = list(self.pieces)
        while len(shown) > 1 and _width(shown) > width:
            shown.pop()
        left = Content(GAP).join(shown)
        right = Content.styled(self.right, "$muted")
        gap = width - left.cell_length - right.cell_length
        if len(shown) < len(self.pieces) or gap < len(GAP):
            return left
        return Content.assemble(left, " " * gap, right)


def _width(pieces: list[Content]) -> int:
    return sum(piece.cell_length for piece in pieces) + len(GAP) * (len(pieces) - 1)

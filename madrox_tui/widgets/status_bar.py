"""One line that is always there: live or not, how many in which state, what it cost."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

GAP = "  "


class StatusBar(Widget):
    """As many pieces as fit at the left, most important first, and a text at the right."""

    DEFAULT_CSS = "StatusBar { height: 1; padding: 0 1; background: $panel; color: $foreground; }"

    pieces: reactive[tuple[Content, ...]] = reactive((), layout=False)
    """What is said, styled; the last gives way first."""

    right: reactive[str] = reactive("", layout=False)
    """Said where there is room beside all pieces."""

    def render(self) -> Content:
        """What fits."""
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

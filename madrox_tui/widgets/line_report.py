"""A report of styled lines; only those on screen are drawn."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment

from madrox_tui.columns import Line
from madrox_tui.widgets.line_view import LineView


class LineReport(LineView):
    """Shows styled lines whose text is safe to show."""

    has_cursor: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Line] = []

    def show_lines(self, lines: list[Line]) -> None:
        """Replace the lines; the scroll position is kept."""
        self._shown = lines
        widest = max((sum(cell_len(text) for text, _ in line) for line in lines), default=0)
        self.show_rows(len(lines), max(widest, self.row_width))

    def row(self, index: int) -> list[Segment]:
        """Draw one line."""
        return [
            Segment(text, self.cell_style(style) if style else None)
            for text, style in self._shown[index]
        ]

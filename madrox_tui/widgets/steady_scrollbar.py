"""A scrollbar that is redrawn only if it looks different."""

from __future__ import annotations

from math import ceil

from rich.console import RenderableType
from textual.reactive import Reactive
from textual.scrollbar import ScrollBar, ScrollBarRender

PARTS = len(ScrollBarRender.VERTICAL_BARS)
"""Into so many parts a cell is divided."""


class SteadyScrollBar(ScrollBar):
    """A vertical scrollbar of a list that grows; `steady` it after a change of size or position.

    Textual's own is redrawn, all lines of it, with each row that is added.
    """

    window_virtual_size: Reactive[int] = Reactive(100, repaint=False)
    position: Reactive[float] = Reactive(0, repaint=False)

    def __init__(self, *, thickness: int) -> None:
        super().__init__(name="vertical", thickness=thickness)
        self._drawn: tuple[int, int] | None = None

    def steady(self) -> None:
        """Redraw it if the thumb is elsewhere, or larger or smaller, than it was drawn."""
        if self._thumb != self._drawn:
            self.refresh()

    def watch_position(self) -> None:
        """Redraw it if that is to be seen."""
        self.steady()

    def render(self) -> RenderableType:
        """Draw it."""
        self._drawn = self._thumb
        return super().render()

    @property
    def _thumb(self) -> tuple[int, int] | None:
        """Where the thumb begins and its length, as Textual draws it; `None` if there is none."""
        size, window, whole = self.size.height, self.window_size, self.window_virtual_size
        if not size or not 0 < window < whole:
            return None
        cells = max(1, window * size / whole)
        return int((size - cells) * self.position / (whole - window) * PARTS), ceil(cells * PARTS)

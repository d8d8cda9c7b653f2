"""A scrollbar that is redrawn only where it looks different."""

from __future__ import annotations

from collections.abc import Hashable
from math import ceil

from textual.geometry import Region
from textual.reactive import Reactive
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

from madrox_tui.widgets.line_cache import LineCache

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
        self._styles_cache = LineCache(self._looks)

    def steady(self) -> None:
        """Redraw it if the thumb is elsewhere, or larger or smaller, than it was drawn."""
        if self._thumb != self._drawn:
            self.refresh(self.size.region)  # without a region all lines would be forgotten

    def watch_position(self) -> None:
        """Redraw it if that is to be seen."""
        self.steady()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw a part."""
        self._drawn = self._thumb
        return super().render_lines(crop)

    def _looks(self, y: int) -> Hashable:
        """Return between which parts of a line the thumb is, and what sets its colours."""
        colours = self.mouse_over, self.grabbed is None
        if self._drawn is None:
            return colours
        edges = (min(max(0, edge - y * PARTS), PARTS) for edge in self._drawn)
        return *edges, *colours

    @property
    def _thumb(self) -> tuple[int, int] | None:
        """Where the thumb begins and ends, in parts, as Textual draws it; `None` without one."""
        size, window, whole = self.size.height, self.window_size, self.window_virtual_size
        if not size or not 0 < window < whole:
            return None
        cells = max(1, window * size / whole)
        begin = int((size - cells) * self.position / (whole - window) * PARTS)
        return begin, begin + ceil(cells * PARTS)

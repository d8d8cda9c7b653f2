"""Where the panels stand: two columns, each divided where its own border is; or one alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeAlias

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import Layout, WidgetPlacement
from textual.widget import Widget

PANE_CELLS = 85
"""What a pane of 80 cells takes with its frame."""

LIST_CELLS = 75
"""What the list takes with its frame to show what it needs most."""

LIST_PERCENT = 57
"""The share of the width that is the list's where not both have room for that."""

UPPER_PERCENT = 60
"""The share of the height that is the upper panels', or at most that of one that needs less."""

MIN_LINES = 8
"""What a panel with little to show takes with its frame."""


Heights: TypeAlias = tuple[int | None, int | None]
"""Of the left column and of the right one."""


class Borders(Protocol):
    """Where the borders are.

    Attributes:
        columns: Width of the left panels, in per cent; `None` for what they need.
        heights: Heights of the upper panels, in per cent, each `None` for what it needs.
        lines: What the upper left panel needs, with its frame.
    """

    columns: int | None
    heights: Heights
    lines: int


class PanelsLayout(Layout):
    """Places four panels: top left, top right, bottom left, bottom right; or one.

    Args:
        borders: Where the borders are; asked whenever panels are placed.
    """

    name = "panels"

    def __init__(self, borders: Borders) -> None:
        self._borders = borders

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> list[WidgetPlacement]:
        """Place the panels that are displayed.

        Textual shows and hides them one after the other, and may ask for two or three meanwhile.
        """
        del parent, greedy
        regions = list(self._regions(size)) if len(children) > 1 else [size.region]
        return [
            WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, panel)
            for region, panel in zip(regions, children, strict=False)
        ]

    def _regions(self, size: Size) -> Iterator[Region]:
        borders, (width, height) = self._borders, size
        x = left_width(width, borders.columns)
        left = upper_height(height, borders.heights[0], borders.lines)
        right = upper_height(height, borders.heights[1], height)
        yield Region(0, 0, x, left)
        yield Region(x, 0, width - x, right)
        yield Region(0, left, x, height - left)
        yield Region(x, right, width - x, height - right)


def left_width(width: int, percent: int | None) -> int:
    """Return the cells of the left column in so many; `percent` as `Borders.columns`."""
    if percent is not None:
        return round(width * percent / 100)
    if width >= LIST_CELLS + PANE_CELLS:
        return width - PANE_CELLS
    return min(LIST_CELLS, width * LIST_PERCENT // 100)


def upper_height(height: int, percent: int | None, lines: int) -> int:
    """Return the lines of an upper panel in so many; the others as of `Borders`."""
    if percent is not None:
        return round(height * percent / 100)
    return min(max(lines, MIN_LINES), round(height * UPPER_PERCENT / 100))

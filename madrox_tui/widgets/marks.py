"""Marks on a drawn row: matches, mouse selection, and where the row continues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

MORE_LEFT, MORE_RIGHT = "‹", "›"

MARGIN = 1
"""A cell between the rows and the scrollbar: blank, or a mark that a row continues."""


class Sides(NamedTuple):
    """Styles for the marks left and right of the visible cells; `None` for no mark."""

    left: Style | None = None
    right: Style | None = None


def found_beyond(
    text: str, hits: Iterable[tuple[int, int]], x: int, width: int, style: Style
) -> Sides:
    """Return on which sides a row has matches out of view; `hits` are spans as in `mark`."""
    cells = [(cell_len(text[:first]), cell_len(text[:last])) for first, last in hits]
    before = any(end <= x for _, end in cells)
    after = any(start >= x + width for start, _ in cells)
    return Sides(style if before else None, style if after else None)


def in_sight(
    segments: Sequence[Segment], x: int, width: int, style: Style, found: Sides
) -> Sequence[Segment]:
    """Crop a row to `width` cells from cell `x`, plus the margin that marks whether it continues.

    Args:
        segments: The whole row.
        x: The first visible cell; a mark that there is more to the left covers it.
        width: Cells, at least 1.
        style: The style of the marks.
        found: Matches out of view: forces a mark on that side, in the given style.
    """
    cells = _cells(segments)
    if not x and not found.left and cells <= width:
        margin = Segment(MORE_RIGHT, found.right) if found.right else Segment(" " * MARGIN)
        return [*segments, Segment(" " * (width - cells)), margin]
    strip = Strip(segments, cells)
    seen = strip.crop_extend(x, x + width, None)
    if found.left or (x and strip.crop(0, x).text.strip()):
        seen = Strip.join([Strip([Segment(MORE_LEFT, found.left or style)]), seen.crop(1)])
    more = found.right or strip.crop(x + width).text.strip()
    return [*seen, Segment(MORE_RIGHT, found.right or style) if more else Segment(" " * MARGIN)]


def padded(segments: Sequence[Segment], width: int) -> Sequence[Segment]:
    """Crop or pad a pinned line to `width` cells, plus the margin."""
    cells = _cells(segments)
    if cells <= width:
        return [*segments, Segment(" " * (width + MARGIN - cells))]
    return [*Strip(segments, cells).crop(0, width), Segment(" " * MARGIN)]


def mark(
    row: Iterable[Segment], spans: Iterable[tuple[int, int]], style: Style
) -> Sequence[Segment]:
    """Apply a style on top of some spans of a row.

    Args:
        row: The whole row.
        spans: Character offsets, ascending and disjoint.
        style: The style to apply.
    """
    marked = list(spans)
    segments: list[Segment] = []
    offset = 0
    for text, below, _ in row:
        edges = (edge - offset for span in marked for edge in span)
        cuts = [0, *(edge for edge in edges if 0 < edge < len(text)), len(text)]
        for start, stop in pairwise(cuts):
            is_marked = any(first <= offset + start < last for first, last in marked)
            over = (below or Style()) + style if is_marked else below
            segments.append(Segment(text[start:stop], over))
        offset += len(text)
    return segments


def _cells(segments: Iterable[Segment]) -> int:
    return sum(cell_len(text) for text, _, _ in segments)

"""Marks on a drawn row: matches, mouse selection, and where the row continues."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

MORE_LEFT, MORE_RIGHT = "‹", "›"


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


def in_sight(strip: Strip, x: int, width: int, style: Style, found: Sides) -> Strip:
    """Crop a row to `width` cells from cell `x`, plus one cell that marks whether it continues.

    Args:
        strip: The whole row.
        x: The first visible cell; a mark that there is more to the left covers it.
        width: Cells, at least 1.
        style: The style of the marks.
        found: Matches out of view: forces a mark on that side, in the given style.
    """
    if not x and not found.left and strip.cell_length <= width:
        margin = Segment(MORE_RIGHT, found.right) if found.right else Segment(" ")
        return Strip([*strip, Segment(" " * (width - strip.cell_length)), margin], width + 1)
    seen = strip.crop_extend(x, x + width, None)
    if found.left or (x and strip.crop(0, x).text.strip()):
        seen = Strip.join([Strip([Segment(MORE_LEFT, found.left or style)]), seen.crop(1)])
    more = found.right or strip.crop(x + width).text.strip()
    margin = Segment(MORE_RIGHT, found.right or style) if more else Segment(" ")
    return Strip.join([seen, Strip([margin])])


def mark(strip: Strip, spans: Iterable[tuple[int, int]], style: Style) -> Strip:
    """Apply a style on top of some spans of a row.

    Args:
        strip: The whole row.
        spans: Character offsets, ascending and disjoint.
        style: The style to apply.
    """
    marked = list(spans)
    segments: list[Segment] = []
    offset = 0
    for text, below, _ in strip:
        edges = (edge - offset for span in marked for edge in span)
        cuts = [0, *(edge for edge in edges if 0 < edge < len(text)), len(text)]
        for start, stop in pairwise(cuts):
            is_marked = any(first <= offset + start < last for first, last in marked)
            over = (below or Style()) + style if is_marked else below
            segments.append(Segment(text[start:stop], over))
        offset += len(text)
    return Strip(segments, strip.cell_length)

"""Marks on a drawn row: what was found, what the mouse selected, where the row goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

MORE_LEFT, MORE_RIGHT = "‹", "›"


class Sides(NamedTuple):
    """Styles for what is at the left, and at the right, of the cells in sight; `None`: nothing."""

    left: Style | None = None
    right: Style | None = None


def found_beyond(
    text: str, hits: Iterable[tuple[int, int]], x: int, width: int, style: Style
) -> Sides:
    """At which sides a row has hits, in their style; they are given as in `mark`."""
    cells = [(cell_len(text[:first]), cell_len(text[:last])) for first, last in hits]
    before = any(end <= x for _, end in cells)
    after = any(start >= x + width for start, _ in cells)
    return Sides(style if before else None, style if after else None)


def in_sight(strip: Strip, x: int, width: int, style: Style, found: Sides) -> Strip:
    """A row's `width` cells from cell `x` on, and one more that says whether it goes on there.

    Args:
        strip: The row from its first character on.
        x: The first cell that is in sight; the mark that there is more before it covers it.
        width: Cells, at least 1.
        style: The style of the marks.
        found: What else is told of each side: there is a mark, in that style.
    """
    seen = strip.crop_extend(x, x + width, None)
    if found.left or (x and strip.crop(0, x).text.strip()):
        seen = Strip.join([Strip([Segment(MORE_LEFT, found.left or style)]), seen.crop(1)])
    more = found.right or strip.crop(x + width).text.strip()
    margin = Segment(MORE_RIGHT, found.right or style) if more else Segment(" ")
    return Strip.join([seen, Strip([margin])])


def mark(strip: Strip, spans: Iterable[tuple[int, int]], style: Style) -> Strip:
    """Lay a style over some spans of a row, whatever its colours.

    Args:
        strip: The row from its first character on.
        spans: Character offsets, ascending, apart from each other.
        style: What is laid over.
    """
    text = strip.text
    parts: list[Strip] = []
    at = 0
    for first, last in spans:
        start, end = cell_len(text[:first]), cell_len(text[:last])
        parts += [strip.crop(at, start), _over(strip.crop(start, end), style)]
        at = end
    return Strip.join([*parts, strip.crop(at, strip.cell_length)]) if parts else strip


def _over(strip: Strip, style: Style) -> Strip:
    return Strip(Segment.apply_style(strip, post_style=style), strip.cell_length)

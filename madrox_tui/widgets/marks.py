"""Marks on a drawn row: what was found, what the mouse selected, where the row goes on."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

MORE_LEFT, MORE_RIGHT = "‹", "›"


def in_sight(strip: Strip, x: int, width: int, style: Style) -> Strip:
    """A row's `width` cells from cell `x` on, and one more that says whether it goes on there.

    Args:
        strip: The row from its first character on.
        x: The first cell that is in sight; the mark that there is more before it covers it.
        width: Cells, at least 1.
        style: The style of the marks.
    """
    seen = strip.crop_extend(x, x + width, None)
    if x and strip.crop(0, x).text.strip():
        seen = Strip.join([Strip([Segment(MORE_LEFT, style)]), seen.crop(1)])
    more = strip.crop(x + width).text.strip()
    margin = Segment(MORE_RIGHT, style) if more else Segment(" ")
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

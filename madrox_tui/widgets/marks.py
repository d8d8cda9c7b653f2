"""Marks on a drawn row: what was found, what the mouse selected."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


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

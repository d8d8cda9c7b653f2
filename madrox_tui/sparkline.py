"""A series of numbers as one line of blocks."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = "·"


def sparkline(values: Sequence[int], width: int, most: int) -> str:
    """Draw the newest `width` values, one cell each, right-aligned.

    Args:
        values: Not negative, oldest first.
        width: Cells; fewer values are padded on the left.
        most: The value of a full block; any value above zero gets at least the lowest block.
    """
    newest = list(values[-width:]) if width else []
    return "".join(_block(value, most) for value in newest).rjust(width)


def _block(value: int, most: int) -> str:
    if value <= 0:
        return NOTHING
    return BLOCKS[min(len(BLOCKS) - 1, (value * len(BLOCKS) - 1) // max(most, 1))]

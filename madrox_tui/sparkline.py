"""A series of numbers in one line of blocks."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = "·"


def sparkline(values: Sequence[int], width: int, most: int) -> str:
    """The newest `width` values at the right, one cell each.

    Args:
        values: Not negative, oldest first.
        width: Cells; fewer values are padded at the left.
        most: The value of a full block; anything above zero is at least the lowest one.
    """
    newest = list(values[-width:]) if width else []
    return "".join(_block(value, most) for value in newest).rjust(width)


def _block(value: int, most: int) -> str:
    if value <= 0:
        return NOTHING
    return BLOCKS[min(len(BLOCKS) - 1, (value * len(BLOCKS) - 1) // max(most, 1))]

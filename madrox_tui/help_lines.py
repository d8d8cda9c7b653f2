"""The key map as a report, in one column or two. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len

from madrox_tui.keymap import Group, key_names, meaning
from madrox_tui.lines import Line

TWO_COLUMNS = 100
"""From this many cells on, the groups are laid out in two columns."""

_GAP = 3
_MIN_MEANING = 10


def help_lines(about: str, groups: Sequence[Group], width: int) -> list[Line]:
    """Build the report: a sentence, then each group's keys and what they do.

    Args:
        about: Describes the focused panel; may be empty.
        groups: Headings and their bindings, in order.
        width: Cells.
    """
    head: list[Line] = [[(line, "")] for line in wrap(about, max(1, width))]
    if head:
        head.append([])
    keys = max((cell_len(key_names(b)) for _, group in groups for b in group), default=0)
    if width < TWO_COLUMNS:
        blocks = [_block(group, keys, width) for group in groups]
        return [*head, *_stacked(blocks)]
    column = (width - _GAP) // 2
    blocks = [_block(group, keys, column) for group in groups]
    most = sum(map(len, blocks)) / 2
    left: list[list[Line]] = []
    while blocks and sum(map(len, left)) + len(blocks[0]) / 2 <= most:
        left.append(blocks.pop(0))
    return [*head, *_beside(_stacked(left), _stacked(blocks), column + _GAP)]


def _block(group: Group, keys: int, width: int) -> list[Line]:
    """Format a heading and its keys; long descriptions wrap with a hanging indent."""
    title, bindings = group
    lines: list[Line] = [[(title[:1].upper() + title[1:], "head")]]
    for binding in bindings:
        first, *more = wrap(meaning(binding), max(_MIN_MEANING, width - keys - 4)) or [""]
        name = key_names(binding)
        pad = " " * (keys - cell_len(name) + 2)
        lines.append([("  ", ""), (name, "accent"), (pad + first, "")])
        lines += [[(" " * (keys + 4) + rest, "")] for rest in more]
    return lines


def _stacked(blocks: Sequence[Sequence[Line]]) -> list[Line]:
    return [line for block in blocks for line in (*block, [])][:-1]


def _beside(left: Sequence[Line], right: Sequence[Line], at: int) -> list[Line]:
    """Join two columns; the right one begins at cell `at`."""
    lines: list[Line] = []
    for place in range(max(len(left), len(right))):
        one: Line = left[place] if place < len(left) else ()
        other: Line = right[place] if place < len(right) else ()
        pad = " " * (at - sum(cell_len(text) for text, _ in one))
        lines.append([*one, (pad, ""), *other] if other else one)
    return lines

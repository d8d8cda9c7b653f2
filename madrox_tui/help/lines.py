"""The map of keys and the legend as a report, in one column or two. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.cells import cell_len
from textual.binding import Binding

from madrox_tui.columns import Line
from madrox_tui.help.legend import Sign
from madrox_tui.key_names import Group, key_names, meaning

TWO_COLUMNS = 100
"""From this many cells on, the legend is beside the keys, not below."""

SIGNS = "What you see"
"""The heading of the legend."""

_GAP = 3
_MIN_MEANING = 10


def help_lines(
    about: str,
    groups: Sequence[Group],
    others: Sequence[Group],
    signs: Sequence[Sign],
    width: int,
) -> list[Line]:
    """Build the report: a sentence, the keys that work here, the legend, and all other keys.

    Args:
        about: Describes the focused panel; may be empty.
        groups: Headings and the bindings that work in it, in order.
        others: The same for those that do not.
        signs: What is drawn, and what it means.
        width: Cells.
    """
    head: list[Line] = [[(line, "")] for line in wrap(about, max(1, width))]
    if head:
        head.append([])
    column = width if width < TWO_COLUMNS else (width - _GAP) // 2
    keys = [(title, [_sign(binding) for binding in group]) for title, group in (*groups, *others)]
    longest = max((cell_len(sign.text) for _, group in keys for sign in group), default=0)
    blocks = [_block(title, group, longest, column) for title, group in keys]
    left, right = _stacked(blocks[: len(groups)]), blocks[len(groups) :]
    longest = max((cell_len(sign.text) for sign in signs), default=0)
    right.insert(0, _block(SIGNS, signs, longest, column))
    if width < TWO_COLUMNS:
        return [*head, *left, [], *_stacked(right)]
    return [*head, *_beside(left, _stacked(right), column + _GAP)]


def _sign(binding: Binding) -> Sign:
    return Sign(key_names(binding), "accent", meaning(binding))


def _block(title: str, signs: Sequence[Sign], longest: int, width: int) -> list[Line]:
    """Format a heading and what is below it; long meanings wrap with a hanging indent."""
    lines: list[Line] = [[(title[:1].upper() + title[1:], "head")]]
    for text, style, means in signs:
        first, *more = wrap(means, max(_MIN_MEANING, width - longest - 4)) or [""]
        pad = " " * (longest - cell_len(text) + 2)
        lines.append([("  ", ""), (text, style), (pad + first, "")])
        lines += [[(" " * (longest + 4) + rest, "")] for rest in more]
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

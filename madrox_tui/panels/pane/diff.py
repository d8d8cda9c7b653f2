"""Line diff of a pane and its previous frame, which accounts for scrolling. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

MAX_COMPARED = 250_000
"""Above this many pairs of lines, lines are matched by how far the pane scrolled."""

_Block = tuple[int, int, int]
"""A run of equal lines: its start in the older and in the newer pane, and its length."""


class Line(NamedTuple):
    """A line of a comparison.

    Attributes:
        sign: `+` new, `-` gone, or a space for unchanged.
        number: Its index in the newer pane; in the older one if it is gone.
    """

    sign: str
    number: int


def compare(older: Sequence[str], newer: Sequence[str]) -> list[Line]:
    """Diff two panes: return new, gone and unchanged lines in screen order.

    Lines that only scrolled off the top do not count as gone: they are left out. Trailing blanks
    are ignored.
    """
    old = [line.rstrip() for line in older]
    new = [line.rstrip() for line in newer]
    lines: list[Line] = []
    i = j = 0
    for begin_old, begin_new, size in _blocks(old, new):
        scrolled_off = j == 0 == begin_new and i == 0 and size > 0
        if not scrolled_off:
            lines += [Line("-", index) for index in range(i, begin_old)]
        lines += [Line("+", index) for index in range(j, begin_new)]
        lines += [Line(" ", index) for index in range(begin_new, begin_new + size)]
        i, j = begin_old + size, begin_new + size
    return lines


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    """Yield the blocks of equal lines in order; the last one is an empty sentinel at both ends."""
    top = _common(old, new)
    if top:
        yield 0, 0, top
    limit = min(len(old), len(new)) - top
    bottom = min(limit, _common(old[::-1], new[::-1]))
    inner_old, inner_new = old[top : len(old) - bottom], new[top : len(new) - bottom]
    if len(inner_old) * len(inner_new) <= MAX_COMPARED:
        inner = _matched(inner_old, inner_new)
    else:
        inner = _scrolled(inner_old, inner_new)
    for i, j, size in inner:
        yield top + i, top + j, size
    if bottom:
        yield len(old) - bottom, len(new) - bottom, bottom
    yield len(old), len(new), 0


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the common prefix."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _matched(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        if block.size:
            yield block


def _scrolled(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    """Match lines at one offset: the one most lines that are unique in both panes moved by."""
    places = _once(old)
    moves = Counter(places[line] - j for line, j in _once(new).items() if line in places)
    if not moves:
        return
    move = moves.most_common(1)[0][0]
    start = max(0, -move)
    size = 0
    end = min(len(new), len(old) - move)
    for j in range(start, end):
        if new[j] == old[j + move]:
            size += 1
        elif size:
            yield j + move - size, j - size, size
            size = 0
    if size:
        yield end + move - size, end - size, size


def _once(lines: Sequence[str]) -> dict[str, int]:
    counts = Counter(lines)
    return {line: index for index, line in enumerate(lines) if line and counts[line] == 1}

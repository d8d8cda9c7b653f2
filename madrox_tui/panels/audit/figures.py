"""The figures above the audit panel's table: where each of them is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias


class Word(NamedTuple):
    """A text above the table.

    Attributes:
        text: Safe to show.
        style: Its cell style.
        opens: The figure that it is, one of those that `figure_query` knows; `''` if it is none.
    """

    text: str
    style: str
    opens: str = ""


Words: TypeAlias = Sequence[Word]
"""A line above the table."""


class Figure(NamedTuple):
    """Where a figure is.

    Attributes:
        line: Its line, from the top.
        x: Its first cell.
        opens: Its name.
    """

    line: int
    x: int
    opens: str


def figures(lines: Sequence[Words]) -> list[Figure]:
    """Return all figures, in reading order."""
    found = []
    for number, words in enumerate(lines):
        x = 0
        for word in words:
            if word.opens:
                found.append(Figure(number, x, word.opens))
            x += len(word.text)
    return found

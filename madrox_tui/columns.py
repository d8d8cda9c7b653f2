"""Columns of a table that fits its width: the least important ones give way first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

T = TypeVar("T")
Cell = tuple[str, str]
"""A text that is safe to show, and the name of a cell style (`''` for none)."""

GAP = 2


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column.

    Attributes:
        title: Its heading.
        width: Cells; of the elastic column, the least.
        cell: What it shows of an item.
        priority: 0 is always shown; of the others, the lower stays the longer.
        right: Whether it is aligned to the right, as numbers are.
        elastic: Whether it takes of the cells that are left; the first such column first.
        most: The widest an elastic column gets.
    """

    title: str
    width: int
    cell: Callable[[T], Cell]
    priority: int = 0
    right: bool = False
    elastic: bool = False
    most: int = 40


@dataclass(frozen=True)
class Fitted(Generic[T]):
    """The columns that fit a width, each with its own."""

    columns: tuple[Column[T], ...]
    widths: tuple[int, ...]

    def header(self, style: Style) -> list[Segment]:
        """The headings."""
        titles = (fit(c.title, w, right=c.right) for c, w in self._pairs())
        return [Segment((" " * GAP).join(titles), style)]

    def row(self, item: T, style_of: Callable[[str], Style]) -> list[Segment]:
        """One item's cells."""
        segments: list[Segment] = []
        for column, width in self._pairs():
            text, name = column.cell(item)
            segments.append(
                Segment(fit(text, width, right=column.right), style_of(name) if name else None)
            )
            segments.append(Segment(" " * GAP))
        return segments[:-1]

    def _pairs(self) -> zip[tuple[Column[T], int]]:
        return zip(self.columns, self.widths, strict=True)


class Table(Generic[T]):
    """Columns, fitted to whatever width they are drawn in."""

    def __init__(self, columns: Sequence[Column[T]]) -> None:
        self._columns = columns
        self._width = -1
        self._fitted = Fitted[T]((), ())

    def at(self, width: int) -> Fitted[T]:
        """The columns that fit into `width` cells."""
        if width != self._width:
            self._width, self._fitted = width, fit_columns(self._columns, width)
        return self._fitted


def fit_columns(columns: Sequence[Column[T]], width: int) -> Fitted[T]:
    """Choose the columns that fit into `width` cells, and how wide each is."""
    chosen = list(columns)
    while len(chosen) > 1 and _needed(chosen) > width:
        last = max(chosen, key=lambda column: column.priority)
        if last.priority == 0:
            break
        chosen.remove(last)
    spare = max(0, width - _needed(chosen))
    widths = []
    for column in chosen:
        more = min(spare, column.most - column.width) if column.elastic else 0
        widths.append(column.width + more)
        spare -= more
    return Fitted(tuple(chosen), tuple(widths))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells; what is cut off is marked by `…`."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + "…" if width else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding


def _needed(columns: Sequence[Column[T]]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)

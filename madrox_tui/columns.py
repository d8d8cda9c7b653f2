"""Columns of a table that fits its width: the least important ones give way first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

T = TypeVar("T")
Cell = tuple[str, str]
"""A text that is safe to show, and the name of a cell style (`''` for none)."""

CUT = "…"
"""Marks where something was cut off."""

GAP = 2
_TAIL = 4


class Column(msgspec.Struct, Generic[T], frozen=True):
    """One column.

    Attributes:
        title: Its heading.
        width: Cells; of the elastic column, the least.
        cell: What it shows of an item.
        priority: 0 is always shown; of the others, the lower stays the longer.
        right: Whether it is aligned to the right, as numbers are.
        elastic: Whether it takes of the cells that are left; the first such column first, those
            with `roomy` last and only if they get all that they want.
        most: The widest an elastic column gets.
        key: By what the rows are sorted when this column is chosen; `''` for none.
        roomy: What it shows where it is as wide as it gets, if that is another text.
        inner: Whether the middle is cut out of what is too long: names often differ at the end.
    """

    title: str
    width: int
    cell: Callable[[T], Cell]
    priority: int = 0
    right: bool = False
    elastic: bool = False
    most: int = 40
    key: str = ""
    roomy: Callable[[T], Cell] | None = None
    inner: bool = False

    def cell_at(self, width: int) -> Callable[[T], Cell]:
        """What it shows where it is so wide."""
        return self.roomy if self.roomy and width >= self.most else self.cell


class Fitted(msgspec.Struct, Generic[T], frozen=True):
    """The columns that fit a width, each with its own."""

    columns: tuple[Column[T], ...]
    widths: tuple[int, ...]

    def header(self, style: Style, key: str = "", mark: str = "") -> list[Segment]:
        """The headings; the one of the column with `key` bears a mark."""
        titles = (
            fit(c.title + mark if key and c.key == key else c.title, w, right=c.right)
            for c, w in self._pairs()
        )
        return [Segment((" " * GAP).join(titles), style)]

    def row(self, item: T, style_of: Callable[[str], Style]) -> list[Segment]:
        """One item's cells."""
        segments: list[Segment] = []
        for column, width in self._pairs():
            text, name = column.cell_at(width)(item)
            gap = " " * GAP if column is not self.columns[-1] else ""
            style = style_of(name) if name else None
            shown = fit_inner(text, width) if column.inner else fit(text, width, right=column.right)
            segments.append(Segment(shown + gap, style))
        return segments

    def text(self, item: T) -> str:
        """What one item's cells say: all of it, also where it is cut to fit."""
        return (" " * GAP).join([c.cell_at(width)(item)[0] for c, width in self._pairs()])

    def column_at(self, x: int) -> tuple[Column[T], int] | None:
        """The column at cell `x`, and the cell within it; `None` right of all."""
        for column, width in self._pairs():
            if x < width + GAP:
                return column, x
            x -= width + GAP
        return None

    def _pairs(self) -> zip[tuple[Column[T], int]]:
        return zip(self.columns, self.widths, strict=True)


class Table(Generic[T]):
    """Columns, fitted to whatever width they are drawn in."""

    def __init__(self, columns: Sequence[Column[T]]) -> None:
        self._columns = columns
        self._fitted_to = (-1, "")
        self._fitted = Fitted[T]((), ())

    @property
    def keys(self) -> tuple[str, ...]:
        """What rows can be sorted by, in the order of the columns."""
        return tuple(column.key for column in self._columns if column.key)

    def at(self, width: int, key: str = "") -> Fitted[T]:
        """The columns that fit into `width` cells; the one with `key` stays as long as any."""
        if (width, key) != self._fitted_to:
            self._fitted_to = width, key
            self._fitted = fit_columns(self._columns, width, key)
        return self._fitted


def fit_columns(columns: Sequence[Column[T]], width: int, key: str = "") -> Fitted[T]:
    """Choose the columns that fit into `width` cells, and how wide each is.

    The column with `key`, by which the rows are sorted, is given way to by all others but those
    that are always shown.
    """
    chosen = list(columns)
    while len(chosen) > 1 and _needed(chosen) > width:
        last = max(
            chosen, key=lambda c: min(c.priority, 0.5) if key and c.key == key else c.priority
        )
        if last.priority == 0:
            break
        chosen.remove(last)
    return Fitted(tuple(chosen), _widths(chosen, max(0, width - _needed(chosen))))


def _widths(columns: Sequence[Column[T]], spare: int) -> tuple[int, ...]:
    """Each column's width: `spare` cells are shared out among the elastic ones.

    One with another text for where there is room comes after the others, and takes what that
    text needs or nothing.
    """
    widths = [column.width for column in columns]
    elastic = [place for place, column in enumerate(columns) if column.elastic]
    for place in sorted(elastic, key=lambda place: columns[place].roomy is not None):
        column = columns[place]
        more = min(spare, column.most - column.width)
        if column.roomy is not None and more < column.most - column.width:
            continue
        widths[place] += more
        spare -= more
    return tuple(widths)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells; what is cut off is marked by `…`."""
    length = cell_len(text)
    if length > width:
        kept = set_cell_size(text, max(0, width - 1))
        return kept + (" " if kept.rstrip().endswith(CUT) else CUT) if width else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding


def fit_inner(text: str, width: int) -> str:
    """`text` in exactly `width` cells; what is cut out before its last four is marked by `…`."""
    if cell_len(text) <= width:
        return fit(text, width)
    most = min(_TAIL, max(0, width - 1) // 2)
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= most:
        start -= 1
    while start < len(text) and not cell_len(text[start]):
        start += 1  # a mark without its letter
    tail = text[start:]
    return fit(set_cell_size(text, max(0, width - 1 - cell_len(tail))) + "…" + tail, width)


def _needed(columns: Sequence[Column[T]]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)

"""Table columns that adapt to the width: the least important ones are dropped first."""

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
"""Marks truncated text."""

GAP = 2
_TAIL = 4


class Column(msgspec.Struct, Generic[T], frozen=True):
    """One column.

    Attributes:
        title: Its heading.
        width: Cells; the minimum if the column is elastic.
        cell: Returns what it shows of an item.
        priority: 0 is always shown; otherwise the column with the highest number is dropped first.
        right: Whether it is right-aligned, as numbers are.
        elastic: Whether it grows into spare cells; earlier columns first, those with `roomy` last
            and only if they can reach `most`.
        most: The maximum width of an elastic column.
        key: The sort key when this column is chosen; `''` for none.
        roomy: Returns what it shows at its maximum width, if that differs from `cell`.
        inner: Whether long text is truncated in the middle: names often differ at the end.
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
    """The columns that fit a width, and the width of each."""

    columns: tuple[Column[T], ...]
    widths: tuple[int, ...]

    def header(self, style: Style, key: str = "", mark: str = "") -> list[Segment]:
        """Return the headings; the column with `key` gets the mark."""
        titles = (
            fit(c.title + mark if key and c.key == key else c.title, w, right=c.right)
            for c, w in self._pairs()
        )
        return [Segment((" " * GAP).join(titles), style)]

    def row(self, item: T, style_of: Callable[[str], Style]) -> list[Segment]:
        """Return one item's cells."""
        segments: list[Segment] = []
        for column, width in self._pairs():
            text, name = column.cell_at(width)(item)
            gap = " " * GAP if column is not self.columns[-1] else ""
            style = style_of(name) if name else None
            shown = fit_inner(text, width) if column.inner else fit(text, width, right=column.right)
            segments.append(Segment(shown + gap, style))
        return segments

    def text(self, item: T) -> str:
        """Return the text of one item's cells, in full even where it is truncated to fit."""
        return (" " * GAP).join([c.cell_at(width)(item)[0] for c, width in self._pairs()])

    def column_at(self, x: int) -> tuple[Column[T], int] | None:
        """Return the column at cell `x` and the offset within it; `None` right of all columns."""
        for column, width in self._pairs():
            if x < width + GAP:
                return column, x
            x -= width + GAP
        return None

    def _pairs(self) -> zip[tuple[Column[T], int]]:
        return zip(self.columns, self.widths, strict=True)


class Table(Generic[T]):
    """Columns that are fitted to the width they are drawn in; the last fit is cached."""

    def __init__(self, columns: Sequence[Column[T]]) -> None:
        self._columns = columns
        self._fitted_to = (-1, "")
        self._fitted = Fitted[T]((), ())

    @property
    def keys(self) -> tuple[str, ...]:
        """The sort keys, in column order."""
        return tuple(column.key for column in self._columns if column.key)

    def at(self, width: int, key: str = "") -> Fitted[T]:
        """Return the columns that fit into `width` cells; the one with `key` is dropped last."""
        if (width, key) != self._fitted_to:
            self._fitted_to = width, key
            self._fitted = fit_columns(self._columns, width, key)
        return self._fitted


def fit_columns(columns: Sequence[Column[T]], width: int, key: str = "") -> Fitted[T]:
    """Choose the columns that fit into `width` cells, and how wide each is.

    The column with `key`, by which the rows are sorted, outranks all others except those that are
    always shown.
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
    """Return each column's width, with `spare` cells given to the elastic ones.

    Columns with `roomy` come last, and grow to their maximum or not at all.
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
    """Pad or truncate `text` to exactly `width` cells; `…` marks a truncated end."""
    length = cell_len(text)
    if length > width:
        kept = set_cell_size(text, max(0, width - 1))
        return kept + (" " if kept.rstrip().endswith(CUT) else CUT) if width else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding


def fit_inner(text: str, width: int) -> str:
    """Fit `text` to exactly `width` cells, with `…` for what is cut before its last four."""
    if cell_len(text) <= width:
        return fit(text, width)
    most = min(_TAIL, max(0, width - 1) // 2)
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= most:
        start -= 1
    while start < len(text) and not cell_len(text[start]):
        start += 1  # a combining mark without its letter
    tail = text[start:]
    return fit(set_cell_size(text, max(0, width - 1 - cell_len(tail))) + "…" + tail, width)


def _needed(columns: Sequence[Column[T]]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)

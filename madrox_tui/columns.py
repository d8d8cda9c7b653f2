"""Table columns that adapt to the width: the least important ones are dropped first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Generic, TypeAlias, TypeVar

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from madrox_tui.find import exceeds, spans

T = TypeVar("T")
Cell: TypeAlias = tuple[str, str]
"""A text that is safe to show, and the name of a cell style (`''` for none)."""

Line: TypeAlias = Sequence[Cell]
"""A line of a report, before it is drawn."""

CUT = "…"
"""Marks truncated text."""

GAP = 2
_TAIL = 4
_SORTED = 0.5
_FITTED = 500  # so many texts are kept: a screen of cells


class Column(msgspec.Struct, Generic[T], frozen=True):
    """One column.

    Attributes:
        title: Its heading.
        width: The minimum width, in cells.
        cell: Returns what it shows of an item.
        priority: 0 is always shown; otherwise the column with the lowest number comes in first.
        growth: Pairs of a priority and a width that it grows to: after all columns with a lower
            number have come in, and before those with a higher one do. The widths ascend.
        right: Whether it is right-aligned, as numbers are.
        key: The sort key when this column is chosen; `''` for none.
        roomy: Returns what it shows at its maximum width, if that differs from `cell`; it grows
            to that width or not at all.
        sized: Returns what it shows in some number of cells, if that is not `cell` made to fit.
        inner: Whether long text is truncated in the middle: names often differ at the end.
    """

    title: str
    width: int
    cell: Callable[[T], Cell]
    priority: float = 0
    growth: tuple[tuple[float, int], ...] = ()
    right: bool = False
    key: str = ""
    roomy: Callable[[T], Cell] | None = None
    sized: Callable[[T, int], Cell] | None = None
    inner: bool = False

    @property
    def most(self) -> int:
        """The maximum width."""
        return self.growth[-1][1] if self.growth else self.width

    def cell_at(self, width: int) -> Callable[[T], Cell]:
        """What it shows where it is so wide."""
        sized = self.sized
        if sized is not None:
            return lambda item: sized(item, width)
        return self.roomy if self.roomy and width >= self.most else self.cell


class Fitted(msgspec.Struct, Generic[T], frozen=True):
    """The columns that fit a width, and the width of each."""

    columns: tuple[Column[T], ...]
    widths: tuple[int, ...]

    def header(self, style: Style, key: str = "", mark: str = "") -> list[Segment]:
        """Return the headings, none above single signs; the column with `key` gets the mark."""
        titles = (
            fit(c.title + mark if key and c.key == key else c.title, w, right=c.right)
            if w > 1
            else " "
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
            segments.append(Segment(_shown(column, text, width) + gap, style))
        return segments

    def cut_hits(self, item: T, wanted: str) -> Iterator[tuple[int, int]]:
        """Yield the marks of one item's cells that hold a text where they are truncated.

        Args:
            item: The item.
            wanted: The text; case matters if it has capitals.

        Yields:
            The place of each mark in the text of its `row`, in characters.
        """
        start = 0
        for column, width in self._pairs():
            text, _ = column.cell_at(width)(item)
            shown = _shown(column, text, width)
            yield from cut_hit(text, shown, wanted, start)
            start += len(shown) + GAP

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

    Columns come in and grow in the order of their priorities. After the first that does not fit
    no other comes in, but those that are there may still grow. The column with `key`, by which
    the rows are sorted, outranks all others except those that are always shown.
    """
    widths: dict[int, int] = {}
    left, full = width + GAP, False
    for priority, place, cells in sorted(_claims(columns, key), key=lambda claim: claim[0]):
        if place in widths:
            more = min(cells - widths[place], max(0, left))
            if columns[place].roomy is None or widths[place] + more == cells:
                widths[place] += more
                left -= more
        elif priority == 0 or (not full and cells + GAP <= left):
            widths[place] = cells
            left -= cells + GAP
        else:
            full = True
    places = sorted(widths)
    return Fitted(tuple(columns[i] for i in places), tuple(widths[i] for i in places))


def _claims(columns: Sequence[Column[T]], key: str) -> Iterator[tuple[float, int, int]]:
    """Yield priority, column index and width of each wish: to come in, then to grow."""
    for place, column in enumerate(columns):
        sorted_by = bool(key) and column.key == key
        yield min(column.priority, _SORTED) if sorted_by else column.priority, place, column.width
        for priority, cells in column.growth:
            yield priority, place, cells


def _shown(column: Column[T], text: str, width: int) -> str:
    return fit_inner(text, width) if column.inner else fit(text, width, right=column.right)


def cut_hit(text: str, shown: str, wanted: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Yield the place of the `…` for what was cut from a text, if that holds `wanted`.

    Args:
        text: The text in full.
        shown: What is shown of it.
        wanted: What is looked for; the mark itself is not.
        start: Where `shown` begins in its row, in characters.
    """
    place = shown.rfind(CUT)
    is_cut = place >= 0 and shown.strip() != text.strip() and CUT not in wanted
    if is_cut and exceeds(text, wanted, len(spans(shown, wanted))):
        yield start + place, start + place + len(CUT)


@lru_cache(_FITTED)
def fit(text: str, width: int, *, right: bool = False) -> str:
    """Pad or truncate `text` to exactly `width` cells; `…` marks a truncated end."""
    length = cell_len(text)
    if length > width:
        kept = set_cell_size(text, max(0, width - 1))
        return kept + (" " if kept.rstrip().endswith(CUT) else CUT) if width else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding


@lru_cache(_FITTED)
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

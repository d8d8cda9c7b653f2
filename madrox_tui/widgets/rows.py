"""The base of every list: hooks for subclasses, find, copy, export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from msgspec.structs import replace
from rich.segment import Segment
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection

from madrox_tui.clipboard import copy
from madrox_tui.export import Export
from madrox_tui.find import Found, count_text, holds, last_row, nearest_row, next_row

FIND_ROWS = 2_000
"""How many of the last rows are searched, unless a subclass has a faster way."""

RECOUNT_S = 0.5
"""How long after rows changed the matches are counted again: with all that changed meanwhile."""

COPY_ROWS = 5_000
"""The maximum number of rows copied from a mouse selection."""


@runtime_checkable
class OpensLines(Protocol):
    """An app that opens a line to type into, for a list.

    It is called, not sent a message: a key that is typed right after is for what it opens.
    """

    async def open_find(self, view: Rows, *, again: bool = False) -> None:
        """Ask what to look for, then call `look_for`.

        Args:
            view: The list to search.
            again: Whether to ask only if no text is known, from another list.
        """

    async def open_export(self, export: Export) -> None:
        """Ask for a file, then write the export there."""


class Rows(ScrollView):
    """Rows of text. Subclasses supply the rows; find, copy and export are common to all."""

    class FindChanged(Message):
        """The matches, or the selected match, changed."""

        def __init__(self, view: Rows, found: Found) -> None:
            super().__init__()
            self.view = view
            self.found = found

    header_rows: int = 0
    """Pinned rows at the top, drawn by `header`."""

    has_cursor: ClassVar[bool] = True
    """Whether the keys move a cursor; else they scroll."""

    cursor = reactive(0, repaint=False)
    """Index of the row under the cursor."""

    follow = reactive(False, repaint=False)
    """Whether the view stays at the last row as rows are added."""

    found: reactive[Found] = reactive(Found(), repaint=False, init=False)
    """The current search and its matches."""

    count = 0
    """Number of rows."""

    _find_from = 0
    _is_recount_due = False

    # --- what a subclass says ------------------------------------------------

    def row(self, index: int) -> Sequence[Segment]:
        """Draw row `index`, as text that is safe to show. Subclasses override it."""
        return []

    def row_text(self, index: int) -> str:
        """Return the text of row `index`, as searched and copied."""
        return "".join(segment.text for segment in self.row(index))

    def whole_text(self, index: int) -> str:
        """Return what a search in row `index` covers, including what is not shown."""
        return self.row_text(index)

    def cut_hits(self, index: int, text: str) -> Iterable[tuple[int, int]]:
        """Return where row `index` is marked for cut text that holds a text: spans of its text."""
        return ()

    def header(self, line: int) -> list[Segment]:
        """Draw line `line` of the pinned header. Subclasses with `header_rows` override it."""
        return []

    def nothing(self) -> str:
        """Return the text to show without rows. Subclasses override it."""
        return ""

    @property
    def find_note(self) -> str:
        """What a search covers, said after the count of matches; empty if that is all there is."""
        return ""

    @property
    def find_count(self) -> str:
        """Which match of how many is selected, and where it looks; empty without a search."""
        return count_text(self.found, self.find_note)

    def find_rows(self, text: str) -> Sequence[int]:
        """Return the rows that contain a text, ascending. Subclasses may have a faster way."""
        first = max(0, self.count - FIND_ROWS)
        return [i for i in range(first, self.count) if holds(self.whole_text(i), text)]

    def find_again(self, text: str) -> Sequence[int]:
        """Return what `find_rows` would, for a text that it found before some rows changed."""
        return self.find_rows(text)

    def copy_text(self) -> str:
        """Return what `y` copies: the row under the cursor, else the visible rows."""
        if self.has_cursor:
            return self.row_text(self.cursor).strip() if self.count else ""
        first = self.scroll_offset.y
        last = min(self.count, first + self.size.height - self.header_rows)
        return "\n".join(map(self.row_text, range(first, last)))

    def export(self) -> Export:
        """Return what `x` exports: every row as text. Subclasses with values override it.

        The rows are those of now: it is written by another thread, later.
        """
        rows = [(self.row_text(index),) for index in range(self.count)]
        return Export(self.id or "rows", ("text",), rows)

    def show_row(self, index: int) -> None:
        """Scroll to a row, and move the cursor there if there is one. `LineView` implements it.

        Textual's metaclass does not allow an abstract method.
        """
        raise NotImplementedError

    # --- find ----------------------------------------------------------------

    def look_for(self, text: str) -> None:
        """Highlight a text wherever it is shown, and go to the nearest match; `''` ends the search.

        While the text is typed, nearest means relative to the row where typing began: the first
        match from there on, else the last one before.
        """
        if not self.found.text:
            self._find_from = self._here
        rows = self.find_rows(text) if text else ()
        at = nearest_row(rows, self._find_from)
        self.found = Found(text, rows, at)
        if at is not None:
            self.show_row(at)

    async def action_find(self) -> None:
        """Ask for a search text."""
        if isinstance(self.app, OpensLines):
            await self.app.open_find(self)

    async def action_find_next(self, step: int) -> None:
        """Go to the next or previous match, wrapping at the ends."""
        found = self.found
        if not found.text:
            if isinstance(self.app, OpensLines):
                await self.app.open_find(self, again=True)
            return
        rows = self.find_rows(found.text)
        here = self._here if found.at is None or self.has_cursor else found.at
        at = next_row(rows, here, step)
        self.found = replace(found, rows=rows, at=at)
        if at is not None:
            self.show_row(at)

    def recount_soon(self) -> None:
        """Count the matches again, as rows came or went; not at once, nor for each of them."""
        if self.found.text and not self._is_recount_due:
            self._is_recount_due = True
            self.set_timer(RECOUNT_S, self._recount)

    def _recount(self) -> None:
        """Count the matches again; the last one up to the cursor is the selected one."""
        self._is_recount_due = False
        if self.found.text:
            rows = self.find_again(self.found.text)
            self.found = replace(self.found, rows=rows, at=last_row(rows, self.cursor))

    def watch_found(self, found: Found) -> None:
        """Tell how many there are."""
        self.post_message(self.FindChanged(self, found))

    @property
    def _here(self) -> int:
        """The row to start from: the one at the cursor, or in sight and nearest to it."""
        return self._nearest(self.size.height) if self.has_cursor else self.scroll_offset.y

    def _nearest(self, height: int) -> int:
        """Return which of the rows in sight is nearest to the cursor.

        Args:
            height: Of the view; 0 while it was not laid out: then it is the cursor's own.
        """
        first = self.scroll_offset.y
        last = first + height - self.header_rows - 1
        return self.cursor if last < first else min(max(first, self.cursor), last)

    # --- copy and export -----------------------------------------------------

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the text selected by the mouse, at most `COPY_ROWS` rows."""
        start, end = selection
        first = start.y if start else 0
        last = min(end.y if end else self.count - 1, self.count - 1, first + COPY_ROWS - 1)
        lines = [self.row_text(i) for i in range(first, last + 1)]
        if lines and end is not None and end.y == last:
            lines[-1] = lines[-1][: end.x]
        if lines and start is not None:
            lines[0] = lines[0][start.x :]
        return "\n".join(line.rstrip() for line in lines), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Redraw the selection."""
        self.refresh()

    def on_hide(self) -> None:
        """Let go of what is selected: nobody sees any more that it is."""
        if self.text_selection is not None:
            self.screen.clear_selection()

    @property
    def selected_text(self) -> str:
        """The text of these rows that the mouse has selected; `''` if it has selected none."""
        selection = self.text_selection
        selected = None if selection is None else self.get_selection(selection)
        return selected[0] if selected else ""

    def action_copy(self) -> None:
        """Copy the mouse selection in these rows, else the record under the cursor."""
        copy(self.selected_text or self.copy_text(), self)

    async def action_export(self) -> None:
        """Ask for a file to export the rows to."""
        if isinstance(self.app, OpensLines):
            await self.app.open_export(self.export())

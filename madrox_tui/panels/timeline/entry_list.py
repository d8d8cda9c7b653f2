"""Messages, events and what stands between them as rows: drawn, found, copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.reactive import reactive

from logging_core.analyse.state import TimelineEvent
from logging_core.records import Message
from madrox_tui.find import Found
from madrox_tui.panels.timeline.entries import Entry, Row, entry_text
from madrox_tui.panels.timeline.line import Context, Lines
from madrox_tui.panels.timeline.outcome import Outcomes
from madrox_tui.panels.timeline.rows import TimelineRows
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from madrox_tui.panels.timeline.find import Search


class EntryList(LineView):
    """Shows the rows of a timeline. A subclass decides which there are."""

    view: reactive[View | None] = reactive(None, repaint=False)
    """What to show; set by the app."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._rows = TimelineRows()
        self._outcomes = Outcomes(self._rows)
        self._lines = Lines()
        self._search: Search | None = None

    @property
    def selected(self) -> Row | None:
        """The row under the cursor."""
        return self._rows.rows[self.cursor] if self.cursor < self.count else None

    @property
    def chosen(self) -> Entry | None:
        """The message or event under the cursor; `None` on a separator."""
        row = self.selected
        return row if isinstance(row, Message | TimelineEvent) else None

    @property
    def selected_time_s(self) -> float | None:
        """The time of the row under the cursor, in seconds since the epoch."""
        return None if self.selected is None else self.selected.time_s

    def label(self, entry: Entry) -> str:
        """Return what an entry's instance is called on the screen."""
        names = self.view.names if self.view else {}
        return names.get(entry.instance_id, entry.instance_id or "fleet")

    def row(self, index: int) -> Sequence[Segment]:
        """Draw one entry on one line: time, direction, instance, text, and what it took."""
        if self.view is None:
            return []
        row, said = self._rows.rows[index], self._outcomes.of(index)
        context = Context(self.view, self.cell_styles.__getitem__)
        return self._lines.draw(index, row, self.row_width, context, said)

    def copy_text(self) -> str:
        """Return the whole text of the row under the cursor."""
        return entry_text(self.selected) if self.selected is not None else ""

    def whole_text(self, index: int) -> str:
        """Return the whole text of a row's message, and everything else a search covers."""
        from madrox_tui.panels.timeline.find import texts

        if self.view is None:
            return ""
        return "\n".join(texts(self._rows.rows[index], self.view, self._outcomes.of(index)))

    def cut_hits(self, index: int, text: str) -> Iterable[tuple[int, int]]:
        """Return where a name or a message is cut that holds a text."""
        from madrox_tui.panels.timeline.find import cut_hits

        row = self._rows.rows[index]
        return cut_hits(row, self.row(index), self.view, text) if self.view else ()

    def find_rows(self, text: str) -> Sequence[int]:
        """Return the loaded rows that contain `text`, ascending, even where it is not shown."""
        from madrox_tui.panels.timeline.find import Search

        self._search = Search(text)
        return self.find_again(text)

    def find_again(self, text: str) -> Sequence[int]:
        """Return those, searching only rows that came since: there may be 40,000."""
        if self._search is None or self._search.text != text or self.view is None:
            return ()
        return self._search.rows_with(self._rows.rows, self.view, self._outcomes.of)

    def watch_found(self, found: Found) -> None:
        """Let go of the rows that were searched when the search ends."""
        super().watch_found(found)
        if not found.text:
            self._search = None

"""The virtual list under every panel: only the rows on screen are drawn."""

from __future__ import annotations

from typing import ClassVar, Protocol, runtime_checkable

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region
from textual.scrollbar import ScrollTo

from madrox_tui.find import spans
from madrox_tui.key_names import at_once
from madrox_tui.widgets.drawn_rows import DrawnRows


@runtime_checkable
class OpensRows(Protocol):
    """A screen that opens what is under the cursor of a list on it.

    It is called, not sent a message: a key that is typed right after is for what it opens.
    """

    async def open_row(self, view: LineView) -> None:
        """Open what is under the cursor of `view`."""


class LineView(DrawnRows, can_focus=True, inherit_bindings=False):
    """Rows of text that scroll, with or without a cursor, and can follow the end.

    While `follow` is on, the view stays at the last row; moving up turns it off, and reaching the
    end turns it on again in those whose last row is the newest.

    Mouse wheel and scrollbar leave the cursor where it is, as it may be a choice that other panels
    show. While it is out of sight, the rows in sight stay there at any size, and keys and searches
    start at the one of them that is nearest to it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding("j,down", "move(1)", "Move down", show=False, id="line.down"),
            Binding("k,up", "move(-1)", "Move up", show=False, id="line.up"),
            Binding("pagedown", "page(1.0)", "Page down", show=False, id="line.page_down"),
            Binding("pageup", "page(-1.0)", "Page up", show=False, id="line.page_up"),
            Binding("ctrl+d", "page(0.5)", "Half page down", show=False, id="line.half_down"),
            Binding("ctrl+u", "page(-0.5)", "Half page up", show=False, id="line.half_up"),
            Binding("g,home", "first", "Go to start", show=False, id="line.first"),
            Binding("G,end", "last", "Go to end and follow", show=False, id="line.last"),
            Binding("h,left", "sideways(-8)", "Scroll left", show=False, id="line.left"),
            Binding("l,right", "sideways(8)", "Scroll right", show=False, id="line.right"),
            Binding("ctrl+f", "find", "Find in panel", show=False, id="line.find"),
            Binding("n", "find_next(1)", "Go to next match", show=False, id="line.find_next"),
            Binding(
                "N", "find_next(-1)", "Go to previous match", show=False, id="line.find_previous"
            ),
            Binding(
                "y",
                "copy",
                "Copy",
                show=False,
                id="line.copy",
                tooltip="Copy the mouse selection, else the record under the cursor",
            ),
            Binding("x", "export", "Export rows to a file", show=False, id="line.export"),
        )
    ]

    _height = 0  # before the next resize

    @property
    def follows_end(self) -> bool:
        """Whether the last row is the newest, so that reaching it means following."""
        return False

    def on_resize(self, _event: events.Resize) -> None:
        """Stay at the end when following, else keep the cursor visible, if it was."""
        before, self._height = self._height, self.size.height
        if self.follow:
            self._to_end()
        elif self.has_cursor and self.cursor == self._nearest(before):
            self.show_cursor()

    # --- moving --------------------------------------------------------------

    def show_cursor(self) -> None:
        """Scroll just enough to make the cursor's row visible."""
        self.scroll_to_region(
            Region(self.scroll_offset.x, self.cursor, 1, 1 + self.header_rows),
            animate=False,
            force=True,
            immediate=True,
        )

    def show_row(self, index: int) -> None:
        """Make a row and its first match visible, and move the cursor there if there is one."""
        if self.has_cursor:
            self._move_to(index)
        elif not 0 <= index - self.scroll_offset.y < self.size.height - self.header_rows:
            self._scroll_to_row(index - (self.size.height - self.header_rows) // 2)
        text = self.row_text(index)
        for start, end in spans(text, self.found.text)[:1]:
            x, last = cell_len(text[:start]), cell_len(text[:end])
            if x < self.scroll_offset.x or last > self.scroll_offset.x + self.row_width:
                self.scroll_to(x=x - self.row_width // 2, animate=False, force=True)

    def action_move(self, rows: int) -> None:
        """Move the cursor, or scroll, by a number of rows."""
        if self.has_cursor:
            self.screen.clear_selection()
            self._move_to(self._here + rows)
        else:
            self._scroll_to_row(self.scroll_offset.y + rows)

    def action_page(self, pages: float) -> None:
        """Move by a fraction of the visible height."""
        self.action_move(int(pages * max(1, self.size.height - self.header_rows - 1)))

    def action_first(self) -> None:
        """Go to the first row."""
        self.action_move(-self.count)

    def action_last(self) -> None:
        """Go to the last row, and follow."""
        self.action_move(self.count)
        if self.follows_end:
            self.follow = True
            self._to_end()

    def action_sideways(self, columns: int) -> None:
        """Scroll sideways by a number of cells."""
        self.scroll_to(x=self.scroll_offset.x + columns, animate=False, force=True)

    async def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.count and isinstance(self.screen, OpensRows):
            await self.screen.open_row(self)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor on a click; choose the row on a double click.

        Textual would select all rows on that.
        """
        place = self.place_of(event)
        y = -1 if place is None else place.y - self.header_rows
        index = self.scroll_offset.y + y
        if not self.has_cursor or y < 0 or index >= self.count:
            return
        event.prevent_default()
        self._move_to(index)
        if event.chain == 2:
            self.call_later(self.action_choose)

    def place_of(self, event: events.MouseEvent) -> Offset | None:
        """Return where the mouse is, from the first line and cell; `None` on the borders."""
        place = event.get_content_offset_capture(self)
        return place if 0 <= place.y < self.size.height else None

    def on_mouse_scroll_up(self) -> None:
        """Stop following on scrolling up."""
        self.follow = False

    def on_mouse_scroll_down(self) -> None:
        """Resume following at the end."""
        self.follow = self.follows_end and self.scroll_offset.y + 4 >= self.max_scroll_y

    def on_scroll_to(self, event: ScrollTo) -> None:
        """Follow while the scrollbar is dragged to the end, and only there."""
        if event.y is not None:
            self.follow = self.follows_end and round(event.y) >= self.max_scroll_y

    def on_scroll_up(self) -> None:
        """Stop following on a click above the scrollbar's thumb: it scrolls up by a page."""
        self.follow = False

    def on_scroll_down(self) -> None:
        """Resume following where a click below it reaches the end."""
        end = self.scroll_offset.y + self.scrollable_content_region.height
        self.follow = self.follows_end and end >= self.max_scroll_y

    def _move_to(self, index: int) -> None:
        self.cursor = min(max(0, index), max(0, self.count - 1))
        if self.count:
            self.follow = self.follows_end and self.cursor == self.count - 1
        self.show_cursor()

    def _scroll_to_row(self, row: int) -> None:
        row = min(max(0, row), self.max_scroll_y)
        self.follow = self.follows_end and row == self.max_scroll_y
        self.scroll_to(y=row, animate=False, force=True, immediate=True)

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)

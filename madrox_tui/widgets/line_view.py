"""The virtual list under every long panel: only the rows on screen are ever made."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LineView(ScrollView, can_focus=True):
    """Rows of text that scroll, with or without a cursor, and that can follow the end.

    A subclass says what row `index` looks like (`row`) and calls `show_rows` when that changed.
    While `follow` is on, the view stays at the last row; moving up turns it off, reaching the end
    turns it on again.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False, id="line.down"),
        Binding("k,up", "move(-1)", "Up", show=False, id="line.up"),
        Binding("pagedown", "page(1.0)", "Page down", show=False, id="line.page_down"),
        Binding("pageup", "page(-1.0)", "Page up", show=False, id="line.page_up"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="line.half_down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="line.half_up"),
        Binding("g,home", "first", "First", show=False, id="line.first"),
        Binding("G,end", "last", "Newest, and follow", show=False, id="line.last"),
        Binding("h,left", "sideways(-8)", "Left", show=False, id="line.left"),
        Binding("l,right", "sideways(8)", "Right", show=False, id="line.right"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "cell--muted",
        "cell--strong",
        "cell--accent",
        "cell--good",
        "cell--warn",
        "cell--bad",
        "cell--head",
        "cell--cursor",
        *(f"cell--hue-{hue}" for hue in range(8)),
    }

    DEFAULT_CSS = """
    LineView {
        overflow-y: scroll;
        overflow-x: hidden;
        scrollbar-size: 1 1;
        scrollbar-size-horizontal: 0;
        &> .cell--muted { color: $muted; }
        &> .cell--strong { color: $foreground; text-style: bold; }
        &> .cell--accent { color: $accent; }
        &> .cell--good { color: $success; }
        &> .cell--warn { color: $warning; }
        &> .cell--bad { color: $error; }
        &> .cell--head { color: $muted; text-style: bold; }
        &> .cell--cursor { background: $cursor-blurred; }
        &:focus > .cell--cursor { background: $cursor; }
        &> .cell--hue-0 { color: $hue-0; }
        &> .cell--hue-1 { color: $hue-1; }
        &> .cell--hue-2 { color: $hue-2; }
        &> .cell--hue-3 { color: $hue-3; }
        &> .cell--hue-4 { color: $hue-4; }
        &> .cell--hue-5 { color: $hue-5; }
        &> .cell--hue-6 { color: $hue-6; }
        &> .cell--hue-7 { color: $hue-7; }
    }
    """

    class Chosen(Message):
        """Enter, or a double click, on a row."""

        def __init__(self, view: LineView, index: int) -> None:
            super().__init__()
            self.view = view
            self.index = index

        @property
        def control(self) -> LineView:
            """The view whose row was chosen."""
            return self.view

    header_rows: int = 0
    """Rows at the top that never scroll: `header` makes them."""

    has_cursor: ClassVar[bool] = True
    """Whether one row is marked and moved by the keys; else the keys scroll."""

    cursor = reactive(0, layout=False)
    """Index of the marked row."""

    follow = reactive(False, layout=False)
    """Whether the view stays at the last row when rows are added."""

    count = 0
    """Number of rows."""

    def row(self, index: int) -> list[Segment]:
        """Row `index` as segments of text that is safe to show. Subclasses override it."""
        return []

    def header(self, line: int) -> list[Segment]:
        """Line `line` of the pinned header. Subclasses with `header_rows` override it."""
        return []

    def nothing(self) -> str:
        """What is said where there is no row: what is waited for. Subclasses override it."""
        return ""

    # --- for the subclass ----------------------------------------------------

    def show_rows(self, count: int, width: int = 0) -> None:
        """Show `count` rows from now on; `width` is the widest row, if rows scroll sideways."""
        self.count = count
        size = Size(width or self.row_width, count + self.header_rows)
        if size != self.virtual_size:
            self.virtual_size = size
        if self.follow:
            self.cursor = max(0, count - 1)
            self._to_end()
        elif self.cursor >= count:
            self.cursor = max(0, count - 1)
        self.refresh()

    @property
    def row_width(self) -> int:
        """Cells of a row that are visible, at least 1."""
        return max(1, self.scrollable_content_region.width)

    def cell_style(self, name: str) -> Style:
        """The style of a component class without its `cell--`; the background shines through."""
        return self.get_component_rich_style(f"cell--{name}", partial=True)

    # --- drawing -------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        x, top = self.scroll_offset
        width = self.row_width
        if y < self.header_rows:
            return Strip(self.header(y)).crop_extend(0, width, None).apply_style(self.rich_style)
        index = top + y - self.header_rows
        if index >= self.count:
            text = self.nothing() if index == self.count == 0 else ""
            strip = Strip([Segment(text, self.cell_style("muted"))]).crop_extend(0, width, None)
            return strip.apply_style(self.rich_style)
        strip = Strip(self.row(index)).crop_extend(x, x + width, None)
        if self.has_cursor and index == self.cursor:
            strip = strip.apply_style(self.cell_style("cursor"))
        return strip.apply_style(self.rich_style).apply_offsets(x, index)

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two rows."""
        if self.has_cursor:
            for index in (old, new):
                self.refresh_line(index + self.header_rows)

    def on_resize(self, _event: events.Resize) -> None:
        """Keep to the end, or keep the cursor in sight."""
        if self.follow:
            self._to_end()
        elif self.has_cursor:
            self.show_cursor()

    # --- moving --------------------------------------------------------------

    def show_cursor(self) -> None:
        """Scroll as little as brings the cursor's row into sight."""
        self.scroll_to_region(
            Region(self.scroll_offset.x, self.cursor, 1, 1 + self.header_rows),
            animate=False,
            force=True,
            immediate=True,
        )

    def action_move(self, rows: int) -> None:
        """Move the cursor, or scroll, by a number of rows."""
        if self.has_cursor:
            self._move_to(self.cursor + rows)
        else:
            self._scroll_to_row(self.scroll_offset.y + rows)

    def action_page(self, pages: float) -> None:
        """Move by a part of the visible height."""
        self.action_move(int(pages * max(1, self.size.height - self.header_rows - 1)))

    def action_first(self) -> None:
        """Go to the first row."""
        self.action_move(-self.count)

    def action_last(self) -> None:
        """Go to the last row and follow what comes."""
        self.action_move(self.count)
        self.follow = True
        self._to_end()

    def action_sideways(self, columns: int) -> None:
        """Scroll rows that are wider than the view."""
        self.scroll_to(x=self.scroll_offset.x + columns, animate=False, force=True)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; a second one chooses."""
        index = self.scroll_offset.y + event.get_content_offset_capture(self).y - self.header_rows
        if not self.has_cursor or not 0 <= index < self.count:
            return
        self._move_to(index)
        if event.chain == 2:
            self.action_choose()

    def on_mouse_scroll_up(self) -> None:
        """Looking back ends following."""
        self.follow = False

    def on_mouse_scroll_down(self) -> None:
        """Coming to the end resumes following."""
        self.follow = self.scroll_offset.y + 4 >= self.max_scroll_y

    def _move_to(self, index: int) -> None:
        self.cursor = min(max(0, index), max(0, self.count - 1))
        self.follow = self._follows_end() and self.cursor == self.count - 1
        self.show_cursor()

    def _scroll_to_row(self, row: int) -> None:
        row = min(max(0, row), self.max_scroll_y)
        self.follow = self._follows_end() and row == self.max_scroll_y
        self.scroll_to(y=row, animate=False, force=True, immediate=True)

    def _follows_end(self) -> bool:
        """Whether the last row is the newest, so that being there means following it."""
        return True

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)

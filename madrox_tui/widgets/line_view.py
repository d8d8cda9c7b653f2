"""The virtual list under every panel: only the rows on screen are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.theme import Theme

from madrox_tui.colours.cell_styles import cell_styles
from madrox_tui.find import Found, holds, spans
from madrox_tui.widgets.marks import Sides, found_beyond, in_sight, mark
from madrox_tui.widgets.rows import Rows

MARGIN = 1
"""A cell between the rows and the scrollbar: blank, or a mark that a row continues."""


class ScreenLine(NamedTuple):
    """The content of a screen line.

    Attributes:
        segments: Its text.
        at_cursor: Whether the cursor is on it.
        hits: The matches in its text, as character offsets.
        hit: Their style; `None` if there are none.
        beyond: On which sides it has matches out of view.
    """

    segments: list[Segment]
    at_cursor: bool = False
    hits: Sequence[tuple[int, int]] = ()
    hit: Style | None = None
    beyond: Sides = Sides()


class LineView(Rows, can_focus=True):
    """Rows of text that scroll, with or without a cursor, and can follow the end.

    A subclass draws row `index` in `row` and calls `show_rows` when rows changed; only the lines
    that look different are redrawn.
    While `follow` is on, the view stays at the last row; moving up turns it off, reaching the end
    turns it on again.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
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
        Binding("N", "find_next(-1)", "Go to previous match", show=False, id="line.find_previous"),
        Binding(
            "y",
            "copy",
            "Copy",
            show=False,
            id="line.copy",
            tooltip="Copy the mouse selection, else the record under the cursor",
        ),
        Binding("x", "export", "Export rows to a file", show=False, id="line.export"),
    ]

    DEFAULT_CSS = """
    LineView {
        overflow-y: scroll;
        overflow-x: hidden;
        scrollbar-size: 1 1;
        scrollbar-size-horizontal: 0;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._drawn: dict[int, ScreenLine] = {}
        self._beneath = Style()
        self._titles = ("", "")
        self._styles: tuple[Theme | None, Mapping[str, Style]] = (None, {})
        self._is_drawing = False

    # --- for the subclass ----------------------------------------------------

    def entitle(self, title: str, subtitle: str = "") -> None:
        """Set the border titles, without markup; redrawn only if they changed."""
        before, self._titles = self._titles, (title, subtitle)
        if title != before[0]:
            self.border_title = Content(title)
        if subtitle != before[1]:
            self.border_subtitle = Content(subtitle)

    def show_rows(self, count: int, width: int = 0) -> None:
        """Show `count` rows; `width` is that of the widest row, if rows scroll sideways."""
        self.count = count
        size = Size((width or self.row_width) + MARGIN, count + self.header_rows)
        if size != self.virtual_size:
            self._resize(size)
        if self.follow:
            self.cursor = max(0, count - 1)
            self._to_end()
        elif self.cursor >= count:
            self.cursor = max(0, count - 1)
        self.refresh_changed()

    def _resize(self, size: Size) -> None:
        """Change the scrollable size; a plain assignment would lay out the whole screen again."""
        if self.styles.auto_dimensions or not self.show_vertical_scrollbar:
            self.virtual_size = size
            return
        self.set_reactive(LineView.virtual_size, size)
        self.vertical_scrollbar.window_virtual_size = size.height
        self.scroll_y = min(self.scroll_y, self.max_scroll_y)

    def refresh_changed(self) -> None:
        """Redraw the lines that look different; none while the view is hidden."""
        if not self.display:
            return
        top = self.scroll_offset.y
        for y in range(self.size.height):
            if self._drawn.get(y) != self._line(y):
                self.refresh_line(top + y)

    @property
    def row_width(self) -> int:
        """Visible cells of a row, without the margin; at least 1."""
        return max(1, self.scrollable_content_region.width - MARGIN)

    def cell_style(self, name: str) -> Style:
        """Return one of `CELLS` in the current theme; the background shows through."""
        theme, styles = self._styles
        if theme is not self.app.current_theme:
            styles = cell_styles(self.app.theme_variables)
            self._styles = (self.app.current_theme, styles)
        if name == "cursor" and not self.has_focus:
            name = "cursor-blurred"
        return styles[name]

    # --- drawing -------------------------------------------------------------

    def watch_found(self, found: Found) -> None:
        """Draw the marks."""
        super().watch_found(found)
        self.refresh_changed()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw a part; what is below all of its lines is found out once."""
        self._beneath, self._is_drawing = self.rich_style, True
        try:
            return super().render_lines(crop)
        finally:
            self._is_drawing = False

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen.

        Which character of which row each piece of it is, Textual only asks to know what the mouse
        points at. Drawn with it every piece would have a style of its own, and of those Textual
        keeps 16,384 for good.
        """
        x, top = self.scroll_offset
        width = self.row_width
        index = top + y - self.header_rows
        line = self._drawn[y] = self._line(y)
        strip = Strip(line.segments)
        if y < self.header_rows or index >= self.count:
            strip = strip.crop_extend(0, width, None)
            return strip.extend_cell_length(width + MARGIN).apply_style(self._beneath)
        strip = self._marked(strip, line, index)
        strip = in_sight(strip, x, width, self.cell_style("muted"), line.beyond)
        if line.at_cursor:
            strip = strip.apply_style(self.cell_style("cursor"))
        strip = strip.apply_style(self._beneath)
        return strip if self._is_drawing else strip.apply_offsets(x, index)

    def _line(self, y: int) -> ScreenLine:
        """Return the current content of screen line `y`."""
        index = self.scroll_offset.y + y - self.header_rows
        if y < self.header_rows:
            return ScreenLine(self.header(y))
        if index < self.count:
            line = ScreenLine(self.row(index), self.has_cursor and index == self.cursor)
            return self._with_hits(line, index) if self.found.text else line
        if self.count == 0:
            lines = wrap(self.nothing(), self.row_width)[index : index + 1]
            return ScreenLine([Segment(line, self.cell_style("muted")) for line in lines])
        return ScreenLine([])

    def _with_hits(self, line: ScreenLine, index: int) -> ScreenLine:
        """Add the matches in a row to its line; a match in text not shown counts as right."""
        text, wanted = "".join(segment.text for segment in line.segments), self.found.text
        hits, style = spans(text, wanted), self._hit_style(index)
        if hits:
            beyond = found_beyond(text, hits, self.scroll_offset.x, self.row_width, style)
            return line._replace(hits=hits, hit=style, beyond=beyond)
        if holds(self.whole_text(index), wanted):
            return line._replace(beyond=Sides(right=style))
        return line

    def _marked(self, strip: Strip, line: ScreenLine, index: int) -> Strip:
        """Highlight matches and the mouse selection in a row."""
        if line.hit is not None:
            strip = mark(strip, line.hits, line.hit)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(index)) is not None:
            start, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            strip = mark(strip, [(start, len(strip.text) if end < 0 else end)], style)
        return strip

    def _hit_style(self, index: int) -> Style:
        here = self.cursor if self.has_cursor else self.found.at
        return self.cell_style("hit-here" if index == here else "hit")

    def watch_cursor(self, old: int, new: int) -> None:
        """Redraw the two rows."""
        if self.has_cursor:
            for index in (old, new):
                self.refresh_line(index + self.header_rows)

    def on_resize(self, _event: events.Resize) -> None:
        """Stay at the end when following, else keep the cursor visible."""
        if self.follow:
            self._to_end()
        elif self.has_cursor:
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
            self._move_to(self.cursor + rows)
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
        if self._follows_end():
            self.follow = True
            self._to_end()

    def action_sideways(self, columns: int) -> None:
        """Scroll sideways by a number of cells."""
        self.scroll_to(x=self.scroll_offset.x + columns, animate=False, force=True)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.count:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor on a click; choose the row on a double click."""
        y = event.get_content_offset_capture(self).y - self.header_rows
        index = self.scroll_offset.y + y
        if not self.has_cursor or y < 0 or index >= self.count:
            return
        self._move_to(index)
        if event.chain == 2:
            self.action_choose()

    def on_mouse_scroll_up(self) -> None:
        """Stop following on scrolling up."""
        self.follow = False

    def on_mouse_scroll_down(self) -> None:
        """Resume following at the end."""
        self.follow = self._follows_end() and self.scroll_offset.y + 4 >= self.max_scroll_y

    def _move_to(self, index: int) -> None:
        self.cursor = min(max(0, index), max(0, self.count - 1))
        self.follow = self._follows_end() and self.cursor == self.count - 1
        self.show_cursor()

    def _scroll_to_row(self, row: int) -> None:
        row = min(max(0, row), self.max_scroll_y)
        self.follow = self._follows_end() and row == self.max_scroll_y
        self.scroll_to(y=row, animate=False, force=True, immediate=True)

    def _follows_end(self) -> bool:
        """Return whether the last row is the newest, so that reaching it means following."""
        return True

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)

"""The virtual list under every long panel: only the rows on screen are ever made."""

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

from madrox_tui.cell_styles import cell_styles
from madrox_tui.find import Found, holds, spans
from madrox_tui.widgets.marks import Sides, found_beyond, in_sight, mark
from madrox_tui.widgets.rows import Rows

MARGIN = 1
"""A cell between the rows and the scrollbar: blank, or a mark that a row goes on."""


class _Line(NamedTuple):
    """What a line of the screen says.

    Attributes:
        segments: Its text.
        at_cursor: Whether the cursor is on it.
        hits: Where in its text what is looked for was found, as character offsets.
        hit: Their style; `None` where there are none.
        beyond: Where it has hits that are not in sight.
    """

    segments: list[Segment]
    at_cursor: bool = False
    hits: Sequence[tuple[int, int]] = ()
    hit: Style | None = None
    beyond: Sides = Sides()


class LineView(Rows, can_focus=True):
    """Rows of text that scroll, with or without a cursor, and that can follow the end.

    A subclass says what row `index` looks like (`row`) and calls `show_rows` when that changed;
    the lines that look otherwise than before are drawn anew.
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
        Binding("ctrl+f", "find", "Find in this panel", show=False, id="line.find"),
        Binding("n", "find_next(1)", "Next hit", show=False, id="line.find_next"),
        Binding("N", "find_next(-1)", "Hit before", show=False, id="line.find_previous"),
        Binding(
            "y",
            "copy",
            "Copy",
            show=False,
            id="line.copy",
            tooltip="Copy what the mouse selected, else the record under the cursor",
        ),
        Binding("x", "export", "Export the rows to a file", show=False, id="line.export"),
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
        self._drawn: dict[int, _Line] = {}
        self._beneath = Style()
        self._titles = ("", "")
        self._styles: tuple[Theme | None, Mapping[str, Style]] = (None, {})
        self._is_drawing = False

    # --- for the subclass ----------------------------------------------------

    def entitle(self, title: str, subtitle: str = "") -> None:
        """Say what the panel shows; drawn only when that changed. No markup in either."""
        before, self._titles = self._titles, (title, subtitle)
        if title != before[0]:
            self.border_title = Content(title)
        if subtitle != before[1]:
            self.border_subtitle = Content(subtitle)

    def show_rows(self, count: int, width: int = 0) -> None:
        """Show `count` rows from now on; `width` is the widest row, if rows scroll sideways."""
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
        """Have other rows to scroll over; only assigning would lay out the whole screen anew."""
        if self.styles.auto_dimensions or not self.show_vertical_scrollbar:
            self.virtual_size = size
            return
        self.set_reactive(LineView.virtual_size, size)
        self.vertical_scrollbar.window_virtual_size = size.height
        self.scroll_y = min(self.scroll_y, self.max_scroll_y)

    def refresh_changed(self) -> None:
        """Draw the lines anew that look otherwise than before; none while the view is hidden."""
        if not self.display:
            return
        top = self.scroll_offset.y
        for y in range(self.size.height):
            if self._drawn.get(y) != self._line(y):
                self.refresh_line(top + y)

    @property
    def row_width(self) -> int:
        """Cells of a row that are visible, at least 1; beside them is a margin."""
        return max(1, self.scrollable_content_region.width - MARGIN)

    def cell_style(self, name: str) -> Style:
        """One of `CELLS` in the current theme; the background shines through."""
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

    def _line(self, y: int) -> _Line:
        """What line `y` of the screen says now."""
        index = self.scroll_offset.y + y - self.header_rows
        if y < self.header_rows:
            return _Line(self.header(y))
        if index < self.count:
            line = _Line(self.row(index), self.has_cursor and index == self.cursor)
            return self._with_hits(line, index) if self.found.text else line
        if self.count == 0:
            lines = wrap(self.nothing(), self.row_width)[index : index + 1]
            return _Line([Segment(line, self.cell_style("muted")) for line in lines])
        return _Line([])

    def _with_hits(self, line: _Line, index: int) -> _Line:
        """The line of a row with what is found in it; what it does not show is at its right."""
        text, wanted = "".join(segment.text for segment in line.segments), self.found.text
        hits, style = spans(text, wanted), self._hit_style(index)
        if hits:
            beyond = found_beyond(text, hits, self.scroll_offset.x, self.row_width, style)
            return line._replace(hits=hits, hit=style, beyond=beyond)
        if holds(self.whole_text(index), wanted):
            return line._replace(beyond=Sides(right=style))
        return line

    def _marked(self, strip: Strip, line: _Line, index: int) -> Strip:
        """The row with what was found in it, and what the mouse selected of it."""
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

    def show_row(self, index: int) -> None:
        """Bring a row into sight, the cursor onto it where there is one, and what was found."""
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
        """Move by a part of the visible height."""
        self.action_move(int(pages * max(1, self.size.height - self.header_rows - 1)))

    def action_first(self) -> None:
        """Go to the first row."""
        self.action_move(-self.count)

    def action_last(self) -> None:
        """Go to the last row and follow what comes."""
        self.action_move(self.count)
        if self._follows_end():
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
        y = event.get_content_offset_capture(self).y - self.header_rows
        index = self.scroll_offset.y + y
        if not self.has_cursor or y < 0 or index >= self.count:
            return
        self._move_to(index)
        if event.chain == 2:
            self.action_choose()

    def on_mouse_scroll_up(self) -> None:
        """Looking back ends following."""
        self.follow = False

    def on_mouse_scroll_down(self) -> None:
        """Coming to the end resumes following."""
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
        """Whether the last row is the newest, so that being there means following it."""
        return True

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)

"""Rows of text that are drawn only where they look different."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import Self

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region, Size
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from madrox_tui.colours.cell_styles import cell_styles
from madrox_tui.find import Found, holds, spans
from madrox_tui.widgets.line_cache import LineCache
from madrox_tui.widgets.marks import MARGIN, Sides, found_beyond, in_sight, mark, padded
from madrox_tui.widgets.rows import Rows
from madrox_tui.widgets.screen_line import Look, ScreenLine
from madrox_tui.widgets.steady_scrollbar import SteadyScrollBar


class DrawnRows(Rows):
    """Draws the rows on screen.

    A subclass draws row `index` in `row` and calls `show_rows` when rows changed; only the lines
    that look different are redrawn.
    """

    DEFAULT_CSS = """
    DrawnRows {
        overflow-y: scroll;
        overflow-x: hidden;
        scrollbar-size: 1 1;
        scrollbar-size-horizontal: 0;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._drawn: dict[int, ScreenLine] = {}
        self._next: tuple[Look | None, dict[int, ScreenLine]] = (None, {})  # not drawn yet
        self._looking: Look | None = None
        self._titles = ("", Content(""))
        self._beneath = Style()
        self._styles_cache = LineCache(self._looks)

    # --- for the subclass ----------------------------------------------------

    def entitle(self, title: str, subtitle: Content | str = "") -> None:
        """Set the border titles, without markup; redrawn only if they changed."""
        said = Content(subtitle) if isinstance(subtitle, str) else subtitle
        before, self._titles = self._titles, (title, said)
        if title != before[0]:
            self.border_title = Content(title)
        if subtitle != before[1]:
            self.border_subtitle = self._titles[1]

    def show_rows(self, count: int, width: int = 0, *, first: int | None = None) -> None:
        """Show rows.

        Args:
            count: How many there are.
            width: Cells of the widest row, if rows scroll sideways.
            first: The one to scroll to, if they do not follow the end; `None`: stay.
        """
        self.count = count
        size = Size((width or self.row_width) + MARGIN, count + self.header_rows)
        if size != self.virtual_size:
            self._resize(size)
        if self.follow:
            self.cursor, first = max(0, count - 1), self.max_scroll_y
        elif self.cursor >= count:
            self.cursor = max(0, count - 1)
        if first is not None:
            self.scroll_to(y=first, animate=False, force=True, immediate=True)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.steady()
        self.refresh_changed()
        if self.has_cursor:
            self.recount_soon()

    def _resize(self, size: Size) -> None:
        """Change the scrollable size; a plain assignment would lay out the whole screen again."""
        if self.styles.auto_dimensions or not self.show_vertical_scrollbar:
            # Textual notes one change from idle to idle: a layout in between would keep its size.
            self._layout_required = False
            self.virtual_size = size
            return
        self.set_reactive(DrawnRows.virtual_size, size)
        self.vertical_scrollbar.set_reactive(ScrollBar.window_virtual_size, size.height)
        self.scroll_x = min(self.scroll_x, self.max_scroll_x)
        self.scroll_y = min(self.scroll_y, self.max_scroll_y)

    @property
    def vertical_scrollbar(self) -> SteadyScrollBar:
        """The scrollbar, which is there from the first time that it is asked for."""
        bar = self._vertical_scrollbar
        if not isinstance(bar, SteadyScrollBar):
            bar = self._vertical_scrollbar = SteadyScrollBar(thickness=self.scrollbar_size_vertical)
            bar.display = False
            self.app._start_widget(self, bar)
        return bar

    def refresh_changed(self) -> None:
        """Redraw the lines that look different; none while the view is hidden."""
        self._next = None, {}
        if not self.display:
            return
        with self._look() as look:
            lines = {y: self._line(y, look) for y in range(look.height)}
        self._redraw(*(y for y, line in lines.items() if self._drawn.get(y) != line))
        self._next = look, lines

    def refresh(self, *regions: Region, **options: bool) -> Self:
        """Redraw, from what there is to be shown by then."""
        self._next = None, {}
        return super().refresh(*regions, **options)

    def _redraw(self, *lines: int) -> None:
        """Redraw lines of the screen, counted with the pinned ones first."""
        if lines:
            width = max(self.virtual_size.width, self.size.width)
            self.refresh(*(Region(0, self._on_screen(line, 1), width, 1) for line in lines))

    def _on_screen(self, line: int, way: int) -> int:
        """Return where a line is on the screen, counted with the pinned ones first.

        Args:
            line: The line.
            way: 1; -1 to return which line is there instead.
        """
        return line

    @property
    def row_width(self) -> int:
        """Visible cells of a row, without the margin; at least 1."""
        if self._looking is not None:
            return self._looking.width
        return max(1, self.scrollable_content_region.width - MARGIN)

    def cell_style(self, name: str) -> Style:
        """Return one of `CELLS` in the current theme; the background shows through."""
        if name == "cursor" and not self.has_focus:
            name = "cursor-blurred"
        return self.cell_styles[name]

    @property
    def cell_styles(self) -> Mapping[str, Style]:
        """The styles of `CELLS` in the current theme: the same object until they change."""
        if self._looking is not None:
            return self._looking.styles
        return cell_styles(self.app.theme_variables)

    @contextmanager
    def _look(self) -> Iterator[Look]:
        """Find out once what is the same for all lines: each of them asks for it many times."""
        before, self._looking = self._looking, self._looking or self._new_look()
        try:
            yield self._looking
        finally:
            self._looking = before

    def _new_look(self) -> Look:
        cursor = self.cursor if self.has_cursor else -1
        found, selection, styles = self.found.text, self.text_selection, self.cell_styles
        size = self.row_width, self.size.height
        return Look(*self.scroll_offset, *size, cursor, found, selection, styles)

    # --- drawing -------------------------------------------------------------

    def watch_found(self, found: Found) -> None:
        """Draw the marks."""
        super().watch_found(found)
        self.refresh_changed()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw a part; what is the same for all of its lines is found out once."""
        self._beneath = self.rich_style
        with self._look():
            return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen.

        Which character of which row each piece of it is, Textual only asks to know what the mouse
        points at. Drawn with it every piece would have a style of its own, and of those Textual
        keeps 16,384 for good.
        """
        is_asked = self._looking is None
        number = self._on_screen(y, -1)
        with self._look() as look:
            line = self._content(number, look)
            index = self._index(number, look)
            if index is None:
                return _strip(padded(line.segments, look.width), self._beneath, look)
            muted, beneath = self.cell_style("muted"), self._beneath
            marked = self._marked(line, index, look)
            segments = in_sight(marked, look.x, look.width, muted, line.beyond)
            if line.at_cursor:
                beneath += self.cell_style("cursor")
            strip = _strip(segments, beneath, look)
            return strip.apply_offsets(look.x, index) if is_asked else strip

    def _looks(self, y: int) -> Hashable | None:
        """Return all that a line of the screen looks like depends on, and note that it is drawn."""
        number = self._on_screen(y, -1)
        with self._look() as look:
            line = self._content(number, look)
            is_row = self._index(number, look) is not None
            return None if look.selection is not None else (line, look.x if is_row else None)

    def _content(self, number: int, look: Look) -> ScreenLine:
        """Return the content of a line that is being drawn."""
        if self._next[0] != look:
            self._next = look, {}
        lines = self._next[1]
        if number not in lines:
            lines[number] = self._line(number, look)
        self._drawn[number] = lines[number]
        return lines[number]

    def _index(self, number: int, look: Look) -> int | None:
        """Return which row is on a line; `None` if none is."""
        index = look.top + number - self.header_rows
        return index if number >= self.header_rows and index < self.count else None

    def _line(self, number: int, look: Look) -> ScreenLine:
        """Return the current content of a line, counted with the pinned ones first."""
        index = look.top + number - self.header_rows
        if number < self.header_rows:
            return ScreenLine(tuple(self.header(number)))
        if index < self.count:
            line = ScreenLine(tuple(self.row(index)), index == look.cursor)
            return self._with_hits(line, index, look) if look.found else line
        if self.count == 0:
            lines = wrap(self.nothing(), look.width)[index : index + 1]
            return ScreenLine(tuple(Segment(line, look.styles["muted"]) for line in lines))
        return ScreenLine()

    def _with_hits(self, line: ScreenLine, index: int, look: Look) -> ScreenLine:
        """Add the matches in a row to its line: in its text, in what is cut, or not shown at all.

        The last count as right.
        """
        if not holds(self.whole_text(index), look.found):
            return line
        text = "".join(segment.text for segment in line.segments)
        here = self.cursor if self.has_cursor else self.found.at
        style = look.styles["hit-here" if index == here else "hit"]
        hits = sorted({*spans(text, look.found), *self.cut_hits(index, look.found)})
        if hits:
            beyond = found_beyond(text, hits, look.x, look.width, style)
            return line._replace(hits=tuple(hits), hit=style, beyond=beyond)
        return line._replace(beyond=Sides(right=style))

    def _marked(self, line: ScreenLine, index: int, look: Look) -> Sequence[Segment]:
        """Highlight matches and the mouse selection in a row."""
        segments: Sequence[Segment] = line.segments
        if line.hit is not None:
            segments = mark(segments, line.hits, line.hit)
        if look.selection is not None and (span := look.selection.get_span(index)) is not None:
            start, end = span
            if end < 0:
                end = sum(len(segment.text) for segment in segments)
            segments = mark(segments, [(start, end)], look.styles["selected"])
        return segments

    def watch_cursor(self, old: int, new: int) -> None:
        """Redraw the two rows."""
        if self.has_cursor:
            for index in (old, new):
                self.refresh_line(index + self.header_rows)


def _strip(segments: Iterable[Segment], beneath: Style, look: Look) -> Strip:
    return Strip(Segment.apply_style(segments, beneath), look.width + MARGIN)

"""One frame as rows: in full, only its new text, or as a diff with the previous frame."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, ClassVar, NamedTuple

from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from textual import events
from textual.app import App
from textual.color import Color
from textual.reactive import reactive
from textual.theme import Theme

from madrox_tui.colours.legible import Ground
from madrox_tui.panels.pane.diff import Line, compare
from madrox_tui.panels.pane.pane import Pane, crop
from madrox_tui.widgets.line_view import LineView

MAX_ROWS = 20_000
"""Only this many lines at the end of a longer frame are compared or wrapped."""

_GUTTER = 2


class Mode(Enum):
    """What is shown of a frame."""

    FULL = "full"
    NEW = "new text"
    DIFF = "diff"

    @property
    def following(self) -> Mode:
        """The next mode in the cycle."""
        modes = list(Mode)
        return modes[(modes.index(self) + 1) % len(modes)]


class _Row(NamedTuple):
    """A row: a line of either pane, and a range of its characters."""

    line: Line
    start: int
    end: int


class FrameView(LineView):
    """Shows a pane's frame, or compares it with the previous one. A subclass binds the keys."""

    has_cursor: ClassVar[bool] = False

    pane: reactive[Pane | None] = reactive(None, layout=False)
    """The frame to show; `None` while there is none."""

    earlier: reactive[Pane | None] = reactive(None, layout=False)
    """The previous frame, for the diff; `None` if there is none."""

    mode: reactive[Mode] = reactive(Mode.FULL, layout=False)
    """What is shown of the frame."""

    wrap: reactive[bool] = reactive(False, layout=False)
    """Whether long lines wrap instead of scrolling."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._rows: list[_Row] | None = None  # `None`: one row per line of the pane
        self._grounds: tuple[Theme | None, Ground | None] = (None, None)

    def watch_pane(self) -> None:
        """Show another frame; a view scrolled to the end stays at the end."""
        at_end = self.scroll_offset.y >= self.max_scroll_y
        self.lay_out()
        if at_end and not self.follow:
            self._to_end()

    def show_frame(self, pane: Pane | None, earlier: Pane | None) -> None:
        """Show a frame, together with the previous one for the diff."""
        self.set_reactive(FrameView.earlier, earlier)
        self.pane = pane

    def watch_earlier(self) -> None:
        """Redo the diff."""
        if self.mode is not Mode.FULL:
            self.lay_out()

    def watch_mode(self) -> None:
        """Switch the mode."""
        self.lay_out()

    def watch_wrap(self) -> None:
        """Switch between wrapping and scrolling."""
        self.scroll_to(x=0, animate=False, force=True)
        self.lay_out()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap to the new width."""
        if self.wrap:
            self.lay_out()

    def lay_out(self) -> None:
        """Rebuild the rows."""
        whole = self.mode is Mode.FULL and not self.wrap
        self._rows = None if whole else list(self._laid_out())
        count = len(self.pane or ()) if self._rows is None else len(self._rows)
        width = self.pane.width if self.pane and not self.wrap else 0
        self.show_rows(count, width + self._gutter if width else 0)

    def row(self, index: int) -> list[Segment]:
        """Draw a line of the terminal, or a piece of it."""
        line, start, end = self._row(index)
        pane = self._pane_of(line)
        if pane is None:
            return []
        segments = crop(pane.row(line.number, self._ground), start, end)
        if line.sign == "-":
            segments = [Segment("".join(s.text for s in segments), self.cell_style("muted"))]
        if not self._gutter:
            return segments
        style = {"+": "good", "-": "bad"}.get(line.sign, "muted")
        return [Segment(f"{line.sign} ", self.cell_style(style)), *segments]

    def row_text(self, index: int) -> str:
        """Return the text of a row, as searched and copied."""
        line, start, end = self._row(index)
        pane = self._pane_of(line)
        text = pane.texts[line.number][start:end] if pane else ""
        return f"{line.sign} {text}" if self._gutter else text

    def row_of(self, number: int) -> int:
        """Return the first row of a line of the frame; 0 if the line is not shown."""
        if self._rows is None:
            return number
        shown = (i for i, (line, _, _) in enumerate(self._rows) if line.number == number)
        return next(shown, 0)

    def action_mode(self) -> None:
        """Cycle full / new text / diff."""
        self.mode = self.mode.following

    def action_wrap(self) -> None:
        """Toggle wrap."""
        self.wrap = not self.wrap

    @property
    def _gutter(self) -> int:
        return _GUTTER if self.mode is Mode.DIFF else 0

    @property
    def _ground(self) -> Ground | None:
        """The colours of the current theme; `None` if they are the terminal's own."""
        theme = self.app.current_theme
        if self._grounds[0] is not theme:
            ground = None if self.app.native_ansi_color else _ground_of(self.app)
            self._grounds = theme, ground
        return self._grounds[1]

    def _row(self, index: int) -> _Row:
        if self._rows is not None:
            return self._rows[index]
        return _Row(Line(" ", index), 0, len(self.pane.texts[index]) if self.pane else 0)

    def _pane_of(self, line: Line) -> Pane | None:
        return self.earlier if line.sign == "-" else self.pane

    def _laid_out(self) -> Iterator[_Row]:
        width = max(1, self.row_width - self._gutter)
        for line in self._lines():
            pane = self._pane_of(line)
            if pane is None:
                continue
            if self.wrap:
                for start, end in pane.cuts(line.number, width):
                    yield _Row(line, start, end)
            else:
                yield _Row(line, 0, len(pane.texts[line.number]))

    def _lines(self) -> list[Line]:
        if self.pane is None:
            return []
        first, last = max(0, len(self.pane) - MAX_ROWS), len(self.pane)
        if self.mode is Mode.FULL:
            return [Line(" ", number) for number in range(first, last)]
        older = self.earlier.texts if self.earlier else ()
        skipped = max(0, len(older) - MAX_ROWS)
        return [
            Line(sign, number + (skipped if sign == "-" else first))
            for sign, number in compare(older[skipped:], self.pane.texts[first:])
            if sign == "+" or self.mode is Mode.DIFF
        ]


def _ground_of(app: App[Any]) -> Ground:
    names = ("foreground", "background")
    text, behind = (Color.parse(app.theme_variables[name]).rgb for name in names)
    return Ground(ColorTriplet(*text), ColorTriplet(*behind), app.ansi_theme)

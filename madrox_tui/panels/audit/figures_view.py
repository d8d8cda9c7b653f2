"""A list with figures pinned above it, which the cursor reaches from the first row."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events

from madrox_tui.panels.audit.figures import Figure, Word, Words, figures
from madrox_tui.widgets.line_view import LineView, OpensRows
from madrox_tui.widgets.screen_line import Look, ScreenLine


class FiguresView(LineView):
    """Pins lines of words above the rows; some words are figures, which can be chosen like rows.

    A subclass sets the lines with `show_above`, draws the last pinned line in `headings`, and says
    in `_entitle` what is under the cursor.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._above: Sequence[Words] = ()
        self._figure: Figure | None = None

    @property
    def figure(self) -> str | None:
        """The name of the figure under the cursor; `None` if that is in the rows."""
        return None if self._figure is None else self._figure.opens

    def show_above(self, lines: Sequence[Words]) -> None:
        """Set the lines above the rows; the cursor stays on its figure, or goes to the rows."""
        self._above = lines
        self.header_rows = len(lines) + 1
        if self._figure is not None:
            name = self._figure.opens
            self._figure = next((f for f in figures(lines) if f.opens == name), None)
        self._entitle()

    def headings(self) -> list[Segment]:
        """Draw the line between figures and rows. Subclasses override it."""
        return []

    def _entitle(self) -> None:
        """Update the border titles. Subclasses override it."""

    # --- drawing -------------------------------------------------------------

    def header(self, line: int) -> list[Segment]:
        """Draw a line above the rows."""
        if line < len(self._above):
            return [self._word(word) for word in self._above[line]]
        return self.headings()

    def _word(self, word: Word) -> Segment:
        style = self.cell_style(word.style) if word.style else None
        if word.opens and word.opens == self.figure:
            style = (style or Style()) + self.cell_style("cursor")
        return Segment(word.text, style)

    def _line(self, number: int, look: Look) -> ScreenLine:
        line = super()._line(number, look)
        return line if self._figure is None else line._replace(at_cursor=False)

    # --- moving --------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        """Move the cursor; from the first row up to the figures, and back."""
        if self._figure is None and (self.cursor or rows != -1):
            super().action_move(rows)
            return
        here = len(self._above) if self._figure is None else self._figure.line
        there = [f for f in figures(self._above) if (f.line - here) * rows > 0]
        if there:
            line = min((f.line for f in there), key=lambda line: abs(line - here))
            x = 0 if self._figure is None else self._figure.x
            self._point_at(min((f for f in there if f.line == line), key=lambda f: abs(f.x - x)))
        elif rows > 0:
            self._point_at(None)

    def action_first(self) -> None:
        """Go to the first row, from the figures, too."""
        self._point_at(None)
        self._move_to(0)

    def action_last(self) -> None:
        """Go to the last row, from the figures, too."""
        self._point_at(None)
        super().action_last()

    def action_sideways(self, columns: int) -> None:
        """Go to the next or previous figure of the line; in the rows, scroll."""
        here = self._figure
        if here is None:
            super().action_sideways(columns)
            return
        line = [f for f in figures(self._above) if f.line == here.line]
        place = line.index(here) + (1 if columns > 0 else -1)
        self._point_at(line[min(max(0, place), len(line) - 1)])

    async def action_choose(self) -> None:
        """Choose what is under the cursor."""
        if self._figure is None:
            await super().action_choose()
        elif isinstance(self.screen, OpensRows):
            await self.screen.open_row(self)

    def show_row(self, index: int) -> None:
        """Leave the figures for a row."""
        self._point_at(None)
        super().show_row(index)

    def on_click(self, event: events.Click) -> None:
        """Move to the figure under the mouse, and choose it on a double click.

        Textual also calls the base class's handler, which handles clicks on rows.
        """
        place = self.place_of(event)
        if place is None:
            return
        clicked = [f for f in figures(self._above) if f.line == place.y and f.x <= place.x]
        if place.y < self.header_rows and not clicked:
            return
        self._point_at(clicked[-1] if clicked else None)
        if clicked and event.chain == 2:
            self.call_later(self.action_choose)

    def _point_at(self, figure: Figure | None) -> None:
        self._figure = figure
        self._entitle()
        self.refresh_changed()

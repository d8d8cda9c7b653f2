"""The line below a replay: how much changed when, and the current position. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from rich.segment import Segment
from rich.style import Style

from madrox_tui import format as fmt
from madrox_tui.panels.pane.frame_source import Course
from madrox_tui.plot import LEVELS

MARK = "┃"
_FAINT = Style(dim=True)
_CLOCK = 8
_NARROWEST = 24
"""In fewer cells the clock times at both ends are left out."""


class Scrubber(msgspec.Struct, frozen=True):
    """A recording's course in one line, and the mapping of cells to times.

    Attributes:
        course: How much changed when.
        width: Cells of the line.
    """

    course: Course
    width: int

    @property
    def first(self) -> int:
        """The first cell of the strip."""
        return _CLOCK + 1 if self.width >= _NARROWEST else 0

    @property
    def cells(self) -> int:
        """The number of cells of the strip, at least 1."""
        return max(1, self.width - 2 * self.first)

    def cell_of(self, time_s: float) -> int:
        """Return the cell of a time, clamped to the recording."""
        length_s = self.course.to_s - self.course.from_s
        part = (time_s - self.course.from_s) / length_s if length_s > 0 else 1.0
        return self.first + round(min(max(part, 0.0), 1.0) * (self.cells - 1))

    def time_of(self, cell: int) -> float:
        """Return the time of a cell, clamped to the strip."""
        part = (cell - self.first) / max(1, self.cells - 1)
        length_s = self.course.to_s - self.course.from_s
        return self.course.from_s + min(max(part, 0.0), 1.0) * length_s

    def draw(
        self, at_s: float | None, mouse: int | None, style: Callable[[str], Style]
    ) -> list[Segment]:
        """Draw the line: clock, strip, clock.

        Args:
            at_s: The time that is shown, which is marked; `None` if unknown.
            mouse: The cell under the mouse, whose time replaces the clock at the right; `None` if
                the mouse is elsewhere.
            style: Returns a cell style by name.
        """
        bars = self._bars()
        muted, faint = style("muted"), style("muted") + _FAINT
        if at_s is None:
            strip = [Segment(bars, muted)]
        else:
            here = self.cell_of(at_s) - self.first
            strip = [
                Segment(bars[:here], muted),
                Segment(MARK, style("accent")),
                Segment(bars[here + 1 :], faint),
            ]
        if not self.first:
            return strip
        left = Segment(f"{self._time(self.course.from_s, '%d %b')} ", muted)
        if mouse is None:
            right = Segment(f" {fmt.clock(self.course.to_s)}", muted)
        else:
            right = Segment(f" {self._time(self.time_of(mouse), '%d %H:%M')}", style("accent"))
        return [left, *strip, right]

    def _time(self, time_s: float, other_day: str) -> str:
        """Format a time as the clock, or with format `other_day` if not on the last day."""
        time, end = map(datetime.fromtimestamp, (time_s, self.course.to_s))
        return (
            f"{time:{other_day}}".ljust(_CLOCK) if time.date() != end.date() else fmt.clock(time_s)
        )

    def _bars(self) -> str:
        """Return the density as bars; any value above 0 is visible."""
        density = self.course.density
        most = max(density, default=0) or 1
        picked = (self._most(cell) for cell in range(self.cells))
        return "".join(LEVELS[-(-value * (len(LEVELS) - 1) // most)] for value in picked)

    def _most(self, cell: int) -> int:
        """Return the highest density within a cell."""
        density = self.course.density
        first = cell * len(density) // self.cells
        last = max(first + 1, (cell + 1) * len(density) // self.cells)
        return max(density[first:last], default=0)

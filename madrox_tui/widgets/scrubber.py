"""The line below a replay: how much changed when, and where in that one is. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from rich.segment import Segment
from rich.style import Style

from madrox_tui import format as fmt
from madrox_tui.frames import Course

BARS = " ▁▂▃▄▅▆▇█"
MARK = "┃"
_FAINT = Style(dim=True)
_CLOCK = 8
_NARROWEST = 24
"""With fewer cells the clock times at both ends give way to the strip."""


class Scrubber(msgspec.Struct, frozen=True):
    """A recording's course in one line, and what its cells mean.

    Attributes:
        course: What happened when.
        width: Cells of the line.
    """

    course: Course
    width: int

    @property
    def first(self) -> int:
        """The cell where the strip begins."""
        return _CLOCK + 1 if self.width >= _NARROWEST else 0

    @property
    def cells(self) -> int:
        """How many cells the strip has, at least 1."""
        return max(1, self.width - 2 * self.first)

    def cell_of(self, time_s: float) -> int:
        """The cell of a moment; those outside the recording are at its ends."""
        length_s = self.course.to_s - self.course.from_s
        part = (time_s - self.course.from_s) / length_s if length_s > 0 else 1.0
        return self.first + round(min(max(part, 0.0), 1.0) * (self.cells - 1))

    def time_of(self, cell: int) -> float:
        """The moment of a cell; those beside the strip are its ends."""
        part = (cell - self.first) / max(1, self.cells - 1)
        length_s = self.course.to_s - self.course.from_s
        return self.course.from_s + min(max(part, 0.0), 1.0) * length_s

    def draw(
        self, at_s: float | None, mouse: int | None, style: Callable[[str], Style]
    ) -> list[Segment]:
        """The line: clock, strip, clock.

        Args:
            at_s: The moment that is shown, which is marked.
            mouse: The cell under the mouse: its moment replaces the clock at the right.
            style: The style of a cell class.
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
        """The clock time; of another day than the end's, what `other_day` says of it."""
        time, end = map(datetime.fromtimestamp, (time_s, self.course.to_s))
        return (
            f"{time:{other_day}}".ljust(_CLOCK) if time.date() != end.date() else fmt.clock(time_s)
        )

    def _bars(self) -> str:
        """The density in as many cells as there are; what is not nothing is seen."""
        density = self.course.density
        most = max(density, default=0) or 1
        picked = (self._most(cell) for cell in range(self.cells))
        return "".join(BARS[-(-value * (len(BARS) - 1) // most)] for value in picked)

    def _most(self, cell: int) -> int:
        """The highest density of what a cell stands for."""
        density = self.course.density
        first = cell * len(density) // self.cells
        last = max(first + 1, (cell + 1) * len(density) // self.cells)
        return max(density[first:last], default=0)

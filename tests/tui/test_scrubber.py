"""The line that shows how much changed when, and where in it one is."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from madrox_tui.panels.pane.frame_source import Course
from madrox_tui.panels.pane.scrubber import Scrubber

START_S = datetime(2026, 11, 23, 12, 0).timestamp()
COURSE = Course((0, 1, 0, 80, 40, 0, 0, 0, 0, 8), START_S, START_S + 900)


def text(scrubber: Scrubber, at_s: float | None = None, mouse: int | None = None) -> str:
    return "".join(s.text for s in scrubber.draw(at_s, mouse, lambda _: Style()))


def test_strip() -> None:
    """Between the clock times of both ends, each cell is as high as there much changed."""
    assert text(Scrubber(COURSE, 28)) == "12:00:00  ▁ █▄    ▁ 12:15:00"


def test_marker() -> None:
    """The moment that is shown is marked in its cell."""
    assert text(Scrubber(COURSE, 28), START_S) == "12:00:00 ┃▁ █▄    ▁ 12:15:00"
    assert text(Scrubber(COURSE, 28), START_S + 900) == "12:00:00  ▁ █▄    ┃ 12:15:00"
    assert text(Scrubber(COURSE, 28), START_S + 9_000).endswith("┃ 12:15:00")


def test_the_moment_under_the_mouse() -> None:
    """Where the mouse is, its moment stands in place of the end."""
    assert text(Scrubber(COURSE, 28), mouse=9 + 3).endswith(" 12:05:00")


def test_days_are_told_apart() -> None:
    """A recording of several days begins with its day, and the mouse tells the day as well."""
    month = Scrubber(Course((1, 1), START_S - 30 * 86_400, START_S), 28)
    assert text(month).startswith("24 Oct   ")
    assert text(month).endswith(" 12:00:00")
    assert text(month, mouse=9).endswith(" 24 12:00")
    assert text(month, mouse=18).endswith(" 12:00:00")


def test_narrow() -> None:
    """Where there is no room for clock times, the strip has it all."""
    assert text(Scrubber(COURSE, 5)) == "▁█▄ ▁"


@given(st.integers(1, 250), st.floats(0, 1))
def test_cells_and_moments_belong_together(width: int, part: float) -> None:
    """A click on the cell of a moment leads back into that cell, and the line is full."""
    scrubber = Scrubber(COURSE, width)
    cell = scrubber.cell_of(START_S + part * 900)
    assert scrubber.first <= cell < scrubber.first + scrubber.cells
    assert scrubber.cell_of(scrubber.time_of(cell)) == cell
    assert len(text(scrubber, START_S, cell)) == width


@pytest.mark.parametrize("density", [(), (0,), (5,)])
def test_a_single_moment(density: tuple[int, ...]) -> None:
    """A recording of one frame has one moment, wherever one clicks."""
    scrubber = Scrubber(Course(density, START_S, START_S), 40)
    assert scrubber.time_of(20) == START_S
    assert len(text(scrubber, START_S)) == 40

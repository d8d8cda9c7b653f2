"""Plots made of characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from logging_core.analyse.state import Latency
from madrox_tui.plot import bar, bars, histogram, nice_top, resample

VALUES = st.lists(st.none() | st.floats(0, 1e12), max_size=50)


def test_bars_stand_on_the_bottom_line() -> None:
    """A full bar fills its column, half a bar half of it, and nothing is blank."""
    assert bars([0.0, None, 2.0, 4.0, 3.0], 2, 4.0) == ["   █▄", "  ███"]


def test_the_smallest_bar_is_seen() -> None:
    """What is more than nothing never looks like nothing."""
    assert bars([1e-9], 3, 100.0) == [" ", " ", "▁"]
    assert bar(1e-9, 10) == "▏"
    assert bar(0.0, 10) == ""
    assert bar(1.0, 4) == "████"


@pytest.mark.parametrize(
    ("most", "top"), [(0.0, 1.0), (0.07, 0.08), (1.0, 1.0), (1.2, 1.5), (9.4, 10.0), (410.0, 500.0)]
)
def test_an_axis_ends_at_a_round_number(most: float, top: float) -> None:
    """The end of an axis is round, and no value is beyond it."""
    assert nice_top([None, most]) == pytest.approx(top)


def test_values_that_share_a_place_are_put_together() -> None:
    """Fewer places put values together as asked, more places repeat them; unknown stays so."""
    assert resample([1.0, 3.0, None, 5.0, None, None], 3, max) == [3.0, 5.0, None]
    assert resample([1.0, 2.0], 4, max) == [1.0, 1.0, 2.0, 2.0]
    assert resample([], 2, max) == [None, None]


@given(VALUES, st.integers(1, 60), st.integers(1, 12))
def test_every_picture_has_its_size(values: list[float | None], places: int, height: int) -> None:
    """Whatever the values, all lines are as wide as asked and no more than asked."""
    shown = resample(values, places, max)
    top = nice_top(shown)
    assert all(value is None or value <= top for value in shown)
    rows = bars(shown, height, top)
    assert len(rows) == height
    assert {cell_len(row) for row in rows} == {places}


def test_a_histogram_counts_what_is_there() -> None:
    """All response times are in it, each in its class; single ones exactly."""
    single = [Latency(1, s, s, s, s, s) for s in (0.1, 0.11, 10.0)]
    classes, low, high = histogram(single, 4)
    assert classes == [2.0, 0.0, 0.0, 1.0]
    assert (low, high) == (0.1, 10.0)
    many = [Latency(1000, 2.0, 1.0, 4.0, 8.0, 20.0)]
    classes, low, high = histogram(many, 8)
    assert sum(classes) == pytest.approx(1000)
    assert low < 0.25
    assert high == 20.0


def test_a_histogram_of_nothing_is_empty() -> None:
    """Without response times, or with such as took no time, there is nothing to show."""
    assert histogram([], 3) == ([0.0] * 3, 0.0, 0.0)
    assert histogram([Latency(2, 0.0, 0.0, 0.0, 0.0, 0.0)], 3) == ([0.0] * 3, 0.0, 0.0)

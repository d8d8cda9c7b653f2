"""The status line: which look it is, and how fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import TreeBuilder
from logging_core.analyse.state import FleetState, Usage
from madrox_tui.filters import parse_filter
from madrox_tui.status import status_pieces, status_right
from madrox_tui.view import View

AT_S = TreeBuilder.epoch(600)


def look(*, moment_s: float | None = None, events_per_s: float = 0.0, lag_s: float = 0.0) -> View:
    state = FleetState(at_s=AT_S, caught_up=True)
    return View(
        state,
        parse_filter(""),
        None,
        (),
        Usage(),
        moment_s=moment_s,
        events_per_s=events_per_s,
        lag_s=lag_s,
    )


def said(latest: View, held: View | None = None) -> str:
    return "  ".join(piece.plain for piece in status_pieces(latest, held))


def test_a_quiet_live_fleet_is_only_live() -> None:
    """Nothing is said of rates, lags and problems that there are not."""
    assert said(look()) == "● live  0 instances"


@pytest.mark.parametrize(
    ("rate", "text"), [(0.3, "0.3 events/s"), (42.4, "42 events/s"), (5000.0, "5.0k events/s")]
)
def test_the_rate_is_said_when_there_is_one(rate: float, text: str) -> None:
    """Slow rates have a decimal, fast ones a unit."""
    assert text in said(look(events_per_s=rate))


def test_a_lag_is_said_from_a_second_on() -> None:
    """A lag that nobody could notice is none."""
    assert "lag" not in said(look(lag_s=0.9))
    assert "lag 2.5s" in said(look(lag_s=2.5))


def test_an_earlier_moment_is_named_with_the_way_back() -> None:
    """The date, the time to the second, and the key to live."""
    assert said(look(), look(moment_s=AT_S)).startswith("◷ at 2026-11-23 12:10:00  @ for live")


def test_a_held_screen_counts_what_is_new() -> None:
    """A paused screen says so."""
    assert said(look(), look()).startswith("‖ paused  0 new")


def test_the_directory_is_harmless() -> None:
    """A path with an escape sequence in it is shown, not obeyed."""
    assert "\x1b" not in status_right(look(), Path("/tmp/\x1b[2Jlogs"))

"""The status line: which look it is, and how fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import TreeBuilder
from logging_core.analyse.state import FleetState, InstanceState, ProblemCount, State, Usage
from madrox_tui.filters import parse_filter
from madrox_tui.status import status_pieces, status_right
from madrox_tui.view import View

AT_S = TreeBuilder.epoch(600)
NO_PROBLEMS = ProblemCount()


def look(
    *,
    moment_s: float | None = None,
    events_per_s: float = 0.0,
    lag_s: float = 0.0,
    instances: tuple[InstanceState, ...] = (),
    problems: ProblemCount = NO_PROBLEMS,
) -> View:
    state = FleetState(at_s=AT_S, caught_up=True, instances=instances, problems=problems)
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


def said(latest: View, held: View | None = None, since_s: float | None = None) -> str:
    return "  ".join(piece.plain for piece in status_pieces(latest, held, since_s))


def test_a_quiet_live_fleet_is_only_live() -> None:
    """Without a rate, a lag or problems, none is mentioned."""
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


def test_what_is_counted_from_a_moment_on_is_said_to_be() -> None:
    """Nobody takes a part for the whole; who needs you still comes first."""
    latest = look(instances=(InstanceState(instance_id="a1", state=State.STUCK),))
    assert said(latest, since_s=AT_S - 900) == "● live  1 stuck  since 11:55  1 instance"
    assert "since 2026-11-22 12:10" in said(latest, since_s=AT_S - 86_400)


def test_a_held_screen_counts_what_is_new() -> None:
    """A paused screen says so."""
    assert said(look(), look()).startswith("‖ paused  0 new")


def test_what_is_counted_while_looking_back_is_said_to_be_of_now() -> None:
    """`now:` marks that the counts are of the present while the panels show an earlier time."""
    latest = look(instances=(InstanceState(instance_id="a1", state=State.STUCK),))
    assert "now:" not in said(latest)
    assert said(latest, look(moment_s=AT_S)).endswith("@ for live  now:  1 stuck  1 instance")
    assert said(latest, look()) == "‖ paused  0 new  now:  1 stuck  1 instance"


def test_the_counts_are_of_all_instances() -> None:
    """The total includes instances of unknown state."""
    states = (State.IDLE, State.UNKNOWN, State.UNKNOWN)
    instances = tuple(InstanceState(instance_id=f"a{n}", state=s) for n, s in enumerate(states))
    assert said(look(instances=instances)) == "● live  3 instances  1 idle  2 unknown"


@pytest.mark.parametrize(
    ("lines", "files", "text"), [(1, ("a",), "1 problem"), (5, ("a", "b"), "5 problems")]
)
def test_problems_are_counted(lines: int, files: tuple[str, ...], text: str) -> None:
    """Every unreadable line is one."""
    assert said(look(problems=ProblemCount(lines, files))) == f"● live  {text}  0 instances"


def test_a_file_that_cannot_be_read_is_a_problem() -> None:
    """An unreadable file counts as a problem, even without an unreadable line."""
    problems = ProblemCount(5, ("a", "b", "c"), unreadable_files=2)
    assert "7 problems" in said(look(problems=problems))


def test_the_directory_is_harmless() -> None:
    """A path with an escape sequence in it is shown, not obeyed."""
    assert "\x1b" not in status_right(look(), Path("/tmp/\x1b[2Jlogs"))

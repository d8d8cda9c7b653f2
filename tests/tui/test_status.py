"""The status line: which look it is, and how fresh."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.app import App, ComposeResult

from builders import TreeBuilder
from keyboard import KEYS
from logging_core.analyse.state import FleetState, InstanceState, ProblemCount, State, Usage
from madrox_tui.colours.themes import DARK
from madrox_tui.panels.audit.view import AuditView
from madrox_tui.report.as_text import to_text
from madrox_tui.screens.status import status_path, status_pieces
from madrox_tui.view import Narrowing, View
from madrox_tui.widgets.status_bar import StatusBar

AT_S = TreeBuilder.epoch(600)
NO_PROBLEMS = ProblemCount()


def look(
    *,
    moment_s: float | None = None,
    records: int = 0,
    events_per_s: float = 0.0,
    lag_s: float = 0.0,
    instances: tuple[InstanceState, ...] = (),
    problems: ProblemCount = NO_PROBLEMS,
    unread: str | None = None,
) -> View:
    state = FleetState(at_s=AT_S, caught_up=True, instances=instances, problems=problems)
    return View(
        state,
        Narrowing(),
        (),
        Usage(),
        moment_s=moment_s,
        records=records,
        events_per_s=events_per_s,
        lag_s=lag_s,
        unread=unread,
    )


def said(latest: View, held: View | None = None, since_s: float | None = None) -> str:
    pieces = status_pieces(latest, held, KEYS, since_s)
    return "  ".join(piece.text(0) for piece in pieces)


def test_what_is_not_counted_yet_is_said() -> None:
    """While only the ends of the logs are known, the numbers do not pass for all there is."""
    assert said(look(unread="reading history")) == "● live  ◌ reading history  0 instances"


def test_sums_of_a_part_are_the_least_there_is() -> None:
    """While older audit events are still to be read, no total passes for all there is."""
    usage = Usage(12, cost_usd=3.5)
    state = FleetState(at_s=AT_S, caught_up=True, usage=usage, errors=2)
    part = View(state, Narrowing(), (), usage, audit=AuditView(counted_from_s=AT_S - 60))
    assert said(part) == "● live  0 instances  ≥ $3.50  ≥ 12 req  ≥ 2 err"
    assert said(View(state, Narrowing(), (), usage)) == "● live  0 instances  $3.50  12 req  2 err"


def test_where_there_is_nothing_yet_nothing_is_being_read() -> None:
    """A tree that does not exist is waited for; one that went away is not counted as a whole."""
    shown = look(unread="reading history")
    gone = replace(shown, state=replace(shown.state, waiting="/logs does not exist yet"))
    assert said(gone) == "◌ waiting: /logs does not exist yet  0 instances"
    known = look(unread="reading history", instances=(InstanceState(instance_id="a"),))
    lost = replace(known, state=replace(known.state, waiting="/logs is gone"))
    assert "✗ as last seen: /logs is gone" in said(lost)
    assert "◌ reading history" in said(lost)


def test_a_quiet_live_fleet_is_only_live() -> None:
    """Without a rate, a lag or problems, none is mentioned."""
    assert said(look()) == "● live  0 instances"


@pytest.mark.parametrize(("ago_s", "text"), [(299, ""), (420, "nothing new for 7m")])
def test_a_fleet_that_wrote_nothing_for_long_is_not_only_live(ago_s: float, text: str) -> None:
    """Who looks at a tree whose orchestrator died is told so, from five minutes on."""
    instances = (
        InstanceState(instance_id="a", last_activity_s=AT_S - ago_s),
        InstanceState(instance_id="b", last_activity_s=AT_S - 90_000),
        InstanceState(instance_id="c"),
    )
    shown = said(look(instances=instances))
    assert text in shown
    assert ("nothing new" in shown) == bool(text)


def test_errors_are_counted_also_those_of_no_instance() -> None:
    """What the orchestrator itself reports is in no row of the list, but in the status line."""
    latest = look()
    latest = replace(latest, state=replace(latest.state, errors=2))
    assert said(latest).endswith("2 err")


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


@pytest.mark.fault("R51", "R53", "R63")
def test_that_nobody_tells_of_changes_is_said_in_words() -> None:
    """While the notices of the operating system fail."""
    latest = look()
    polling = replace(latest, state=replace(latest.state, polling=True))
    assert said(polling) == "● live  0 instances  polling"


def test_an_earlier_moment_is_named_with_the_way_back() -> None:
    """The time to the second, with its day if that is not today, and the key to live."""
    assert said(look(), look(moment_s=AT_S)).startswith("◷ at 12:10:00  @ for live")
    yesterday = look(moment_s=AT_S - 86_400)
    assert said(look(), yesterday).startswith("◷ at 2026-11-22 12:10:00  @ for live")


def test_what_is_counted_from_a_moment_on_is_said_to_be() -> None:
    """Nobody takes a part for the whole; who needs you still comes first."""
    latest = look(instances=(InstanceState(instance_id="a1", state=State.STUCK),))
    assert said(latest, since_s=AT_S - 900) == "● live  1 stuck  since 11:55  1 instance"
    assert "since 2026-11-22 12:10" in said(latest, since_s=AT_S - 86_400)


def test_a_held_screen_counts_what_is_new() -> None:
    """A paused screen says so, in a few cells however much it is."""
    assert said(look(), look()).startswith("‖ paused  0 new")
    assert said(look(records=16), look(records=4)).startswith("‖ paused  12 new")
    assert said(look(records=16_004), look(records=4)).startswith("‖ paused  16.0k new")


def test_what_is_counted_while_looking_back_is_said_to_be_of_now() -> None:
    """`now:` marks that the counts are of the present while the panels show an earlier time."""
    latest = look(instances=(InstanceState(instance_id="a1", state=State.STUCK),))
    assert "now:" not in said(latest)
    assert said(latest, look(moment_s=AT_S)).endswith("@ for live  now:  1 stuck  1 instance")
    assert said(latest, look()) == "‖ paused  0 new  now:  1 stuck  1 instance"


def test_what_is_counted_of_a_lost_tree_is_not_said_to_be_of_now() -> None:
    """Who looks back while the tree is gone is told that the counts are the last ones."""
    latest = look(instances=(InstanceState(instance_id="a1", state=State.STUCK),))
    lost = replace(latest, state=replace(latest.state, waiting="/logs is gone"))
    assert said(lost, look()) == "‖ paused  0 new  ✗ as last seen:  1 stuck  1 instance"


def test_the_counts_are_of_all_instances() -> None:
    """The total includes instances of unknown state."""
    states = (State.IDLE, State.UNKNOWN, State.UNKNOWN)
    instances = tuple(InstanceState(instance_id=f"a{n}", state=s) for n, s in enumerate(states))
    assert said(look(instances=instances)) == "● live  1 idle  2 unknown  3 instances"


def test_states_are_counted_in_the_order_of_the_list() -> None:
    """In the status line and in the plain-text report: those that need someone come first."""
    instances = tuple(InstanceState(instance_id=s.value, state=s) for s in State)
    needy, working = ["waiting", "stuck", "error"], ["busy", "initializing", "suspended"]
    order = [*needy, *working, "idle", "unknown", "terminated"]
    assert re.findall(r"1 ([a-z]+)", said(look(instances=instances))) == order
    counted = to_text(FleetState(at_s=AT_S, instances=instances), "/logs").splitlines()[1]
    assert re.findall(r"1 ([a-z]+)", counted) == order


@pytest.mark.parametrize(
    ("lines", "files", "text"), [(1, ("a",), "1 problem"), (5, ("a", "b"), "5 problems")]
)
def test_problems_are_counted(lines: int, files: tuple[str, ...], text: str) -> None:
    """Every unreadable line is one."""
    assert said(look(problems=ProblemCount(lines, files))) == f"● live  0 instances  {text}"


def test_a_file_that_cannot_be_read_is_a_problem() -> None:
    """An unreadable file counts as a problem, even without an unreadable line."""
    problems = ProblemCount(5, ("a", "b", "c"), unreadable_files=2)
    assert "7 problems" in said(look(problems=problems))
    assert "1 problem" in said(look(problems=ProblemCount(gaps=1)))


def test_the_directory_is_harmless() -> None:
    """A path with an escape sequence in it is shown, not obeyed."""
    assert "\x1b" not in status_path(Path("/tmp/\x1b[2Jlogs"))


class Shown(App[None]):
    """The status line alone."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DARK.variables)

    def compose(self) -> ComposeResult:
        yield StatusBar()


STATES = (
    *[State.WAITING, State.STUCK, State.ERROR, State.BUSY, State.BUSY],
    *[State.IDLE, State.IDLE, State.TERMINATED],
)


def fleet(states: Sequence[State] = STATES, **more: Any) -> View:
    instances = tuple(InstanceState(instance_id=f"a{n}", state=s) for n, s in enumerate(states))
    view = look(instances=instances, **more)
    usage = Usage(550, None, 24.99, 95)
    return replace(view, state=replace(view.state, usage=usage))


@pytest.mark.asyncio
async def test_who_needs_you_is_said_at_any_width() -> None:
    """First the path gives way, then words, what a panel says as well, and last the clock."""
    live = "● live  1 waiting  1 stuck  1 error  2 busy  2 idle"
    app = Shown()
    async with app.run_test(size=(160, 3)) as pilot:
        bar = app.query_one(StatusBar)
        bar.pieces = status_pieces(fleet(), None, KEYS)
        bar.path, bar.clock = "/var/log/madrox_logs", "14:30:00"
        lines = {}
        for width in (160, 140, 120, 99, 80, 60, 40, 20, 8, 1):
            await pilot.resize_terminal(width, 3)
            await pilot.pause()
            lines[width] = bar.render_line(0).text.rstrip()
            assert width < 9 or len(lines[width]) <= width - 2
    long = f"{live}  1 terminated  8 instances  $24.99 + 95 unpriced  550 req"
    assert lines[160] == f"{long:128}/var/log/madrox_logs  14:30:00"
    assert lines[140] == f"{long:130}14:30:00"
    assert lines[120] == f"{f'{live}  1 term  8 instances  $24.99+  550 req':110}14:30:00"
    assert lines[99] == f"{f'{live}  1 term  8 instances  $24.99+':89}14:30:00"
    assert lines[80] == f"{f'{live}  1 term  $24.99+':70}14:30:00"
    assert lines[60] == f"{'● live  1?  1▲  1✗  2●  2○  1·':50}14:30:00"
    assert lines[40] == f"{'● live  1?  1▲  1✗  2●  2○':30}14:30:00"
    assert lines[20] == "● live  1?  1▲  1✗"
    assert lines[8] == lines[1] == "● live"


@pytest.mark.asyncio
async def test_a_lag_and_problems_outlast_what_it_cost() -> None:
    """How far the display is behind the files is said as long as there is room for anything."""
    app = Shown()
    async with app.run_test(size=(72, 3)) as pilot:
        bar = app.query_one(StatusBar)
        bar.clock = "14:30:00"
        problems = ProblemCount(3, ("a",))
        bar.pieces = status_pieces(
            fleet(lag_s=2.5, problems=problems, events_per_s=9.0), None, KEYS
        )
        await pilot.pause()
        line = bar.render_line(0).text.rstrip()
        assert "lag 2.5s" in line
        assert "3!" in line
        assert line.endswith("14:30:00")
        assert "$" not in line


@pytest.mark.asyncio
async def test_counts_stay_in_their_places() -> None:
    """That records come, or how fast, moves nothing that is said of states."""
    app = Shown()
    async with app.run_test(size=(160, 3)) as pilot:
        bar = app.query_one(StatusBar)
        bar.path, bar.clock = "logs", "14:30:00"
        places = set()
        for rate in (0.0, 0.3, 5000.0):
            bar.pieces = status_pieces(fleet(events_per_s=rate), None, KEYS)
            await pilot.pause()
            line = bar.render_line(0).text.rstrip()
            places.add((line.index("2 idle"), line.index("550 req"), line.index("14:30:00")))
        assert len(places) == 1

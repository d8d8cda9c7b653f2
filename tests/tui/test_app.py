"""The dashboard as a person meets it: keys in, screen out, on a real tree that changes."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import signal
import threading
from pathlib import Path
from unittest import mock

import pytest
from msgspec.structs import replace
from textual import events

from builders import TreeBuilder
from driver import Driver, dashboard, run_app
from madrox_tui import format as fmt
from madrox_tui.app import MadroxTop
from madrox_tui.config import Settings
from madrox_tui.feed import live
from madrox_tui.panels.timeline.message_screen import MessageScreen
from madrox_tui.panels.timeline.panel import TimelinePanel
from madrox_tui.remember import Memory, Remembered
from madrox_tui.widgets.line_input import LineInput
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.panel_grid import PanelGrid
from pictures import is_at_rest

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """Two instances: `atlas` replied to one request and has one open, `probe` is idle."""
    tree.spawn("a1", "atlas", role="architect", model="opus", at=0)
    tree.spawn("b2", "probe", role="qa", model="sonnet", at=5, parent="a1")
    tree.send("a1", "m-1", "draw the plan", at=60)
    tree.receive("a1", "m-1", "the plan is drawn", at=70, tokens=1200, cost=0.5, response_time=10.0)
    tree.send("b2", "m-2", "test the plan", at=80)
    tree.receive("b2", "m-2", "all tests pass", at=95, tokens=800, cost=0.25, response_time=15.0)
    tree.send("a1", "m-3", "build the plan", at=590)
    tree.frame("a1", "atlas pane, old", at=100)
    tree.frame("a1", "atlas pane, newest", at=595)
    tree.frame("b2", "probe pane", at=300)
    return tree


async def test_four_panels_show_the_tree(fleet: TreeBuilder) -> None:
    """At 120x40 instances, newest pane frame, messages and sums are on screen at once."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("atlas pane, newest", "build the plan")
        instances = person.panel("instances")
        assert "● busy" in instances
        assert "○ idle" in instances
        assert "atlas pane, old" not in person.text
        timeline = person.panel("timeline")
        assert timeline.index("draw the plan") < timeline.index("build the plan")
        audit = person.panel("audit")
        assert "2 req" in audit
        assert "$0.75" in audit
        assert "15.0s max" in audit
        assert "● live" in person.text


async def test_numbers_of_a_part_are_marked(fleet: TreeBuilder) -> None:
    """Where only what happened since a moment counts, the status line names it."""
    async with run_app(fleet.root, now_s=NOW_S, since_s=NOW_S - 520) as person:
        await person.sees("● live", "since 12:01", "1 req")


async def test_it_is_said_since_when_there_are_no_messages(fleet: TreeBuilder) -> None:
    """Where all messages are older than what counts, the timeline does not call itself new."""
    async with run_app(fleet.root, now_s=NOW_S, since_s=NOW_S - 3) as person:
        await person.sees("● live", "no messages since 12:09")


async def test_what_is_appended_appears_by_itself(fleet: TreeBuilder) -> None:
    """A message, an instance with its first message, and a pane frame come without a key."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        fleet.send("b2", "m-4", "one more thing", at=598)
        await person.sees("one more thing")
        fleet.spawn("c3", "comet", at=599)
        fleet.send("c3", "m-5", "welcome aboard", at=599)
        await person.sees("comet", "welcome aboard")
        fleet.frame("a1", "atlas pane, newer still", at=599)
        await person.sees("atlas pane, newer still")


async def test_what_is_appended_does_not_wait_for_what_else_is_read(
    fleet: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one processor, with several searches, exports and the past being read for long."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    done = threading.Event()
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        reads = [asyncio.create_task(asyncio.to_thread(done.wait)) for _ in range(9)]
        try:
            await asyncio.sleep(0)  # each of them has begun, or waits for a thread
            fleet.send("b2", "m-4", "one more thing", at=598)
            await person.sees("one more thing")
        finally:
            done.set()
            await asyncio.gather(*reads)


async def test_moving_the_cursor_changes_the_pane_only(fleet: TreeBuilder) -> None:
    """The keys j and k select an instance; the pane follows it, the timeline still shows all."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("atlas pane, newest")
        await person.press("j")
        await person.sees("probe pane")
        assert "draw the plan" in person.panel("timeline")
        await person.press("k")
        await person.sees("atlas pane, newest")
        await person.press("G")
        await person.sees("probe pane")
        await person.press("g")
        await person.sees("atlas pane, newest")


async def test_the_filter_narrows_every_panel_while_typing(fleet: TreeBuilder) -> None:
    """`/probe` leaves only probe everywhere; Enter keeps that, Esc brings all back."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("atlas pane, newest")
        await person.press("slash", *"prob")
        await person.sees("Instances 1 of 2", "probe pane", "Timeline 2", "1 req", "$0.25")
        assert "atlas" not in person.panel("instances")
        assert "the plan is drawn" not in person.text
        await person.press("enter")
        assert "Instances 1 of 2" in person.text
        await person.press("g")
        assert "Instances 1 of 2" in person.text
        await person.press("escape")
        await person.sees("Instances 2", "the plan is drawn", "2 req")


async def test_every_panel_that_a_filter_leaves_empty_says_so(fleet: TreeBuilder) -> None:
    """Nobody waits for what the filter hides; where the rest has said nothing, that is told."""
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48)) as person:
        await person.sees("● live")
        await person.press("slash", *"nobody", "enter")
        for panel in ("instances", "pane", "timeline", "audit"):
            await person.until(
                lambda panel=panel: (
                    "no instance matches the filter: press Esc to clear it"  # type: ignore[misc]
                    in person.panel(panel)
                ),
                panel,
            )


async def test_a_filter_from_the_command_line(fleet: TreeBuilder) -> None:
    """`--filter` begins narrowed, and Esc drops it as if it had been typed."""
    async with run_app(fleet.root, now_s=NOW_S, filter_text="state:busy") as person:
        await person.sees("Instances 1 of 2", "state:busy")
        await person.press("escape")
        await person.sees("Instances 2")
        assert "state:busy" not in person.text


async def test_an_empty_list_says_what_is_wrong_with_the_filter(fleet: TreeBuilder) -> None:
    """A word that is not understood is named there, too: it may be why nobody is left."""
    async with run_app(fleet.root, now_s=NOW_S, filter_text="colour:red", size=(240, 48)) as person:
        await person.sees("Instances 0 of 2")
        why = "no instance matches the filter (colour:red ✗ unknown field colour)"
        await person.sees(f"{why}: press Esc to clear it")
        await person.press("slash", "s")
        why = "(colour:reds ✗"
        for panel in ("instances", "pane"):
            await person.until(lambda panel=panel: why in person.panel(panel), panel)  # type: ignore[misc]


async def test_esc_clears_whatever_filter_is_shown(fleet: TreeBuilder) -> None:
    """Also one that narrows nothing: the next filter is not appended to what is wrong."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("Instances 2")
        await person.press("slash", *"cost>", "enter")
        await person.sees("cost> ✗ not a number")
        await person.press("escape")
        await person.misses("cost>")
        await person.press("slash", *"atlas", "enter")
        await person.sees("Instances 1 of 2")
        assert "cost>" not in person.text


async def test_i_scopes_every_panel_to_the_selected_instance(fleet: TreeBuilder) -> None:
    """`i` shows only the selected instance, `i` again shows all."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("atlas pane, newest")
        await person.press("j", "i")
        await person.sees("Instances 1 of 2", "Timeline 2", "$0.25")
        assert "the plan is drawn" not in person.text
        await person.press("i")
        await person.sees("Instances 2", "the plan is drawn")


async def test_enter_opens_the_full_message(fleet: TreeBuilder) -> None:
    """Enter on a timeline row shows the whole text and its figures; Esc closes it."""
    long = "first line\n" + "word " * 60 + "\nthe very last line"
    fleet.receive("b2", "m-9", long, at=599, tokens=42, cost=0.125, response_time=3.0)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("Timeline 6")
        await person.press("3", "G", "enter")
        await person.sees("from probe", "the very last line", "m-9", "42 tok", "$0.12")
        await person.press("escape")
        await person.misses("the very last line")


async def test_i_on_a_folded_branch_shows_that_team(tree: TreeBuilder) -> None:
    """Of a folded branch, `i` shows everyone below it, those that come later included.

    The branch is unfolded for as long.
    """
    for number, parent in enumerate([None, "t0", "t1", None]):
        tree.spawn(f"t{number}", f"agent-{number}", parent=parent, at=number)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("agent-3")
        await person.press("t", "g", "h")
        await person.sees("▸ agent-0 +2")
        await person.press("i")
        await person.sees("3 of 4", "only agent-0 and below", "▾ agent-0", "agent-2")
        tree.spawn("t4", "agent-4", parent="t2", at=9)
        await person.sees("4 of 5", "agent-4")
        await person.press("h", "l", "h")
        await person.sees("▸ agent-0 +3")
        await person.press("l", "i")
        await person.sees("agent-3", "▸ agent-0 +3")


@pytest.mark.parametrize("bell", [True, False])
async def test_the_bell_rings_when_someone_begins_to_wait(
    fleet: TreeBuilder, monkeypatch: pytest.MonkeyPatch, bell: bool
) -> None:
    """Not for what is found at the start, once for each that asks then, and only if it is set."""
    rings: list[int] = []
    monkeypatch.setattr(MadroxTop, "bell", lambda _: rings.append(1))
    fleet.frame("a1", "Overwrite? [y/N]", at=595)
    async with run_app(fleet.root, now_s=NOW_S, settings=Settings(bell=bell)) as person:
        await person.sees("1 waiting", "● live")
        fleet.frame("b2", "Overwrite? [y/N]", at=598)
        await person.sees("2 waiting")
        fleet.frame("b2", "Overwrite? [y/N] really", at=599)
        fleet.send("a1", "m-77", "go on", at=599)
        await person.sees("go on")
    assert rings == [1] * bell


async def test_who_begins_to_wait_is_named_where_no_list_shows_it(fleet: TreeBuilder) -> None:
    """Behind a zoomed panel a line says who waits and for what; beside the list there is none."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "● live")
        fleet.frame("b2", "Overwrite a? [y/N]", at=598)
        await person.sees("1 waiting")
        assert not person.notices
        await person.press("3", "z")
        fleet.frame("a1", "Overwrite b? [y/N]", at=598)
        await person.is_told("atlas waits: Overwrite b? [y/N]")
        assert len(person.notices) == 1


async def test_whose_terminal_says_something_is_found(fleet: TreeBuilder) -> None:
    """A filter goes by what every terminal shows now, and follows it."""
    async with run_app(fleet.root, now_s=NOW_S, filter_text="pane:newest") as person:
        await person.sees("Instances 1 of 2", "atlas")
        fleet.frame("b2", "the newest of probe", at=599)
        await person.sees("Instances 2 of 2")


async def test_only_whom_the_selected_row_is_about(fleet: TreeBuilder) -> None:
    """`i` in the timeline goes by its row, whoever is selected in the list."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "test the plan")
        await person.press("3", "g")
        while "test the plan" not in person.app.query_one(TimelinePanel).copy_text():
            await person.press("j")
        await person.press("i")
        await person.sees("Instances 1 of 2  only probe")
        await person.press("i")
        await person.sees("Instances 2")


async def test_space_holds_the_screen_and_loses_nothing(fleet: TreeBuilder) -> None:
    """Paused, new messages are counted but not shown; Space again shows them all."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        await person.press("space")
        fleet.send("b2", "m-4", "said while paused", at=598)
        await person.sees("paused  1 new")
        assert "said while paused" not in person.text
        await person.press("space")
        await person.sees("said while paused", "● live")


async def test_a_paused_screen_counts_whatever_is_new(fleet: TreeBuilder) -> None:
    """Captures, errors and spawns as well as messages; a filter set meanwhile forgets none."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "● live")
        await person.press("space")
        await person.sees("paused  0 new")
        for number in range(5):
            fleet.frame("a1", f"frame {number}", at=596)
        await person.sees("paused  5 new")
        fleet.audit("error", "a1", {"error": "it failed"}, at=597)
        fleet.audit("instance_suspend", "a1", {}, at=597)
        await person.sees("paused  7 new")
        await person.press("slash", *"atlas", "enter")
        await person.sees("Instances 1 of 2", "paused  7 new")
        fleet.send("b2", "m-4", "said while paused", at=598)
        await person.sees("paused  8 new")
        fleet.spawn("c3", "warden", at=598)
        await person.misses("paused  8 new")
        await person.press("space")
        await person.sees("● live")


async def test_scrolled_up_stays_and_the_end_follows(tree: TreeBuilder) -> None:
    """Looking back holds the place while messages come; `G` goes to the newest and follows."""
    tree.spawn("a1", "atlas")
    for number in range(200):
        tree.send("a1", f"m-{number}", f"message {number:03}", at=10 + number)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("message 199")
        await person.press("3", "g")
        await person.sees("message 000")
        tree.send("a1", "m-x", "newest of all", at=500)
        await person.sees("Timeline 201")
        assert "message 000" in person.text
        assert "newest of all" not in person.text
        await person.press("G")
        await person.sees("newest of all")
        tree.send("a1", "m-y", "and one more", at=501)
        await person.sees("and one more")


async def test_ages_grow_while_nothing_happens(fleet: TreeBuilder) -> None:
    """Of the capture, of an open request, in the list and on the clock, without a new record."""
    now_s = NOW_S
    app = dashboard(fleet.root, settings=Settings(tick_s=0.05), now=lambda: now_s)
    async with app.run_test(size=(160, 40)) as pilot:
        person = Driver(app, pilot)
        await person.sees("12:10:00", "5s ago · following", "open 10s")
        now_s += 7
        await person.sees("12:10:07", "12s ago · following", "open 17s")
        await person.press("down")
        await person.sees("probe pane", "12:05:00 · 5m ago · following")
        now_s += 60
        await person.sees("12:11:07", "12:05:00 · 6m ago · following")


async def test_help_names_every_key(fleet: TreeBuilder) -> None:
    """`?` lists the keys of the focused panel and of all panels."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        await person.press("question_mark")
        await person.sees("All instances,", "Show only the selected instance", "Space")
        await person.press("end")
        await person.sees("Cycle grouping: instance, role")
        await person.press("escape")
        await person.misses("Cycle grouping: instance, role")


async def test_help_has_the_seconds_of_the_setting(fleet: TreeBuilder) -> None:
    """What `stuck` means is said with `stuck_after_s`."""
    settings = Settings(stuck_after_s=90, tick_s=3600.0)
    async with run_app(fleet.root, now_s=NOW_S, settings=settings, size=(200, 90)) as person:
        await person.sees("build the plan")
        await person.press("question_mark")
        await person.sees("Keys and signs", "more than 90 s")


async def test_q_leaves_with_success(fleet: TreeBuilder) -> None:
    """`q` ends the app with exit code 0."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        await person.press("q")
    assert person.app.return_code == 0


async def test_a_signal_while_it_ends_changes_nothing(fleet: TreeBuilder) -> None:
    """As where the terminal's window is closed right after `q`."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        await person.press("q")
    person.app._quit_by(signal.SIGHUP)
    assert person.app.return_code == 0


@pytest.mark.parametrize("key", ["tilde", "colon"])
async def test_one_may_leave_while_something_opens(fleet: TreeBuilder, key: str) -> None:
    """What a dialog was about to do when the app ended is not done, and is no failure."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        person.app.post_message(events.Key(key, None))
        person.app.exit()
    assert person.app.return_code == 0
    assert person.app.failure is None


async def test_a_view_that_comes_while_the_app_ends_is_not_shown(
    fleet: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When some of the panels are gone already, it ends all the same."""

    def publish(_: PanelGrid) -> None:
        main = person.app._main
        assert main.view is not None
        larger = replace(main.view.state, instances=main.view.state.instances * 20)
        main._publish(replace(main.view, state=larger))

    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        monkeypatch.setattr(PanelGrid, "on_unmount", publish, raising=False)


async def test_who_leaves_before_the_memory_was_tried_reads_no_warning(fleet: TreeBuilder) -> None:
    """What had no time to begin is left out in silence: stderr is the shell's again."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        person.app._try_memory()
        person.app.exit()
    gc.collect()  # Python warns of what was never awaited as that goes


async def test_a_small_terminal_shows_one_panel_at_a_time(fleet: TreeBuilder) -> None:
    """At 80x24 the number keys and Tab switch between panels named in a strip."""
    async with run_app(fleet.root, size=(80, 24), now_s=NOW_S) as person:
        await person.sees("● busy", "1 Instances", "4 Audit")
        assert "→ atlas" not in person.text
        await person.press("2")
        await person.sees("atlas pane, newest")
        await person.press("tab")
        await person.sees("→ atlas", "build the plan")
        await person.press("4")
        await person.sees("$0.75")
        await person.press("1")
        await person.sees("● busy")


async def test_zoom_shows_one_panel_and_all_again(fleet: TreeBuilder) -> None:
    """`z` gives the focused panel the whole screen, `z` again gives it back."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "● busy")
        await person.press("3", "z")
        await person.misses("● busy")
        await person.sees("build the plan")
        await person.press("z")
        await person.sees("● busy", "build the plan")


async def test_a_tree_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app says what it waits for, and is live once the tree exists."""
    monkeypatch.chdir(tmp_path)
    root = Path("later")  # the same length, and so the same lines, wherever the tests run
    async with run_app(root, now_s=NOW_S) as person:
        await person.sees(f"waiting: {root} does not exist yet")
        lines = " ".join(person.panel("instances").split())
        assert "madrox-top --demo shows" in lines
        assert "LoggingManager" in lines
        assert "terminal appears here" in " ".join(person.panel("pane").split())
        assert "communication.jsonl" in person.panel("timeline")
        assert "as audit/" in person.panel("audit")
        tree = TreeBuilder(root)
        tree.spawn("a1", "atlas", at=590)
        tree.send("a1", "m-1", "hello at last", at=591)
        await person.sees("atlas", "hello at last", "● live")


async def test_an_empty_tree_is_named(tmp_path: Path) -> None:
    """Whoever looks into the wrong directory sees which one it is."""
    async with run_app(tmp_path, now_s=NOW_S) as person:
        await person.sees("● live", "no instances yet in /")
        await person.press("slash", *"x", "enter")
        await person.sees("filter x", "no instances yet in /", "no requests yet")


async def test_a_tree_that_goes_away_stays_on_the_screen_dimmed(
    fleet: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status line says so at once, and takes it back when the tree is there again."""
    monkeypatch.chdir(fleet.root.parent)  # a path that fits into the line
    async with run_app(Path(fleet.root.name), now_s=NOW_S, size=(160, 48)) as person:
        await person.sees("build the plan", "● live")
        aside = fleet.root.with_name("aside")
        fleet.root.rename(aside)
        await person.sees(f"✗ as last seen: {fleet.root.name} is gone", "build the plan")
        await person.pilot.resize_terminal(80, 24)
        await person.sees("✗ no tree: as last seen  ", "1 busy", fmt.clock(NOW_S))
        panels = person.app.query(LineView)
        assert {panel.styles.opacity for panel in panels} == {0.55}
        aside.rename(fleet.root)
        await person.sees("● live", "build the plan")
        assert {panel.styles.opacity for panel in panels} == {1.0}


async def test_a_replaced_tree_is_shown_anew(fleet: TreeBuilder) -> None:
    """When the tree is moved away and another put in its place, only the new one is shown."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        fleet.root.rename(fleet.root.with_name("moved"))
        tree = TreeBuilder(fleet.root)
        tree.spawn("z9", "zenith", at=590)
        await person.sees("zenith", "Instances 1")
        await person.misses("atlas", "build the plan")


HOSTILE = [
    "[/INST]",
    "[@click=app.quit]x[/]",
    "\x1b]52;c;cm0gLXJmIH4K\x07",
    "\x1b[2J\x1b[H",
    "\x9b2J",
    "a\u202e\u2066b",
    "\x1b]0;t\x07\r\b\x00",
]


@pytest.mark.parametrize("payload", HOSTILE)
async def test_hostile_text_is_shown_not_obeyed(tree: TreeBuilder, payload: str) -> None:
    """Markup and control sequences in names, messages, roles and panes are text, in every panel."""
    tree.spawn("a1", f"N{payload}", role=f"R{payload}", model=f"O{payload}", at=0)
    tree.send("a1", f"I{payload}", f"begin {payload} end", at=590)
    tree.frame("a1", f"pane {payload} end", at=595)
    tree.line("instances/a1/communication.jsonl", payload.encode() + b"\n")
    async with run_app(tree.root, size=(200, 60), now_s=NOW_S) as person:
        await person.sees("begin ", "pane ", "1 problem")
        await person.press("3", "enter")
        await person.sees("to N")
        await person.press("escape", "slash", *"state:busy", "enter")
        assert not {char for char in person.text if ord(char) < 32 and char != "\n"}
        assert not set("\x7f\x9b\u202e\u2066") & set(person.text)
        if payload.isprintable():
            assert f"begin {payload} end" in person.text


async def test_any_size_is_survived(fleet: TreeBuilder) -> None:
    """Resizing down to one cell and back shows everything again."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        for size in [(80, 24), (40, 12), (20, 5), (1, 1), (300, 3), (3, 100), (30, 8), (120, 40)]:
            await person.pilot.resize_terminal(*size)
            await person.pilot.pause()
        await person.sees("build the plan", "atlas pane, newest", "● busy")
        assert "COST" in person.panel("instances")
        assert "P95" in person.panel("audit")


async def test_keys_typed_in_a_burst_reach_what_they_are_meant_for(fleet: TreeBuilder) -> None:
    """What is typed right after `/` or a panel's number is not lost on a slow machine."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        for key in ("slash", *"probe", "enter"):
            person.app.post_message(events.Key(key, "/" if key == "slash" else None))
        await person.sees("Instances 1 of 2", "filter probe", "q Quit")
        person.app.post_message(events.Key("3", "3"))
        for key in ("g", "j", "j", "j"):  # past the day, and past how the instance came up
            person.app.post_message(events.Key(key, key))
        person.app.post_message(events.Key("enter", None))
        await person.sees("to probe", "test the plan")


@pytest.mark.parametrize(
    ("keys", "seen"),
    [
        (("ctrl+f", *"atlas", "enter", "n"), ("find atlas", "1/1", "q Quit")),
        (("n", *"atlas", "enter"), ("find atlas", "1/1", "q Quit")),
        (("x", *"er"), ("Export instances", ".csver")),
        (("enter", "d"), ("Pane  atlas · new text",)),
        (("T", *"12:05"), ("Go to a time", "│ 12:05 ")),
        (("colon", *"dark"), ("│  dark ", "theme          madrox-dark")),
        (("colon", *"dax", "backspace", *"rk"), ("│  dark ", "theme          madrox-dark")),
        (("colon", *"ark", "home", "d"), ("│  dark ", "theme          madrox-dark")),
        (("question_mark", "ctrl+f", *"zoom", "enter"), ("Keys and signs", "find zoom")),
        (("3", "end", "enter", "ctrl+f", *"plan", "enter"), ("to atlas", "find plan", "1/1")),
    ],
)
async def test_what_a_key_opens_has_the_next_keys(
    fleet: TreeBuilder,
    keys: tuple[str, ...],
    seen: tuple[str, ...],
) -> None:
    """However fast they come, none is for what had the focus before."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "atlas pane, newest")
        for key in keys:
            person.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await person.sees(*seen)


async def test_q_right_after_enter_closes_what_enter_opens(fleet: TreeBuilder) -> None:
    """It does not quit, however fast it comes."""
    close = mock.patch.object(
        MessageScreen, "dismiss", autospec=True, side_effect=MessageScreen.dismiss
    )
    with close as closes:
        async with run_app(fleet.root, now_s=NOW_S) as person:
            await person.sees("build the plan", "atlas pane, newest")
            for key in ("3", "end", "enter", "q"):
                person.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await person.until(lambda: closes.called, "the dialog closes")
            await person.misses("to atlas")
            await person.sees("q Quit")
            assert person.app.return_code is None


async def test_no_key_of_a_burst_overtakes_another(fleet: TreeBuilder) -> None:
    """`Space` right after `g` plays the pane that was rewound, and does not pause the screen."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("atlas pane, newest", "following")
        for key in ("2", "g", "space"):
            person.app.post_message(events.Key(key, key if len(key) == 1 else " "))
        await person.sees("▶ 1x", "● live")


@pytest.mark.parametrize("end", ["enter", "escape"])
@pytest.mark.parametrize(
    ("opens", "line", "text"),
    [
        ("slash", "filter", "opus"),
        ("ctrl+f", "find", "pane"),
        ("T", "Go to a time", "12:09"),
        ("x", "Export pane", ".csv"),
    ],
)
async def test_a_key_right_after_a_line_was_left_is_for_the_panel(
    fleet: TreeBuilder,
    opens: str,
    line: str,
    text: str,
    end: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Enter and Esc end every line at once, with all that was typed before them."""
    monkeypatch.chdir(tmp_path)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "atlas pane, newest")
        await person.press("2", opens)
        await person.sees(line)
        main = person.app.get_default_screen()
        for key in (*text, end, "d"):
            person.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await person.sees("Pane  atlas · new text")
        if (opens, end) == ("slash", "enter"):
            await person.sees("Instances 1 of 2", "filter opus")
        elif opens == "slash":
            await person.until(lambda: main.narrowing.filter.text == "", "the filter is gone")
        await person.until(lambda: is_at_rest(person.app), "nothing is narrowed any more")
        assert [path.suffix for path in tmp_path.iterdir()] == (
            [".csv"] if (opens, end) == ("x", "enter") else []
        )


async def type_at_once(person: Driver, *keys: str) -> LineInput:
    """Press keys on a line before any of them is handled; the line, with all of them in it."""
    line = person.app.focused
    assert isinstance(line, LineInput)
    for key in (*keys, "end", "!"):
        person.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await person.until(lambda: "!" in line.value, "the last key")
    await person.pilot.pause()
    return line


@pytest.mark.parametrize("opens", ["slash", "ctrl+f", "T", "x"])
@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((*"abcd", *["backspace"] * 3, *"xyz"), "axyz"),
        ((*"bc", "home", "a", "end", "d"), "abcd"),
        ((*"ac", "left", "b", "right", "d"), "abcd"),
        ((*"axd", "left", "left", "delete", *"bc"), "abcd"),
        ((*"ab-x", "ctrl+w", *"cd"), "ab-cd"),
        ((*"xyz", "left", "ctrl+k", "ctrl+u", *"abcd"), "abcd"),
    ],
)
async def test_keys_that_edit_a_line_wait_for_what_was_typed_before(
    fleet: TreeBuilder, opens: str, keys: tuple[str, ...], text: str
) -> None:
    """However fast they come: each does what it would if they were pressed slowly."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "atlas pane, newest")
        await person.press(opens, "ctrl+u")
        line = await type_at_once(person, *keys)
        assert line.value == f"{text}!"


@pytest.mark.parametrize(
    ("opens", "keys", "text"),
    [
        ("slash", (*"role:q", "tab", *" x"), "role:qa x!"),
        ("slash", (*"zz", "up", *" x"), "cost>0 x!"),
        ("slash", (*"zz", "up", "down", "x"), "x!"),
        ("x", ("tab", "x"), ".jsonlx!"),
    ],
)
async def test_what_a_key_puts_into_a_line_is_there_for_the_next_key(
    fleet: TreeBuilder, opens: str, keys: tuple[str, ...], text: str
) -> None:
    """A completion, an earlier filter, another suffix: what is typed right after follows it."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan", "atlas pane, newest")
        await person.press("slash", *"cost>0", "enter", "slash", "ctrl+u", "enter", opens)
        line = await type_at_once(person, *keys)
        assert line.value.endswith(text)
        assert opens == "x" or line.value == text


async def test_an_error_that_is_opened_tells_all_that_is_known_of_it(fleet: TreeBuilder) -> None:
    """The timeline has its one line; the audit trail has the rest."""
    fleet.audit("tool_failed", "a1", {"error": "tool failed", "exit_code": 137}, at=598)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("tool failed", "● live")
        await person.press("3", "G", "enter")
        await person.sees('"exit_code": 137')


async def test_a_pane_that_never_rests_is_shown_all_the_same(fleet: TreeBuilder) -> None:
    """Frames that come faster than they can be drawn do not keep the newest from being shown."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("atlas pane, newest")
        for number in range(200):
            fleet.frame("a1", f"frame number {number} of many", at=596 + number / 1000)
        await person.sees("frame number 199 of many")


async def test_going_to_the_first_message_changes_no_number(real_tree: Path) -> None:
    """On a tree that a real orchestrator wrote, `g` brings no row a second time."""
    async with run_app(real_tree, now_s=TreeBuilder.epoch(86_400)) as person:
        await person.sees("Timeline 54")
        await person.press("3", "g")
        timeline = person.app.screen.query_one(TimelinePanel)
        await person.until(lambda: timeline._rows.floor()[1] == -math.inf, "all is read")
        await person.sees("Timeline 54")


@pytest.mark.fault("R67")
async def test_what_cannot_be_kept_for_the_next_start_is_told_once(
    fleet: TreeBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a notice that says why; everything else is as ever."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(live, "WORTH_KEEPING", 1)
    memory = Memory(tmp_path / "file" / "screen.json")
    async with run_app(fleet.root, now_s=NOW_S, memory=memory, cached=True) as person:
        await person.sees("atlas pane, newest", "build the plan")
        await person.until(lambda: len(person.notices) > 0, "a notice")
        await person.until(
            lambda: person.app._main._feed.trouble is not None, "sums that are not kept"
        )
        fleet.send("b2", "m-9", "on it goes", at=599)
        await person.sees("on it goes")
        (notice,) = person.notices
        assert notice.message.startswith(f"not kept for the next start: {tmp_path}/file/")
        assert notice.severity == "warning"
    assert memory.trouble is not None


@pytest.mark.fault("R67")
async def test_where_all_can_be_kept_nothing_is_told(fleet: TreeBuilder, tmp_path: Path) -> None:
    """And nothing is written before the end."""
    memory = Memory(tmp_path / "deep" / "screen.json")
    async with run_app(fleet.root, now_s=NOW_S, memory=memory, cached=True) as person:
        await person.until((tmp_path / "deep").exists, "the directory of what is kept")
        await person.sees("atlas pane, newest")
        assert not person.notices
        assert memory.load() == Remembered()

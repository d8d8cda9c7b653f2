"""Going back in time: every panel goes along, and each key leads where a person expects."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Semaphore
from typing import Any

import pytest
from textual import events

from builders import TreeBuilder
from driver import Driver, run_app
from logging_core import child
from logging_core.analyse.state import FleetState
from logging_core.history import History
from madrox_tui import app
from madrox_tui.config import Settings

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)


@pytest.fixture
def recorded(tree: TreeBuilder) -> TreeBuilder:
    """Every ten seconds a message, and five seconds later a capture."""
    tree.spawn("a1", "atlas", at=0)
    for n in range(12):
        tree.send("a1", f"m-{n}", f"said {n}.", at=n * 10)
        tree.frame("a1", f"frame {n}.", at=n * 10 + 5)
    return tree


@asynccontextmanager
async def at_the_past(tree: TreeBuilder, past: History, **options: Any) -> AsyncIterator[Driver]:
    """A person who went to the moment of frame 6."""
    async with run_app(tree.root, now_s=NOW_S, past=past, **options) as person:
        await person.sees("● live", "frame 11.")
        await person.press("T", *"-535s", "enter")
        await sees_all_at(person, 6)
        yield person


async def sees_all_at(person: Driver, number: int) -> None:
    """The header, the pane and the timeline are at the moment of one frame."""
    minutes, seconds = divmod(number * 10 + 5, 60)
    await person.sees(f"◷ at 12:{minutes:02}:{seconds:02}", f"frame {number}.", f"said {number}.")
    assert f"said {number + 1}." not in person.panel("timeline")
    await person.sees(f"12:{minutes:02}:{seconds:02} · 0s ago")


@pytest.fixture
def past(recorded: TreeBuilder) -> Any:
    with History(recorded.root) as history:
        yield history


async def test_the_pane_takes_every_panel_along(recorded: TreeBuilder, past: History) -> None:
    """Each step of the pane moves the whole screen to the frame's time."""
    async with at_the_past(recorded, past) as person:
        await person.press("2", "right_square_bracket")
        await sees_all_at(person, 7)
        await person.press("left_square_bracket", "left_square_bracket")
        await sees_all_at(person, 5)
        await person.press("right_curly_bracket")
        await sees_all_at(person, 6)
        await person.press("g")
        await sees_all_at(person, 0)
        await person.press("ctrl+f", *"frame 4", "enter")
        await person.press("n")
        await sees_all_at(person, 4)
        await person.press("escape", "escape")
        await person.sees("● live", "frame 11.", "following")


async def test_the_scrubber_takes_every_panel_along(recorded: TreeBuilder, past: History) -> None:
    """A click on the strip is a way to go to a time."""
    async with at_the_past(recorded, past) as person:
        pane = person.app.screen.query_one("#pane")
        await person.pilot.click("#pane", offset=(2 + 9, pane.size.height))
        await sees_all_at(person, 0)


async def test_playing_in_the_past_stops_at_the_end(recorded: TreeBuilder, past: History) -> None:
    """The whole screen plays; at the last capture it stays, and `G` is how to go live."""
    async with at_the_past(recorded, past) as person:
        await person.press("2", ">", ">", ">", ">", "space")
        await sees_all_at(person, 11)
        await person.sees("‖ 60x")
        await person.is_told("this is the last capture: G returns to live")
        await person.press("right_square_bracket")
        await sees_all_at(person, 11)
        await person.press("G")
        await person.sees("● live", "following")


async def test_what_plays_faster_than_it_loads_is_shown_all_the_same(
    recorded: TreeBuilder, past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment that is loaded is shown, though others are wanted by then; of those the latest."""
    loads = Semaphore(1)
    asked: list[float] = []
    state_at = past.state_at

    def slowly(at_s: float) -> FleetState:
        asked.append(at_s)
        loads.acquire()
        return state_at(at_s)

    monkeypatch.setattr(past, "state_at", slowly)
    async with at_the_past(recorded, past) as person:
        await person.press("2", "right_square_bracket")
        await person.until(lambda: len(asked) == 2, "the next moment loads")
        for number in (8, 9, 10):
            await person.press("right_square_bracket")
            await person.sees(f"frame {number}.")
        loads.release()
        await person.sees("◷ at 12:01:15")
        loads.release()
        await sees_all_at(person, 10)
        assert len(asked) == 3


@pytest.mark.parametrize("keys", [("3", "enter"), ("4", "enter"), ("c",)])
async def test_nothing_of_the_present_opens_on_the_way_to_the_past(
    recorded: TreeBuilder, past: History, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]
) -> None:
    """While an earlier moment is loaded no dialog opens; it says why, and opens on that moment."""
    loads = Semaphore(0)
    state_at = past.state_at

    def slowly(at_s: float) -> FleetState:
        loads.acquire(timeout=5)
        return state_at(at_s)

    for number in range(12):
        recorded.receive("a1", f"m-{number}", f"did {number}.", at=number * 10 + 3, cost=0.5)
    monkeypatch.setattr(past, "state_at", slowly)
    async with run_app(recorded.root, now_s=NOW_S, past=past) as person:
        await person.sees("● live", "did 11.")
        main = person.app.screen
        await person.press("T", *"-535s", "enter")
        await person.sees("preparing history")
        await person.press(*keys)
        await person.is_told("preparing history: nothing opens until it is shown")
        assert person.app.screen is main
        loads.release()
        await sees_all_at(person, 6)
        loads.release()  # what changed is asked of an earlier moment, too
        await person.press(*keys)
        await person.until(lambda: person.app.screen is not main, "the dialog")
        await person.misses("did 11.", "2026-11-23 12:10")


async def test_what_is_typed_behind_a_time_is_for_that_time(
    recorded: TreeBuilder, past: History
) -> None:
    """In a burst of keys that ends in Enter twice, the second opens nothing of the present.

    What it opens is a message of that time, if that is on the screen so soon, and nothing else.
    """
    async with run_app(recorded.root, now_s=NOW_S, past=past) as person:
        await person.sees("● live", "said 11.")
        await person.press("3")
        for key in ("T", *"535s", "enter", "enter"):
            person.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await person.misses("said 11.", "preparing")
        await person.sees("12:01:05", "said 6.")


async def test_a_time_that_is_typed_ends_playing(recorded: TreeBuilder, past: History) -> None:
    """What plays does not lead away from the time that was asked for."""
    async with at_the_past(recorded, past) as person:
        await person.press("space")
        await person.sees("▶ 1x")
        await person.press("T", *"-595s", "enter")
        await sees_all_at(person, 0)
        await person.sees("‖ 1x")


@pytest.mark.parametrize("late", [0.0, 0.4, 0.9])
async def test_a_second_ago_is_the_past(recorded: TreeBuilder, past: History, late: float) -> None:
    """However far the second is that is under way."""
    async with run_app(recorded.root, now_s=NOW_S + late, past=past) as person:
        await person.sees("● live", "frame 11.")
        await person.press("T", *"1s", "enter")
        await person.sees("◷ at 12:09:59", "frame 11.")


@pytest.mark.parametrize("text", ["0m", "12:10"])
async def test_the_present_is_live(recorded: TreeBuilder, past: History, text: str) -> None:
    """Whoever asks for now, from the past or not, gets what goes on."""
    async with at_the_past(recorded, past) as person:
        await person.press("T", *text, "enter")
        await person.sees("● live", "frame 11.")
        await person.press("T", *text, "enter")
        await person.misses("Go to a time")
        await person.sees("● live")
        assert "◷ at" not in person.text


@pytest.mark.parametrize("panel", ["1", "2", "3", "4"])
async def test_space_plays_whatever_has_the_focus(
    recorded: TreeBuilder, past: History, panel: str
) -> None:
    """In the past, and with the pane rewound, it plays and pauses; it never leads to live."""
    async with at_the_past(recorded, past) as person:
        await person.press(panel, "space")
        await person.sees("▶ 1x, gaps cut", "◷ at")
        await person.press("space")
        await person.sees("‖ 1x", "◷ at")
        await person.press("escape")
        await person.sees("● live", "following")
        await person.press("2", "g", panel, "space")
        await person.sees("▶ 1x, gaps cut", "● live")


async def test_space_says_that_there_is_nothing_to_play(
    recorded: TreeBuilder, past: History
) -> None:
    """Before the first capture it stays in the past; the next frame is the first one."""
    async with at_the_past(recorded, past) as person:
        await person.press("T", *"-598s", "enter")
        await person.sees("no capture of this pane before that time")
        await person.press("space")
        await person.is_told("the pane has no capture to play from here")
        await person.sees("◷ at 12:00:02")
        await person.press("2", "right_square_bracket")
        await sees_all_at(person, 0)


async def test_before_its_first_capture_a_pane_shows_when_it_was_recorded(
    recorded: TreeBuilder, past: History
) -> None:
    """The scrubber is there, and leads to the recording, whoever is selected at that time."""
    recorded.spawn("b2", "harbor", at=1)
    for at in (100, 200):
        recorded.frame("b2", f"harbor at {at}", at=at)
    async with run_app(recorded.root, now_s=NOW_S, past=past) as person:
        await person.sees("● live", "frame 11.")
        await person.press("T", *"-598s", "enter")
        await person.sees("no capture of this pane before that time")
        await person.press("j")
        await person.sees("no capture of this pane before that time", "12:01:40", "12:03:20")
        pane = person.app.screen.query_one("#pane")
        await person.pilot.click("#pane", offset=(2 + 9, pane.size.height))
        await person.sees("◷ at 12:01:40", "harbor at 100")


@pytest.mark.parametrize("keys", ["T", "@"])
async def test_leaving_the_past_leads_to_the_pause_before(
    recorded: TreeBuilder, past: History, keys: str
) -> None:
    """Esc, and `@` again, go back one step; the next Esc ends the pause."""
    async with run_app(recorded.root, now_s=NOW_S, past=past) as person:
        await person.sees("● live", "frame 11.")
        await person.press("space")
        await person.sees("‖ paused  0 new")
        recorded.send("a1", "m-12", "said 12.", at=590)
        await person.sees("‖ paused  1 new")
        if keys == "T":
            await person.press("T", *"-535s", "enter")
        else:
            await person.press("3", "g", "at")
        await person.sees("◷ at ")
        await person.press("escape" if keys == "T" else "at")
        await person.sees("‖ paused  1 new", "said 11.", "frame 11.")
        assert "said 12." not in person.text
        await person.press("escape")
        await person.sees("● live", "said 12.")


async def test_leaving_the_past_keeps_the_filter(recorded: TreeBuilder, past: History) -> None:
    """A filter that was set in the past applies to the paused screen as well."""
    recorded.spawn("b2", "probe", at=0)
    async with run_app(recorded.root, now_s=NOW_S, past=past) as person:
        await person.sees("● live", "Instances 2")
        await person.press("space", "T", *"-535s", "enter")
        await person.sees("◷ at ")
        await person.press("slash", *"probe", "enter", "escape")
        await person.sees("‖ paused", "Instances 1 of 2", "Timeline 0")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_escape_leads_back_to_the_list(recorded: TreeBuilder, size: tuple[int, int]) -> None:
    """From the pane that Enter opened, once there is nothing else to leave."""
    async with run_app(recorded.root, now_s=NOW_S, size=size) as person:
        await person.sees("● live")
        await person.press("enter")
        await person.until(lambda: has_focus(person, "pane"), "the pane")
        await person.press("left_square_bracket")
        await person.sees("frame 10.")
        await person.press("escape")
        await person.sees("following")
        assert has_focus(person, "pane")
        await person.press("escape")
        await person.until(lambda: has_focus(person, "instances"), "the list")
        await person.press("2", "escape")
        assert has_focus(person, "pane")  # nobody came from the list


def has_focus(person: Driver, panel_id: str) -> bool:
    return person.app.focused is not None and person.app.focused.id == panel_id


async def test_speeds_end_audibly(recorded: TreeBuilder) -> None:
    """`<` at the slowest and `>` at the fastest say so; live, `>` says when it will matter."""
    async with run_app(recorded.root, now_s=NOW_S) as person:
        await person.sees("● live")
        await person.press("2", "<")
        await person.is_told("1x is the slowest")
        await person.press(">")
        await person.is_told("2x from now on, where the pane is rewound")
        await person.press(*">>>>>")
        await person.is_told("60x is the fastest")


async def test_who_had_no_name_yet_is_called_as_today(tree: TreeBuilder) -> None:
    """An instance whose spawn is later than its first message is not a mere id."""
    tree.send("a1", "m-0", "the very first", at=0)
    tree.spawn("a1", "atlas", role="qa", at=20)
    tree.send("a1", "m-1", "the second", at=30)
    with History(tree.root) as past:
        async with run_app(tree.root, now_s=NOW_S, past=past) as person:
            await person.sees("● live", "atlas")
            await person.press("3", "g", "j", "at")
            await person.sees("◷ at ")
            await person.misses("the second")
            for panel in ("instances", "pane", "timeline"):
                assert "atlas" in person.panel(panel)
            assert "qa" not in person.panel("instances")


@pytest.fixture
def elsewhere(recorded: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A past that another process prepares, small as the tree is."""
    monkeypatch.setattr("logging_core.history.preparing.WORTH_A_PROCESS", 0)
    with History(recorded.root, in_subprocess=True) as history:
        yield history


async def test_another_process_may_prepare_the_past(
    recorded: TreeBuilder, elsewhere: History
) -> None:
    """Every panel shows the moment as it would if this one had, and what comes later, too."""
    async with at_the_past(recorded, elsewhere) as person:
        await person.press("escape")
        await person.sees("● live", "frame 11.")
        recorded.send("a1", "m-later", "said later.", at=300)
        await person.press("T", *"-290s", "enter")
        await person.sees("◷ at 12:05:10", "said later.")


async def test_whoever_leaves_the_past_early_may_come_back(
    recorded: TreeBuilder, elsewhere: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Esc leads back at once while another process prepares it, which then is not begun anew."""
    begun: list[subprocess.Popen[bytes]] = []

    def hold(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        begun.append(start(*arguments, **options))
        begun[-1].send_signal(signal.SIGSTOP)
        return begun[-1]

    start = child.start
    monkeypatch.setattr(child, "start", hold)
    async with run_app(recorded.root, now_s=NOW_S, past=elsewhere) as person:
        await person.sees("● live", "frame 11.")
        await person.press("T", *"-535s", "enter")
        await person.sees("◌ preparing history")
        await person.until(lambda: bool(begun), "begun")
        await person.press("escape")
        await person.sees("● live", "frame 11.")
        begun[0].send_signal(signal.SIGCONT)
        await person.press("T", *"-535s", "enter")
        await sees_all_at(person, 6)
        assert len(begun) == 1


@pytest.mark.usefixtures("elsewhere")
async def test_the_dashboard_lets_another_process_prepare(
    recorded: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory and its keys have nothing to do with how long the past is."""
    made: list[Any] = []
    monkeypatch.setattr(app.MadroxTop, "run", lambda top: made.append(top._main._feed._past.get()))
    monkeypatch.setattr(app, "share_heap", lambda: None)
    monkeypatch.setattr("sys.setswitchinterval", lambda _: None)
    assert app.run_app(recorded.root, settings=Settings()) == 0
    assert made[0]._preparing is not None

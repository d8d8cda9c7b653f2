"""The keys that mean the same in every panel, in the whole app."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste
from textual.widgets import Input

from builders import TreeBuilder
from driver import run_app
from madrox_tui.widgets.text_view import TextView

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """`atlas` replied once and has a request open for long, `probe` is idle, `scribe` is dead."""
    tree.spawn("a1", "atlas", role="architect", at=0)
    tree.spawn("b2", "probe", role="qa", at=5, parent="a1")
    tree.spawn("c3", "scribe", role="writer", at=6)
    tree.send("a1", "m-1", "draw the plan", at=60)
    tree.receive("a1", "m-1", "the plan is drawn", at=70, tokens=1200, cost=0.5)
    tree.send("b2", "m-2", "test the plan", at=80)
    tree.receive("b2", "m-2", "all tests pass", at=95, tokens=800, cost=None)
    tree.send("a1", "m-3", "build the plan", at=120)
    tree.frame("a1", "atlas pane", at=130)
    tree.frame("b2", "probe pane", at=131)
    tree.terminate("c3", "scribe", at=200)
    return tree


async def test_a_finds_who_needs_you_from_anywhere(fleet: TreeBuilder) -> None:
    """`a` selects the stuck instance, also while another panel has the focus."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck", "atlas pane")
        await person.press("j")
        await person.sees("probe pane")
        await person.press("3", "a")
        await person.sees("atlas pane")


async def test_the_ends_of_a_panel_and_half_pages_have_keys(tree: TreeBuilder) -> None:
    """Home shows the oldest message, End the newest, which is followed; between are half pages."""
    tree.spawn("a1", "atlas", at=0)
    for number in range(99):
        tree.send("a1", f"m-{number}", f"message {number}.", at=number)
    async with run_app(tree.root, now_s=NOW_S, size=(120, 40)) as person:
        await person.sees("message 98.")

        def starts() -> bool:
            return "message 0." in person.panel("timeline")

        await person.press("3", "home")
        await person.until(starts, "the oldest")
        assert "message 98." not in person.panel("timeline")
        await person.press(*["ctrl+d"] * 3)
        await person.until(lambda: not starts(), "further on")
        await person.press(*["ctrl+u"] * 3)
        await person.until(starts, "back again")
        await person.press("end")
        await person.sees("message 98.")
        assert not starts()
        tree.send("a1", "m-99", "message 99.", at=99)
        await person.sees("message 99.")


@pytest.mark.parametrize(
    ("panel", "text", "count"),
    [
        ("1", "probe", "1/1"),
        ("2", "atlas", "hit 1 of 1"),
        ("3", "plan", "/4"),
        ("4", "atlas", "1/1"),
    ],
)
async def test_ctrl_f_finds_in_the_focused_panel(
    fleet: TreeBuilder, panel: str, text: str, count: str
) -> None:
    """In each panel Ctrl+F counts the hits, n goes to the next, and Esc ends it."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck", "atlas pane", "build the plan")
        await person.press(panel, "ctrl+f", *text)
        await person.sees(f"find {text}", count)
        await person.press("enter", "n")
        await person.sees(f"find {text}", count[-1])
        await person.press("escape")
        await person.misses("find ")


@pytest.mark.parametrize("key", ["n", "N"])
async def test_n_goes_on_in_the_panel_that_has_the_focus(fleet: TreeBuilder, key: str) -> None:
    """A text that is still shown is looked for there, however often n is pressed, not edited."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck", "atlas pane", "build the plan")
        await person.press("3", "ctrl+f", *"probe", "enter", "1")
        await person.press(key)
        await person.sees("probe pane", "find probe", "1/1")
        await person.press(key, key)
        await person.sees("find probe", "1/1", "? Help")
        await person.press("escape")
        await person.misses("find ")


async def test_what_is_counted_is_of_the_panel_that_has_the_focus(fleet: TreeBuilder) -> None:
    """In another panel no count is shown; Esc ends the search, and the focus stays there."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("3", "ctrl+f", *"plan", "enter")
        await person.until(lambda: "/" in person.line_with("find plan"), "a count")
        await person.press("1")
        await person.until(lambda: "/" not in person.line_with("find plan"), "no count")
        assert person.line_with("find plan")
        await person.press("3")
        await person.until(lambda: "/" in person.line_with("find plan"), "the count again")
        await person.press("1", "escape")
        await person.misses("find plan")
        assert person.app.focused is person.app.screen.query_one("#instances")


@pytest.mark.parametrize(
    ("panel", "text", "before", "after"),
    [("1", "atlas", "/1", "/2"), ("3", "plan", "/4", "/5"), ("4", "atlas", "/1", "/2")],
)
async def test_the_count_follows_what_happens(
    fleet: TreeBuilder, panel: str, text: str, before: str, after: str
) -> None:
    """An instance, a message or a sum that comes is counted without a key being pressed."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck", "atlas pane", "build the plan")
        await person.press(panel, "ctrl+f", *text, "enter")
        await person.sees(f"find {text}", before)
        fleet.spawn("z9", "atlas two", at=590)
        fleet.send("z9", "m-9", "plan again", at=591)
        fleet.receive("z9", "m-9", at=592)
        await person.sees(f"find {text}", after)


async def test_find_in_the_pane_counts_in_all_frames(fleet: TreeBuilder) -> None:
    """The count is of the whole recording, a line once while it stays, and follows new frames."""
    fleet.frame("a1", "step one\nstep two", at=140)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("step two")
        await person.press("2", "ctrl+f", *"step")
        await person.sees("hit 1 of 2 in 1 frame")
        await person.press("enter", "n")
        await person.sees("hit 2 of 2 in 1 frame")
        fleet.frame("a1", "step one\nstep two\nstep three", at=150)
        await person.sees("step three", "hit 2 of 3 in 2 frames")
        fleet.frame("a1", "all done", at=160)
        await person.sees("all done", "none in this frame · 3 in 2 frames")
        await person.press("N")
        await person.sees("step three", "hit 3 of 3 in 2 frames")


async def test_the_count_in_the_pane_follows_each_step(fleet: TreeBuilder) -> None:
    """Where hits of two frames are on the same line, the count still says which of them it is."""
    fleet.frame("a1", "step one", at=140)
    fleet.frame("a1", "step two", at=150)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("step two")
        await person.press("2", "ctrl+f", *"step", "enter")
        await person.sees("hit 2 of 2 in 2 frames")
        await person.press("n")
        await person.sees("step one", "hit 1 of 2 in 2 frames")
        await person.press("right_square_bracket")
        await person.sees("step two", "hit 2 of 2 in 2 frames")
        await person.press("N")
        await person.sees("step one", "hit 1 of 2 in 2 frames")


async def test_what_is_looked_for_has_room_beside_the_count(fleet: TreeBuilder) -> None:
    """On a narrow terminal it is the count that is cut short, and not the text that is typed."""
    fleet.frame("a1", "nowhere", at=140)
    fleet.frame("a1", "anywhere", at=150)
    async with run_app(fleet.root, now_s=NOW_S, size=(40, 12)) as person:
        await person.sees("▲ stuck")
        await person.press("2", "ctrl+f", *"nowhere")
        await person.sees("find nowhere", " none in this frame")
        assert person.line_with("find nowhere").rstrip().endswith("…")


async def test_while_finding_every_key_is_text(fleet: TreeBuilder) -> None:
    """`q`, digits and `/` are looked for instead of acting, and Esc does not drop the filter."""
    async with run_app(fleet.root, now_s=NOW_S, filter_text="probe") as person:
        await person.sees("Instances 1 of 3")
        await person.press("ctrl+f", "q", "1", "slash")
        await person.sees("find q1/")
        await person.press("escape")
        await person.misses("find ")
        assert "Instances 1 of 3" in person.text
        await person.press("escape")
        await person.sees("Instances 3")


async def test_a_message_can_be_searched_and_copied(fleet: TreeBuilder) -> None:
    """A message dialog has the same list keys as the panels."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        await person.press("3", "G", "k", "enter")
        await person.sees("to atlas")
        await person.press("y")
        assert person.app.clipboard == "build the plan"
        await person.press("ctrl+f", *"plan")
        await person.sees("find plan", "1/1")
        await person.press("escape")
        await person.sees("to atlas")


@pytest.mark.parametrize("panel", ["1", "2", "3", "4"])
async def test_x_exports_the_focused_panel(
    fleet: TreeBuilder, panel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`x` and Enter write the rows of the panel that has the focus."""
    monkeypatch.chdir(tmp_path)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck", "atlas pane", "build the plan")
        await person.press(panel, "x")
        await person.sees("Export ", ".csv")
        await person.press("enter")
        await person.until(lambda: bool(list(tmp_path.glob("madrox-*.csv"))), "a file")
        (path,) = tmp_path.glob("madrox-*.csv")
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(path.read_text().splitlines()) >= 2


async def test_a_file_that_cannot_be_written_is_asked_for_again(fleet: TreeBuilder) -> None:
    """What is wrong with the name is said, and the dialog stays."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck")
        await person.press("x")
        await person.sees("Export ")
        await person.press("ctrl+u", *"~no.such.user/x.csv", "enter")
        await person.sees("Export ", "there is no such home directory")


@pytest.mark.parametrize("key", ["slash", "ctrl+f", "T", "colon", "x"])
async def test_what_is_pasted_is_safe_to_show(fleet: TreeBuilder, key: str) -> None:
    """Control characters and overrides in the clipboard reach no line that is typed into."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck")
        await person.press(key)
        await person.until(lambda: isinstance(person.app.focused, Input), "a line")
        await person.press("ctrl+u")
        person.app.post_message(Paste("a\x1b]52;c;eA==\x07\u202eb\x9b2J\nsecond line"))
        await person.sees("a␛]52;c;eA==␇‹U+202E›b‹9b›2J")


async def test_s_saves_the_screen(
    fleet: TreeBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`S` writes a picture and a text of what is on the screen."""
    monkeypatch.chdir(tmp_path)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("▲ stuck", "atlas pane")
        await person.press("S")
        await person.until(lambda: len(list(tmp_path.glob("madrox-screen-*"))) == 2, "two files")
        (text,) = tmp_path.glob("madrox-screen-*.txt")
        assert "atlas pane" in text.read_text()


async def test_a_dialog_that_closes_while_it_is_searched(fleet: TreeBuilder) -> None:
    """A search result that arrives after its message dialog was closed is ignored."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("build the plan")
        await person.press("3", "G", "k", "enter")
        await person.sees("to atlas")
        text = person.app.screen.query_one(TextView)
        for _ in range(3):
            text.look_for("plan")
            text.look_for("")
        person.app.pop_screen()
        text.post_message(text.FindChanged(text, text.found))
        await person.misses("to atlas")
        await person.pilot.pause()
        person.app.post_message(text.FindChanged(text, text.found))
        await person.app.open_find(text)
        await person.press("1")
        await person.sees("Instances 3")

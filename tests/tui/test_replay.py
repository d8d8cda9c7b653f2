"""The pane panel as a person meets it: following, looking back, playing, comparing, seeking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from shutil import rmtree
from typing import Any

import msgspec
import pytest

from builders import TreeBuilder
from madrox_tui.panels.pane.frame_source import Course, FrameSource
from madrox_tui.panels.pane.hits import Hits
from replaying import NOW_S, PanePerson, at_pane, instance

pytestmark = pytest.mark.asyncio


@pytest.fixture
def pane(tree: TreeBuilder) -> TreeBuilder:
    """Six captures of `a1`, ten seconds apart; the third and the fourth show the same."""
    for number, text in enumerate(("one", "two", "three", "three", "four", "five")):
        tree.frame("a1", f"$ run\n\x1b[32mstep {text}\x1b[0m", at=540 + number * 10)
    return tree


def held_back(person: PanePerson, method: str, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let what looks for frames wait until the event that is returned is set."""
    look, found = getattr(person.panel.source, method), asyncio.Event()

    async def late(*args: Any) -> Any:
        await found.wait()
        return await look(*args)

    monkeypatch.setattr(person.panel.source, method, late)
    return found


async def test_the_newest_frame_follows(pane: TreeBuilder) -> None:
    """The newest capture is shown with its time and age, and the next one as it comes."""
    async with at_pane(pane.root) as person:
        await person.sees("step five", "12:09:50 · 10s ago · following")
        pane.frame("a1", "step six", at=600)
        person.app.look()
        await person.sees("step six", "12:10:00 · 0s ago · following")


async def test_a_capture_is_shown_before_the_tree_is_read(pane: TreeBuilder) -> None:
    """Of a large tree most captures are read late; that of the selected instance is not."""
    async with at_pane(pane.root) as person:
        known = instance(pane.root, "a1")
        unread = msgspec.structs.replace(known, instance_id="a1", frames=0, newest_frame=None)
        person.panel.show_instance(None, NOW_S)
        person.panel.show_instance(unread, NOW_S)
        await person.sees("step five", "12:09:50 · 10s ago · following")
        person.panel.show_instance(known, NOW_S)
        await person.press("[")
        await person.sees("step four")


async def test_stepping(pane: TreeBuilder) -> None:
    """`[` and `]` go through the frames, `g` to the first, `G` to the newest."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        await person.press("[")
        await person.sees("step four", "12:09:40 · 20s ago · ‖ 1x")
        await person.press("[", "[", "[")
        await person.sees("step two", "12:09:10")
        await person.press("]")
        await person.sees("step three", "12:09:20")
        await person.press("g")
        await person.sees("step one", "12:09:00")
        await person.press("[")
        await person.sees("step one")
        await person.press("G")
        await person.sees("step five", "following")


async def test_frames_that_differ(pane: TreeBuilder) -> None:
    """`{` and `}` leave out the frames that show the same."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        await person.press("[", "[")
        await person.sees("12:09:30")
        await person.press("{")
        await person.sees("step two", "12:09:10")
        await person.press("]")
        await person.sees("12:09:20")
        await person.press("}")
        await person.sees("step four", "12:09:40")


async def test_beyond_the_newest_is_the_present(pane: TreeBuilder) -> None:
    """`]` at the newest frame follows again; while following it does nothing."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        await person.press("]")
        await person.sees("following")
        await person.press("[", "]", "]")
        await person.sees("step five", "following")


async def test_looking_back_counts_what_comes(pane: TreeBuilder) -> None:
    """A frame that was chosen stays, and the border says how many are new."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        await person.press("[")
        await person.sees("step four")
        for number in range(3):
            pane.frame("a1", "step later", at=600 + number)
        person.app.look()
        await person.sees("step four", "3 new")
        await person.press("G")
        await person.sees("step later", "following")
        await person.misses("new")


@pytest.mark.parametrize("lines", [3, 60])
async def test_a_narrow_capture_after_a_wide_one_is_seen(tree: TreeBuilder, lines: int) -> None:
    """Who scrolled sideways sees the next capture, however narrow it is."""
    wide = "\n".join(["0123456789" * 30] * lines)
    tree.frame("a1", wide, at=500)
    async with at_pane(tree.root) as person:
        await person.sees("0123456789")
        await person.press("l", "l", "l", "l", "l", "l")
        await person.sees("‹")
        tree.frame("a1", "\n".join(["narrow"] * lines), at=510)
        person.app.look()
        await person.sees("narrow", "following")
        await person.misses("‹")


async def test_scrolling_up_ends_following(tree: TreeBuilder) -> None:
    """Who scrolls up in the newest frame keeps it until the end is reached again."""
    lines = [f"line {i}" for i in range(100)]
    tree.frame("a1", "\n".join(lines), at=500)
    async with at_pane(tree.root) as person:
        await person.sees("line 99", "following")
        await person.press("pageup")
        await person.misses("line 99", "following")
        tree.frame("a1", "\n".join([*lines, "line 100"]), at=510)
        person.app.look()
        await person.sees("1 new")
        await person.misses("line 100")
        await person.press("pagedown")
        await person.sees("line 100", "following")


async def test_playing(pane: TreeBuilder) -> None:
    """`Space` plays from the frame that is shown; at the end it says that it follows again."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        await person.press("g")
        await person.sees("step one", "‖ 1x")
        await person.press(">", ">", ">", ">", ">")
        await person.sees("‖ 60x")
        await person.press("space")
        await person.sees("step five", "following")
        await person.is_told("played to the newest capture: following")


async def test_playing_begins_at_the_frame_that_was_asked_for_last(
    pane: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`g` and at once `Space`: however long it takes to find, the frame of before has no part."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        found = held_back(person, "first", monkeypatch)
        await person.press("g", "space")
        await person.sees("step five", "▶ 1x")
        found.set()
        await person.sees("step one", "▶ 1x")
        await person.sees("step two", "▶ 1x")


async def test_the_newest_frame_follows_a_step_that_was_under_way(
    pane: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`[` and at once `G`: however long the step takes, it is not what is shown in the end."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        found = held_back(person, "step", monkeypatch)
        await person.press("[", "G")
        await person.sees("step five", "following")
        found.set()
        await person.app.workers.wait_for_complete()
        await person.sees("step five", "following")


async def test_steps_beyond_the_newest_frame_follow_though_typed_at_once(
    pane: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`[ ] ]` before the first step is done ends where it does one by one: at the present."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        found = held_back(person, "step", monkeypatch)
        await person.press("[", "]", "]")
        found.set()
        await person.sees("step five", "following")
        assert not person.notices  # nothing was played


async def test_space_pauses_what_plays(pane: TreeBuilder) -> None:
    """`Space` holds the frame that plays; `<` and `>` change the speed meanwhile."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        assert not person.panel.toggle_play()  # it is not meant while the present is shown
        await person.press("g")
        await person.sees("step one")
        await person.press("space")
        await person.sees("▶ 1x")
        await person.press(">")
        await person.sees("▶ 2x")
        await person.press("space")
        await person.sees("‖ 2x")
        assert not person.panel.playing
        await person.press("<")
        await person.sees("‖ 1x")


async def test_comparing(pane: TreeBuilder) -> None:
    """`d` shows only what is new since the frame before, then all with marks, then all."""
    async with at_pane(pane.root) as person:
        await person.sees("$ run", "step five")
        await person.press("d")
        await person.sees("Pane  atlas · new text", "step five")
        await person.misses("$ run")
        await person.press("d")
        await person.sees("· diff", "  $ run", "- step four", "+ step five")
        await person.press("[", "[")
        await person.sees("12:09:30", "  step three")
        await person.press("d")
        await person.misses("diff")
        await person.press("d")
        await person.sees("nothing new since the previous frame")


async def test_the_first_frame_is_all_new(pane: TreeBuilder) -> None:
    """Before the first capture there was nothing."""
    async with at_pane(pane.root) as person:
        await person.press("d", "d", "g")
        await person.sees("+ $ run", "+ step one")


async def test_wide_frames(tree: TreeBuilder) -> None:
    """Wide frames scroll sideways with `l` and `h`; `w` breaks them, and undoes it."""
    tree.frame("a1", "begin" + "-" * 100 + "end", at=500)
    async with at_pane(tree.root) as person:
        await person.sees("begin")
        await person.misses("end")
        await person.press("l", "l", "l", "l", "l")
        await person.sees("end")
        await person.misses("begin")
        await person.press("w")
        await person.sees("begin", "end")
        await person.pilot.resize_terminal(60, 24)
        await person.sees("begin", "end")
        await person.press("w")
        await person.misses("end")


async def test_the_scrubber_seeks(pane: TreeBuilder) -> None:
    """The last line shows the recording's time; a click and a drag go to the moment there."""
    async with at_pane(pane.root, size=(80, 24)) as person:
        await person.sees("12:09:00", "12:09:50", "┃")
        x, y = 2 + 9, 22  # border, padding, clock
        await person.pilot.click("#pane", offset=(x, y))
        await person.sees("step one")
        await person.pilot.mouse_down("#pane", offset=(x, y))
        await person.pilot.hover("#pane", offset=(x + 30, y))
        await person.sees("step three")
        await person.pilot.mouse_up("#pane", offset=(x + 30, y))
        await person.press("G")
        await person.sees("following")


async def test_the_end_of_the_scrubber_is_the_newest_frame(pane: TreeBuilder) -> None:
    """Dragged to its end it follows what comes, as after `G`; dragged back it shows the past."""
    async with at_pane(pane.root, size=(80, 24)) as person:
        await person.sees("12:09:50", "┃")
        await person.pilot.mouse_down("#pane", offset=(11, 22))
        await person.sees("step one", "‖")
        await person.pilot.hover("#pane", offset=(76, 22))
        await person.sees("step five", "following")
        await person.pilot.hover("#pane", offset=(11 + 30, 22))
        await person.sees("step three", "‖")
        await person.pilot.hover("#pane", offset=(76, 22))
        await person.pilot.mouse_up("#pane", offset=(76, 22))
        pane.frame("a1", "$ run\nstep six", at=595)
        person.app.look()
        await person.sees("step six", "following")


async def test_the_moment_under_the_mouse(pane: TreeBuilder) -> None:
    """The scrubber tells the moment that the mouse points at, and forgets it."""
    async with at_pane(pane.root, size=(80, 24)) as person:
        await person.sees("12:09:50")
        await person.pilot.hover("#pane", offset=(11, 22))
        await person.until(lambda: person.app.text.count("12:09:00") == 2, "the moment")
        await person.pilot.hover("#pane", offset=(11, 5))
        await person.until(lambda: person.app.text.count("12:09:00") == 1, "the end")


async def test_time_travel(pane: TreeBuilder) -> None:
    """The panel shows any moment it is told, for every instance, until it is told the present."""
    pane.frame("b2", "other pane", at=500)
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        person.panel.show_at(TreeBuilder.epoch(555))
        await person.sees("step two")
        assert person.panel.selected_time_s == TreeBuilder.epoch(550)
        person.app.look("b2", "probe")
        await person.sees("Pane  probe", "other pane", "12:08:20")
        person.panel.show_at(TreeBuilder.epoch(400))
        await person.sees("no capture of this pane before that time")
        person.app.look("a1")
        person.panel.show_at(None)
        await person.sees("step five", "following")


async def test_finding_beyond_the_frame(pane: TreeBuilder) -> None:
    """A text is found in the frames before and after the one that is shown."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        assert await person.panel.find_beyond("step two", -1) == 1
        await person.sees("step two", "12:09:10 · 50s ago · ‖ 1x")
        assert await person.panel.find_beyond("nowhere", 1) is None
        assert await person.panel.find_beyond("four", 1) == 1
        await person.sees("step four")


async def test_a_step_before_a_frame_is_shown_begins_at_the_newest(pane: TreeBuilder) -> None:
    """Keys that come before the capture do are not lost, nor do they lead away from all."""
    async with at_pane(pane.root) as person:
        for _ in range(2):  # before anything else has its turn
            person.panel.action_step(-1)
        await person.sees("12:09:30")


async def test_another_instance_begins_at_its_newest_frame(pane: TreeBuilder) -> None:
    """Whatever was looked at of one instance, the next one is shown as it is now."""
    pane.frame("b2", "probe, old", at=500)
    pane.frame("b2", "probe, new", at=510)
    async with at_pane(pane.root) as person:
        await person.press("[", "[")
        await person.sees("12:09:30")
        person.app.look("b2", "probe")
        await person.sees("probe, new", "following")
        await person.misses("step")


async def test_the_scrubber_is_of_the_instance_that_is_shown(
    pane: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording that is long to look through leaves no scrubber on an instance without one."""
    pane.spawn("b2", "probe")
    looks, may_end = asyncio.Event(), asyncio.Event()
    async with at_pane(pane.root) as person:
        await person.sees("step five", "12:09:50 ")
        look_through = person.panel.source.course

        async def slow(instance_id: str, buckets: int) -> Course | None:
            looks.set()
            await may_end.wait()
            return await look_through(instance_id, buckets)

        monkeypatch.setattr(person.panel.source, "course", slow)
        pane.frame("c3", "first\nscreen", at=500)
        pane.frame("c3", "second\nscreen", at=510)
        person.app.look("c3", "comet")
        await looks.wait()
        person.app.look("b2", "probe")
        may_end.set()
        await person.sees("Pane  probe", "no capture of this pane yet")
        await person.app.workers.wait_for_complete()
        await person.misses("12:08:20")


async def test_the_scrubber_shows_what_changes_while_it_is_watched(tree: TreeBuilder) -> None:
    """Captures that come are in the strip where they belong, though each moves its end little."""
    changed = re.compile("▁ +[▃-█]{4}┃ 12:02:12")
    for number in range(3):
        tree.frame("a1", "the same", at=number * 60)
    async with at_pane(tree.root) as person:
        await person.sees("the same", "12:02:00")
        for number in range(24):
            tree.frame("a1", f"changed {number}\n" * 20, at=120.5 + number / 2)
            person.app.look()
            await person.sees(f"changed {number}")
        await person.sees("following")
        await person.until(lambda: changed.search(person.text) is not None, changed.pattern)


async def test_captures_that_come_fast_do_not_keep_the_scrubber_away(
    pane: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read of a long recording is not begun anew with each of them."""
    begun = 0

    async def course(*_: Any) -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    async with at_pane(pane.root) as person:
        await person.sees("step five", "┃")
        monkeypatch.setattr(person.panel.source, "course", course)
        for number in range(5):
            pane.frame("a1", f"fast {number}", at=600 + 100 * number)
            person.app.look()
            await person.sees(f"fast {number}")
            await person.pilot.pause()
        assert begun == 1


async def test_the_scrubber_grows_while_an_earlier_frame_is_shown(pane: TreeBuilder) -> None:
    """Its end is the newest capture, and what one steps to is not new any more."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        await person.press("[")
        await person.sees("step four")
        pane.frame("a1", "step six", at=600)
        pane.frame("a1", "step seven", at=900)
        person.app.look()
        await person.sees("step four", "2 new", "12:15:00")
        await person.press("]", "]", "]")
        await person.sees("step seven")
        await person.misses("new")


async def test_empty(tree: TreeBuilder) -> None:
    """An empty panel says what it waits for, and how it comes; every key is harmless."""
    tree.spawn("a1")
    async with at_pane(tree.root) as person:
        await person.sees("no capture of this pane yet: log_tmux_output() writes one")
        await person.press(*"[]{}<>gGdw", "space")
        person.panel.show_instance(None, NOW_S)
        await person.sees("no instance selected")
        await person.press(*"[]{}<>gGdw", "space")


async def test_a_file_that_is_gone(pane: TreeBuilder) -> None:
    """The last frame stays when its file is deleted, and the border says so."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        (pane.root / "instances/a1/tmux_output.log").unlink()
        await person.press("[")
        await person.sees("step five", "12:09:50", "file gone")
        pane.frame("c3", "soon gone", at=500)
        gone = instance(pane.root, "c3", "comet")
        (pane.root / "instances/c3/tmux_output.log").unlink()
        person.panel.show_instance(gone, NOW_S)
        await person.sees("Pane  comet", "this capture's file is gone")


async def test_a_directory_that_is_gone(pane: TreeBuilder) -> None:
    """Of an instance that only the audit trail tells of, it says where the captures are not."""
    pane.spawn("c3", "comet", at=500)
    pane.frame("c3", "gone by now", at=510)
    async with at_pane(pane.root) as person:
        rmtree(pane.root / "instances/c3")
        person.app.look("c3", "comet")
        await person.sees("no captures: instances/c3 does not exist (any more)")


async def test_suspect_frames(tree: TreeBuilder) -> None:
    """A frame whose time runs backwards says so."""
    tree.frame("a1", "honest", at=500)
    tree.frame("a1", "forged", at=100)
    async with at_pane(tree.root) as person:
        await person.sees("forged", "suspect: time runs backwards")


async def test_a_frame_of_a_million_lines(tree: TreeBuilder) -> None:
    """However many lines a capture has, its end is shown, and its beginning when scrolled to."""
    tree.frame("a1", "first" + "\nx" * 1_000_000 + "\nlast", at=500)
    async with at_pane(tree.root) as person:
        await person.sees("last", "following")
        await person.pilot.press("d", "d", "d", "pageup")
        await person.misses("last")


async def test_any_size(pane: TreeBuilder) -> None:
    """The panel bears any size, down to one cell."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        for size in ((40, 12), (1, 1), (3, 3), (200, 60), (9, 2), (80, 24)):
            await person.pilot.resize_terminal(*size)
            await person.press("w", "[", "d")
        await person.press("G")
        await person.sees("following")


async def test_large_frames_come_at_once(tree: TreeBuilder) -> None:
    """A scrollback of 5,000 coloured lines is on the screen in well under a blink."""
    line = "\x1b[38;5;114m●\x1b[0m \x1b[1mread\x1b[0m src/ledger.py \x1b[2m(12 lines)\x1b[0m"
    tree.frame("a1", "\n".join([line] * 5_000 + ["the end"]), at=500)
    tree.frame("b2", "small", at=500)
    async with at_pane(tree.root) as person:
        person.app.look("b2")
        await person.sees("small")
        state = instance(tree.root, "a1")
        person.panel.show_instance(state, NOW_S)
        await person.sees("the end")


async def test_find_walks_across_frames(pane: TreeBuilder) -> None:
    """`N` goes on in the frames before, `n` in those after."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        person.panel.look_for("step t")
        await person.press("N")
        await person.sees("step three", "12:09:30")
        await person.press("N")
        await person.sees("step two", "12:09:10")
        await person.press("n")
        await person.sees("step three", "12:09:20")


async def test_find_goes_round_the_recording(pane: TreeBuilder) -> None:
    """`n` at the last hit goes to the first, in the oldest frame, and `N` back, as in any list."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        person.panel.look_for("step")
        await person.press("n")
        await person.sees("step one", "12:09:00")
        await person.press("N")
        await person.sees("step five", "12:09:50")
        person.panel.look_for("run")
        await person.press("n")
        await person.sees("step one", "12:09:00")
        person.panel.look_for("nowhere")
        await person.press("n")
        await person.counts("none in any frame")
        assert "step one" in person.app.text


async def test_a_hit_is_counted_in_all_frames(pane: TreeBuilder) -> None:
    """Wherever `n` and `N` go, the count says which hit of the whole recording it is."""
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        person.panel.look_for("step")
        await person.counts("hit 5 of 5 in 5 frames")
        for key, number in (("N", 4), ("N", 3), ("n", 4), ("n", 5), ("n", 1)):
            await person.press(key)
            await person.counts(f"hit {number} of 5 in 5 frames")
        await person.press("d")
        await person.counts("hit 1 of 5 in 5 frames")


async def test_the_count_goes_with_the_instance(pane: TreeBuilder) -> None:
    """Of another instance its own frames are counted; without a search nothing is."""
    pane.frame("b2", "a step of probe", at=500)
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        person.panel.look_for("step")
        await person.counts("hit 5 of 5 in 5 frames")
        person.app.look("b2", "probe")
        await person.counts("0/1 in this frame · 1 in 1 frame")
        person.panel.look_for("")
        await person.counts("")
        person.panel.look_for("step")
        person.panel.show_instance(None, NOW_S)
        await person.counts("none")


async def test_the_first_hit_does_not_wait_for_the_count(
    pane: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the frames are counted, hits are gone to and counted in the frame, the rest as `+`."""
    count, counted = FrameSource.count, asyncio.Event()

    async def slow(source: FrameSource, hits: Hits) -> AsyncIterator[None]:
        async for _ in count(source, hits):
            yield
            await counted.wait()

    monkeypatch.setattr(FrameSource, "count", slow)
    async with at_pane(pane.root) as person:
        await person.sees("step five")
        person.panel.look_for("step")
        await person.counts("1/1 in this frame · 1+ in 1 frame")
        await person.press("n")
        await person.sees("step one")
        await person.counts("hit 1 of 1+ in 1 frame")
        counted.set()
        await person.counts("hit 1 of 5 in 5 frames")

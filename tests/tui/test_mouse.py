"""A person who has only the mouse, or takes it in the midst of typing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.geometry import Offset, Region
from textual.screen import Screen

from builders import TreeBuilder
from driver import Driver, run_app
from logging_core.history import History
from madrox_tui.help.screen import HelpScreen
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.find_bar import FindBar
from madrox_tui.widgets.line_input import LineInput

NOW_S = TreeBuilder.epoch(600)

pilot = pytest.mark.asyncio


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """Two instances; one has answered a request, and the other has one open."""
    tree.spawn("a1", "atlas", role="architect", at=0)
    tree.send("a1", "m-1", "draw the plan", at=60)
    tree.receive("a1", "m-1", "the plan is drawn", at=70, tokens=1200, cost=0.5)
    tree.spawn("b2", "probe", role="qa", at=540)
    tree.send("b2", "m-2", "test the plan", at=550)
    return tree


async def keys_work(person: Driver) -> None:
    await person.press("question_mark")
    await person.until(lambda: isinstance(person.app.screen, HelpScreen), "the help")


# --- a line that is typed into ---------------------------------------------------


@pilot
@pytest.mark.parametrize("typed", ["", "probe"])
async def test_a_click_elsewhere_keeps_the_filter(fleet: TreeBuilder, typed: str) -> None:
    """Whoever opens the filter and then clicks on a panel is there, and every key works."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("slash", *typed)
        await person.pilot.click("#timeline", offset=(5, 2))
        bar = person.app.query_one(FilterBar)
        await person.until(lambda: not bar.editing, "the end of the line")
        assert bar.has_class("-kept") == bool(typed)
        focused = person.app.focused
        assert focused is not None
        assert focused.id == "timeline"
        await keys_work(person)


@pilot
async def test_a_click_elsewhere_keeps_the_search(fleet: TreeBuilder) -> None:
    """Whoever looks for something and then clicks on another panel is there, and its keys work."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("3", "ctrl+f", *"plan")
        await person.pilot.click("#instances", offset=(5, 3))
        bar = person.app.query_one(FindBar)
        await person.until(lambda: bar.kept, "the end of the line")
        focused = person.app.focused
        assert focused is not None
        assert focused.id == "instances"
        await keys_work(person)


# --- what lies over the panels ----------------------------------------------------


def frame_of(dialog: Screen[object]) -> Region:
    frames = dialog.query(".dialog, MessageHalf")
    return frames.first().region if frames else Region()


@pilot
@pytest.mark.parametrize(
    "opens",
    [
        ("question_mark",),
        ("tilde",),
        ("c",),
        ("T",),
        ("x",),
        ("3", "G", "enter"),
        ("3", "g", "down", "down", "enter"),
        ("4", "enter"),
    ],
)
async def test_a_click_beside_a_dialog_closes_it(fleet: TreeBuilder, opens: Sequence[str]) -> None:
    """Whoever has only the mouse gets out of every dialog; a click in it does not close it."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past, size=(160, 48)) as person:
            await person.sees("draw the plan")
            await person.press(*opens)
            app = person.app
            await person.until(lambda: isinstance(app.screen, Dialog), "the dialog")
            dialog = app.screen
            await person.until(lambda: bool(frame_of(dialog).area), "its frame")
            await person.pilot.click(offset=frame_of(dialog).offset)
            await person.pilot.click(offset=frame_of(dialog).offset + Offset(3, 1))
            assert app.screen is dialog
            await person.pilot.click(offset=frame_of(dialog).offset - Offset(1, 0))
            await person.until(lambda: app.screen is not dialog, "the panels")


@pilot
@pytest.mark.parametrize("opens", ["T", "x"])
async def test_a_click_beside_a_dialog_loses_nothing_typed(fleet: TreeBuilder, opens: str) -> None:
    """Whoever has typed a time or a name and clicks beside it can go on typing; Esc closes."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past, size=(160, 48)) as person:
            await person.sees("draw the plan")
            await person.press(opens, *"14:0")
            app, dialog = person.app, person.app.screen
            await person.pilot.click(offset=frame_of(dialog).offset - Offset(1, 0))
            await person.press("5")
            await person.until(lambda: app.screen.query_one(LineInput).value.endswith("14:05"))
            await person.press("escape")
            await person.until(lambda: app.screen is not dialog, "the panels")

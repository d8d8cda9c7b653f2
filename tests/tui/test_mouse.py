"""A person who has only the mouse, or takes it in the midst of typing."""

from __future__ import annotations

import pytest

from builders import TreeBuilder
from driver import Driver, run_app
from madrox_tui.help.screen import HelpScreen
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.find_bar import FindBar

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

"""The footer: the keys of the panel that has the focus first, as many as fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import TreeBuilder
from driver import Driver, run_app
from madrox_tui.config import Settings
from madrox_tui.widgets.key_bar import Entry, KeyBar, fitted

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """Two instances, one of which has a pane of three frames."""
    tree.spawn("a1", "atlas", at=0)
    tree.spawn("b2", "probe", at=5)
    tree.send("a1", "m-1", "draw the plan", at=60)
    for n in range(3):
        tree.frame("a1", f"frame {n}", at=70 + n)
    return tree


def footer(person: Driver) -> str:
    bar = person.app.screen_stack[0].query_one(KeyBar)
    return person.text.split("\n")[bar.region.y].strip()


OWN = {
    "1": "Enter Pane s Sort r Reverse t Tree e Problem a Needs you / Filter ",
    "2": "[ ] Frame { } Differing < > Speed d Diff w Wrap ",
    "3": "Enter Message p Other half e Problem E Events ",
    "4": "Enter Rows b Group ",
}


@pytest.mark.parametrize("panel", OWN)
async def test_the_keys_of_the_focused_panel_come_first(fleet: TreeBuilder, panel: str) -> None:
    """Then come those that work everywhere, on a wide terminal up to the last one."""
    async with run_app(fleet.root, now_s=NOW_S, size=(200, 40)) as person:
        await person.sees("frame 2")
        await person.press(panel)
        await person.until(lambda: footer(person).startswith(OWN[panel]), OWN[panel])
        assert "a Needs you / Filter @ As of then Space Pause" in footer(person)
        assert footer(person).endswith("q Quit ? Help")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 160])
async def test_only_whole_entries_are_shown(fleet: TreeBuilder, width: int) -> None:
    """What does not fit is left out; how to leave, and help on all others, are always there."""
    async with run_app(fleet.root, now_s=NOW_S, size=(width, 40)) as person:
        await person.sees("? Help")
        said = footer(person)
        assert len(said) <= width - 2
        assert len(said) > width - 22
        assert said.startswith("Enter Pane s Sort")
        assert said.endswith(" q Quit ? Help")


async def test_a_key_of_several_can_be_clicked(fleet: TreeBuilder) -> None:
    """Each of the two before a word is its own target."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.press("2")
        await person.sees("frame 2", "[ ] Frame")
        await person.pilot.click(KeyBar, offset=(1, 0))
        await person.sees("frame 1")
        await person.pilot.click(KeyBar, offset=(1 + len("[ "), 0))
        await person.sees("frame 2")


async def test_a_key_of_the_settings_is_named(fleet: TreeBuilder) -> None:
    """The footer says which keys there are now, and two for the same once."""
    settings = Settings(tick_s=3600.0, keys={"instances.sort": ("f5", "ctrl+t")})
    async with run_app(fleet.root, now_s=NOW_S, settings=settings) as person:
        await person.sees("Enter Pane F5 Ctrl+T Sort r Reverse")


async def test_keys_of_the_settings_change_no_order(fleet: TreeBuilder) -> None:
    """How to leave, and help on all keys, are still there where little fits."""
    keys = {"app.quit": ("Q",), "filter.edit": ("slash", "f"), "instances.open": ("o",)}
    settings = Settings(tick_s=3600.0, keys=keys)
    async with run_app(fleet.root, now_s=NOW_S, settings=settings, size=(80, 40)) as person:
        await person.sees("Q Quit")
        assert footer(person).startswith("o Pane s Sort")
        assert footer(person).endswith(" Q Quit ? Help")


@pytest.mark.parametrize("width", [0, 3, 10])
async def test_no_width_is_too_small(width: int) -> None:
    """With nothing to show, and with no room for it."""
    quit_key, help_key = Entry("Quit", ("q",)), Entry("Help", ("question_mark",))
    assert fitted([], width) == []
    assert fitted([Entry("Sort", ("s",)), quit_key, help_key], width) == [quit_key, help_key]


async def test_s_saves_a_dialog(
    fleet: TreeBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`S` saves what lies over the panels too, but is a letter where text is typed."""
    monkeypatch.chdir(tmp_path)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        for keys in (("T",), ("slash",), ("ctrl+f",), ("colon",), ("x",)):
            await person.press(*keys)
            await person.press("S")
            await person.press("escape")
        assert not list(tmp_path.iterdir())
        await person.press("question_mark")
        await person.sees(" Keys ")
        await person.press("S")
        await person.until(lambda: len(list(tmp_path.iterdir())) == 2, "two files")
        (text,) = tmp_path.glob("*.txt")
        assert " Keys " in text.read_text()

"""Keys of the settings, in what lies over the panels."""

from __future__ import annotations

from typing import Any

import pytest

from builders import TreeBuilder
from driver import Driver, run_app
from logging_core.history import History
from madrox_tui.bindings import DIALOGS, FIXED, all_keys
from madrox_tui.changes.change_list import ChangeList
from madrox_tui.changes.screen import ChangesScreen
from madrox_tui.config import Settings
from madrox_tui.events.event_list import EventList
from madrox_tui.events.screen import EventsScreen
from madrox_tui.health.screen import HealthScreen
from madrox_tui.help.screen import HelpScreen
from madrox_tui.key_names import own_bindings
from madrox_tui.panels.timeline.message_screen import MessageScreen
from madrox_tui.screens.go_to import MomentScreen
from madrox_tui.screens.main import MainScreen
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.text_view import TextView

NOW_S = TreeBuilder.epoch(600)
OWN = {"message.bytes", "dialog.close"}
"""What is done in a dialog only."""

SETTINGS = Settings(
    tick_s=3600.0,
    keys={
        "view.back": ("f2",),
        "app.quit": ("Q",),
        "app.help": ("f3",),
        "view.health": ("f4",),
        "view.changes": ("f5",),
        "view.go_to": ("f6",),
        "line.down": ("f7",),
        "line.copy": ("f8",),
        "timeline.other_half": ("f9",),
        "pane.wrap": ("f10",),
        "pane.previous": ("f11",),
        "line.export": ("f12",),
    },
)


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """One request, answered, and one without a reply."""
    tree.spawn("a1", "atlas", at=0)
    tree.send("a1", "m-1", "draw the plan", at=60)
    tree.receive("a1", "m-1", "\n".join(f"line {n}." for n in range(99)), at=70, cost=0.5)
    return tree


async def until_at(person: Driver, screen: type) -> None:
    await person.until(lambda: type(person.app.screen) is screen, screen.__name__)


@pytest.mark.parametrize(
    "screen", [MessageScreen, EventsScreen, HealthScreen, HelpScreen, ChangesScreen, TextView]
)
def test_what_a_dialog_shares_with_the_panels_is_one_action(screen: type[Any]) -> None:
    """Whoever gives an action other keys has them in the dialogs: it is the same action there."""
    known = all_keys()
    for binding in own_bindings(screen):
        assert binding.id in OWN or binding.key in known[binding.id or ""][1], binding


@pytest.mark.parametrize(
    ("screen", "rows", "actions"),
    zip(
        (MessageScreen, EventsScreen, ChangesScreen),
        (TextView, EventList, ChangeList),
        DIALOGS,
        strict=True,
    ),
)
def test_no_key_gets_two_meanings_in_a_dialog(
    screen: type[Any], rows: type[Any], actions: tuple[str, ...]
) -> None:
    """All that a dialog can do is known where the keys of the settings are looked at."""
    bindings = [*own_bindings(screen), *own_bindings(rows)]
    common = {"dialog.close", "app.quit", *(b.id for b in own_bindings(LineView))}
    assert {b.id for b in bindings} - common == set(actions)
    assert {b.id: (b.key,) for b in bindings if b.id in FIXED}.items() <= FIXED.items()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("opens", "screen"), [("f3", HelpScreen), ("f4", HealthScreen), ("f5", ChangesScreen)]
)
async def test_a_dialog_is_left_with_the_keys_of_the_settings(
    fleet: TreeBuilder, opens: str, screen: type
) -> None:
    """With what goes back, with what quits, and with what opened it; Esc closes it all the same."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, settings=SETTINGS, past=past) as person:
            await person.sees("● live")
            for closes in ("f2", "Q", opens, "escape"):
                await person.press(opens)
                await until_at(person, screen)
                await person.sees("F2 closes · F8 copies")
                await person.press("q")
                await until_at(person, screen)
                await person.press(closes)
                await until_at(person, MainScreen)


@pytest.mark.asyncio
async def test_a_message_has_the_keys_of_the_settings(fleet: TreeBuilder) -> None:
    """What copies, what goes to the other half, and what moves in a list."""
    async with run_app(fleet.root, now_s=NOW_S, settings=SETTINGS) as person:
        await person.sees("● live")
        await person.press("3", "G", "enter")
        await person.sees("F2 closes · F8 copies · F9 other half")
        await person.press("f7")
        await person.misses("line 0.")
        await person.press("f9", "f8")
        assert person.app.clipboard == "draw the plan"
        await person.press("y", "p")
        view = person.app.focused
        assert isinstance(view, TextView)
        assert view is person.app.screen.query(TextView).first()
        await person.press("f10")
        assert not view._wraps


@pytest.mark.asyncio
async def test_lists_in_dialogs_have_the_keys_of_the_settings(fleet: TreeBuilder) -> None:
    """Changes, and events behind a number: what moves, what exports, and what asks for a time."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, settings=SETTINGS, past=past) as person:
            await person.sees("● live")
            await person.press("f5")
            await person.sees("F11 ] F6 since")
            before = person.app.screen.query_one(".dialog").border_title
            await person.press("f11")
            await person.until(
                lambda: person.app.screen.query_one(".dialog").border_title != before, "a step"
            )
            await person.press("f6")
            await until_at(person, MomentScreen)
            await person.press("escape", "f2", "4", "enter")
            await until_at(person, EventsScreen)
            await person.until(lambda: person.app.screen.query_one(LineView).count > 0, "events")
            await person.press("f12")
            await person.sees("Export events")

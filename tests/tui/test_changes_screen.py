"""What changed while a person was away, as it is shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import msgspec
import pytest

from alone import Alone, screen_of
from builders import TreeBuilder, hostile_tree
from driver import Driver, dashboard, run_app
from fleets import NOW_S, instance, view
from keyboard import KEYS
from logging_core.analyse.state import FleetState, Usage
from logging_core.history import History
from logging_core.text import safe_block
from madrox_tui.changes.absence import Absence
from madrox_tui.changes.screen import ChangesScreen
from madrox_tui.changes.spells import SpellLog
from madrox_tui.config import Settings
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.view import Narrowing
from payloads import PAYLOADS

pytestmark = pytest.mark.asyncio

BEGUN = 600.0
BACK = BEGUN + 25 * 60
ASK = "Overwrite? [y/N]"


class Clock:
    """A clock that a test moves; seconds after the tree's start."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return TreeBuilder.epoch(self.at)


@asynccontextmanager
async def watched(
    tree: TreeBuilder, clock: Clock, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Driver]:
    """A person at a dashboard that began ten minutes after the tree."""
    with History(tree.root, now=clock) as past:
        settings = Settings(tick_s=3600.0)
        app = dashboard(tree.root, now=clock, settings=settings, past=past)
        async with app.run_test(size=size) as pilot:
            person = Driver(app, pilot)
            await person.sees("● live")
            yield person


@pytest.fixture
def busy_tree(tree: TreeBuilder) -> TreeBuilder:
    """Three at work when a person looks away."""
    for place, name in enumerate(("atlas", "harbor", "quill")):
        tree.spawn(name, name, role="qa" if place else "lead", at=place)
        tree.send(name, "m-0", f"Begin with {name}.", at=20)
        tree.receive(name, "m-0", "Begun.", at=30, tokens=100, cost=0.1)
    return tree


async def goes_away(tree: TreeBuilder, person: Driver, clock: Clock) -> None:
    """Press a key, and come back 25 minutes later: one waited, one waits, one worked."""
    await person.press("j")
    for at, what in ((700, f"Editing\n{ASK}"), (1000, "Editing\nDone.")):
        clock.at = at
        tree.frame("atlas", what, at=at)
        shown = "1 waiting" if ASK in what else "3 idle"
        await person.sees(shown)
    clock.at = BACK
    tree.receive("quill", "m-1", "Worked.", at=1500, tokens=2500, cost=1.25)
    tree.frame("harbor", "Do you want to proceed?\n❯ 1. Yes\n  2. No", at=1700)
    await person.sees("1 waiting")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_who_comes_back_reads_what_happened(
    busy_tree: TreeBuilder, size: tuple[int, int]
) -> None:
    """Since the last key before the pause: who waits, who waited and for how long, what it cost."""
    clock = Clock(BEGUN)
    async with watched(busy_tree, clock, size) as person:
        await goes_away(busy_tree, person, clock)
        await person.press("c")
        await person.sees("What changed since 12:10 (25m ago)", "Esc closes · y copies")
        rows = person.text.partition("CHANGE")[2].split("\n")[1:]
        assert "12:28:20  harbor" in rows[0]
        assert "? waiting" in rows[0]
        assert "12:11:40  atlas" in rows[1]
        assert "waited 5m, answered 12:16" in rows[1]
        assert ASK[:9] in rows[1]
        assert "quill " in rows[2]
        assert "idle" in rows[2]
        await person.sees("fleet $1.25 · 1 request · 0 errors · 0 of 3 unchanged")
        assert "were not seen" not in person.text
        await person.press("j")
        await person.sees(f"│ {ASK}")  # in full, whatever the width
        await person.press("escape")
        await person.misses("What changed")


async def test_the_moment_can_be_moved(busy_tree: TreeBuilder) -> None:
    """`[` and `]` step, `T` takes a time; what is before the program's start was not seen."""
    clock = Clock(BEGUN)
    async with watched(busy_tree, clock) as person:
        await goes_away(busy_tree, person, clock)
        await person.press("c")
        await person.sees("(25m ago)", "waited 5m")
        await person.press("]")
        await person.sees("since 12:20 (15m ago)", "quill")
        await person.misses("waited 5m")
        await person.press("]")
        await person.sees("since 12:30 (5m ago)", "nothing changed: [ goes further back")
        await person.press("]")
        await person.is_told("no later step: press T to enter a time")
        assert len(person.notices) == 1
        await person.press("[", "[", "[")
        await person.sees("since 11:35 (1h ago)", "spawned, idle")
        await person.sees("waits, hangs and failures that ended before 12:10 were not seen")
        await person.press("T", *"12:01", "enter")
        await person.sees("since 12:01 (34m ago)", "1 request ")


async def test_in_the_past_it_compares_with_the_moment_shown(busy_tree: TreeBuilder) -> None:
    """What came after that moment is left out, and the title says both ends."""
    clock = Clock(BEGUN)
    async with watched(busy_tree, clock) as person:
        await goes_away(busy_tree, person, clock)
        await person.press("T", *"11m", "enter")
        await person.sees("◷ at 12:24:00")
        await person.press("c")
        await person.sees("What changed from 12:10 to 2026-11-23 12:24:00", "waited 5m")
        await person.press("]")
        await person.sees("from 12:19 to 2026-11-23 12:24:00", "nothing changed")
        await person.press("escape", "at")
        await person.sees("● live")


async def test_enter_selects_and_at_goes_there(busy_tree: TreeBuilder) -> None:
    """Enter leads to the instance in the list, `@` to when that began; both close the dialog."""
    clock = Clock(BEGUN)
    async with watched(busy_tree, clock) as person:
        await goes_away(busy_tree, person, clock)
        await person.press("3", "c")
        await person.sees("waited 5m")
        await person.press("j", "enter")
        await person.misses("What changed")
        assert selected(person) == "atlas"
        assert person.app.focused is person.app.screen.query_one("#instances")
        await person.press("c")
        await person.sees("waited 5m")
        await person.press("j", "at")
        await person.sees("◷ at 12:11:40", "Editing")
        await person.press("at", "c")
        await person.sees("waited 5m")
        await person.press("G", "at")
        await person.sees("◷ at 12:10:00")


async def test_who_is_gone_cannot_be_selected(busy_tree: TreeBuilder) -> None:
    """That is said, and the cursor stays; what the filter leaves out is not listed."""
    busy_tree.lifecycle("ghost", "Instance created", at=40)
    clock = Clock(BEGUN)
    async with watched(busy_tree, clock) as person:
        await person.sees("4 instances")
        await person.press("c")
        await person.sees("4 of 4 unchanged")  # the history knows it, too
        await person.press("escape")
        clock.at = BACK
        rmtree(busy_tree.root / "instances" / "ghost")
        await person.sees("3 instances")
        await person.press("c")
        await person.sees("deleted", "ghost")
        await person.press("enter")
        await person.is_told("that instance is not in the list")
        await person.press("slash", *"role:lead", "enter")
        await person.sees("Instances 1 of 3")
        await person.press("c")
        await person.sees("filtered $0 · 0 requests · 0 errors · 1 of 1 unchanged")
        assert "deleted" not in person.text


async def test_rows_are_found_copied_and_exported(busy_tree: TreeBuilder) -> None:
    """Ctrl+F, y and x as in every list; a row is copied in full."""
    clock = Clock(BEGUN)
    async with watched(busy_tree, clock, (80, 24)) as person:
        await goes_away(busy_tree, person, clock)
        await person.press("c")
        await person.sees("waited 5m")
        await person.press("ctrl+f", *"overwrite", "enter")
        await person.sees("1/1")
        await person.press("y")
        await person.until(lambda: ASK in person.app.clipboard, "copied")
        await person.press("x")
        await person.sees("Export changes", "madrox-changes-")


async def test_while_history_is_read_the_dialog_says_so(busy_tree: TreeBuilder) -> None:
    """It tells how far it is, can be left at once, and tells why if that fails."""
    progress: list[int] = []

    class Slow(History):
        fails = False

        def prepare(self, told: Any = None, *, stop: Any = None) -> bool:
            if self.fails:
                raise OSError("the disk is full")
            told(12_345)
            progress.append(1)
            stop.wait()
            return False

    with Slow(busy_tree.root) as past:
        async with run_app(busy_tree.root, now_s=TreeBuilder.epoch(BEGUN), past=past) as person:
            await person.sees("● live")
            await person.press("c")
            await person.sees("◌ preparing history  12.3k records")
            await person.press("escape")
            await person.misses("What changed")
            past.fails = True
            await person.press("c")
            await person.sees("cannot load history: the disk is full")


async def test_without_a_history_or_a_tree_it_says_why(tmp_path: Path) -> None:
    """There is nothing to compare with."""
    tree = TreeBuilder(tmp_path / "logs")
    tree.spawn("a1", "atlas")
    async with run_app(tree.root, now_s=TreeBuilder.epoch(BEGUN)) as person:
        await person.sees("● live")
        await person.press("c")
        await person.is_told("no history is available for this tree")
    async with run_app(tmp_path / "none", now_s=TreeBuilder.epoch(BEGUN)) as person:
        await person.sees("waiting:")
        await person.press("c")
        await person.until(
            lambda: any("nothing to compare" in notice.message for notice in person.notices),
            "said so",
        )


async def test_the_start_loads_none_of_it() -> None:
    """The first paint does not wait for what is seen once a day."""
    code = (
        "import sys, madrox_tui.app; print([m for m in sys.modules if 'madrox_tui.changes' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    texts = {name: payload.data for name, payload in PAYLOADS.items()}
    return hostile_tree(tmp_path / "hostile", texts).root


async def test_hostile_text_is_shown_not_obeyed(hostile: Path) -> None:
    """Names, questions, errors and messages of every payload: no raw control, no markup."""
    with History(hostile) as past:
        async with run_app(
            hostile, now_s=TreeBuilder.epoch(900), past=past, size=(200, 60)
        ) as person:
            await person.sees("● live")
            await person.press("c", "T", *"9999d", "enter")
            await person.sees("✗ error", "unchanged")
            await person.press("G")
            await person.press("g")
            assert safe_block(person.text) == person.text


def selected(person: Driver) -> str | None:
    instance = person.app.query_one(InstancesPanel).selected
    return instance.label if instance else None


class Past:
    """Gives the same earlier state of any moment, and knows which were asked for."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def state_at(self, moment_s: float, _progress: Callable[[int], object]) -> FleetState:
        self.asked.append(moment_s - NOW_S)
        used = Usage(5 if moment_s < NOW_S else 7, None, None, 5)
        return FleetState(at_s=moment_s, instances=(instance("a1"),), usage=used)


@pytest.mark.parametrize(("unread", "asked"), [(None, [-60]), ("reading history", [-60, 0])])
async def test_sums_of_half_a_tree_are_not_compared(unread: str | None, asked: list[float]) -> None:
    """Until all of the tree was read, the present is taken from the history as well.

    Nor is anything known then of what began and ended in between.
    """
    shown = msgspec.structs.replace(view([instance("a1")]), unread=unread)
    past = Past()
    app = Alone(InstancesPanel(KEYS))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = ChangesScreen(
            shown, Narrowing(), past, KEYS, absence=Absence(NOW_S - 60), spells=SpellLog()
        )
        await app.push_screen(screen)
        await pilot.pause()
        assert past.asked == asked
        assert ("· 2 requests" if unread else "– · – requests") in screen_of(pilot)
        assert "waits, hangs and failures that ended before" in screen_of(pilot)


async def test_history_that_comes_when_the_dialog_is_closed_does_no_harm() -> None:
    """What was to show the changes has gone by then."""
    done: list[FleetState] = []

    class Late(Past):
        async def state_at(self, moment_s: float, progress: Callable[[int], object]) -> FleetState:
            await screen.query("*").remove()
            done.append(await super().state_at(moment_s, progress))
            return done[0]

    app = Alone(InstancesPanel(KEYS))
    async with app.run_test(size=(100, 30)) as pilot:
        absence = Absence(NOW_S - 60)
        shown = view([instance("a1")])
        screen = ChangesScreen(shown, Narrowing(), Late(), KEYS, absence=absence, spells=SpellLog())
        await app.push_screen(screen)
        await pilot.pause()
        assert done

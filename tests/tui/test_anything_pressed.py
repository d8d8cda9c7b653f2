"""A person who presses whatever there is, while the fleet works and the window changes."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from builders import TreeBuilder, hostile_tree, ordinary_tree
from driver import Driver, dashboard
from logging_core.history import History
from madrox_tui.bindings import key_groups
from madrox_tui.config import Settings
from payloads import PAYLOADS

pytestmark = pytest.mark.asyncio

STEPS = 40
LEAVE = {"q", "ctrl+z"}
SIZES = (160, 48), (120, 40), (80, 24), (60, 18), (40, 12), (20, 5), (3, 2), (1, 1)
TYPED = *"ab1:-[", "space", "backspace", "enter", "enter", "escape", "escape", "tab", "ctrl+p"
DIALOGS = *"bpvNV", "f1", "delete", "ctrl+a", "ctrl+k", "ctrl+w"


def keys() -> list[str]:
    """Every key of the map but those that leave, and some that lines and dialogs know."""
    bound = {
        key
        for _, bindings in key_groups()
        for binding in bindings
        for key in binding.key.split(",")
        if key not in LEAVE
    }
    return [*sorted(bound), *TYPED, *DIALOGS]


class Fleet:
    """Writes records of all kinds, and deletes directories."""

    def __init__(self, tree: TreeBuilder, chance: random.Random) -> None:
        self._tree = tree
        self._chance = chance
        self._number = 0

    def work(self) -> None:
        """Do one thing."""
        self._number += 1
        tree, number, who = self._tree, self._number, f"w{self._chance.randrange(5)}"
        at = time.time() - TreeBuilder.epoch(0)
        does: list[Callable[[], object]] = [
            lambda: tree.spawn(who, "worker", role="tester", at=at),
            lambda: tree.send(who, f"k{number}", "please [do] this " * number, at=at),
            lambda: tree.receive(who, f"k{number - 1}", "done", at=at, tokens=9, cost=0.5),
            lambda: tree.frame(who, f"{number}\nDo you want to proceed?\n❯ 1. Yes", at=at),
            lambda: tree.terminate(who, "worker", at=at),
            lambda: shutil.rmtree(tree.root / "instances" / who, ignore_errors=True),
        ]
        self._chance.choice(does)()


def hostile(root: Path) -> TreeBuilder:
    return hostile_tree(root, {name: payload.data for name, payload in PAYLOADS.items()})


@pytest.mark.parametrize("make", [ordinary_tree, hostile])
async def test_whatever_is_pressed_leads_back_to_the_live_fleet(
    make: Callable[[Path], TreeBuilder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No keys, clicks, sizes and records together end the program, and Esc leads out of it all."""
    monkeypatch.chdir(tmp_path)  # where files are saved
    chance = random.Random(make.__name__)
    tree = make(tmp_path / "logs")
    fleet, all_keys = Fleet(tree, chance), keys()
    with closing(History(tree.root)) as past:
        app = dashboard(tree.root, settings=Settings(tick_s=0.2), past=past)
        async with app.run_test(size=SIZES[0]) as pilot:
            person = Driver(app, pilot)
            for _ in range(STEPS):
                does = chance.random()
                if does < 0.65:
                    await person.press(*chance.choices(all_keys, k=3))
                elif does < 0.75:
                    place = chance.randrange(app.size.width), chance.randrange(app.size.height)
                    await pilot.click(offset=place, times=chance.choice((1, 1, 2)))
                elif does < 0.8:
                    await pilot.resize_terminal(*chance.choice(SIZES))
                else:
                    fleet.work()
                assert app.is_running
            await pilot.resize_terminal(*SIZES[0])
            for _ in range(12):
                await person.press("escape")
            await person.sees("● live")
            assert len(app.screen_stack) == 1

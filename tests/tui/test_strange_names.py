"""Instances whose directory's name is no UTF-8, as a person meets them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from builders import TreeBuilder
from driver import run_app
from logging_core import cache
from logging_core.history import History
from madrox_tui.cli import run
from madrox_tui.feed import live
from replaying import at_pane

NOW_S = TreeBuilder.epoch(600)


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """One such instance, of which everything is said that can be said of one."""
    name = os.fsdecode(b"ag\xff")
    tree.lifecycle(name, "Instance created with role: general, type: claude", at=1)
    tree.metadata(os.fsdecode(b"ag\xff"), "atlas", at=1)
    for number, text in enumerate(("one", "two", "three")):
        tree.send(name, f"m{number}", f"say {text}", at=10 * number + 5)
        tree.frame(name, f"pane {text}", at=10 * number + 6)
    return tree


@pytest.fixture(autouse=True)
def _keep_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WORTH_KEEPING", 0)
    monkeypatch.setattr(live, "WORTH_KEEPING", 0)


def kept() -> list[str]:
    """The names of the files in the cache."""
    directory = Path(os.environ["XDG_CACHE_HOME"]) / "madrox-top"
    return sorted(path.suffix for path in directory.glob("*"))


def test_they_are_in_the_report(fleet: TreeBuilder, capsys: pytest.CaptureFixture[str]) -> None:
    """The first time and from the cache, in which nothing else is left."""
    for _ in range(2):
        assert run([str(fleet.root), "--json"], env={}, now=lambda: NOW_S) == 0
        (instance,) = json.loads(capsys.readouterr().out)["instances"]
        assert (instance["instance_id"], instance["frames"]) == (r"ag\xff", 3)
        assert kept() == [".fleet"]


@pytest.mark.asyncio
async def test_the_dashboard_shows_now_and_then(fleet: TreeBuilder) -> None:
    """Its pane can be stepped through, and every panel can look back; sums are kept."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past, cached=True) as person:
            await person.sees("atlas", "say three", "pane three")
            await person.until(lambda: kept() == [".fleet"], "kept sums")
            await person.press("2", "[")
            await person.sees("pane two")
            await person.press("g")
            await person.sees("pane one")
            await person.press("@")
            await person.misses("say three")
            await person.sees("say one", "pane one")


@pytest.mark.asyncio
async def test_the_recording_is_found_by_what_is_shown(fleet: TreeBuilder) -> None:
    """The pane panel is told no more than the instance's id."""
    async with at_pane(fleet.root) as person:
        person.app.look(r"ag\xff")
        await person.sees("pane three")
        await person.press("g")
        await person.sees("pane one")

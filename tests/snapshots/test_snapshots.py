"""What the dashboard looks like; a picture per case, beside a text that it must hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from builders import TreeBuilder
from logging_core.demo import write_history
from madrox_tui.app import MadroxTop
from madrox_tui.config import Settings

NOW_S = datetime(2026, 11, 23, 14, 30).timestamp()
SIZES = [(80, 24), (120, 40), (200, 60)]

Before = Callable[[Pilot[None]], Awaitable[None]]


class Compare(Protocol):
    """The `snap_compare` fixture."""

    def __call__(
        self, app: App[None], *, terminal_size: tuple[int, int], run_before: Before
    ) -> bool: ...


def screen_text(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def after(*keys: str, shows: tuple[str, ...]) -> Before:
    """Press keys once the app has settled, and wait until the screen shows some texts."""

    async def run(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "● live" in screen_text(pilot.app))
        await pilot.press(*keys)
        await until(pilot, lambda: all(text in screen_text(pilot.app) for text in shows))
        await pilot.pause()

    return run


async def until(pilot: Pilot[None], ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not ready():
            await pilot.pause(0.02)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour of the demo fleet, the same every time."""
    root = tmp_path_factory.mktemp("demo") / "madrox_logs"
    write_history(root, until_s=NOW_S)
    return root


def app_on(root: Path, monkeypatch: pytest.MonkeyPatch, theme: str | None = None) -> MadroxTop:
    """The app, with a path in the status line that is the same on every machine."""
    monkeypatch.chdir(root.parent)
    return MadroxTop(
        Path(root.name), now=lambda: NOW_S, settings=Settings(theme=theme, tick_s=3600.0)
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_fleet(
    snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """The demo fleet: who waits for a person first and selected, then the stuck and the failed."""
    shows = ("? waiting", "▲ stuck", "8 instances", "❯ 1. Yes" if size[0] > 100 else "harbor")
    assert snap_compare(
        app_on(demo, monkeypatch), terminal_size=size, run_before=after(shows=shows)
    )


@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        (("2",), ("❯ 1. Yes",)),
        (("3",), ("Timeline 1.2k",)),
        (("4",), ("$24.99 + 95 unpriced",)),
        (("question_mark",), ("Every instance, those that need you first",)),
        (("slash", *"state:busy", "enter"), ("Instances 2 of 8", "state:busy")),
    ],
    ids=["pane", "timeline", "audit", "help", "filter"],
)
def test_small_terminal(
    snap_compare: Compare,
    demo: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    shows: tuple[str, ...],
) -> None:
    """One panel, or one overlay, at a time at 80x24."""
    assert snap_compare(
        app_on(demo, monkeypatch), terminal_size=(80, 24), run_before=after(*keys, shows=shows)
    )


def test_message(snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole message over the panels."""
    before = after("3", "k", "k", "k", "enter", shows=("from warden", "7.6k tokens"))
    assert snap_compare(app_on(demo, monkeypatch), terminal_size=(120, 40), run_before=before)


def test_light_theme(snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The light theme."""
    app = app_on(demo, monkeypatch, theme="madrox-light")
    before = after(shows=("❯ 1. Yes",))
    assert snap_compare(app, terminal_size=(120, 40), run_before=before)


def test_empty_tree(
    snap_compare: Compare, tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree without any instance."""
    before = after(shows=("0 instances",))
    assert snap_compare(app_on(tree.root, monkeypatch), terminal_size=(120, 40), run_before=before)


def test_real_tree(snap_compare: Compare, real_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree that a real orchestrator wrote: no cost is known, and none is shown."""
    before = after(shows=("unpriced", "4 terminated", "reviewer-2"))
    assert snap_compare(app_on(real_tree, monkeypatch), terminal_size=(120, 40), run_before=before)

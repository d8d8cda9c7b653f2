"""The whole app on a tree, as it is pictured: a clock that stands still, and what must be shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from driver import dashboard
from madrox_tui.app import MadroxTop
from madrox_tui.config import Settings
from madrox_tui.feed.past import Closable
from onlooker import TIMEOUT_S

NOW_S = datetime(2026, 11, 23, 14, 30).timestamp()
LOOKS = 3
"""So many looks in a row must see the same."""

SIZES = [(80, 24), (120, 40), (200, 60)]
TINY = (40, 12)
ALL_SIZES = [*SIZES, TINY]

Before = Callable[[Pilot[None]], Awaitable[None]]


class Compare(Protocol):
    """The `snap_compare` fixture."""

    def __call__(
        self, app: App[None], *, terminal_size: tuple[int, int], run_before: Before
    ) -> bool: ...


def size_id(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def fitting(size: tuple[int, int], *texts: str) -> tuple[str, ...]:
    """Those of some texts that the smallest screen has room for: how the first one begins."""
    return texts if size != TINY else (texts[0][:11],)


def screen_text(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def is_at_rest(app: App[None]) -> bool:
    """Whether nothing is at work but what follows the tree."""
    return all(worker.is_finished or worker.group == "feed" for worker in app.workers)


def after(*keys: str, shows: tuple[str, ...], hides: tuple[str, ...] = ()) -> Before:
    """Press keys once the app has settled, and wait until the screen shows some texts.

    What it must not show, it must not show then.
    """

    async def run(pilot: Pilot[None]) -> None:
        await until(pilot, "● live")
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        await until(pilot, *shows)
        await stands_still(pilot)
        text = screen_text(pilot.app)
        assert [word for word in hides if word in text] == [], text

    return run


async def until(pilot: Pilot[None], *texts: str) -> None:
    """Wait until the screen shows some texts, and nothing more is being looked up for it."""
    app = pilot.app

    def is_there() -> bool:
        shown = screen_text(app)
        return all(text in shown for text in texts)

    try:
        async with asyncio.timeout(TIMEOUT_S):
            while not (is_at_rest(app) and is_there()):
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(f"never came: {texts}\n{screen_text(pilot.app)}") from None


async def stands_still(pilot: Pilot[None]) -> None:
    """Wait until several looks in a row see the same picture, and nothing is at work.

    On a busy machine a pause ends although rows and scroll bars are still to be laid out: it goes
    by how little this process computes.
    """
    app, same, before = pilot.app, 0, None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while same < LOOKS:
                picture = app.screen._compositor.render_strips()
                same = same + 1 if is_at_rest(app) and picture == before else 0
                before = picture
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(f"never stood still:\n{screen_text(app)}") from None


def app_on(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    theme: str | None = None,
    *,
    now_s: float = NOW_S,
    past: Closable | None = None,
) -> MadroxTop:
    """The app, with a path in the status line that is the same on every machine."""
    monkeypatch.chdir(root.parent)
    settings = Settings(theme=theme, tick_s=3600.0)
    return dashboard(Path(root.name), now=lambda: now_s, settings=settings, past=past)

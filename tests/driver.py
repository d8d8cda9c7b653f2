"""Driving the real app in a test: wait for what a person would see, then look at it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from madrox_tui.app import MadroxTop
from madrox_tui.config import Settings
from madrox_tui.feed.feed import Feed
from madrox_tui.feed.past import LazyPast
from madrox_tui.remember import Memory
from onlooker import Onlooker


class Driver(Onlooker):
    """A person at the app: presses keys, reads the screen."""

    app: MadroxTop

    def __init__(self, app: MadroxTop, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    def line_with(self, part: str) -> str:
        """The first row that holds a text, or nothing."""
        return next((line for line in self.text.split("\n") if part in line), "")

    def panel(self, panel_id: str) -> str:
        """What is on the screen inside one panel."""
        region = self.app.screen_stack[0].query_one(f"#{panel_id}").region
        strips = self.app.screen._compositor.render_strips()[region.y : region.bottom]
        return "\n".join(strip.crop(region.x, region.right).text for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)


def dashboard(
    root: Path,
    *,
    settings: Settings = Settings(),  # noqa: B008 - it is immutable
    now: Callable[[], float] = time.time,
    memory: Memory | None = None,
    past: Any = None,
    **options: Any,
) -> MadroxTop:
    """The app on a tree; other options are those of `Feed`."""
    if past is not None:
        options["past"] = LazyPast(lambda: past)
    feed = Feed(root, settings=settings, now=now, **options)
    return MadroxTop(feed, settings=settings, memory=memory)


@asynccontextmanager
async def run_app(
    root: Path,
    *,
    size: tuple[int, int] = (120, 40),
    now_s: float,
    filter_text: str = "",
    poll: bool = False,
    **options: Any,
) -> AsyncIterator[Driver]:
    """The app on a tree, with a clock that stands still; options are those of `dashboard`."""
    settings = Settings(filter=filter_text, poll=poll, tick_s=3600.0)
    app = dashboard(root, now=lambda: now_s, **{"settings": settings, **options})
    async with app.run_test(size=size) as pilot:
        yield Driver(app, pilot)

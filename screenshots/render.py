"""Write the screenshots of the README from the demo fleet, always the same ones.

    python screenshots/render.py [--png DIRECTORY]

`--png` also writes pictures for a person to look at.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import resvg_py
from textual.pilot import Pilot

from logging_core.demo import write_history
from madrox_tui.app import MadroxTop
from madrox_tui.screens.main import MainScreen

HERE = Path(__file__).parent
NOW_S = datetime(2026, 11, 23, 14, 30).timestamp()
FONT = "DejaVu Sans Mono"
SHOTS: list[tuple[str, tuple[int, int], tuple[str, ...]]] = [
    ("fleet", (150, 44), ()),
    ("filter", (120, 40), ("slash", *"state:busy")),
    ("message", (120, 40), ("3", "k", "k", "k", "enter")),
    ("narrow", (80, 24), ("2",)),
]
"""Name, size and keys of each screenshot."""


async def until(pilot: Pilot[None], ready: Callable[[MainScreen], bool]) -> None:
    """Wait for the main screen to be in a state."""
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, MainScreen)  # noqa: S101 - for mypy
    async with asyncio.timeout(20):
        while not ready(screen):
            await pilot.pause(0.02)


async def shoot(root: Path, size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """One screenshot as SVG."""
    app = MadroxTop(root, now=lambda: NOW_S, tick_s=3600)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda screen: screen.settled)
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda screen: screen.settled)
        await pilot.pause()
        return app.export_screenshot(title="madrox-top", simplify=True)


async def render(png: Path | None, write: Callable[[Path, str], Awaitable[None]]) -> None:
    """Write every screenshot."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "madrox_logs"
        write_history(root, until_s=NOW_S)
        for name, size, keys in SHOTS:
            await write(HERE / f"{name}.svg", await shoot(root, size, keys))

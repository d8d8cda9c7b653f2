"""Render the README's screenshots from the demo fleet, reproducibly.

    python screenshots/render.py [--png DIRECTORY]

`--png` also writes them as PNGs, to look at before committing them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import resvg_py
from textual.pilot import Pilot

from logging_core.demo import write_history
from madrox_tui.app import MadroxTop
from madrox_tui.config import Settings
from madrox_tui.feed.feed import Feed
from madrox_tui.panels.pane.panel import ReplayPanel
from madrox_tui.screens.main import MainScreen

HERE = Path(__file__).resolve().parent
NOW_S = datetime(2026, 11, 23, 14, 30).timestamp()
FONT = "DejaVu Sans Mono"
SHOTS: tuple[tuple[str, tuple[int, int], tuple[str, ...]], ...] = (
    ("fleet", (160, 48), ()),
    ("filter", (120, 40), ("slash", *"role:backend")),
    ("message", (120, 40), ("3", *"kkk", "enter")),
    ("narrow", (80, 24), ()),
)
"""Name, terminal size and key presses of each screenshot."""


async def until(pilot: Pilot[None], ready: Callable[[], bool]) -> None:
    """Wait for a condition, for 20 s at most."""
    async with asyncio.timeout(20):
        while not ready():
            await pilot.pause(0.02)


async def shoot(root: Path, size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """Take one screenshot and return it as SVG."""
    settings = Settings(tick_s=3600.0)
    app = MadroxTop(Feed(root, now=lambda: NOW_S, settings=settings), settings=settings)
    async with app.run_test(size=size) as pilot:
        screen = pilot.app.screen
        panel = screen.query_one(ReplayPanel)

        def complete() -> bool:
            view = screen.view if isinstance(screen, MainScreen) else None
            return view is not None and view.state.caught_up and panel.pane is not None

        await until(pilot, complete)
        await pilot.press(*keys)
        await until(pilot, complete)
        await pilot.pause(0.3)
        return app.export_screenshot(title="madrox-top", simplify=True)


def to_png(svg: str) -> bytes:
    """Render an SVG as PNG, with a font that has box-drawing characters."""
    picture = resvg_py.svg_to_bytes(
        svg_string=svg,
        width=1600,
        skip_system_fonts=True,
        font_dirs=["/usr/share/fonts"],
        font_family=FONT,
        monospace_family=FONT,
        sans_serif_family=FONT,
    )
    return bytes(picture)


def main() -> None:
    """Write all screenshots."""
    parser = argparse.ArgumentParser(description="Write the README's screenshots.")
    parser.add_argument("--png", type=Path, metavar="DIRECTORY", help="also write PNGs there")
    png: Path | None = parser.parse_args().png
    png = png.resolve() if png else None
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)  # the status line shows the path
        os.environ["COLORTERM"] = "truecolor"  # whatever the terminal can that this runs in
        root = Path("madrox_logs")
        write_history(root, until_s=NOW_S)
        for name, size, keys in SHOTS:
            svg = asyncio.run(shoot(root, size, keys))
            (HERE / f"{name}.svg").write_text(svg)
            print(HERE / f"{name}.svg")
            if png is not None:
                (png / f"{name}.png").write_bytes(to_png(svg))


if __name__ == "__main__":
    main()

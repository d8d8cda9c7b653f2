"""A widget alone on the screen, in the app's own theme: for tests and pictures of one panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, TypeVar

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

import madrox_tui
from madrox_tui.colours.themes import THEMES, fallback_variables
from madrox_tui.export import Export
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.rows import Rows

W = TypeVar("W", bound=Widget)


class Alone(App[None], Generic[W]):
    """Shows one widget, framed as the panels are."""

    CSS_PATH = Path(madrox_tui.__file__).with_name("madrox.tcss")
    CSS = """
    LineView {
        border: round $primary;
        border-subtitle-color: $muted;
        padding: 0 0 0 1;
        scrollbar-color: $line;
        scrollbar-background: $background;
    }
    """

    def __init__(self, widget: W) -> None:
        super().__init__()
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name
        self.widget = widget
        self.finds: list[str] = []  # what was asked for

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return fallback_variables(dark=True)

    def compose(self) -> ComposeResult:
        yield self.widget

    def get_default_screen(self) -> Screen[None]:
        return _Opening()

    def opened(self, view: LineView) -> None:
        """What is under the cursor of a list is to be opened."""

    async def open_find(self, _view: Rows, *, again: bool = False) -> None:
        self.finds.append("again" if again else "anew")

    async def open_export(self, export: Export) -> None:
        """Nothing here needs to write one."""


class _Opening(Screen[None]):
    """Tells its app."""

    async def open_row(self, view: LineView) -> None:
        assert isinstance(self.app, Alone)
        self.app.opened(view)


def marked(view: LineView, y: int) -> str:
    """The characters of a drawn line that lie under a mark."""
    style = view.cell_style("hit").bgcolor, view.cell_style("hit-here").bgcolor
    return "".join(s.text for s in view.render_line(y) if s.style and s.style.bgcolor in style)


def lines(pilot: Pilot[Any]) -> list[str]:
    """What is on the screen, without frame and blanks."""
    strips = pilot.app.screen._compositor.render_strips()
    return [strip.text.strip(" │╭╮╰╯─▁▂▃▄▅▆▇█") for strip in strips]


def screen_of(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)

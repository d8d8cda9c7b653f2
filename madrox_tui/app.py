"""The application: themes, signals, and the screen."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from rich.console import RenderableType
from textual import events, work
from textual.binding import BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.theme import Theme
from textual.worker import WorkerFailed

from madrox_tui.bindings import APP, keymap
from madrox_tui.colours.theme_contrast import readable
from madrox_tui.colours.themes import THEMES, fallback_variables
from madrox_tui.config import Settings
from madrox_tui.driver import TerminalDriver
from madrox_tui.feed.feed import Feed
from madrox_tui.feed.past import Closable, LazyPast
from madrox_tui.heap import share_heap
from madrox_tui.panels_app import PanelsApp
from madrox_tui.remember import Memory, Remembered, state_path
from madrox_tui.screens.main import MainScreen
from madrox_tui.widgets.settle import settle

if TYPE_CHECKING:
    from madrox_tui.feed.first_view import FirstView

GIVE_WAY_S = 0.001
"""The thread switch interval: how soon a reading thread yields to the screen.

Handling one key takes about a dozen switches.
"""

MAX_READS = 16
"""So many reads at a time. asyncio's own threads are four more than there are processors: of these,
the watch, the sums of the whole tree and the past hold one each for long, and the live view would
wait for whatever else is read."""

GARBAGE = 700, 10, 100
"""When to look for garbage, as of `gc.set_threshold`: at all that is there ten times as rarely as
Python does, since nothing is painted meanwhile."""


def _commands() -> type[Provider]:
    from madrox_tui.commands import Commands  # imported when the palette first opens

    return Commands


class MadroxTop(PanelsApp):
    """`top` for a fleet of agents.

    Args:
        feed: Where views come from.
        settings: The user's settings.
        memory: Stores how the screen was left; `None` stores nothing.

    Raises:
        textual.app.InvalidThemeError: The theme is unknown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*APP]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    CSS_PATH = "madrox.tcss"
    TITLE = "madrox-top"

    def __init__(
        self,
        feed: Feed,
        *,
        settings: Settings,
        memory: Memory | None = None,
    ) -> None:
        super().__init__(now=feed.now)
        self._few_colours: tuple[Theme, LineFilter] | None = None
        for ours in THEMES:
            self.register_theme(ours)
        self._memory = memory or Memory(None)
        left = self._memory.load()
        self._kept_theme = self._known(left.theme)
        self.theme = self._first_theme = settings.theme or self._kept_theme or THEMES[0].name
        self.set_keymap(keymap(settings.keys))
        self._main = MainScreen(feed, settings, _begin(left, settings.layout))

    def get_default_screen(self) -> MainScreen:
        """Return the screen with the four panels."""
        return self._main

    def action_command_palette(self) -> None:
        """Show the command palette."""
        from madrox_tui.commands import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(self.screen.active_bindings))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our colour variables, for themes that do not define them."""
        return fallback_variables(dark=self.current_theme.dark)

    def get_css_variables(self) -> dict[str, str]:
        """Return the variables of the current theme, in colours that can be read."""
        variables = super().get_css_variables()
        if not self._has_few_colours:
            variables = self.theme_variables = readable(variables)
        return variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's; where there are few colours to draw with, or none, our own instead."""
        if not self._has_few_colours:
            return super().get_line_filters()
        if self._few_colours is None or self._few_colours[0] is not self.current_theme:
            from madrox_tui.colours.few_colours import few_colours  # only where there are few

            theme, variables = self.current_theme, self.theme_variables
            self._few_colours = theme, few_colours(theme, variables, plain=self.no_color)
        return [self._few_colours[1]]

    def get_driver_class(self) -> type[Driver]:
        """Return Textual's choice; on Unix, our driver that survives a lost terminal."""
        chosen = super().get_driver_class()
        return TerminalDriver if chosen is LinuxDriver else chosen

    def on_mount(self) -> None:
        """Exit on SIGINT, SIGTERM and SIGHUP as on a key; turn garbage collection back on."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(MAX_READS, "read"))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._quit_by, number)
        if not gc.isenabled():
            self.call_after_refresh(_collect_garbage)
        self.call_after_refresh(self._try_memory)

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there; pass the event on, once there are panels."""
        if isinstance(event, events.InputEvent | events.Paste):
            if not self._main.is_mounted:
                await settle(self._main)
            self._main.touched()
        await super().on_event(event)

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Save how the screen is left, then exit; once."""
        if self.return_code is not None:
            return  # its panels may be gone already
        if self._main.is_mounted:
            is_chosen = self.theme != self._first_theme  # that of a setting is for this run
            theme = self.theme if is_chosen else self._kept_theme
            self._memory.save(msgspec.structs.replace(self._main.remembered(), theme=theme))
        self.workers.cancel_all()  # no worker may update a screen that is being torn down
        super().exit(result, return_code, message)

    @property
    def failure(self) -> BaseException | None:
        """The exception that ended the app; `None` if there was none."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def action_help_quit(self) -> None:
        """Quit on Ctrl+C, where there is no text to copy."""
        self._quit_by(signal.SIGINT)

    @property
    def _has_few_colours(self) -> bool:
        """Whether the terminal has 16 colours, or is to have none: our filter chooses these."""
        return self.no_color or self.console.color_system == "standard"

    def _try_memory(self) -> None:
        if self.return_code is None:  # else the app has exited already
            self._try_memory_out()

    @work(group="memory")
    async def _try_memory_out(self) -> None:
        """While there is somebody to tell: what is saved on exit fails in silence."""
        await asyncio.to_thread(self._memory.try_out)
        self._main.tell_not_kept(self._memory.trouble)

    def _known(self, theme: str | None) -> str | None:
        return theme if theme in self.available_themes else None

    def _quit_by(self, number: signal.Signals) -> None:
        self.exit(return_code=128 + number)

    def _handle_exception(self, error: Exception) -> None:
        """Call nothing a failure once the app has exited: its widgets go one after the other."""
        if self.return_code is None:
            super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """Suppress Textual's traceback: it prints locals, which hold log text."""


def run_app(
    root: Path,
    *,
    settings: Settings,
    since_s: float | None = None,
    prefetched: Callable[[], FirstView | None] = lambda: None,
) -> int:
    """Run the dashboard until the user quits, and return the exit code.

    Args:
        root: The log tree; need not exist yet.
        settings: The user's settings.
        since_s: Count only what happened at or after this moment; `None` for all.
        prefetched: Returns the first view, if another process made it; called last before the
            first paint.

    Raises:
        BaseException: Whatever ended the app; the terminal has been restored by then.
    """

    def history() -> Closable:
        from logging_core.history import History
        from madrox_tui.feed.opened import model_options

        return History(root, **model_options(settings, since_s), in_subprocess=True)

    past = LazyPast(history)
    try:
        feed = Feed(
            root,
            now=time.time,
            settings=settings,
            since_s=since_s,
            past=past,
            cached=True,
            prefetched=prefetched,
        )
        app = MadroxTop(feed, settings=settings, memory=Memory(state_path()))
        sys.setswitchinterval(GIVE_WAY_S)
        share_heap()
        app.run()
    finally:
        past.close()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0


def _collect_garbage() -> None:
    """Enable collection, but exempt the objects that exist already: they live until the end."""
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()


def _begin(left: Remembered, layout: str | None) -> Remembered:
    """Return the screen's initial state: as it was left, unless the settings override it."""
    if layout is None:
        return left
    if layout == "all":
        return msgspec.structs.replace(left, zoomed=False)
    return msgspec.structs.replace(left, panel=layout, zoomed=True)

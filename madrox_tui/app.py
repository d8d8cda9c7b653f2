"""The application: themes, signals, and the screen."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from rich.console import RenderableType
from textual.app import InvalidThemeError
from textual.binding import BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.theme import BUILTIN_THEMES
from textual.worker import WorkerFailed

from madrox_tui.arguments import StartError
from madrox_tui.bindings import APP, keymap
from madrox_tui.config import Settings
from madrox_tui.driver import TerminalDriver
from madrox_tui.feed import Feed
from madrox_tui.heap import share_heap
from madrox_tui.panels_app import PanelsApp
from madrox_tui.past import Closable, DeferredPast, Past
from madrox_tui.remember import Memory, Remembered, state_path
from madrox_tui.screens.main import MainScreen
from madrox_tui.themes import THEMES, fallback_variables

if TYPE_CHECKING:
    from madrox_tui.first import First

DEFAULTS = Settings()

GIVE_WAY_S = 0.001
"""After so long a thread that reads gives way to the screen: a key takes a dozen such turns."""

GARBAGE = 700, 10, 100
"""When to look for garbage, as of `gc.set_threshold`: at all that is there ten times as rarely as
Python does, since nothing is painted meanwhile."""


def _commands() -> type[Provider]:
    from madrox_tui.commands import Commands  # only once the palette is opened

    return Commands


class MadroxTop(PanelsApp):
    """`top` for a fleet of agents.

    Args:
        root: The log tree; need not exist yet.
        settings: What the user wants.
        since_s: Count only what happened at or after this moment; `None` for all.
        now: The clock, seconds since the epoch.
        memory: How the screen was left; `None` forgets it.
        past: Knows earlier states of the tree; `None` if they cannot be shown.
        cached: Whether sums are kept from one run to the next.
        first: Gives the view to begin with, made ahead; `None`: none until the tree is read.

    Raises:
        textual.app.InvalidThemeError: There is no such theme.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*APP]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    CSS_PATH = "madrox.tcss"
    TITLE = "madrox-top"

    def __init__(
        self,
        root: Path,
        *,
        settings: Settings = DEFAULTS,
        since_s: float | None = None,
        now: Callable[[], float] = time.time,
        memory: Memory | None = None,
        past: Past | None = None,
        cached: bool = False,
        first: Callable[[], First | None] = lambda: None,
    ) -> None:
        super().__init__(now=now)
        for ours in THEMES:
            self.register_theme(ours)
        self._memory = memory or Memory(None)
        left = self._memory.load()
        self.theme = settings.theme or self._known(left.theme) or THEMES[0].name
        self.set_keymap(keymap(settings.keys))
        self._feed = Feed(
            root,
            now=now,
            settings=settings,
            since_s=since_s,
            past=past,
            cached=cached,
            first=first,
        )
        self._main = MainScreen(self._feed, settings, _begin(left, settings.layout))

    def get_default_screen(self) -> MainScreen:
        """The four panels."""
        return self._main

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours, where another's theme does not define them."""
        return fallback_variables(dark=self.current_theme.dark)

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice; where that is a Unix terminal, one that may go away."""
        chosen = super().get_driver_class()
        return TerminalDriver if chosen is LinuxDriver else chosen

    def on_mount(self) -> None:
        """Leave the terminal as it was also when told to go by a signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._quit_by, number)
        if not gc.isenabled():
            self.call_after_refresh(_collect_garbage)

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Remember how the screen is left, and end."""
        if self._main.is_mounted:
            left = self._main.remembered()
            self._memory.save(msgspec.structs.replace(left, theme=self.theme))
        self.workers.cancel_all()  # nobody shows anything more on a screen that is taken down
        super().exit(result, return_code, message)

    @property
    def failure(self) -> BaseException | None:
        """The exception that ended the app; `None` when none did."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def action_help_quit(self) -> None:
        """Ctrl+C, where there is no text that it could copy."""
        self._quit_by(signal.SIGINT)

    def _known(self, theme: str | None) -> str | None:
        return theme if theme in self.available_themes else None

    def _quit_by(self, number: signal.Signals) -> None:
        self.exit(return_code=128 + number)

    def _print_error_renderables(self) -> None:
        """Keep Textual's traceback off the terminal: it prints locals, and they hold log text."""


def run_app(
    root: Path,
    *,
    settings: Settings,
    since_s: float | None = None,
    first: Callable[[], First | None] = lambda: None,
) -> int:
    """Run the dashboard until it is left; the exit code.

    Args:
        root: As of `MadroxTop`, as the others.
        settings: What the user wants.
        since_s: Count only what happened at or after this moment; `None` for all.
        first: As well; called once there is nothing else left to be done before the first paint.

    Raises:
        StartError: There is no such theme.
        BaseException: Whatever ended the app; the terminal is as it was before.
    """

    def history() -> Closable:
        from logging_core.analyse.prompts import compile_patterns
        from logging_core.history import History

        prompts = compile_patterns(settings.prompts)
        return History(root, stuck_after_s=settings.stuck_after_s, since_s=since_s, prompts=prompts)

    past = DeferredPast(history)
    try:
        memory = Memory(state_path())
        app = MadroxTop(
            root,
            settings=settings,
            since_s=since_s,
            memory=memory,
            past=past,
            cached=True,
            first=first,
        )
        sys.setswitchinterval(GIVE_WAY_S)
        share_heap()
        app.run()
    except InvalidThemeError:
        names = ", ".join(sorted({ours.name for ours in THEMES} | set(BUILTIN_THEMES)))
        raise StartError(f"no theme is called {settings.theme!r}: use one of {names}") from None
    finally:
        past.close()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0


def _collect_garbage() -> None:
    """From now on, but never look at what is there already: it stays."""
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()


def _begin(left: Remembered, layout: str | None) -> Remembered:
    """How the screen begins: as it was left, unless the settings say otherwise."""
    if layout is None:
        return left
    if layout == "all":
        return msgspec.structs.replace(left, zoomed=False)
    return msgspec.structs.replace(left, panel=layout, zoomed=True)

"""The application: themes, signals, and the screen."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

from textual.app import InvalidThemeError
from textual.theme import BUILTIN_THEMES
from textual.worker import WorkerFailed

from madrox_tui.arguments import StartError
from madrox_tui.feed import Feed
from madrox_tui.filters import parse_filter
from madrox_tui.panels_app import PanelsApp
from madrox_tui.screens.main import MainScreen
from madrox_tui.themes import THEMES, fallback_variables


class MadroxTop(PanelsApp):
    """`top` for a fleet of agents.

    Args:
        root: The log tree; need not exist yet.
        filter_text: The filter to begin with.
        since_s: Count only what happened at or after this moment; `None` for all.
        poll: Do without change notifications.
        theme: A theme's name; `None` for our dark one.
        now: The clock, seconds since the epoch.
        tick_s: How often ages are looked at anew.

    Raises:
        textual.app.InvalidThemeError: There is no such theme.
    """

    CSS_PATH = "madrox.tcss"
    TITLE = "madrox-top"

    def __init__(
        self,
        root: Path,
        *,
        filter_text: str = "",
        since_s: float | None = None,
        poll: bool = False,
        theme: str | None = None,
        now: Callable[[], float] = time.time,
        tick_s: float = 1.0,
    ) -> None:
        super().__init__(now=now)
        for ours in THEMES:
            self.register_theme(ours)
        self.theme = theme or THEMES[0].name
        wanted = parse_filter(filter_text)
        feed = Feed(root, now=now, wanted=wanted, since_s=since_s, poll=poll, tick_s=tick_s)
        self._main = MainScreen(feed, wanted)

    def get_default_screen(self) -> MainScreen:
        """The four panels."""
        return self._main

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours, where another's theme does not define them."""
        return fallback_variables(dark=self.current_theme.dark)

    def on_mount(self) -> None:
        """Leave the terminal as it was also when told to go by a signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._quit_by, number)

    @property
    def failure(self) -> BaseException | None:
        """The exception that ended the app; `None` when none did."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def _quit_by(self, number: signal.Signals) -> None:
        self.exit(return_code=128 + number)

    def _print_error_renderables(self) -> None:
        """Keep Textual's traceback off the terminal: it prints locals, and they hold log text."""


def run_app(
    root: Path,
    *,
    filter_text: str = "",
    since_s: float | None = None,
    poll: bool = False,
    theme: str | None = None,
) -> int:
    """Run the dashboard until it is left; the exit code. The arguments are those of `MadroxTop`.

    Raises:
        StartError: There is no such theme.
        BaseException: Whatever ended the app; the terminal is as it was before.
    """
    try:
        app = MadroxTop(root, filter_text=filter_text, since_s=since_s, poll=poll, theme=theme)
    except InvalidThemeError:
        names = ", ".join(sorted({ours.name for ours in THEMES} | set(BUILTIN_THEMES)))
        raise StartError(f"no theme is called {theme!r}: use one of {names}") from None
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0

"""The terminal, which may go away at any moment: then the program ends, and hangs on nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App

GONE = 128 + signal.SIGHUP
"""The exit code when the terminal is gone, as if a hang-up had said so."""


class TerminalDriver(LinuxDriver):
    """Drops what cannot be written any more, and has the app end.

    Textual's thread that writes ends at the first error, and everyone who writes waits for it
    for ever once its queue is full.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        sink = _Sink(cast("TextIO", self._file), self._is_gone)
        self._file = cast("TextIOWrapper", sink)

    def _is_gone(self) -> None:
        loop = self._loop
        with suppress(RuntimeError):  # the loop is closed: it has ended already
            loop.call_soon_threadsafe(lambda: self._app.exit(return_code=GONE))


class _Sink:
    """A file that takes everything, and tells once when it cannot pass it on."""

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        self._file = file
        self._gone: Callable[[], None] | None = gone

    def write(self, text: str) -> None:
        """Pass on what can be passed on."""
        try:
            self._file.write(text)
        except OSError:
            self._lost()

    def flush(self) -> None:
        """The same for what is held back."""
        try:
            self._file.flush()
        except OSError:
            self._lost()

    def fileno(self) -> int:
        """The number of the file."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it was a terminal."""
        return self._file.isatty()

    def _lost(self) -> None:
        gone, self._gone = self._gone, None
        if gone is not None:
            gone()

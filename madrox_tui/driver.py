"""The terminal, which may go away at any moment: then the program ends, and hangs on nothing."""

from __future__ import annotations

import os
import selectors
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App
    from textual.message import Message

GONE = 128 + signal.SIGHUP
"""The exit code when the terminal is gone, as if a hang-up had said so."""

_WAIT_S = 0.1  # as long as an Esc is taken for the beginning of a sequence, at most
_READ_BYTES = 4096


class TerminalDriver(LinuxDriver):
    """Drops what cannot be written any more, reads whatever is typed, and has the app end.

    Textual's thread that writes ends at the first error, and everyone who writes waits for it
    for ever once its queue is full.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        sink = _Sink(cast("TextIO", self._file), self._is_gone)
        self._file = cast("TextIOWrapper", sink)

    def run_input_thread(self) -> None:
        """Pass on what is typed or pasted, until told to end or the terminal is gone.

        Textual's own one takes the app down at the first byte that is no UTF-8.
        """
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(_WAIT_S):
                    data = self._read()
                    if not data:
                        self._is_gone()
                        return
                    if text := decode(data):  # nothing yet of a character that is cut in two
                        self._pass_on(parser.feed(text))
                self._pass_on(parser.tick())

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:
            return b""

    def _pass_on(self, events: Iterable[Message]) -> None:
        for event in events:
            self.process_message(event)

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

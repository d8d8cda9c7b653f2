"""A terminal driver that survives the terminal going away: the app exits instead of hanging."""

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
"""The exit code when the terminal is gone, the same as after SIGHUP."""

_WAIT_S = 0.1  # the longest that an Esc is taken for the start of a sequence
_READ_BYTES = 4096


class TerminalDriver(LinuxDriver):
    """Drops output that can no longer be written, survives any input, and makes the app exit.

    Textual's writer thread dies at the first error; once its queue is full, every later write
    blocks forever.
    """

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        file = cast("TextIOWrapper", self._file)
        file.reconfigure(encoding="utf-8", errors="replace")  # whatever the locale says
        sink = _Sink(file, self._is_gone)
        self._file = cast("TextIOWrapper", sink)
        self._ended, self._end = os.pipe()  # until the process ends: it may go on after `close`
        os.set_blocking(self._ended, False)
        self._is_suspended = False
        # Textual's handlers, but not within a write: that may hold a lock that they wait for.
        self._loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        self._loop.add_signal_handler(signal.SIGCONT, self._sigcont_application)

    def run_input_thread(self) -> None:
        """Forward typed and pasted input until told to stop or the terminal is gone.

        Textual's own input thread crashes the app at the first byte that is not UTF-8.
        """
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            wait_s = None
            while not self.exit_event.is_set():
                ready = {key.fd for key, _ in selector.select(wait_s)}
                if self._ended in ready:
                    return
                wait_s = _WAIT_S if ready else None
                if ready:
                    data = self._read()
                    if not data:
                        self._is_gone()
                        return
                    if text := decode(data):  # empty while a character is incomplete
                        self._pass_on(parser.feed(text))
                self._pass_on(parser.tick())

    def start_application_mode(self) -> None:
        """Set up the terminal, and begin to read what is typed."""
        with suppress(BlockingIOError):
            os.read(self._ended, _READ_BYTES)  # of the thread before this one
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own

    def suspend_application_mode(self) -> None:
        """Give the terminal back for a while."""
        super().suspend_application_mode()
        self._is_suspended = True

    def resume_application_mode(self) -> None:
        """Set up the terminal again, which shows nothing of what was drawn before.

        After SIGSTOP, which cannot be handled, it was not given back, though others had it.
        """
        if self._is_reading:
            self.suspend_application_mode()
        if self._is_suspended:
            super().resume_application_mode()
            self._is_suspended = not self._is_reading  # in the background it stops again
            self._app.call_later(self._app.refresh, layout=True)

    def disable_input(self) -> None:
        """End the input thread."""
        os.write(self._end, b"\0")
        super().disable_input()

    @property
    def _is_reading(self) -> bool:
        return self._key_thread is not None and self._key_thread.is_alive()

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
        with suppress(RuntimeError):  # the loop is closed: the app has already ended
            loop.call_soon_threadsafe(lambda: self._app.exit(return_code=GONE))


class _Sink:
    """A file that accepts every write, and reports the first one that fails."""

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        self._file = file
        self._gone: Callable[[], None] | None = gone

    def write(self, text: str) -> None:
        """Write the text if the terminal is still there."""
        try:
            self._file.write(text)
        except OSError:
            self._lost()

    def flush(self) -> None:
        """Flush the buffer if the terminal is still there."""
        try:
            self._file.flush()
        except OSError:
            self._lost()

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._file.isatty()

    def _lost(self) -> None:
        gone, self._gone = self._gone, None
        if gone is not None:
            gone()

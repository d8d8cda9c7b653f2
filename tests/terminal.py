"""Programs in a pseudo-terminal: every byte that a terminal would get, and how it is left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App[None]):
    def compose(self): yield Static("bare app painted", markup=False)
Bare().run()
"""
"""A Textual app that shows one line: what any takes to start."""

TIMEOUT_S = 20.0


class Terminal:
    """A program that runs in a terminal of its own."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        rows: int,
        columns: int,
        cwd: Path,
        term: str = "xterm-256color",
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._slave = slave
        self.modes_before = termios.tcgetattr(slave)
        self.output = b""
        self.process = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**os.environ, "TERM": term},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    @property
    def modes(self) -> list[Any]:
        """The line settings as they are now."""
        return termios.tcgetattr(self._slave)

    def read(self) -> None:
        """Take what the program has written."""
        while select.select([self.master], [], [], 0)[0]:
            self.output += os.read(self.master, 65536)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition while reading; fail if it never holds."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < end, f"never came: {what}; got {self.output[-2000:]!r}"
            select.select([self.master], [], [], 0.02)
            self.read()

    def sees(self, text: str) -> None:
        """Wait until a text has been written."""
        self.until(lambda: text.encode() in self.output, repr(text))

    def send(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def ends(self) -> int:
        """Wait for the program to end; its exit code."""
        self.until(lambda: self.process.poll() is not None, "the end")
        self.read()
        return self.process.wait()

    def close(self) -> None:
        """Kill the program if it still runs, and close the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self._slave)


@contextlib.contextmanager
def madrox_top(
    *arguments: str,
    cwd: Path,
    rows: int = 48,
    columns: int = 160,
    term: str = "xterm-256color",
) -> Iterator[Terminal]:
    """`madrox-top` in a terminal; `cwd` must not be a checkout, so that the installed one runs."""
    argv = [sys.executable, "-m", "madrox_tui", *arguments]
    terminal = Terminal(argv, rows=rows, columns=columns, cwd=cwd, term=term)
    try:
        yield terminal
    finally:
        terminal.close()


def first_paint_s(argv: list[str], cwd: Path, *texts: str) -> float:
    """From exec to the bytes that show all texts."""
    start = time.perf_counter()
    terminal = Terminal(argv, rows=48, columns=160, cwd=cwd)
    try:
        for text in texts:
            terminal.sees(text)
        return time.perf_counter() - start
    finally:
        terminal.close()

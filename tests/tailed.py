"""A log file with a writer, a rotation and a tail, for tests of the tail."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest import mock

from logging_core.read import lines, tail
from logging_core.read.files import Part
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.sweep import Sweep
from logging_core.read.tail import LogTail

GROUP = "instances/i/instance.log"
BACKUPS = 3


class Log:
    """A log in a directory, what was written to it, and a tail that reads it."""

    def __init__(self, root: Path, *, history: int | None = None) -> None:
        self.root = root
        self.path = root / GROUP
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.written: list[str] = []
        self.read: list[str] = []
        self.lines: list[Line] = []
        self.problems: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.tail = self.make(history)
        self._numbers = itertools.count()
        self._torn = ""

    def make(self, history: int | None = None) -> LogTail[Line]:
        return LogTail(self.root, LineSplitter, history=history)

    def part(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def write(self, count: int = 1, *, size: int = 5) -> None:
        for number in itertools.islice(self._numbers, count):
            text = f"{number:0{size}d}"
            self.append(f"{text}\n")
            self.written.append(self._torn + text)
            self._torn = ""

    def write_torn(self) -> None:
        if len(self._torn) > 10:
            return
        text = f"torn-{next(self._numbers)}-"
        self.append(text)
        self._torn += text

    def rotate(self) -> None:
        if not self.path.exists():
            return
        for end in ("", ".gz"):
            self.part(f".{BACKUPS}{end}").unlink(missing_ok=True)
        for number in range(BACKUPS - 1, 0, -1):
            for end in ("", ".gz"):
                if self.part(f".{number}{end}").exists():
                    self.part(f".{number}{end}").rename(self.part(f".{number + 1}{end}"))
        self.path.rename(self.part(".1"))
        self._end_torn()

    def compress(self, suffix: str = ".1") -> None:
        path = self.part(suffix)
        if path.exists() and path.read_bytes().endswith(b"\n"):
            with gzip.open(f"{path}.gz", "wb") as file:
                file.write(path.read_bytes())
            path.unlink()

    def look(self) -> bool:
        """One turn; whether nothing is left to read."""
        turn = self.tail.poll(list_parts(self.root), partial(list_parts, self.root), 1)
        self.problems += [reason for _, reason in turn.problems]
        self.links += turn.links
        for _, found in turn.items:
            self.lines += found
            self.read += [line.data.decode() for line in found]
        return turn.drained

    def poll(self) -> None:
        assert any(self.look() for _ in range(1000)), "the tail never came to an end"

    def copy_and_truncate(self) -> None:
        if self.path.exists():
            shutil.copy(self.path, self.part(".1"))
            self._end_torn()
            self.truncate()

    def truncate(self) -> None:
        if self.path.exists():
            os.truncate(self.path, 0)
        self._torn = ""

    def recreate(self) -> None:
        self.path.unlink(missing_ok=True)
        self._torn = ""

    def restart(self) -> None:
        positions = json.loads(json.dumps(self.tail.positions()))
        self.tail = self.make()
        self.tail.resume(positions)

    def _end_torn(self) -> None:
        """A line without a newline at the end of a file that is no longer written to counts."""
        if self._torn:
            self.written.append(self._torn)
            self._torn = ""

    def append(self, text: str) -> None:
        with self.path.open("ab") as file:
            file.write(text.encode())


def list_parts(root: Path) -> tuple[Part, ...]:
    return Sweep(root).parts(GROUP)


@contextmanager
def small_turns() -> Iterator[None]:
    """Read 64 bytes at a time, so that every chunk's edge is met."""
    with mock.patch.object(tail, "TURN", 64), mock.patch.object(lines, "LIMIT", 64):
        yield

"""A log file with a writer, a rotation and a tail, for tests of the tail."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from logging_core.codec.pane import FRAME_RULE
from logging_core.read import frames, lines, tail
from logging_core.read.files import Part
from logging_core.read.frames import FrameScanner, FrameSpan
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.listing import parts_of
from logging_core.read.tail import LogTail

GROUP = "instances/i/instance.log"
PANE_GROUP = "instances/i/tmux_output.log"
BACKUPS = 3
HELD = 256


class Log:
    """A log in a directory, what was written to it, and a tail that reads it.

    What it deletes lends its inode to what it creates next, as on the file systems that do so.
    """

    group = GROUP

    def __init__(self, root: Path, *, history: int | None = None) -> None:
        self.root = root
        self.path = root / self.group
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.written: list[str] = []
        self.read: list[str] = []
        self.lines: list[Line] = []
        self.problems: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.tail = self.make(history)
        self._numbers = itertools.count()
        self._torn = ""
        self._unseen: list[str] = []  # torn lines that were lost since the last look
        self._freed: list[Path] = []

    def make(self, history: int | None = None) -> LogTail[Any]:
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
            self.delete(self.part(f".{BACKUPS}{end}"))
        for number in range(BACKUPS - 1, 0, -1):
            for end in ("", ".gz"):
                if self.part(f".{number}{end}").exists():
                    self.part(f".{number}{end}").rename(self.part(f".{number + 1}{end}"))
        self.path.rename(self.part(".1"))
        self._end_torn()

    def compress(self, suffix: str = ".1") -> None:
        path = self.part(suffix)
        if path.exists() and path.read_bytes().endswith(b"\n"):
            packed = self.part(f"{suffix}.gz")
            self.create(packed)
            packed.write_bytes(gzip.compress(path.read_bytes()))
            self.delete(path)

    def remove(self, suffix: str) -> None:
        self.delete(self.part(suffix))

    def look(self) -> bool:
        """One turn; whether nothing is left to read."""
        relist = partial(list_parts, self.root, self.group)
        turn = self.tail.poll(relist(), relist, 1)
        self.problems += [reason for _, reason in turn.problems]
        self.links += turn.links
        for _, found in turn.items:
            self.take(found)
        return turn.drained

    def take(self, found: Sequence[Any]) -> None:
        self.lines += found
        self.read += [line.data.decode() for line in found]

    def poll(self) -> None:
        self._unseen = []
        assert any(self.look() for _ in range(1000)), "the tail never came to an end"

    def copy_and_truncate(self) -> None:
        if self.path.exists():
            shutil.copy(self.path, self.part(".1"))
            self._end_torn()
            self.truncate()

    def truncate(self) -> None:
        if self.path.exists():
            os.truncate(self.path, 0)
        self._lose_torn()

    def recreate(self) -> None:
        self.delete(self.path)
        self._lose_torn()

    def restart(self) -> None:
        positions = json.loads(json.dumps(self.tail.positions()))
        self.tail = self.make()
        self.tail.resume(positions)
        for text in self._unseen:
            self.written.remove(text)
        self._unseen = []

    def _lose_torn(self) -> None:
        """What no file holds any more must be read, unless whoever held it is gone as well."""
        self._unseen += [self._torn] if self._torn else []
        self._end_torn()

    def _end_torn(self) -> None:
        """A line without a newline counts once its file is no longer written to, or is gone."""
        if self._torn:
            self.written.append(self._torn)
            self._torn = ""

    def delete(self, path: Path) -> None:
        if path.exists():
            self._freed.append(path.rename(self.root / f"freed-{next(self._numbers)}"))

    def create(self, path: Path) -> None:
        """Make an empty file in the place of the one that was deleted longest ago, if any was."""
        if self._freed:
            os.truncate(self._freed[0].rename(path), 0)
            del self._freed[0]

    def append(self, text: str) -> None:
        if not self.path.exists():
            self.create(self.path)
        with self.path.open("ab") as file:
            file.write(text.encode())


class PaneLog(Log):
    """The same of the captures of a pane, each told of by its time."""

    group = PANE_GROUP

    def make(self, history: int | None = None) -> LogTail[Any]:
        return LogTail(self.root, FrameScanner, history=history)

    def write(self, count: int = 1, *, size: int = 5) -> None:
        rule = FRAME_RULE.decode()
        for number in itertools.islice(self._numbers, count):
            text = "the pane's text\n" * size
            self.append(f"\n{rule}\n[{_at(number).isoformat()}]\n{rule}\n{text}")
            self.written.append(str(_at(number).timestamp()))

    def take(self, found: Sequence[Any]) -> None:
        assert all(isinstance(span, FrameSpan) for span in found)
        self.read += [str(span.time_s) for span in found]


def _at(number: int) -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(seconds=number)


def list_parts(root: Path, group: str = GROUP) -> tuple[Part, ...]:
    return parts_of(root, group)


@contextmanager
def small_turns() -> Iterator[None]:
    """Read 64 bytes at a time, so that every chunk's edge is met."""
    with mock.patch.object(tail, "TURN", 64), mock.patch.object(lines, "LIMIT", 64):
        yield


@contextmanager
def small_frame_turns() -> Iterator[None]:
    """The same for captures, of whose end some bytes must be held."""
    with mock.patch.object(tail, "TURN", 2 * HELD), mock.patch.object(frames, "_HELD", HELD):
        yield

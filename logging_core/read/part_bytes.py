"""The bytes of one part of a log, from any place, without holding or opening it for long."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from logging_core.read.files import Part, open_regular
from logging_core.read.gzipped import MAX_INFLATED, GzipError, inflate, is_gzip

_WINDOW = 4 << 20
"""So many bytes of a compressed part are held."""

_LOOKS = 8  # listings that may be overtaken by renames, one after the other
_PROBE = 64 << 10

T = TypeVar("T")


class MovedError(Exception):
    """The file is gone, or has been cut off: list the log again."""


class PartBytes:
    """The bytes of one part as it was listed, under whatever name it now has.

    The file is closed between two calls. What is compressed can only be read forwards: it is
    inflated anew for every few MiB that are read of it backwards.

    Args:
        root: Of the tree.
        part: The file.
        relist: Lists its log again, for when it was renamed.

    Attributes:
        compressed: Whether it is, by its content.
        size: How many bytes there are to read.
        trouble: Why that is not everything, for people; `None` if it is.

    Raises:
        MovedError: The file is gone.
        OSError: It cannot be read.
    """

    def __init__(self, root: Path, part: Part, relist: Callable[[], Sequence[Part]]) -> None:
        self._root = root
        self._part = part
        self._relist = relist
        self._window, self._start = b"", 0
        self.size = part.size
        self.trouble: str | None = None
        self.compressed = self._call(is_gzip)
        if self.compressed:
            self._call(self._inflate)
            self.size = self._start + len(self._window)

    def read(self, size: int, offset: int) -> bytes:
        """Exactly `size` bytes, which must be there; at most 4 MiB of what is compressed.

        Raises:
            MovedError: The file is gone, or has been cut off.
            OSError: It cannot be read.
        """
        if not self.compressed:
            data = self._call(lambda fd: os.pread(fd, size, offset))
        else:
            if not self._start <= offset <= offset + size <= self._start + len(self._window):
                self._call(lambda fd: self._inflate(fd, offset + size))
            data = self._window[offset - self._start :][:size]
        if len(data) < size:
            raise MovedError(self._part.path)
        return data

    def hole_before(self, offset: int) -> int:
        """Where the hole begins that ends at `offset`; `offset` if there is none.

        Raises:
            MovedError: The file is gone.
            OSError: It cannot be read.
        """
        if self.compressed:
            return offset
        return self._call(lambda fd: _hole_before(fd, offset))

    def hole_after(self, offset: int) -> int:
        """Where the hole ends that begins at or before `offset`; `offset` if there is none.

        Raises:
            MovedError: The file is gone.
            OSError: It cannot be read.
        """
        if self.compressed:
            return offset
        return self._call(lambda fd: _hole_after(fd, offset, self.size))

    def _call(self, use: Callable[[int], T]) -> T:
        """Give the open file to a function."""
        for part in self._names():
            with suppress(FileNotFoundError), open_regular(str(self._root / part.path)) as fd:
                status = os.fstat(fd)
                if (status.st_dev, status.st_ino) == part.id:
                    self._part = part
                    return use(fd)
        raise MovedError(self._part.path)

    def _names(self) -> Iterator[Part]:
        """The part under its known name, then under those that it has been given meanwhile."""
        yield self._part
        for _ in range(_LOOKS):
            for part in self._relist():
                # Rotation only counts up: a lower one has the inode of a deleted file.
                if part.id == self._part.id and part.log.generation >= self._part.log.generation:
                    yield self._part._replace(path=part.path, log=part.log)

    def _inflate(self, fd: int, end: int = sys.maxsize) -> None:
        """Hold what is before `end`, or before the end of what can be read."""
        kept, done = bytearray(), 0
        try:
            for chunk in inflate(fd, os.fstat(fd).st_size, MAX_INFLATED):
                kept += chunk
                done += len(chunk)
                if done >= end:
                    del kept[len(kept) - (done - end) :]
                    break
                del kept[: -2 * _WINDOW]
        except GzipError as error:
            self.trouble = str(error)
        self._window = bytes(kept[-_WINDOW:])
        self._start = min(done, end) - len(self._window)


def settled(relist: Callable[[], Sequence[Part]]) -> Sequence[Part]:
    """The parts of a log by two listings that agree: one may miss a file that is being renamed."""
    parts = relist()
    for _ in range(_LOOKS):
        before, parts = parts, relist()
        if [(part.path, part.id) for part in before] == [(part.path, part.id) for part in parts]:
            break
    return parts


def _hole_before(fd: int, offset: int) -> int:
    """See `PartBytes.hole_before`; where nobody can tell, there is none."""
    with suppress(OSError):
        return _find_hole(fd, offset)
    return offset


def _hole_after(fd: int, offset: int, end: int) -> int:
    with suppress(OSError):
        return _seek(fd, offset, os.SEEK_DATA, end)
    return offset


def _find_hole(fd: int, offset: int) -> int:
    """Look farther and farther back for what was written last, as holes are found forwards."""
    start, width = offset, _PROBE
    while start > 0:
        probe = max(0, offset - width)
        data = _seek(fd, probe, os.SEEK_DATA, offset)
        while data < start:
            hole = _seek(fd, data, os.SEEK_HOLE, offset)
            data = _seek(fd, hole, os.SEEK_DATA, offset)
            if data >= offset:
                return hole
        start, width = probe, 2 * width
    return start


def _seek(fd: int, offset: int, whence: int, end: int) -> int:
    """The next data, or hole, after a place; `end` if that is farther, or there is none."""
    try:
        return min(end, os.lseek(fd, offset, whence))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return end

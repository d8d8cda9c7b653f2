"""Opening and reading the tree's files: regular ones only, never through a symbolic link."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from logging_core.read.gzipped import MAX_INFLATED, GzipError, inflate, is_gzip
from logging_core.tree import FileKind, LogFile

FileId = tuple[int, int]
"""Device and inode: the same file under any name, until it is deleted."""

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Part(NamedTuple):
    """One file of a log, as a directory listing saw it.

    Attributes:
        path: Relative to the root.
        log: What it is by its name.
        dev: Device.
        ino: Inode.
        size: Bytes.
        mtime_ns: Last change.
        mode: Who may read it.
    """

    path: str
    log: LogFile
    dev: int
    ino: int
    size: int
    mtime_ns: int
    mode: int

    @property
    def id(self) -> FileId:
        """Which file it is, whatever its name."""
        return self.dev, self.ino

    @property
    def live(self) -> bool:
        """Whether a file of this name is still written to."""
        if self.log.compressed or self.log.generation:
            return False
        return self.log.kind is not FileKind.AUDIT or self.path.endswith(".jsonl")

    @property
    def order(self) -> tuple[int | str, ...]:
        """Sorts the parts of a log, oldest first."""
        if self.log.kind is FileKind.AUDIT:
            name = self.path.rpartition("/")[2]
            return name[:14], self.live, name
        return -self.log.generation, not self.log.compressed


@contextmanager
def open_regular(path: str) -> Iterator[int]:
    """A descriptor of a regular file, for reading.

    Raises:
        OSError: It cannot be opened, or is a link, a pipe, a device or a directory.
    """
    fd = os.open(path, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        yield fd
    finally:
        os.close(fd)


class Source:
    """The bytes of one open file.

    Never maps the file into memory: a file that shrinks meanwhile would kill the process.

    Attributes:
        id: Which file it is.
        size: Its bytes.
        mark: Size and time of the file as it is on disk: equal marks, equal content.
        trouble: Why not all of it can be read, for people; `None` if it can, as far as is known.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        status = os.fstat(fd)
        self.id: FileId = (status.st_dev, status.st_ino)
        self.mark = (status.st_size, status.st_mtime_ns)
        self.size = status.st_size
        self.trouble: str | None = None

    @staticmethod
    def of(fd: int) -> Source:
        """Of any file; of one that is gzip, whatever its name says, what is in it."""
        return _Inflated(fd) if is_gzip(fd) else Source(fd)

    def read(self, size: int, offset: int) -> bytes:
        """Up to `size` bytes, never beyond the `size` that the file had when it was opened."""
        return os.pread(self._fd, max(0, min(size, self.size - offset)), offset)

    def reaches(self, offset: int) -> bool:
        """Whether there are so many bytes."""
        return offset <= self.size

    def find_trouble(self) -> str | None:
        """Why not all of it can be read, known for certain."""
        return self.trouble

    def after_hole(self, offset: int) -> int:
        """Where the next bytes that were really written begin."""
        with suppress(OSError):  # no data after it, or a file system that cannot tell
            return os.lseek(self._fd, offset, os.SEEK_DATA)
        return offset


class _Inflated(Source):
    """What is in a compressed file, all of it at once, to be read in any order."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        content = bytearray()
        try:
            for chunk in inflate(fd, self.size, MAX_INFLATED):
                content += chunk
        except GzipError as error:
            self.trouble = str(error)
        self._data = bytes(content)
        self.size = len(self._data)

    def read(self, size: int, offset: int) -> bytes:
        return self._data[offset : offset + size]

    def after_hole(self, offset: int) -> int:
        return offset

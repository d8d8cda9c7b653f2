"""Opening and reading the tree's files: regular ones only, never through a symbolic link."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from logging_core.tree import FileKind, LogFile

FileId = tuple[int, int]
"""Device and inode: the same file under any name, until it is deleted."""

MOST_INFLATED = 64 << 20
"""Of a compressed part no more than so many bytes are read, nor of what is in it."""

GZIP_MAGIC = b"\x1f\x8b"
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_GZIP = 31  # of zlib: the greatest window, and a gzip header
_CHUNK = 256 << 10
_PACKED = 16 << 10  # what follows a member is copied, and a member may be as short as 20 bytes


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
    """The bytes of one open file, decompressed if they are gzip, whatever the name says.

    Never maps the file into memory: a file that shrinks meanwhile would kill the process.

    Attributes:
        id: Which file it is.
        size: Its bytes, decompressed.
        mark: Size and time of the file as it is on disk: equal marks, equal content.
        trouble: Why not all of it can be read, for people; `None` if it can.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        status = os.fstat(fd)
        self.id: FileId = (status.st_dev, status.st_ino)
        self.mark = (status.st_size, status.st_mtime_ns)
        self.size = status.st_size
        self.trouble: str | None = None
        self._data: bytes | None = None
        if os.pread(fd, 2, 0) == GZIP_MAGIC:
            self._data, self.trouble = _inflate_all(fd, self.size)
            self.size = len(self._data)

    def read(self, size: int, offset: int) -> bytes:
        """Up to `size` bytes, never beyond the `size` that the file had when it was opened."""
        if self._data is not None:
            return self._data[offset : offset + size]
        return os.pread(self._fd, max(0, min(size, self.size - offset)), offset)

    def after_hole(self, offset: int) -> int:
        """Where the next bytes that were really written begin."""
        if self._data is None:
            with suppress(OSError):  # no data after it, or a file system that cannot tell
                return os.lseek(self._fd, offset, os.SEEK_DATA)
        return offset


class GzipError(OSError):
    """A compressed file is damaged, or still being written."""


def inflate(fd: int, size: int) -> Iterator[bytes]:
    """The content of a file of one or more gzip members, in chunks of bounded size.

    Args:
        fd: The file.
        size: So many of its bytes are read, whatever is appended meanwhile.

    Raises:
        GzipError: After what could be read.
    """
    inflater = zlib.decompressobj(_GZIP)
    for data in _chunks(fd, size):
        rest, more = data, True
        while rest or more:
            if inflater.eof:
                rest = rest.lstrip(b"\0")  # padding between members
                if not rest:
                    break
                inflater = zlib.decompressobj(_GZIP)
            try:
                chunk = inflater.decompress(rest, _CHUNK)
            except zlib.error:
                raise GzipError("compressed and damaged") from None
            yield chunk
            more = len(chunk) == _CHUNK
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not inflater.eof:
        raise GzipError("compressed and not complete")


def _inflate_all(fd: int, size: int) -> tuple[bytes, str | None]:
    """What is in a compressed file as far as it is read, and why that is not everything."""
    content, trouble = bytearray(), None
    try:
        for chunk in inflate(fd, min(size, MOST_INFLATED)):
            content += chunk
            if len(content) > MOST_INFLATED:
                break
    except GzipError as error:
        trouble = str(error)
    if max(size, len(content)) > MOST_INFLATED:
        trouble = f"only its first {MOST_INFLATED >> 20} MiB are read"
    return bytes(content[:MOST_INFLATED]), trouble


def _chunks(fd: int, size: int) -> Iterator[bytes]:
    position = 0
    while chunk := os.pread(fd, min(_PACKED, size - position), position):
        position += len(chunk)
        yield chunk

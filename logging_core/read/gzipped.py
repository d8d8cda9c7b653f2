"""What is in compressed files, inflated a little at a time."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator

MAX_INFLATED = 64 << 20
"""Of a compressed part no more than so many bytes are read, nor of what is in it."""

GZIP_MAGIC = b"\x1f\x8b"
"""What a compressed file begins with, whatever its name."""

_GZIP = 31  # of zlib: the greatest window, and a gzip header
_CHUNK = 64 << 10
_PACKED = 16 << 10  # what follows a member is copied, and a member may be as short as 20 bytes


class GzipError(OSError):
    """Not all of a compressed file can be read: why, for people."""


class Inflater:
    """Goes through a file of one or more gzip members; needs it open only for each step.

    Args:
        size: Its bytes: no more are read, whatever is appended meanwhile.
        most: Read no more than so many of these, nor of what is in them.
    """

    __slots__ = ("_inflater", "_is_full", "_left", "_most", "_position", "_rest", "_size")

    def __init__(self, size: int, most: int) -> None:
        self._size = size
        self._most = self._left = most
        self._position = 0
        self._rest = b""
        self._is_full = False  # there may be more in what was read of the file
        self._inflater = zlib.decompressobj(_GZIP)

    def step(self, fd: int) -> bytes:
        """The next few bytes of the content; none at its end.

        Raises:
            GzipError: After what could be read.
        """
        try:
            chunk = self._inflate(fd) if self._left >= 0 else b""
        except GzipError:
            if self._size <= self._most:
                raise
            chunk = b""
        part = chunk[: self._left]
        self._left -= len(chunk)
        if not part and (self._left < 0 or self._size > self._most):
            raise GzipError(f"only its first {self._most >> 20} MiB are read")
        return part

    def _inflate(self, fd: int) -> bytes:
        while True:
            if self._inflater.eof:
                self._rest, self._is_full = self._rest.lstrip(b"\0"), False  # padding
            if not self._rest and not self._is_full:
                left = min(self._size, self._most) - self._position
                self._rest = os.pread(fd, min(_PACKED, left), self._position)
                self._position += len(self._rest)
                if self._rest:
                    continue
                if not self._inflater.eof:
                    raise GzipError("compressed and not complete")
                return b""
            if self._inflater.eof:
                self._inflater = zlib.decompressobj(_GZIP)
            if chunk := self._inflate_rest():
                return chunk

    def _inflate_rest(self) -> bytes:
        try:
            chunk = self._inflater.decompress(self._rest, _CHUNK)
        except zlib.error:
            raise GzipError("compressed and damaged") from None
        self._is_full = len(chunk) == _CHUNK
        ended = self._inflater.eof
        self._rest = self._inflater.unused_data if ended else self._inflater.unconsumed_tail
        return chunk


def is_gzip(fd: int) -> bool:
    """Whether a file is compressed, whatever its name says."""
    return os.pread(fd, len(GZIP_MAGIC), 0) == GZIP_MAGIC


def inflate(fd: int, size: int, most: int = sys.maxsize) -> Iterator[bytes]:
    """What is in a file, in chunks of bounded size. Arguments as of `Inflater`.

    Raises:
        GzipError: After what could be read.
    """
    inflater = Inflater(size, most)
    while chunk := inflater.step(fd):
        yield chunk

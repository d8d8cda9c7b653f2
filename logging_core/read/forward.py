"""Compressed files read from front to back over many looks, each byte inflated once."""

from __future__ import annotations

from typing import ClassVar
from weakref import WeakSet

from logging_core.read.files import Source
from logging_core.read.gzipped import MAX_INFLATED, GzipError, Inflater, is_gzip

HEAD = 256
"""So many bytes at the beginning, and before where the reader is, are always at hand."""

MAX_KEPT = 64
"""So many files are kept between two looks: each takes some 100 KiB, and the line it is in."""


class ForwardSource(Source):
    """What is in a compressed file, cheap to read on from where it was read to last.

    What was passed is inflated anew. While it is kept, no descriptor is: see `open_again`.

    Attributes:
        size: As far as it was read.
    """

    _kept: ClassVar[WeakSet[ForwardSource]] = WeakSet()

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._packed = self.size
        self._head = b""
        self._begin()

    def _begin(self) -> None:
        self._inflater = Inflater(self._packed, MAX_INFLATED)
        self._window = bytearray()
        self._start = self.size = 0
        self._is_whole = False

    def open_again(self, fd: int) -> bool:
        """Go on with the same file; whether it still is."""
        found = Source(fd)
        if (found.id, found.mark) != (self.id, self.mark):
            return False
        self._fd = fd
        return True

    def keep(self, offset: int) -> bool:
        """Drop what is before `offset`; whether it may be kept, so that others may be, too."""
        passed = max(0, offset - HEAD - self._start)
        del self._window[:passed]
        self._start += passed
        if self not in self._kept and len(self._kept) >= MAX_KEPT:
            return False
        self._kept.add(self)
        return True

    def read(self, size: int, offset: int) -> bytes:
        """Up to `size` bytes."""
        if offset + size <= len(self._head):
            return self._head[offset : offset + size]
        if offset < self._start:
            self._begin()
        self._go_to(offset + size, wanted=offset)
        return bytes(self._window[offset - self._start : offset - self._start + size])

    def reaches(self, offset: int) -> bool:
        """Whether there are so many bytes."""
        self._go_to(offset, wanted=self._start)
        return offset <= self.size

    def find_trouble(self) -> str | None:
        """Why not all of it can be read: goes through it once."""
        if self.trouble is None and not self._is_whole:
            inflater = Inflater(self._packed, MAX_INFLATED)
            try:
                while inflater.step(self._fd):
                    pass
            except GzipError as error:
                self.trouble = str(error)
        return self.trouble

    def after_hole(self, offset: int) -> int:
        """There are none."""
        return offset

    def _go_to(self, end: int, *, wanted: int) -> None:
        """Inflate up to `end`; what is far before `wanted` is not at hand any longer."""
        while self.size < end and not self._is_whole:
            try:
                chunk = self._inflater.step(self._fd)
            except GzipError as error:
                self.trouble, chunk = str(error), b""
            self._is_whole = not chunk
            self._head += chunk[: HEAD - len(self._head)] if self.size == len(self._head) else b""
            self._window += chunk
            self.size += len(chunk)
            passed = min(wanted, self.size) - HEAD - self._start
            if passed > 0:
                del self._window[:passed]
                self._start += passed


def source_on(fd: int, kept: ForwardSource | None) -> Source:
    """A file to be read on, by what was kept of it if it is that one."""
    if kept is not None and kept.open_again(fd):
        return kept
    return ForwardSource(fd) if is_gzip(fd) else Source(fd)

"""One file of a log, and what makes records of its bytes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Generic, Protocol, Self, TypeVar

import msgspec

from logging_core.read.files import Part, Source
from logging_core.read.forward import HEAD

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Feed(Protocol[T_co]):
    """What makes items of the bytes of one file: lines, or frames."""

    offset: int

    @property
    def waits(self) -> bool:
        """Whether there is something that `end` would give."""

    def feed(self, data: bytes, *, at_end: bool, final: bool) -> Sequence[T_co]:
        """Take the bytes at `offset`, move it, and give the items that end in them."""

    def end(self) -> Sequence[T_co]:
        """Give what waits for the bytes after it: the file is gone."""

    def skip_to(self, offset: int, *, aligned: bool = True) -> None:
        """Go on at another offset, which is an item's first unless not `aligned`."""

    def position(self) -> list[int]:
        """Where to go on after a restart."""

    def resume(self, position: Sequence[int]) -> None:
        """Go on at a `position`."""


class Turn(msgspec.Struct, Generic[T]):
    """What one look at a log brought.

    Attributes:
        left: Bytes that may still be read.
        items: By path, in order.
        problems: Path and reason, each new.
        readable: Files that could not be read and can be now, or are gone.
        links: A second name of a file and its first one, each new.
        drained: Nothing is left to read.
        failed: Something could not be read; a later sweep tries again.
    """

    left: int
    items: list[tuple[str, Sequence[T]]] = msgspec.field(default_factory=list)
    problems: list[tuple[str, str]] = msgspec.field(default_factory=list)
    readable: list[str] = msgspec.field(default_factory=list)
    links: list[tuple[str, str]] = msgspec.field(default_factory=list)
    drained: bool = True
    failed: bool = False


class Tracked(msgspec.Struct, Generic[T]):
    """How far one file was read, and how to know it again.

    Attributes:
        path: Its newest known name, relative to the root.
        generation: Its rotation number.
        feed: What its bytes go to.
        checked: It was read up to here.
        crc: A checksum of its first bytes and of those before `checked`. Of a compressed file that
            is never read one of the file as it is, and `checked` is 0.
        seen: Of a file of which nothing was read, as its only line has no end, its size and the
            checksum of all that.
        mark: What it looked like when it was last read to its end; `None` if it was not.
        copied: Another file goes on for it, so it may change without loss.
    """

    path: str
    generation: int
    feed: Feed[T]
    checked: int = 0
    crc: int = 0
    seen: tuple[int, int] | None = None
    mark: tuple[int, int, bool] | None = None
    copied: bool = False

    @classmethod
    def begin(cls, part: Part, feed: Feed[T]) -> Self:
        """A file of which nothing was read."""
        return cls(part.path, part.log.generation, feed)

    def rename(self, part: Part) -> None:
        """It is now known by this name."""
        self.path, self.generation = part.path, part.log.generation

    def check(self, source: Source) -> None:
        """Remember how far it was read."""
        self.checked = min(self.feed.offset, source.size)
        self.crc = checksum(source, self.checked)
        begun = source.size and not self.checked
        self.seen = (source.size, checksum(source, source.size)) if begun else None

    def leave_out(self, packed: Source) -> None:
        """Remember a compressed file by its own bytes: what is in it is never read."""
        self.checked, self.crc = 0, checksum(packed, packed.size)

    def is_left_out(self, packed: Source) -> bool:
        """Whether a compressed file is this one, and is never read."""
        return not self.checked and self.crc == checksum(packed, packed.size) != 0

    def may_be(self, part: Part) -> bool:
        """Whether a file with its inode may be it: by its name alone if nothing of it was seen."""
        return self.is_begun or self.path == part.path

    @property
    def is_begun(self) -> bool:
        """Whether it can be known by what is in it."""
        return bool(self.checked) or self.seen is not None

    def is_in(self, source: Source) -> bool:
        """Whether a file holds, at the same place, what was read of this one."""
        offset, crc = self.seen or (self.checked, self.crc)
        return checksum(source, offset) == crc


def checksum(source: Source, offset: int) -> int:
    """Return that of the first bytes and of those before `offset`.

    The last ones alone do not tell two files apart: every capture of a pane at rest ends alike.
    There is none, -1, if the file is shorter.
    """
    size = min(HEAD, offset)
    last = source.read(size, offset - size)
    return zlib.crc32(last, zlib.crc32(source.read(size, 0))) if len(last) == size else -1

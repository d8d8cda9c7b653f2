"""The lines of one part of a log, the newest first, without reading what is not asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from logging_core.codec.decode import R, as_torn, strip_line
from logging_core.codec.lenient import mend
from logging_core.read.files import Part
from logging_core.read.lines import LIMIT, Line
from logging_core.read.part_bytes import MovedError, PartBytes

DISORDER_S = 3700.0
"""Lines of one file may be out of order by so much: local time repeats an hour in autumn."""

_BLOCK = 64 << 10
_FIRST_BLOCK = 4 << 10  # often enough: few lines are wanted of each of many files
_TRIES = 3

T = TypeVar("T")


def newest_lines(source: PartBytes, end: int | None = None) -> Iterator[Line]:
    """The lines of a part, newest first; memory holds little more than one of them.

    Where nothing was ever written, as in a file that was made longer, there is nothing to read
    either: it is passed over, and counts as no part of a line. Nor is there a last line without a
    newline where the part cannot be read to its end.

    Args:
        source: The part.
        end: Begin before this offset, which follows a newline, not at the end of the file.

    Raises:
        MovedError: The file is gone, or has been cut off.
        OSError: It cannot be read.
    """
    position = source.size if end is None else end
    block = _FIRST_BLOCK
    line, ended, whole = _LineEnd(), False, source.trouble is None
    while position > 0:
        size = min(_BLOCK, block, position)
        block *= 2
        data = source.read(size, position - size)
        if size == _BLOCK and not data.strip(b"\0"):
            position = source.hole_before(position - size)
            continue
        first, *others = data.split(b"\n")
        for piece in reversed(others):
            position -= len(piece)
            if ended and line.is_empty:
                yield Line(position, piece, len(piece))
            else:
                line.put(piece)
                if ended or (whole and line.is_written):
                    yield line.take(position, torn=not ended)
                line, ended = _LineEnd(), True
            position -= 1
        line.put(first)
        position -= len(first)
    if ended or (whole and line.is_written):
        yield line.take(0, torn=not ended)


def lines_of(
    root: Path,
    part: Part,
    relist: Callable[[], Sequence[Part]],
    report: Callable[[str, str], object],
    *,
    gone_too: bool,
    find_end: Callable[[PartBytes], int | None] = lambda _: None,
) -> Iterator[Line]:
    """As `newest_lines`, but what cannot be read is left out.

    Args:
        root: Of the tree.
        part: The part.
        relist: Lists its log again.
        report: Called with the part's path, and with why not all of it can be read, for people.
        gone_too: Also leave out what is gone by now; else that raises `MovedError`.
        find_end: Where to begin; see `newest_lines`.
    """
    try:
        source = PartBytes(root, part, relist)
        if source.trouble is not None:
            report(part.path, source.trouble)
        yield from newest_lines(source, find_end(source))
    except MovedError:
        if not gone_too:
            raise
    except OSError as error:
        report(part.path, error.strerror or str(error))


def readable(line: Line) -> bytes:
    """A line as a decoder takes it: what is around it taken off, and whole if it was cut."""
    data = strip_line(line.data, first=line.offset == 0)
    return data if line.size <= len(line.data) else mend(data, line.size)


def decoded(line: Line, decode: Callable[[bytes], R | str]) -> R | str:
    """The record of a line, or why there is none."""
    record = decode(readable(line))
    return as_torn(record) if line.torn and not isinstance(record, str) else record


def undisturbed(read: Callable[[bool], T]) -> T:
    """List and read, once more if files went away in between.

    Args:
        read: Reads. If it is given true, a file that is gone is to be left out; else it raises
            `MovedError`.
    """
    for _ in range(_TRIES - 1):
        with suppress(MovedError):
            return read(False)
    return read(True)


class _LineEnd:
    """The end of a line whose beginning is not reached yet: of it no more than can be kept."""

    __slots__ = ("_held", "_pieces", "_size", "is_written")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._held = self._size = 0
        self.is_written = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is here."""
        return not self._size

    def put(self, piece: bytes) -> None:
        """What stands before all so far."""
        self._pieces.appendleft(piece)
        self._held += len(piece)
        self._size += len(piece)
        self.is_written = self.is_written or bool(piece.strip(b"\0"))
        while self._held - len(self._pieces[-1]) >= LIMIT:
            self._held -= len(self._pieces.pop())

    def take(self, offset: int, *, torn: bool) -> Line:
        """The line, which begins at an offset; `torn`: after it there is no newline."""
        surplus = self._held - LIMIT
        if surplus > 0:
            self._pieces[-1] = self._pieces[-1][:-surplus]
        return Line(offset, b"".join(self._pieces), self._size, torn)

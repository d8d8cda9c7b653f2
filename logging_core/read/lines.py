"""The bytes of a growing file, cut into whole lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LIMIT = 1 << 20
"""So many bytes of a line are kept."""

MAX_TORN = 1 << 13
"""So many of a line that waits for its newline, in case its file is deleted before that comes."""


class Line(NamedTuple):
    """One line without its newline.

    Attributes:
        offset: Of its first byte in the file.
        data: Its bytes, at most `LIMIT`.
        size: Its true size.
        torn: It has no newline, and its file goes no further, or is gone: then `MAX_TORN` at most.
    """

    offset: int
    data: bytes
    size: int
    torn: bool = False


class LineSplitter:
    """Cuts one file into lines.

    A line without a newline waits, in the file and not in memory but for its beginning.

    Attributes:
        offset: Where the next bytes are wanted from.
    """

    __slots__ = ("_aligned", "_head", "_start", "_waiting", "offset")

    def __init__(self) -> None:
        self.offset = 0
        self._start = 0  # of the unfinished line: before `offset` only when it is over-long
        self._head = b""
        self._aligned = True
        self._waiting: Line | None = None  # what `end` gives of a line that is not over-long

    def feed(self, data: bytes, *, at_end: bool, final: bool) -> list[Line]:
        """Take the bytes at `offset`; give the lines that end in them.

        Args:
            data: The bytes.
            at_end: The file ends with them for now.
            final: The file ends with them for good: a line without a newline counts.
        """
        base, lines, self._waiting = self.offset, list[Line](), None
        position = self._finish_line(data, lines)
        if position < 0:
            self.offset += len(data)
            if final and self._head:
                lines.append(Line(self._start, self._head, self.offset - self._start, torn=True))
                self._begin(self.offset)
            return lines
        end = data.rfind(b"\n", position)
        if end >= 0:
            offset = base + position
            for piece in data[position:end].split(b"\n"):
                lines.append(Line(offset, piece[:LIMIT], len(piece)))
                offset += len(piece) + 1
            position = end + 1
        self._begin(base + position)
        rest = data[position:]
        if final and rest:
            lines.append(Line(self.offset, rest[:LIMIT], len(rest), torn=True))
            self._begin(base + len(data))
        elif len(rest) >= LIMIT:
            self._head = rest[:LIMIT]
            self.offset = base + len(data)
        elif at_end and rest:
            self._waiting = Line(self.offset, rest[:MAX_TORN], len(rest), torn=True)
        return lines

    @property
    def waits(self) -> bool:
        """Whether a line waits for its newline."""
        return self._waiting is not None or bool(self._head)

    def end(self) -> list[Line]:
        """Give the line that waits for its newline: its file is gone. If it comes back, go on."""
        line = self._waiting
        if self._head:
            line = Line(self._start, self._head[:MAX_TORN], self.offset - self._start, torn=True)
        if line is None:
            return []
        self._begin(line.offset + line.size)
        self._aligned, self._waiting = False, None
        return [line]

    def skip_to(self, offset: int, *, aligned: bool = True) -> None:
        """Go on at another offset; not `aligned`: after the next newline there."""
        self.offset = offset
        if not self._head:
            self._start = offset
        self._aligned = aligned

    def position(self) -> list[int]:
        """Where to go on after a restart."""
        return [self._start]

    def resume(self, position: Sequence[int]) -> None:
        """Go on at a `position`."""
        self._begin(position[0])

    def _begin(self, offset: int) -> None:
        self.offset = self._start = offset
        self._head = b""

    def _finish_line(self, data: bytes, lines: list[Line]) -> int:
        """End the over-long or unwanted line that `data` begins in; where the next one begins."""
        if self._aligned and not self._head:
            return 0
        end = data.find(b"\n")
        if end < 0:
            if not self._head:
                self._start += len(data)
            return -1
        if self._head:
            lines.append(Line(self._start, self._head, self.offset + end - self._start))
        self._aligned, self._head = True, b""
        return end + 1

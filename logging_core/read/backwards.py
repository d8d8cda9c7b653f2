"""The lines of one part of a log, the newest first, without reading what is not asked for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from logging_core.read.files import Part, open_regular
from logging_core.read.gzipped import GZIP_MAGIC, GzipError, inflate
from logging_core.read.lines import LineSplitter

_BLOCK = 64 << 10
_FIRST_BLOCK = 4 << 10  # often enough: few lines are wanted of each of many files


class MovedError(Exception):
    """Another file has this name now: list the log again."""


def newest_lines(
    root: Path, part: Part, most: int | None, end: int | None = None
) -> Iterator[bytes]:
    """The lines of a part without their newlines, newest first.

    Of a compressed part, which can only be read forwards, the last `most` lines are held in
    memory; of others, one block. The file is closed between two blocks.

    Args:
        root: Of the tree.
        part: The file.
        most: The caller needs no more lines than this; `None` for all.
        end: Begin before this offset, which follows a newline, not at the end of the file. Makes
            no difference to a compressed part.

    Raises:
        MovedError: The file was renamed since it was listed.
        OSError: It cannot be read.
    """
    if read_at(root, part, 2, 0) == GZIP_MAGIC:
        yield from reversed(deque(_inflated_lines(root, part), most))
        return
    position = last_position = part.size if end is None else end
    block = _FIRST_BLOCK
    pieces: list[bytes] = []  # of the line whose beginning is not reached, the last one first
    while position > 0:
        size = min(_BLOCK, block, position)
        block *= 2
        first, *lines = read_at(root, part, size, position - size).split(b"\n")
        if lines:
            last = lines.pop() + b"".join(reversed(pieces))
            if last or position < last_position or pieces:
                yield last
            yield from reversed(lines)
            pieces = []
        pieces.append(first)
        position -= size
    if pieces:
        yield b"".join(reversed(pieces))


def read_at(root: Path, part: Part, size: int, offset: int) -> bytes:
    """Some bytes of a part.

    Raises:
        MovedError: The file was renamed since it was listed.
        OSError: It cannot be read.
    """
    try:
        with open_regular(str(root / part.path)) as fd:
            status = os.fstat(fd)
            if (status.st_dev, status.st_ino) == part.id:
                return os.pread(fd, size, offset)
    except FileNotFoundError:
        pass
    raise MovedError(part.path)


def _inflated_lines(root: Path, part: Part) -> Iterator[bytes]:
    """The lines of a compressed part as far as it can be read, oldest first."""
    splitter, base, rest = LineSplitter(), 0, b""
    with open_regular(str(root / part.path)) as fd:
        chunks = inflate(fd, os.fstat(fd).st_size)
        while True:
            try:
                chunk = next(chunks, b"")
            except GzipError:
                chunk = b""
            rest += chunk
            for line in splitter.feed(rest, at_end=not chunk, final=not chunk):
                yield line.data
            if not chunk:
                return
            rest = rest[splitter.offset - base :]
            base = splitter.offset

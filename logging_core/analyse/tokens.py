"""Small values in a file, one after the other, in frames that show whether they are whole.

They are written and read a frame at a time: neither way is there ever more than one in memory.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO, Any

import msgspec

TOKEN = 16
"""The bytes of a short token, about."""

_FRAME = 256 << 10  # bytes, about
_HEAD = struct.Struct(">III")  # the form, the size of the frame, and its checksum


class Frames:
    """Writes tokens.

    Args:
        file: Where to.
        form: A number that tells this form of them from others.
    """

    def __init__(self, file: IO[bytes], form: int) -> None:
        self._file = file
        self._form = form
        self._tokens: list[Any] = []
        self._size = 0

    def add(self, token: Any, size: int = TOKEN) -> None:
        """Write a token of about so many bytes, made of what msgpack has.

        Raises:
            OSError: It cannot be written.
        """
        self._tokens.append(token)
        self._size += size
        if self._size >= _FRAME:
            self.end()

    def end(self) -> None:
        """Write what waits for a whole frame.

        Raises:
            OSError: It cannot be written.
        """
        if self._tokens:
            body = msgspec.msgpack.encode(self._tokens)
            self._file.write(_HEAD.pack(self._form, len(body), zlib.crc32(body)))
            self._file.write(body)
        self._tokens, self._size = [], 0


def read_tokens(file: IO[bytes], form: int) -> Iterator[Any]:
    """The tokens that `Frames` wrote, up to the end of the file.

    Raises:
        ValueError: They are damaged, or of another form.
        OSError: They cannot be read.
    """
    while head := file.read(_HEAD.size):
        yield from msgspec.msgpack.decode(_body(head, file, form))


def _body(head: bytes, file: IO[bytes], form: int) -> bytes:
    if len(head) == _HEAD.size:
        found, size, checksum = _HEAD.unpack(head)
        if found != form:
            raise ValueError("written by another version, or by something else")
        body = file.read(size)
        if len(body) == size and zlib.crc32(body) == checksum:
            return body
    raise ValueError("damaged, or cut short")

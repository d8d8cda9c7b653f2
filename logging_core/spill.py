"""Timed records and problems in a temporary file, packed: what would not fit into memory."""

from __future__ import annotations

import os
import tempfile
import zlib
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from logging_core.records import (
    AuditEvent,
    FrameRef,
    InstanceGone,
    LifecycleEvent,
    Message,
    Metadata,
    Oddity,
    OrchestratorEvent,
    Problem,
    Record,
)

Entry: TypeAlias = Record | Problem | Oddity
"""What may be put here; `InstanceSeen` may not."""

_KINDS = (
    Message,
    AuditEvent,
    LifecycleEvent,
    OrchestratorEvent,
    Metadata,
    FrameRef,
    InstanceGone,
    Problem,
    Oddity,
)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_DECODERS: list[msgspec.msgpack.Decoder[Any]] = [msgspec.msgpack.Decoder(kind) for kind in _KINDS]
_PAGE = msgspec.msgpack.Decoder(list[tuple[int, msgspec.Raw]])
_ENCODER = msgspec.msgpack.Encoder()
_WIDEST = (1 << 63) - 1


class Place(NamedTuple):
    """Where bytes stand in the file, and how many they are there."""

    offset: int
    size: int


class Page(NamedTuple):
    """Entries that are packed together.

    Attributes:
        place: Where they stand.
        times: The time that each counts with, ascending.
    """

    place: Place
    times: array[float]


class Spill:
    """A file without a name, gone when it is closed. One thread writes, any may read."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="madrox-")  # noqa: SIM115 - closed by `close`
        self._end = 0

    def put(self, data: bytes) -> Place:
        """Write some bytes.

        Raises:
            OSError: There is no room.
        """
        packed = zlib.compress(data, 1)
        place = Place(self._end, len(packed))
        written = 0
        while written < len(packed):
            written += os.pwrite(self._file.fileno(), packed[written:], self._end + written)
        self._end += len(packed)
        return place

    def get(self, place: Place) -> bytes:
        """Read what was put."""
        return zlib.decompress(os.pread(self._file.fileno(), place.size, place.offset))

    def put_entries(self, timed: Sequence[tuple[float, Entry]]) -> Page:
        """Write entries, with the time that each counts with."""
        packed = [(_NUMBERS[type(record)], _pack(record)) for _, record in timed]
        return Page(self.put(_ENCODER.encode(packed)), array("d", [at_s for at_s, _ in timed]))

    def get_entries(self, page: Page, count: int | None = None) -> list[Entry]:
        """The first `count` entries of a page; `None`: all."""
        packed = _PAGE.decode(self.get(page.place))
        return [_DECODERS[kind].decode(raw) for kind, raw in packed[:count]]

    @property
    def end(self) -> int:
        """How many bytes were put."""
        return self._end

    def cut(self, end: int) -> None:
        """Give the room back of what was put after `end`; nobody may read it any more."""
        self._end = end
        os.ftruncate(self._file.fileno(), end)

    def close(self) -> None:
        """Give the room back."""
        self._file.close()


def _pack(record: Entry) -> msgspec.Raw:
    try:
        return msgspec.Raw(_ENCODER.encode(record))
    except OverflowError:  # a number wider than the format's, which no sum counts anyway
        return msgspec.Raw(_ENCODER.encode(_narrow(msgspec.to_builtins(record))))


def _narrow(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _narrow(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_narrow(item) for item in value]
    if isinstance(value, int):
        return max(-_WIDEST, min(value, _WIDEST))
    return value

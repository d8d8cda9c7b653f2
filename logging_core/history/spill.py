"""A temporary file of compressed records and problems that would not fit into memory."""

from __future__ import annotations

import math
import os
import pickle
import tempfile
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import IO, Any, NamedTuple, TypeAlias

import msgspec

from logging_core.anomalies import Anomaly
from logging_core.errors import HistoryError
from logging_core.records import (
    AuditEvent,
    FrameRef,
    InstanceGone,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
    Problem,
    Record,
)

Entry: TypeAlias = Record | Problem | Anomaly
"""What can be stored. A `Record`, but not an `InstanceSeen`."""

_KINDS = (
    Message,
    AuditEvent,
    LifecycleEvent,
    OrchestratorEvent,
    Metadata,
    FrameRef,
    InstanceGone,
    Problem,
    Anomaly,
)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_DECODERS: list[msgspec.msgpack.Decoder[Any]] = [msgspec.msgpack.Decoder(kind) for kind in _KINDS]
_PAGE = msgspec.msgpack.Decoder(tuple[bytes, list[tuple[int, msgspec.Raw]]])
_ENCODER = msgspec.msgpack.Encoder()
_WIDEST = (1 << 63) - 1


class Place(NamedTuple):
    """The location and size of a piece of data in the file, as compressed."""

    offset: int
    size: int


class Page(NamedTuple):
    """Entries that are compressed together, in order of the times from which they count.

    Attributes:
        place: Where they are stored.
        first_s: The first of these times.
        last_s: The last one.
        known_s: The first that is not minus infinity; infinity if all are.
    """

    place: Place
    first_s: float
    last_s: float
    known_s: float


class Unpacked(NamedTuple):
    """What is in a page, of which only what is wanted is decoded.

    Attributes:
        times: The time from which each entry counts, ascending.
        packed: The entries, each with the number of its kind.
    """

    times: array[float]
    packed: list[tuple[int, msgspec.Raw]]

    def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """Return some of the entries."""
        return [_DECODERS[kind].decode(raw) for kind, raw in self.packed[start:stop]]


class Spill:
    """An unnamed temporary file, deleted when closed. One thread writes, any may read.

    Another process that has it open may write instead, and hand over what it knows of it.

    Args:
        file: The file, if it was made by another process; `None`: a new one.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        if file is None:
            file = tempfile.TemporaryFile(prefix="madrox-")  # noqa: SIM115 - closed by `close`
        self._file = file
        self._end = 0

    def put(self, data: bytes) -> Place:
        """Write some bytes; return where they are.

        Raises:
            OSError: They cannot be written.
        """
        packed = zlib.compress(data, 1)
        place = Place(self._end, len(packed))
        self._write(packed)
        self._end += len(packed)
        return place

    def get(self, place: Place) -> bytes:
        """Read what `put` wrote.

        Raises:
            HistoryError: The file is closed.
        """
        if self.closed:
            raise HistoryError("the history is closed: its messages can no longer be read")
        return zlib.decompress(os.pread(self._file.fileno(), place.size, place.offset))

    def put_entries(self, timed: Sequence[tuple[float, Entry]]) -> Page:
        """Write entries, at least one, each with the time from which it counts, ascending."""
        times = array("d", [at_s for at_s, _ in timed])
        packed = [(_NUMBERS[type(record)], _pack(record)) for _, record in timed]
        place = self.put(_ENCODER.encode((times.tobytes(), packed)))
        known = bisect_right(times, -math.inf)
        known_s = times[known] if known < len(times) else math.inf
        return Page(place, times[0], times[-1], known_s)

    def read(self, page: Page) -> Unpacked:
        """Read what `put_entries` wrote.

        Raises:
            HistoryError: The file is closed.
        """
        data, packed = _PAGE.decode(self.get(page.place))
        times = array("d")
        times.frombytes(data)
        return Unpacked(times, packed)

    def hand_over(self, known: object) -> int:
        """Write an object, after all else, for `take_over` in another process.

        Returns:
            Where it is.

        Raises:
            OSError: It cannot be written.
        """
        self._write(pickle.dumps(known, pickle.HIGHEST_PROTOCOL))
        return self._end

    def take_over(self, end: int) -> Any:
        """Return what another process of ours handed over at `end`, and write there from now on.

        Raises:
            OSError: It cannot be read.
            pickle.UnpicklingError: It is damaged.
        """
        with open(self._file.fileno(), "rb", closefd=False) as file:
            file.seek(end)
            known = pickle.load(file)  # noqa: S301 - our own process pickled it
        self.cut(end)
        return known

    @property
    def file(self) -> IO[bytes]:
        """The file itself, for another process to write to."""
        return self._file

    @property
    def closed(self) -> bool:
        """Whether the file was deleted."""
        return self._file.closed

    @property
    def end(self) -> int:
        """The size of the file in bytes."""
        return self._end

    def cut(self, end: int) -> None:
        """Truncate the file to `end` bytes; what was after that must not be read any more."""
        self._end = end
        os.ftruncate(self._file.fileno(), end)

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        """Write bytes after all else, which do not count before the end is moved."""
        written = 0
        while written < len(data):
            written += os.pwrite(self._file.fileno(), data[written:], self._end + written)


def _pack(record: Entry) -> msgspec.Raw:
    try:
        return msgspec.Raw(_ENCODER.encode(record))
    except OverflowError:  # an integer beyond 64 bits, which no sum counts anyway
        return msgspec.Raw(_ENCODER.encode(_narrow(msgspec.to_builtins(record))))


def _narrow(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _narrow(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_narrow(item) for item in value]
    if isinstance(value, int):
        return max(-_WIDEST, min(value, _WIDEST))
    return value

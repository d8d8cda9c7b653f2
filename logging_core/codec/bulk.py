"""Many lines of an audit file at once: the exchanges, which are nearly all of them, in C.

Whatever is not a plain exchange is given back as it stands in the file, to be decoded singly by
`decode_audit`. What is decoded here has the values that `decode_audit` would have found, so the
two ways can be mixed, and a sum never depends on which one a line took. But two things would
cost too much to look for: an exchange counts even if a field that is passed over is nested more
deeply than the exact decoder goes, and of more than six digits of a second the sixth is rounded.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from logging_core.codec.lenient import MAX_MEASURE, MAX_TOKENS
from logging_core.codec.times import LATEST_S
from logging_core.event_types import EXCHANGE
from logging_core.exchanges import UNKNOWN, Exchanges

MAX_BYTES = 256 << 10
"""A chunk should be no longer: other threads wait while one is decoded."""

_Number = Annotated[float, msgspec.Meta(ge=0, le=MAX_MEASURE)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=int(MAX_TOKENS))]


class _Details(msgspec.Struct, frozen=True, gc=False):
    """Numbers that are believed as they are; a detail that means an error is not for here."""

    message_id: str | None = None
    tokens: _Count | None = None
    cost: _Number | None = None
    response_time_seconds: _Number | None = None
    error: None = None
    failure_reason: None = None


class _Line(msgspec.Struct, frozen=True, gc=False):
    """Any audit event; what it is made of counts only if it is an exchange."""

    timestamp: datetime | None = None
    instance_id: str | None = None
    details: _Details = _Details()
    event_type: str = ""
    level: Literal["INFO"] = "INFO"


class Decoded(NamedTuple):
    """What a chunk holds.

    Attributes:
        exchanges: The plain exchanges, in file order.
        rest: All other lines in file order: the offset in the chunk, and the line without its
            newline.
        times: Of all lines in file order, in seconds since the epoch; `None` for each of the rest.
    """

    exchanges: Exchanges
    rest: list[tuple[int, bytes]]
    times: list[float | None]


_DECODER = msgspec.json.Decoder(_Line)


def decode_exchanges(chunk: bytes) -> Decoded:
    """Decode whole lines, each with its newline; never raises."""
    if _is_tame(chunk):
        with suppress(msgspec.DecodeError, RecursionError, _TimeError):
            lines = _DECODER.decode_lines(chunk)
            if len(lines) == chunk.count(b"\n"):  # not two on one line, nor one on two
                return _sorted_out(chunk, lines)
    return _decode_singly(chunk)


def _sorted_out(chunk: bytes, lines: Sequence[_Line]) -> Decoded:
    others = [x for x in lines if x.event_type != EXCHANGE]
    if not others:
        exchanges = _columns(lines)
        return Decoded(exchanges, [], [*exchanges.times])
    if not all(x.event_type for x in others):  # what they could be found by
        return _decode_singly(chunk)
    exchanges = _columns([x for x in lines if x.event_type == EXCHANGE])
    times = iter(exchanges.times)
    all_times = [next(times) if x.event_type == EXCHANGE else None for x in lines]
    return Decoded(exchanges, [*_find(chunk, others)], all_times)


def _columns(lines: Sequence[_Line]) -> Exchanges:
    """Exchanges by column: an object for each of them would soon be too many for a cache."""
    details = [x.details for x in lines]
    names: dict[str | None, str | None] = {}  # each kept once
    return Exchanges(
        [names.setdefault(x.instance_id, x.instance_id) for x in lines],
        [x.message_id for x in details],
        array("d", _moments([x.timestamp for x in lines])),
        _as_array("q", [x.tokens for x in details]),
        _as_array("d", [x.cost for x in details]),
        _as_array("d", [x.response_time_seconds for x in details]),
    )


def _as_array(kind: str, values: Sequence[Any]) -> array[Any]:
    try:
        return array(kind, values)  # quicker than to look for a `None` first
    except TypeError:
        return array(kind, [UNKNOWN if value is None else value for value in values])


def _moments(times: Sequence[Any]) -> list[float]:
    """Seconds since the epoch of what should be times; `_TimeError` if one cannot be."""
    try:
        moments = [*map(datetime.timestamp, times)]
    except (TypeError, ValueError, OverflowError, OSError):
        raise _TimeError from None
    if moments and not (min(moments) >= 0 and max(moments) <= LATEST_S):
        raise _TimeError
    return moments


class _TimeError(Exception):
    """A line has no time that can be shown."""


def _is_tame(data: bytes) -> bool:
    """Whether no text in it can need the sanitiser; raw controls are no valid JSON."""
    return data.isascii() and b"\\" not in data and b"\x7f" not in data


def _find(chunk: bytes, others: Sequence[_Line]) -> Iterator[tuple[int, bytes]]:
    """The lines that `others` were decoded from.

    Splitting a chunk takes as long as decoding a third of it, so a line is found by its type.
    Exchanges that mention it are passed over.
    """
    start = 0
    for other in others:
        mark = f'"{other.event_type}"'.encode()
        while True:
            at = chunk.index(mark, start)
            begin, end = chunk.rfind(b"\n", 0, at) + 1, chunk.index(b"\n", at)
            line, start = chunk[begin:end], end + 1
            if _DECODER.decode(line).event_type != EXCHANGE:
                yield begin, line
                break


def _decode_singly(chunk: bytes) -> Decoded:
    exchanges = Exchanges()
    rest: list[tuple[int, bytes]] = []
    times: list[float | None] = []
    offset = 0
    for line in chunk.removesuffix(b"\n").split(b"\n"):
        found = _decode_one(line)
        if found is None:
            rest.append((offset, line))
            times.append(None)
        else:
            exchanges.extend(found)
            times += found.times
        offset += len(line) + 1
    return Decoded(exchanges, rest, times)


def _decode_one(line: bytes) -> Exchanges | None:
    if _is_tame(line):
        with suppress(msgspec.DecodeError, RecursionError, _TimeError):
            decoded = _DECODER.decode(line)
            if decoded.event_type == EXCHANGE:
                return _columns([decoded])
    return None

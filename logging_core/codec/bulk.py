"""Many lines of an audit file at once: the exchanges, which are nearly all of them, in C.

Whatever is not a plain exchange is given back as it stands in the file, to be decoded singly by
`decode_audit`. What is decoded here has the values that `decode_audit` would have found, so the
two ways can be mixed, and a sum never depends on which one a line took. But one thing would cost
too much to look for: an exchange counts even if a field that is passed over is nested more deeply
than the exact decoder goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Annotated, Literal, NamedTuple

import msgspec

from logging_core.codec.lenient import MOST, MOST_TOKENS
from logging_core.codec.times import parse_time
from logging_core.records import Exchange, ExchangeDetails

MOST_BYTES = 256 << 10
"""A chunk should be no longer: other threads wait while one is decoded."""

_EXCHANGE = "message_exchange"
_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_SHAPE = b"0000-00-00T00:00:00.000000"
_SHAPES = {len(shape): shape for shape in (_SHAPE[:19], _SHAPE[:23], _SHAPE)}

_Number = Annotated[float, msgspec.Meta(ge=0, le=MOST)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=int(MOST_TOKENS))]


class _Details(ExchangeDetails, frozen=True, gc=False):
    """Numbers that are believed as they are; a detail that means an error is not for here."""

    tokens: _Count | None = None
    cost: _Number | None = None
    response_time_seconds: _Number | None = None
    error: None = None
    failure_reason: None = None


class _Line(Exchange, frozen=True, gc=False):
    """Any audit event; what it is made of counts only if it is an exchange."""

    details: _Details = _Details()
    event_type: str = ""
    level: Literal["INFO"] = "INFO"


class Decoded(NamedTuple):
    """What a chunk holds.

    Attributes:
        exchanges: The plain exchanges, in file order.
        rest: All other lines in file order: the offset in the chunk, and the line without its
            newline.
        timestamps: Of all lines in file order, as they stand there; `None` for each of the rest.
    """

    exchanges: list[Exchange]
    rest: list[tuple[int, bytes]]
    timestamps: list[str | None]


_DECODER = msgspec.json.Decoder(_Line)


def decode_exchanges(chunk: bytes) -> Decoded:
    """Decode whole lines, each with its newline; never raises."""
    if _is_tame(chunk):
        with suppress(msgspec.DecodeError, RecursionError):
            lines = _DECODER.decode_lines(chunk)
            if len(lines) != chunk.count(b"\n"):  # two on one line, or one on two
                return _decode_singly(chunk)
            exchanges: list[Exchange] = [x for x in lines if x.event_type == _EXCHANGE]
            others = [x for x in lines if x.event_type != _EXCHANGE]
            if _are_times([x.timestamp for x in exchanges]) and all(x.timestamp for x in others):
                return Decoded(exchanges, [*_find(chunk, others)], _timestamps(lines, others))
    return _decode_singly(chunk)


def _timestamps(lines: Sequence[_Line], others: Sequence[_Line]) -> list[str | None]:
    if not others:
        return [x.timestamp for x in lines]
    return [x.timestamp if x.event_type == _EXCHANGE else None for x in lines]


def _is_tame(data: bytes) -> bool:
    """Whether no text in it can need the sanitiser; raw controls are no valid JSON."""
    return data.isascii() and b"\\" not in data and b"\x7f" not in data


def _are_times(texts: Sequence[str]) -> bool:
    """Whether all are moments without an offset, and written in one of the usual shapes."""
    if not texts:
        return True
    size = len(texts[0])
    joined = "".join(texts).encode()
    if size not in _SHAPES or joined.translate(_DIGITS) != _SHAPES[size] * len(texts):
        sizes = set(map(len, texts))
        if len(sizes) == 1 or not sizes <= _SHAPES.keys():
            return False
        return all(_are_times([text for text in texts if len(text) == n]) for n in sizes)
    if joined[14::size].strip(b"012345") or joined[17::size].strip(b"012345"):
        return False  # a minute or a second beyond 59
    first, last = min(texts), max(texts)
    days = {first[:10]} if first[:10] == last[:10] else {text[:10] for text in texts}
    hours = {last[11:13]} if len(days) == 1 else {text[11:13] for text in texts}
    if max(hours) > "23" or first < "1970-01-03" or last >= "9999":
        return False
    return all(parse_time(day) is not None for day in days)


def _find(chunk: bytes, others: Sequence[Exchange]) -> Iterator[tuple[int, bytes]]:
    """The lines that `others` were decoded from.

    Splitting a chunk takes as long as decoding a third of it, so a line is found by its
    timestamp. Exchanges of the same moment are passed over.
    """
    start = 0
    for other in others:
        mark = f'"{other.timestamp}"'.encode()
        while True:
            at = chunk.index(mark, start)
            begin, end = chunk.rfind(b"\n", 0, at) + 1, chunk.index(b"\n", at)
            line, start = chunk[begin:end], end + 1
            if _DECODER.decode(line).event_type != _EXCHANGE:
                yield begin, line
                break


def _decode_singly(chunk: bytes) -> Decoded:
    exchanges: list[Exchange] = []
    rest: list[tuple[int, bytes]] = []
    timestamps: list[str | None] = []
    offset = 0
    for line in chunk.removesuffix(b"\n").split(b"\n"):
        exchange = _decode_one(line)
        timestamps.append(None if exchange is None else exchange.timestamp)
        if exchange is None:
            rest.append((offset, line))
        else:
            exchanges.append(exchange)
        offset += len(line) + 1
    return Decoded(exchanges, rest, timestamps)


def _decode_one(line: bytes) -> Exchange | None:
    if _is_tame(line):
        with suppress(msgspec.DecodeError, RecursionError):
            decoded = _DECODER.decode(line)
            if decoded.event_type == _EXCHANGE and _are_times([decoded.timestamp]):
                return decoded
    return None

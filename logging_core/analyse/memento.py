"""A fleet model in a file, and back: exact, compact, and safe to read whoever wrote it.

Only the types listed here are made, and none of their code runs. What was written by another
version of these classes is not read: the list of their fields is part of the form.

A value is taken apart into tokens, each followed by those of its parts; see `tokens` for how these
are written.
"""

from __future__ import annotations

import math
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from sys import intern
from types import GenericAlias
from typing import IO, Any

import msgspec
from fastdigest import TDigest
from msgspec.structs import force_setattr

from logging_core.analyse.counts import Counts
from logging_core.analyse.errors import Reports
from logging_core.analyse.evidence import Evidence, Kind, Proof
from logging_core.analyse.facts import Activity, Creation, Identity, PaneChange, Sayings
from logging_core.analyse.happened import Happened
from logging_core.analyse.hours import Hours
from logging_core.analyse.instance import Instance
from logging_core.analyse.latency import LatencySketch
from logging_core.analyse.lives import Lives
from logging_core.analyse.moments import Moments
from logging_core.analyse.problems import AnomalyTally, ProblemTally
from logging_core.analyse.recent import Recent
from logging_core.analyse.requests import Ends, Requests
from logging_core.analyse.rows import Rows
from logging_core.analyse.series import Day, Series, Track
from logging_core.analyse.state import (
    AnomalyCount,
    FileAnomalies,
    OpenRequest,
    ProblemCount,
    TimelineEvent,
)
from logging_core.analyse.summary import Summary, Tally
from logging_core.analyse.timeline import Timeline
from logging_core.analyse.tokens import TOKEN, Frames, read_tokens
from logging_core.anomalies import Anomaly
from logging_core.records import FrameRef, Message, Problem

_VERSION = 9
_TOGETHER = 256  # records in one token
_OBJECTS: tuple[type, ...] = (
    Activity,
    Counts,
    Creation,
    Day,
    Ends,
    Evidence,
    Happened,
    Hours,
    Identity,
    Instance,
    LatencySketch,
    Lives,
    Moments,
    AnomalyTally,
    PaneChange,
    ProblemTally,
    Recent,
    Reports,
    Requests,
    Rows,
    Sayings,
    Series,
    Summary,
    Tally,
    Timeline,
    Track,
)
_STRUCTS: tuple[type[msgspec.Struct], ...] = (
    FrameRef,
    Message,
    FileAnomalies,
    Anomaly,
    AnomalyCount,
    OpenRequest,
    Problem,
    ProblemCount,
    TimelineEvent,
)
_MADE_ANEW: dict[type, dict[str, Callable[[], Any]]] = {
    Instance: {"_frozen": lambda: None, "_fresh": lambda: (math.inf, -math.inf)},
    Day: {"_hours": lambda: None},
    Tally: {"_usage": lambda: None},
}
_SHARED: dict[type, tuple[str, ...]] = {
    Message: ("instance_id", "event_type", "direction", "message_type"),
    TimelineEvent: ("instance_id",),
}
"""Texts that are the same in many records, and so are kept once."""

_LISTS = [GenericAlias(list, (struct,)) for struct in _STRUCTS]
_SIMPLE = frozenset({type(None), bool, float, str, bytes})
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1

# What stands first in the list that is the token of a value other than a simple one.
_BIG, _LIST, _TUPLE, _DICT, _SET, _DEQUE, _ARRAY = range(7)
_DIGEST, _KIND, _PROOF, _STRUCT, _RECORDS, _OBJECT, _SIMPLE_LIST, _SIMPLE_DICT = range(7, 15)


def _fields(kind: type) -> list[str]:
    """The fields of a class that are written."""
    slots: tuple[str, ...] = kind.__dict__["__slots__"]
    return sorted(set(slots) - _MADE_ANEW.get(kind, {}).keys())


_FIELDS = {kind: _fields(kind) for kind in _OBJECTS}
_PLACES: dict[type, int] = {
    kind: n for kinds in (_OBJECTS, _STRUCTS) for n, kind in enumerate(kinds)
}
_FORM = zlib.crc32(
    repr(
        [
            _VERSION,
            [(kind.__name__, fields) for kind, fields in _FIELDS.items()],
            [(kind.__name__, kind.__struct_fields__) for kind in _STRUCTS],
            [(kind.name, kind.value) for kind in Kind],
        ]
    ).encode()
)


def dump(value: object, file: IO[bytes]) -> None:
    """Write `value`, made of the types listed above, of containers and of numbers and texts.

    Raises:
        TypeError: Something in it is of another type.
        OSError: It cannot be written.
    """
    frames = Frames(file, _FORM)
    _pack(value, frames)
    frames.end()


def load(file: IO[bytes]) -> Any:
    """What `dump` was given; the file ends with it.

    Raises:
        ValueError: It is no such thing, damaged, or of another version.
        OSError: It cannot be read.
    """
    tokens = read_tokens(file, _FORM)
    try:
        value = _unpack(tokens)
        if next(tokens, file) is not file:
            raise ValueError("more than a fleet model")
    except (
        msgspec.MsgspecError,
        LookupError,
        TypeError,
        AttributeError,
        StopIteration,
        RecursionError,
    ) as error:
        raise ValueError("not a fleet model") from error
    return value


def _pack(value: Any, frames: Frames) -> None:
    kind = type(value)
    if kind in _SIMPLE:
        frames.add(value)
    elif kind is int:
        frames.add(value if _SMALLEST <= value <= _LARGEST else [_BIG, hex(value)])
    elif kind in _FIELDS:
        frames.add([_OBJECT, _PLACES[kind]])
        for name in _FIELDS[kind]:
            _pack(getattr(value, name), frames)
    elif (struct := _struct_of(kind)) is not None:
        data = msgspec.msgpack.encode(value)
        frames.add([_STRUCT, _PLACES[struct], data], len(data))
    elif kind in _PACKERS:
        _PACKERS[kind](value, frames)
    else:
        raise TypeError(f"a {kind.__name__} cannot be written")


def _pack_all(values: Collection[Any], frames: Frames, token: list[Any]) -> None:
    frames.add([*token, len(values)])
    for value in values:
        _pack(value, frames)


def _struct_of(kind: type) -> type[msgspec.Struct] | None:
    """Which of the structs a type is; one with more fields is read again without them."""
    return next((struct for struct in _STRUCTS if issubclass(kind, struct)), None)


def _is_simple(values: Collection[Any]) -> bool:
    """Whether values can be written as they are."""
    kinds = set(map(type, values))
    if int in kinds:
        whole = [value for value in values if type(value) is int]
        return kinds - {int} <= _SIMPLE and min(whole) >= _SMALLEST and max(whole) <= _LARGEST
    return kinds <= _SIMPLE


def _pack_list(value: list[Any], frames: Frames) -> None:
    structs = {_struct_of(kind) for kind in set(map(type, value))}
    struct = structs.pop() if len(structs) == 1 else None
    if _is_simple(value):
        frames.add([_SIMPLE_LIST, value], TOKEN * len(value))
    elif struct is not None:
        frames.add([_RECORDS, _PLACES[struct], -(-len(value) // _TOGETHER)])
        for start in range(0, len(value), _TOGETHER):
            data = msgspec.msgpack.encode(value[start : start + _TOGETHER])
            frames.add(data, len(data))
    else:
        _pack_all(value, frames, [_LIST])


def _pack_dict(value: dict[Any, Any], frames: Frames) -> None:
    if set(map(type, value)) <= {str, int} and _is_simple(value) and _is_simple(value.values()):
        frames.add([_SIMPLE_DICT, value], 2 * TOKEN * len(value))
    else:
        _pack_all([*chain.from_iterable(value.items())], frames, [_DICT])


def _pack_array(value: array[Any], frames: Frames) -> None:
    data = value.tobytes()
    frames.add([_ARRAY, value.typecode, data], len(data))


_PACKERS: dict[type, Callable[[Any, Frames], None]] = {
    list: _pack_list,
    dict: _pack_dict,
    tuple: lambda value, frames: _pack_all(value, frames, [_TUPLE]),
    set: lambda value, frames: _pack_all(sorted(value), frames, [_SET]),
    deque: lambda value, frames: _pack_all(value, frames, [_DEQUE, value.maxlen]),
    array: _pack_array,
    TDigest: lambda value, frames: frames.add([_DIGEST, value.to_bytes()]),
    Kind: lambda value, frames: frames.add([_KIND, value.value]),
    Proof: lambda value, frames: _pack_all(value, frames, [_PROOF]),
}


def _unpack(tokens: Iterator[Any]) -> Any:
    token = next(tokens)
    if type(token) is not list:
        return token
    return _UNPACKERS[token[0]](tokens, *token[1:])


def _unpack_all(tokens: Iterator[Any], count: int) -> list[Any]:
    return [_unpack(tokens) for _ in range(count)]


def _unpack_dict(tokens: Iterator[Any], count: int) -> dict[Any, Any]:
    return {_unpack(tokens): _unpack(tokens) for _ in range(count // 2)}


def _unpack_records(tokens: Iterator[Any], place: int, count: int) -> list[Any]:
    kind, shared = _LISTS[place], _SHARED.get(_STRUCTS[place], ())
    records: list[Any] = []
    for _ in range(count):
        records += msgspec.msgpack.decode(next(tokens), type=kind)
    for record in records:
        for name in shared:
            text = getattr(record, name)
            if text is not None:
                force_setattr(record, name, intern(text))
    return records


def _make(tokens: Iterator[Any], place: int) -> Any:
    kind = _OBJECTS[place]
    made: Any = object.__new__(kind)
    for name in _FIELDS[kind]:
        setattr(made, name, _unpack(tokens))
    for name, anew in _MADE_ANEW.get(kind, {}).items():
        setattr(made, name, anew())
    return made


_UNPACKERS: dict[int, Callable[..., Any]] = {
    _BIG: lambda _, text: int(text, 16),
    _LIST: _unpack_all,
    _TUPLE: lambda tokens, count: tuple(_unpack_all(tokens, count)),
    _DICT: _unpack_dict,
    _SET: lambda tokens, count: set(_unpack_all(tokens, count)),
    _DEQUE: lambda tokens, most, count: deque(_unpack_all(tokens, count), most),
    _ARRAY: lambda _, kind, data: array(kind, data),
    _DIGEST: lambda _, data: TDigest.from_bytes(data),
    _KIND: lambda _, number: Kind(number),
    _PROOF: lambda tokens, count: Proof(*_unpack_all(tokens, count)),
    _STRUCT: lambda _, place, data: msgspec.msgpack.decode(data, type=_STRUCTS[place]),
    _RECORDS: _unpack_records,
    _OBJECT: _make,
    _SIMPLE_LIST: lambda _, values: values,
    _SIMPLE_DICT: lambda _, values: values,
}

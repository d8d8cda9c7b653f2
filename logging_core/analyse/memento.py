"""A fleet model as bytes, and back: exact, compact, and safe to read whoever wrote them.

Only the types listed here are made, and none of their code runs. What was written by another
version of these classes is not read: the list of their fields is part of the form.
"""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from collections import deque
from collections.abc import Callable, Collection
from types import GenericAlias
from typing import Any

import msgspec
from fastdigest import TDigest

from logging_core.analyse.evidence import Evidence, Kind, Proof
from logging_core.analyse.facts import Activity, Creation, Identity, PaneChange
from logging_core.analyse.groups import Counts
from logging_core.analyse.instance import Instance
from logging_core.analyse.latency import LatencySketch
from logging_core.analyse.problems import OddityTally, ProblemTally
from logging_core.analyse.recent import Recent
from logging_core.analyse.requests import Requests
from logging_core.analyse.rows import Rows
from logging_core.analyse.series import Day, Minutes, Series, Track
from logging_core.analyse.state import (
    OddFile,
    OddityCount,
    OpenRequest,
    ProblemCount,
    TimelineEvent,
)
from logging_core.analyse.summary import Summary, Tally
from logging_core.analyse.timeline import Timeline
from logging_core.records import Exchange, FrameRef, Message, Oddity, Problem

_VERSION = 2
_OBJECTS: tuple[type, ...] = (
    Activity,
    Counts,
    Creation,
    Day,
    Evidence,
    Identity,
    Instance,
    LatencySketch,
    OddityTally,
    PaneChange,
    ProblemTally,
    Recent,
    Requests,
    Rows,
    Series,
    Summary,
    Tally,
    Timeline,
    Track,
)
_STRUCTS: tuple[type[msgspec.Struct], ...] = (
    Exchange,
    FrameRef,
    Message,
    OddFile,
    Oddity,
    OddityCount,
    OpenRequest,
    Problem,
    ProblemCount,
    TimelineEvent,
)
_MADE_ANEW: dict[type, dict[str, Callable[[], Any]]] = {
    Instance: {"_frozen": lambda: None, "_fresh": lambda: (math.inf, -math.inf)},
    Day: {"_hours": lambda: None},
    Series: {"_starts": Minutes},
}
_LISTS = [GenericAlias(list, (struct,)) for struct in _STRUCTS]
_SIMPLE = frozenset({type(None), bool, float, str, bytes})
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1

# What stands first in the list that a value other than a simple one is written as.
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
_HEAD = struct.Struct(">II")  # the form, and a checksum of what follows
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


def dump(value: object) -> bytes:
    """`value`, made of the types listed above, of containers and of numbers and texts.

    Raises:
        TypeError: Something in it is of another type.
    """
    body = msgspec.msgpack.encode(_pack(value))
    return _HEAD.pack(_FORM, zlib.crc32(body)) + body


def load(data: bytes) -> Any:
    """What `dump` was given.

    Raises:
        ValueError: It is no such thing, damaged, or of another version.
    """
    try:
        body = memoryview(data)[_HEAD.size :]
        if _HEAD.unpack_from(data) != (_FORM, zlib.crc32(body)):
            raise ValueError("damaged, or of another version")
        return _unpack(msgspec.msgpack.decode(body))
    except (struct.error, msgspec.MsgspecError, LookupError, TypeError, AttributeError) as error:
        raise ValueError("not a fleet model") from error


def _pack(value: Any) -> Any:
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is int:
        return value if _SMALLEST <= value <= _LARGEST else [_BIG, hex(value)]
    if kind in _FIELDS:
        return [_OBJECT, _PLACES[kind], [_pack(getattr(value, name)) for name in _FIELDS[kind]]]
    struct = _struct_of(kind)
    if struct is not None:
        return [_STRUCT, _PLACES[struct], msgspec.msgpack.encode(value)]
    if kind not in _PACKERS:
        raise TypeError(f"a {kind.__name__} cannot be written")
    return _PACKERS[kind](value)


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


def _pack_list(value: list[Any]) -> list[Any]:
    kinds = set(map(type, value))
    if _is_simple(value):
        return [_SIMPLE_LIST, value]
    structs = {_struct_of(kind) for kind in kinds}
    if len(structs) == 1 and (struct := structs.pop()) is not None:
        return [_RECORDS, _PLACES[struct], msgspec.msgpack.encode(value)]
    return [_LIST, [*map(_pack, value)]]


def _pack_dict(value: dict[Any, Any]) -> list[Any]:
    if set(map(type, value)) <= {str, int} and _is_simple(value) and _is_simple(value.values()):
        return [_SIMPLE_DICT, value]
    return [_DICT, [*map(_pack, value)], [*map(_pack, value.values())]]


_PACKERS: dict[type, Callable[[Any], list[Any]]] = {
    list: _pack_list,
    dict: _pack_dict,
    tuple: lambda value: [_TUPLE, [*map(_pack, value)]],
    set: lambda value: [_SET, [*map(_pack, sorted(value))]],
    deque: lambda value: [_DEQUE, value.maxlen, [*map(_pack, value)]],
    array: lambda value: [_ARRAY, value.typecode, value.tobytes()],
    TDigest: lambda value: [_DIGEST, value.to_bytes()],
    Kind: lambda value: [_KIND, value.value],
    Proof: lambda value: [_PROOF, [*map(_pack, value)]],
}


def _unpack(value: Any) -> Any:
    if type(value) is not list:
        return value
    return _UNPACKERS[value[0]](*value[1:])


def _unpack_all(values: list[Any]) -> list[Any]:
    return [*map(_unpack, values)]


def _make(place: int, values: list[Any]) -> Any:
    kind = _OBJECTS[place]
    made: Any = object.__new__(kind)
    for name, value in zip(_FIELDS[kind], values, strict=True):
        setattr(made, name, _unpack(value))
    for name, anew in _MADE_ANEW.get(kind, {}).items():
        setattr(made, name, anew())
    return made


_UNPACKERS: dict[int, Callable[..., Any]] = {
    _BIG: lambda text: int(text, 16),
    _LIST: _unpack_all,
    _TUPLE: lambda values: tuple(_unpack_all(values)),
    _DICT: lambda keys, values: dict(zip(_unpack_all(keys), _unpack_all(values), strict=True)),
    _SET: lambda values: set(_unpack_all(values)),
    _DEQUE: lambda most, values: deque(_unpack_all(values), most),
    _ARRAY: array,
    _DIGEST: TDigest.from_bytes,
    _KIND: Kind,
    _PROOF: lambda values: Proof(*_unpack_all(values)),
    _STRUCT: lambda place, data: msgspec.msgpack.decode(data, type=_STRUCTS[place]),
    _RECORDS: lambda place, data: msgspec.msgpack.decode(data, type=_LISTS[place]),
    _OBJECT: _make,
    _SIMPLE_LIST: lambda values: values,
    _SIMPLE_DICT: lambda values: values,
}

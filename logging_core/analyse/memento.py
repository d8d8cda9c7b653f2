"""A fleet model or its sums in a file, and back: exact, compact, and safe to read whoever wrote it.

Only the types listed in `forms` are made, and none of their code runs. What was written by another
version of these classes is not read: the list of their fields is part of the form.

A value is taken apart into tokens, each followed by those of its parts; see `tokens` for how these
are written.
"""

from __future__ import annotations

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

from logging_core.analyse.evidence import Proof, ProofKind
from logging_core.analyse.forms import FIELDS_OF, MADE_ANEW, MODEL, OBJECTS, PLACES, STRUCTS, SUMS
from logging_core.analyse.state import TimelineEvent
from logging_core.analyse.tokens import TOKEN, Frames, read_tokens
from logging_core.records import Message
from logging_core.text import safe_line

_TOGETHER = 256  # records in one token
_SHARED: dict[type, tuple[str, ...]] = {
    Message: ("instance_id", "event_type", "direction", "message_type"),
    TimelineEvent: ("instance_id",),
}
"""Texts that are the same in many records, and so are kept once."""

_LISTS = [GenericAlias(list, (struct,)) for struct in STRUCTS]
_SIMPLE = frozenset({type(None), bool, float, str, bytes})
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1

# What stands first in the list that is the token of a value other than a simple one.
_BIG, _LIST, _TUPLE, _DICT, _SET, _DEQUE, _ARRAY = range(7)
_DIGEST, _KIND, _PROOF, _STRUCT, _RECORDS, _OBJECT, _SIMPLE_LIST, _SIMPLE_DICT = range(7, 15)


def dump(value: object, file: IO[bytes], form: int = MODEL) -> None:
    """Write `value`, made of the types listed in `forms`, of containers and of numbers and texts.

    Args:
        value: What to write.
        file: Where to.
        form: `MODEL`, or `SUMS`.

    Raises:
        TypeError: Something in it is of another type.
        OSError: It cannot be written.
    """
    frames = Frames(file, form)
    _pack(value, frames)
    frames.end()


def load(file: IO[bytes], form: int = MODEL) -> Any:
    """What `dump` was given; the file ends with it.

    Texts of sums, whoever wrote these, are safe to show.

    Args:
        file: What to read.
        form: The form that it is of.

    Raises:
        ValueError: It is no such thing, damaged, or of another version.
        OSError: It cannot be read.
    """
    tokens = read_tokens(file, form)
    if form == SUMS:
        tokens = map(_safe, tokens)
    try:
        value = _unpack(tokens)
        if next(tokens, file) is not file:
            raise ValueError("damaged: more than one value")
    except (
        msgspec.MsgspecError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        StopIteration,
        RecursionError,
    ) as error:
        raise ValueError("damaged: not a value") from error
    return value


def _pack(value: Any, frames: Frames) -> None:
    kind = type(value)
    if kind in _SIMPLE:
        frames.add(value)
    elif kind is int:
        frames.add(value if _SMALLEST <= value <= _LARGEST else [_BIG, hex(value)])
    elif kind in FIELDS_OF:
        frames.add([_OBJECT, PLACES[kind]])
        for name in FIELDS_OF[kind]:
            _pack(getattr(value, name), frames)
    elif (struct := _struct_of(kind)) is not None:
        data = msgspec.msgpack.encode(value)
        frames.add([_STRUCT, PLACES[struct], data], len(data))
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
    return next((struct for struct in STRUCTS if issubclass(kind, struct)), None)


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
        frames.add([_RECORDS, PLACES[struct], -(-len(value) // _TOGETHER)])
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
    ProofKind: lambda value, frames: frames.add([_KIND, value.value]),
    Proof: lambda value, frames: _pack_all(value, frames, [_PROOF]),
}


def _safe(token: Any) -> Any:
    """A token with its texts safe to show."""
    if type(token) is str:
        return safe_line(token)
    if type(token) is list:
        return [_safe(inner) for inner in token]
    if type(token) is dict:
        return {_safe(key): _safe(value) for key, value in token.items()}
    return token


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
    kind, shared = _LISTS[place], _SHARED.get(STRUCTS[place], ())
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
    kind = OBJECTS[place]
    made: Any = object.__new__(kind)
    for name in FIELDS_OF[kind]:
        setattr(made, name, _unpack(tokens))
    for name, anew in MADE_ANEW.get(kind, {}).items():
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
    _KIND: lambda _, number: ProofKind(number),
    _PROOF: lambda tokens, count: Proof(*_unpack_all(tokens, count)),
    _STRUCT: lambda _, place, data: msgspec.msgpack.decode(data, type=STRUCTS[place]),
    _RECORDS: _unpack_records,
    _OBJECT: _make,
    _SIMPLE_LIST: lambda _, values: values,
    _SIMPLE_DICT: lambda _, values: values,
}

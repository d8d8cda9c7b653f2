"""Encoding of records as lines; pure, and never raises, whatever a caller logs.

The functions that end in `_record` know which keys a line has and in which order; the ones that
begin with `encode_` turn it into bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

import orjson

from logging_core.event_types import RECEIVED, SENT

CONTINUATION = "    "
"""Indents every line of an `instance.log` entry but the first."""

AUDIT_LOGGER = "orchestrator.audit"

NO_FOREIGN_CODE = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""Options with which orjson rejects what may run code of its own when it is encoded."""

_MAX_DEPTH = 64
_ORJSON_DEPTH = 254
_MAX_INT = 2**63
_ATOMS = frozenset({float, bool, type(None)})
_LISTS = (list, tuple)
_INERT = _ATOMS | {str, int}
_MEASURES = ("tokens", "cost", "response_time")
_DIRECTIONS = {SENT: "outbound", RECEIVED: "inbound"}
_BREAKS = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")
_SHOWN_CODES = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029} - {0x09, 0x0A}
_SHOWN = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _SHOWN_CODES}
_LITERALS = {True: "true", False: "false", None: "null"}


def encode_json(record: Mapping[str, Any]) -> bytes:
    r"""Encode a record as one line of strict JSON, including its newline.

    Only values that JSON cannot hold are replaced, by text: an object by its `str()`, an integer of
    more than 64 bits by its digits, a lone surrogate by its escape (`\ud800`), a cycle or too deep
    nesting by a marker. A number that is not finite becomes `null`. Control characters and Unicode
    line breaks are escaped, so that every tool sees exactly one line.
    """
    return _dump(record, orjson.OPT_APPEND_NEWLINE)


def encode_document(record: Mapping[str, Any]) -> bytes:
    """Encode like `encode_json`, but indented over several lines, for a file of one object."""
    return _dump(record, orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)


def encode_lifecycle(stamp: str, level: str, text: str) -> bytes:
    r"""Encode an entry of `instance.log`: `2025-10-03 12:30:45 - INFO - text`.

    Continuation lines of the text are indented, so a line that begins with a time is always the
    first of an entry, and no text can forge one. Control characters are escaped (`\x1b`), so the
    file is safe to view in a terminal.
    """
    entry = f"{stamp[:10]} {stamp[11:19]} - {level} - {text}"
    if not entry.isprintable():
        entry = entry.replace("\r\n", "\n").translate(_SHOWN).replace("\n", f"\n{CONTINUATION}")
    return f"{entry}\n".encode("utf-8", "backslashreplace")


def audit_record(
    stamp: str,
    event_type: object,
    instance_id: object,
    details: object,
    *,
    level: str = "INFO",
    event: str | None = None,
    logger: str = AUDIT_LOGGER,
) -> dict[str, Any]:
    """Return the fields of an audit line.

    `details` are an object in any case: `None` becomes `{}`, any mapping a dict, and anything else
    the `value` of one.
    """
    return {
        "timestamp": stamp,
        "level": level,
        "event": event_type if event is None else event,
        "logger": logger,
        "event_type": event_type,
        "instance_id": instance_id,
        "details": _as_object(details),
    }


def audit_frame(event_type: str, instance_id: str | None) -> bytes:
    r"""Return what is between timestamp and details in all audit lines of one type and instance.

    The line is `b'{"timestamp":"' + stamp + audit_frame(...) + details + b"}\n"`, with the stamp
    and the JSON of the details as bytes.
    """
    line = encode_json(audit_record("", event_type, instance_id, None))
    return line.removeprefix(b'{"timestamp":"').removesuffix(b"{}}\n")


def message_record(stamp: str, event_type: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a line of `communication.jsonl`.

    Args:
        stamp: The timestamp.
        event_type: `message_sent`, `message_received` or `communication`.
        fields: `message_id`, `content` and `direction` (by default that of the event type);
            `tokens`, `cost` and `response_time`, which a reply always has, as `null` if unknown;
            `message_type` and `parent_id`. Others are kept at the end. An `event_type` in it is
            ignored.
    """
    record: dict[str, Any] = {
        "timestamp": stamp,
        "event_type": event_type,
        "message_id": fields.get("message_id"),
        "direction": fields.get("direction", _DIRECTIONS.get(event_type)),
        "content": fields.get("content"),
    }
    for key in _MEASURES:
        if key in fields or event_type == RECEIVED:
            record[key] = fields.get(key)
    for key in ("message_type", "parent_id"):
        if key in fields:
            record[key] = fields[key]
    others = {k: v for k, v in fields.items() if k not in record or k == "timestamp"}
    return with_extra(record, others)


def with_extra(
    record: dict[str, Any], extra: Mapping[str, Any], reserved: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Add a caller's fields to a record, which is modified in place and returned.

    A name that the record already has, or that is in `reserved`, is prefixed with `extra_`: a field
    of the format always means what the format says.
    """
    for key, value in extra.items():
        name = key
        while name in record or name in reserved:
            name = f"extra_{name}"
        record[name] = value
    return record


def text_of(value: object) -> str:
    """Return `str(value)`, encodable as UTF-8; if that fails, its type, as `<type>`."""
    text = attempt(lambda: str(value))
    return f"<{type(value).__name__}>" if text is None else text


def items_of(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Return the items of a list or tuple as they are now, past an `__iter__` of its own class."""
    return list.copy(value) if isinstance(value, list) else list(tuple.__iter__(value))


def holds_enum(value: Any, depth: int = _ORJSON_DEPTH) -> bool:
    """Return whether orjson would run foreign code for a value, which no option prevents.

    It asks each enum for its `value`, and crashes if that raises. Also true if it cannot be told: a
    value is nested too deeply, or another thread changes it.
    """
    kind = type(value)
    if issubclass(kind, dict):
        view: Any = dict.values(value)
    elif issubclass(kind, _LISTS):
        view = items_of(value)
    else:
        return issubclass(kind, Enum)
    try:
        odd = [item for item in view if type(item) not in _INERT]
    except RuntimeError:
        return True
    return bool(odd) and any(not depth or holds_enum(item, depth - 1) for item in odd)


def attempt(make: Callable[[], str]) -> str | None:
    """Return the text that foreign code makes (a `__str__`, say); `None` if that raises."""
    try:
        return _encodable(make())
    except Exception:  # noqa: BLE001 - it may raise anything, and logging must not fail over it
        return None


def _as_object(details: Any) -> dict[Any, Any]:
    if details is None:
        return {}
    if issubclass(type(details), Mapping):  # isinstance would run a proxy's code, which may raise
        with suppress(Exception):  # so may that of a mapping
            return details if issubclass(type(details), dict) else dict(details)
    return {"value": details}


def _dump(record: Mapping[str, Any], option: int) -> bytes:
    """Encode a record; never run foreign code while orjson reads a container of a caller's.

    Meanwhile another thread could change the container, and orjson would read freed memory.
    """
    try:
        data = b"" if holds_enum(record) else orjson.dumps(record, option=option | NO_FOREIGN_CODE)
    except TypeError:
        data = b""
    if not data:
        data = orjson.dumps(_plain(record, ()), option=option)
    return escape_breaks(data)


def escape_breaks(data: bytes) -> bytes:
    """Escape every Unicode control character and line break in JSON."""
    return data if data.isascii() else _BREAKS.sub(_escape, data)


def _escape(match: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(match[0].decode())


def _plain(value: Any, around: tuple[int, ...]) -> Any:
    """Copy `value` without what orjson rejects; `around`: ids of its containers."""
    if issubclass(type(value), Enum):
        value = _value_of(value)
    if isinstance(value, str):
        return _encodable(value)
    fields = value if isinstance(value, dict | list | tuple) else _fields_of(value)
    if fields is None:
        return _leaf(value)
    if id(value) in around:
        return "<cycle>"
    if len(around) >= _MAX_DEPTH:
        return "<nested too deeply>"
    around = (*around, id(value))
    if not isinstance(fields, dict):
        return [_plain(item, around) for item in items_of(fields)]
    plain: dict[str, Any] = {}
    for key, item in list(dict.items(fields)):  # a copy: str() below may run anything
        with_extra(plain, {_key(key): _plain(item, around)})
    return plain


def _value_of(member: Enum) -> Any:
    """Return the value of an enum's member; if that raises, or is such a member, its text."""
    with suppress(Exception):  # it may be a property of its own class
        value = member.value
        if not issubclass(type(value), Enum):
            return value
    return text_of(member)


def _fields_of(value: Any) -> dict[str, Any] | None:
    """Return the public fields of a dataclass, as orjson writes them; `None` if it is none."""
    if not is_dataclass(value) or isinstance(value, type):
        return None
    with suppress(Exception):  # a property may raise anything
        names = (field.name for field in dataclass_fields(value))
        return {name: getattr(value, name) for name in names if not name.startswith("_")}
    return None


def _leaf(value: object) -> object:
    if type(value) in _ATOMS or (type(value) is int and abs(value) < _MAX_INT):
        return value
    try:
        return orjson.Fragment(orjson.dumps(value, default=text_of))
    except TypeError:
        return text_of(value)


def _key(key: object) -> str:
    if isinstance(key, str):
        return _encodable(key)
    return _LITERALS[key] if isinstance(key, bool | None) else text_of(key)


def _encodable(text: str) -> str:
    text = str.__str__(text)  # a plain one: orjson takes no other as a key
    if text.isascii():
        return text
    return str.encode(text, "utf-8", "backslashreplace").decode()

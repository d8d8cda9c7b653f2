"""Records to lines of bytes: pure, and nothing here ever raises, whatever a caller logs.

The functions that end in `_record` know which keys a line has and in which order; the ones that
begin with `encode_` make bytes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

CONTINUATION = "    "
"""Stands before every line of an `instance.log` entry but the first."""

AUDIT_LOGGER = "orchestrator.audit"

_MAX_DEPTH = 64
_MEASURES = ("tokens", "cost", "response_time")
_DIRECTIONS = {"message_sent": "outbound", "message_received": "inbound"}
_BREAKS = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")
_SHOWN_CODES = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029} - {0x09, 0x0A}
_SHOWN = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _SHOWN_CODES}
_LITERALS = {True: "true", False: "false", None: "null"}


def encode_json(record: Mapping[str, Any]) -> bytes:
    r"""One record as one line of strict JSON, its newline included.

    Only the value that JSON cannot hold is replaced, by text: an object by its `str()`, an
    integer of more than 64 bits by its digits, a lone surrogate by its escape (`\ud800`), a cycle
    or an endless depth by a marker. A number that is not finite becomes `null`. Control
    characters and the line breaks of Unicode are escaped: to every tool it is exactly one line.
    """
    return _dump(record, orjson.OPT_APPEND_NEWLINE)


def encode_document(record: Mapping[str, Any]) -> bytes:
    """As `encode_json`, but over several indented lines, for a file that holds one object."""
    return _dump(record, orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)


def encode_lifecycle(stamp: str, level: str, text: str) -> bytes:
    r"""One entry of an `instance.log`: `2025-10-03 12:30:45 - INFO - text`.

    The text's own further lines are indented, so a line that begins with a time is always an
    entry's first, and no text can forge one. Control characters are shown (`\x1b`), so that the
    file can be looked at in a terminal.
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
    """A line of an audit file; no `details` are written as `{}`."""
    return {
        "timestamp": stamp,
        "level": level,
        "event": event_type if event is None else event,
        "logger": logger,
        "event_type": event_type,
        "instance_id": instance_id,
        "details": {} if details is None else details,
    }


def audit_frame(event_type: str, instance_id: str | None) -> bytes:
    r"""What all lines of one kind have between their timestamp and their details.

    `b'{"timestamp":"' + stamp + audit_frame(...) + details + b"}\n"` is the line, the stamp and
    the JSON of the details being bytes.
    """
    line = encode_json(audit_record("", event_type, instance_id, None))
    return line.removeprefix(b'{"timestamp":"').removesuffix(b"{}}\n")


def message_record(stamp: str, event_type: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A line of `communication.jsonl`.

    Args:
        stamp: When.
        event_type: `message_sent`, `message_received` or `communication`.
        fields: `message_id`, `content` and `direction` (by default that of the event type);
            `tokens`, `cost` and `response_time`, which a reply has in any case, as `null` if
            unknown; `message_type` and `parent_id`. Others are kept at the end. An `event_type`
            in it is taken for the one given.
    """
    record: dict[str, Any] = {
        "timestamp": stamp,
        "event_type": event_type,
        "message_id": fields.get("message_id"),
        "direction": fields.get("direction", _DIRECTIONS.get(event_type)),
        "content": fields.get("content"),
    }
    for key in _MEASURES:
        if key in fields or event_type == "message_received":
            record[key] = fields.get(key)
    for key in ("message_type", "parent_id"):
        if key in fields:
            record[key] = fields[key]
    others = {k: v for k, v in fields.items() if k not in record or k == "timestamp"}
    return with_extra(record, others)


def with_extra(
    record: dict[str, Any], extra: Mapping[str, Any], reserved: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Add a caller's fields to a record, which is changed and returned.

    A field whose name the record has already, or which is in `reserved`, gets `extra_` before its
    name: a field of ours always means what the format says.
    """
    for key, value in extra.items():
        name = key
        while name in record or name in reserved:
            name = f"extra_{name}"
        record[name] = value
    return record


def text_of(value: object) -> str:
    """`str(value)` that can be encoded; what kind of thing it is, if that fails."""
    text = attempt(lambda: str(value))
    return f"<{type(value).__name__}>" if text is None else text


def attempt(make: Callable[[], str]) -> str | None:
    """A text that other people's code makes (`__str__`, a message's arguments), or `None`."""
    try:
        return _encodable(make())
    except Exception:  # noqa: BLE001 - it may raise anything, and logging must not fail for it
        return None


def _dump(record: Mapping[str, Any], option: int) -> bytes:
    try:
        data = orjson.dumps(record, default=text_of, option=option)
    except TypeError:
        data = orjson.dumps(_plain(record, ()), option=option)
    return escape_breaks(data)


def escape_breaks(data: bytes) -> bytes:
    """JSON with every control character and line break of Unicode as an escape."""
    return data if data.isascii() else _BREAKS.sub(_escape, data)


def _escape(match: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(match[0].decode())


def _plain(value: Any, around: tuple[int, ...]) -> Any:
    """`value`, with everything that orjson refuses replaced; `around`: the containers it is in."""
    if isinstance(value, str):
        return _encodable(value)
    if not isinstance(value, dict | list | tuple):
        return _leaf(value)
    if id(value) in around:
        return "<cycle>"
    if len(around) >= _MAX_DEPTH:
        return "<nested too deeply>"
    around = (*around, id(value))
    if not isinstance(value, dict):
        return [_plain(item, around) for item in value]
    plain: dict[str, Any] = {}
    for key, item in list(dict.items(value)):  # a copy: str() below may run anything
        with_extra(plain, {_key(key): _plain(item, around)})
    return plain


def _leaf(value: object) -> object:
    try:
        return orjson.Fragment(orjson.dumps(value, default=text_of))
    except TypeError:
        return text_of(value)


def _key(key: object) -> str:
    if isinstance(key, str):
        return _encodable(key)
    return _LITERALS[key] if isinstance(key, bool | None) else text_of(key)


def _encodable(text: str) -> str:
    if text.isascii():
        return text
    return str.encode(text, "utf-8", "backslashreplace").decode()

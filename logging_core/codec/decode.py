"""Decoding of one line, or one small file, to one typed record; pure, and never raises.

Every function returns the record, or a string that says why there is none, to be shown. With
`raw=False` every string in the record has been sanitised by `logging_core.text`; with `raw=True` it
is as written.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from sys import intern
from typing import Any, TypeVar

import orjson
from msgspec.structs import replace

from logging_core.anomalies import AnomalyKind
from logging_core.codec.lenient import Fields, load_object
from logging_core.records import IDENTITY_FIELDS, AuditEvent, Message, Metadata
from logging_core.text import safe_block, safe_line

R = TypeVar("R", bound=Message | AuditEvent)


def strip_line(line: bytes, *, first: bool = False) -> bytes:
    """Strip a line's newline, the NULs that a hole in the file leaves, and a byte order mark.

    Args:
        line: As it is in the file.
        first: Whether it is the first of the file, which may begin with a byte order mark.
    """
    line = line.removesuffix(b"\n").removesuffix(b"\r").strip(b"\0")
    return line.removeprefix(codecs.BOM_UTF8) if first else line


def as_torn(record: R) -> R:
    """The record of a line that has no end."""
    return replace(record, suspect=(*record.suspect, AnomalyKind.TORN))


def decode_message(line: bytes, instance_id: str, *, raw: bool = False) -> Message | str:
    """Decode a line of the `communication.jsonl` of `instance_id`, which is safe to show."""
    loaded = load_object(line)
    if isinstance(loaded, str):
        return loaded
    fields = Fields(loaded, raw=raw)
    return Message(
        instance_id=instance_id,
        time_s=fields.time("timestamp"),
        event_type=_shared(fields.line("event_type")) or "unknown",
        direction=_shared(fields.line("direction")),
        content=fields.block("content"),
        message_id=fields.line("message_id"),
        tokens=fields.count("tokens"),
        cost_usd=fields.number("cost"),
        response_time_s=fields.number("response_time"),
        message_type=fields.line("message_type"),
        parent_id=fields.line("parent_id"),
        text=fields.block("message"),
        suspect=tuple(fields.suspect),
        extra=fields.rest(),
    )


def decode_audit(line: bytes, *, raw: bool = False) -> AuditEvent | str:
    """Decode a line of an audit file; `event` and `logger` are dropped where they add nothing."""
    loaded = load_object(line)
    if isinstance(loaded, str):
        return loaded
    fields = Fields(loaded, raw=raw)
    written = fields.object("details")
    details = Fields(loaded._replace(fields=written.copy(), lossy=False), raw=raw)
    event_type = fields.line("event_type")
    if event_type is None:
        event_type = fields.line("event") or "unknown"
    else:
        fields.drop("event", event_type)
    fields.drop("logger", "orchestrator.audit")
    return AuditEvent(
        time_s=fields.time("timestamp"),
        event_type=event_type,
        instance_id=fields.line("instance_id"),
        level=fields.line("level") or "INFO",
        message_id=details.line("message_id"),
        tokens=details.count("tokens"),
        cost_usd=details.number("cost"),
        response_time_s=details.number("response_time_seconds"),
        error=_error(written, raw=raw),
        details=_named(Fields(loaded._replace(fields=written), raw=raw).rest(), raw=raw),
        suspect=(*fields.suspect, *details.suspect),
        extra=fields.rest(),
    )


def decode_metadata(data: bytes, instance_id: str, *, raw: bool = False) -> Metadata | str:
    """Decode a `metadata.json`. `instance_id` is the directory's name, whatever the file says."""
    loaded = load_object(strip_line(data, first=True))
    if isinstance(loaded, str):
        return loaded
    fields = Fields(loaded, raw=raw)
    fields.drop("instance_id", instance_id)
    return Metadata(
        instance_id=instance_id,
        instance_name=fields.line("instance_name"),
        created_s=fields.time("created_at"),
        role=fields.line("role"),
        instance_type=fields.line("instance_type"),
        model=fields.line("model"),
        parent_instance_id=fields.line("parent_instance_id"),
        tmux_session=fields.line("tmux_session"),
        extra=fields.rest(),
    )


def _shared(text: str | None) -> str | None:
    """Intern a string that thousands of records have in common."""
    return None if text is None else intern(text)


def _named(details: dict[str, Any], *, raw: bool) -> dict[str, Any]:
    """Put names, and ids of instances, in the details on one line each; return the details."""
    if raw:
        return details
    for key in IDENTITY_FIELDS:
        name = details.get(key)
        if isinstance(name, str) and not name.isprintable():
            details[key] = safe_line(name)
    affected = details.get("affected_instances")
    if isinstance(affected, list):
        ids = [safe_line(item) if isinstance(item, str) else item for item in affected]
        details["affected_instances"] = ids
    return details


def _error(details: Mapping[str, Any], *, raw: bool) -> str | None:
    """Return what went wrong, from an event's details; an empty `error` counts as none."""
    error = details.get("error") or details.get("failure_reason")
    if not error:
        return None
    text = error if isinstance(error, str) else orjson.dumps(error).decode()
    return text if raw else safe_block(text)

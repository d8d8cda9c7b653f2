"""Recovery of `orchestrator.log` entries that are invalid JSON because of an unescaped message.

Their writer's lines are `{"timestamp": "…", "level": "…", "logger": "…", "message": "` + the
message as is + `", "module": "…", "function": "…", "line": 1, …}`, with valid JSON after the
message. A message with quotes or newlines breaks the line, and a traceback may follow it.
"""

from __future__ import annotations

import re
from typing import Any

from logging_core.codec.lenient import load_object

RECORD_START = re.compile(rb'\{"timestamp": ?"')
"""The beginning of such an entry."""

_HEAD = re.compile(
    r'\{"timestamp": ?"(?P<timestamp>[^"\n]*)", ?"level": ?"(?P<level>[^"\n]*)", ?'
    r'"logger": ?"(?P<logger>[^"\n]*)", ?"message": ?"'
)
_TAIL = '", "module": "'


def recover(text: str) -> tuple[dict[str, Any], str] | None:
    """Read a broken entry, given as its lines joined by newlines.

    Returns:
        Its fields, and the lines after it, which are a traceback; `None` if it is not such an
        entry. If its end is missing, everything after its head counts as the message.
    """
    head = _HEAD.match(text)
    if head is None:
        return None
    fields: dict[str, Any] = head.groupdict()
    tail = _find_tail(text, head.end())
    if tail is None:
        return {**fields, "message": text[head.end() :]}, ""
    start, end, more = tail
    return {**more, **fields, "message": text[head.end() : start]}, text[end + 1 :]


def has_tail(text: str) -> bool:
    """Return whether a broken entry is complete."""
    return _find_tail(text, 0) is not None


def _find_tail(text: str, start: int) -> tuple[int, int, dict[str, Any]] | None:
    """Return where the message ends, where the entry ends, and the fields in between."""
    found = text.find(_TAIL, start)
    while found >= 0:
        end = text.find("\n", found)
        end = len(text) if end < 0 else end
        last = text.rfind(_TAIL, found, end)  # earlier ones on this line belong to the message
        loaded = load_object(b"{" + text[last + 3 : end].encode())
        if not isinstance(loaded, str):
            return last, end, loaded.fields
        found = text.find(_TAIL, end)
    return None

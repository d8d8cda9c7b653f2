"""Entries of `orchestrator.log` that are no JSON, because their writer pasted the message in.

That writer's lines are `{"timestamp": "…", "level": "…", "logger": "…", "message": "` + the message
as it is + `", "module": "…", "function": "…", "line": 1, …}`, with the fields after the message in
good JSON. A message that holds quotes or newlines breaks the line, and a traceback follows it.
"""

from __future__ import annotations

import re
from typing import Any

from logging_core.codec.lenient import load_object

RECORD_START = re.compile(rb'\{"timestamp": ?"')
"""How such an entry begins, whatever comes after."""

_HEAD = re.compile(
    r'\{"timestamp": ?"(?P<timestamp>[^"\n]*)", ?"level": ?"(?P<level>[^"\n]*)", ?'
    r'"logger": ?"(?P<logger>[^"\n]*)", ?"message": ?"'
)
_TAIL = '", "module": "'


def recover(text: str) -> tuple[dict[str, Any], str] | None:
    """Read a broken entry, its lines joined by newlines.

    Returns:
        Its fields, and the lines after it, which are a traceback; `None` if it is no such entry.
        Where its end is missing, all that is there counts as the message.
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
    """Whether a broken entry is there to its end."""
    return _find_tail(text, 0) is not None


def _find_tail(text: str, start: int) -> tuple[int, int, dict[str, Any]] | None:
    """Where the message ends, where the entry's own lines end, and the fields between."""
    found = text.find(_TAIL, start)
    while found >= 0:
        end = text.find("\n", found)
        end = len(text) if end < 0 else end
        last = text.rfind(_TAIL, found, end)  # those before it on this line are the message's own
        loaded = load_object(b"{" + text[last + 3 : end].encode())
        if not isinstance(loaded, str):
            return last, end, loaded.fields
        found = text.find(_TAIL, end)
    return None

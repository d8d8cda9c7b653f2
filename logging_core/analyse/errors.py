"""What is an error, what it says, and whom it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from zlib import crc32

from logging_core.event_types import TERMINATE
from logging_core.records import AuditEvent, LifecycleEvent
from logging_core.text import safe_block, shortened

ERROR_LEVELS = frozenset({"ERROR", "CRITICAL"})
"""Levels of records that tell of an error."""

FLEET_IDS = frozenset({"", "orchestrator"})
"""Instance ids that mean the fleet as a whole, as no id does."""

SAME_S = 5.0
"""Reports of one error are no further apart."""

UNTOLD = "terminated (final_state=error)"
"""What an end in an error says that does not tell which."""

NO_TEXT = "(no text)"
"""What an error says that says nothing."""

MAX_JOINT = 1_000
"""So many groups of instances, at most, are counted that errors are about together."""

_GIST_CHARS = 160
_ERROR_CHARS = 160
_ESCAPED = re.compile(r"\\x([01][0-9a-f]|7f|[89][0-9a-f])|\\u(202[89])")
_WHAT_FAILED = re.compile(r"(?:Instance|Request \S+) failed: ?")


def in_one_form(text: str) -> str:
    r"""What a text says, whichever log it stands in.

    An instance.log has `\x1b` for a control character, of which others have the character itself,
    and indents further lines. Blanks do not matter, in the first line nor around the text.
    """
    if "\\" in text:
        text = _ESCAPED.sub(_unescaped, text)
    line, *rest = text.strip().split("\n", 1)
    return "\n".join([" ".join(line.split()) or NO_TEXT, *rest])


def first_line(text: str) -> str:
    """The first line of a text, cut to a length that a table can show."""
    return shortened(text.strip().partition("\n")[0], _ERROR_CHARS)


def _unescaped(match: re.Match[str]) -> str:
    return safe_block(chr(int(match[1] or match[2], 16)))


def text_of_entry(event: LifecycleEvent) -> str:
    """What an entry of an instance.log says of an error, without what it is that failed."""
    said = _WHAT_FAILED.match(event.text)
    return in_one_form(event.text if said is None else event.text[said.end() :])


def error_of(event: AuditEvent) -> str | None:
    """What error an audit event reports; `None` if it reports none."""
    if event.error is not None:
        return in_one_form(event.error)
    if is_failed_end(event):
        return UNTOLD
    return event.event_type if event.level in ERROR_LEVELS else None


def is_failed_end(event: AuditEvent) -> bool:
    """Whether an audit event is the end of an instance in an error."""
    is_end = event.event_type == TERMINATE
    return is_end and event.details.get("final_state") == "error"


def affected_by(event: AuditEvent) -> set[str]:
    """Whom an event is about: its instance, and those that its details list."""
    listed = event.details.get("affected_instances")
    ids = {i for i in listed if isinstance(i, str)} if isinstance(listed, list) else set()
    if event.instance_id is not None:
        ids.add(event.instance_id)
    return ids - FLEET_IDS


def gist_of(text: str) -> int:
    """What a text says by the end of its first line: what follows its last `: `; as a checksum."""
    gist = text.partition("\n")[0].rpartition(": ")[2][-_GIST_CHARS:]
    return crc32(gist.encode("utf-8", "surrogatepass"))


def with_joint(
    counts: Mapping[tuple[str, ...], int], before: tuple[str, ...], whom: tuple[str, ...]
) -> dict[tuple[str, ...], int]:
    """Return how many errors are about whom together, with one more that is about several.

    Args:
        counts: How many there were, by the ids of all that one is about.
        before: Whom it was about as it was told so far; empty if it is new.
        whom: Whom it is about.
    """
    changed = Counter(counts)
    changed[whom] += 1
    changed[before] -= 1
    return dict((+changed).most_common(MAX_JOINT))

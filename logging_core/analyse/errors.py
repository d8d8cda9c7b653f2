"""What is an error, whom it is about, and which reports are about one and the same."""

from __future__ import annotations

import enum
import re
from bisect import bisect_left, insort
from collections.abc import Collection
from zlib import crc32

import msgspec

from logging_core.analyse.state import TimelineEvent
from logging_core.records import AuditEvent, LifecycleEvent, OrchestratorEvent
from logging_core.text import safe_block

ERROR_LEVELS = frozenset({"ERROR", "CRITICAL"})
"""Levels of records that tell of an error."""

FLEET_IDS = frozenset({"", "orchestrator"})
"""Instance ids that mean the fleet as a whole, as no id does."""

SAME_S = 5.0
"""Reports of one error are no further apart."""

MAX_REPORTS = 4_096
"""So many of an instance's newest reports are remembered: of a long log that is read after another,
each error must be known from there."""

MAX_ROWS = 256
"""Of so many of the newest of them, the rows: what an older one says is not added to."""

UNTOLD = "terminated (final_state=error)"
"""What an end in an error says that does not tell which."""

NO_TEXT = "(no text)"
"""What an error says that says nothing."""

Retold = tuple[TimelineEvent, TimelineEvent]
"""The row of an error as it was, and as it is now that another file tells of it."""

_Report = tuple[float, int, tuple[int, ...], TimelineEvent | None]

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
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _ERROR_CHARS else f"{line[: _ERROR_CHARS - 1]}…"


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
    is_end = event.event_type == "instance_terminate"
    return is_end and event.details.get("final_state") == "error"


def affected_by(event: AuditEvent) -> set[str]:
    """Whom an event is about: its instance, and those that its details list."""
    listed = event.details.get("affected_instances")
    ids = {i for i in listed if isinstance(i, str)} if isinstance(listed, list) else set()
    if event.instance_id is not None:
        ids.add(event.instance_id)
    return ids - FLEET_IDS


class Source(enum.IntFlag):
    """Where an error is reported."""

    AUDIT = 1
    ORCHESTRATOR = 2
    END = 4
    INSTANCE = 8


class Reports:
    """Tells which reports are of an error that was reported before.

    Two are of one error if they are about the same instance, no more than `SAME_S` apart, whichever
    comes first, and either stand in different files and say the same, or one is the end of the
    instance in an error, which is none of its own then. What a line says is what follows its last
    `: `, so that `Instance a failed: out of memory` says the same as `out of memory`.

    Each has a row, which the methods take: it is of the instance (`""`: the fleet as a whole), the
    moment (`None`: unknown, then it counts as new) and the text of the report.
    """

    __slots__ = ("_recent",)

    def __init__(self) -> None:
        # Of each instance, by time: when, by which sources it was reported, checksums of what they
        # say, and its row.
        self._recent: dict[str, list[_Report]] = {}

    def take_audit(self, event: AuditEvent, row: TimelineEvent) -> Retold | None:
        """An audit event, which must report an error; `None` if it is new."""
        source = Source.END if is_failed_end(event) else Source.AUDIT
        return self._take(row, source, (row.text,))

    def take_log(self, event: OrchestratorEvent, row: TimelineEvent) -> Retold | None:
        """The same of an entry of `orchestrator.log`, which has a traceback at times."""
        raised = (event.exception or "").rstrip().rpartition("\n")[2]
        texts = (event.text, event.error, raised)
        return self._take(row, Source.ORCHESTRATOR, [in_one_form(text) for text in texts if text])

    def take_entry(self, row: TimelineEvent) -> Retold | None:
        """The same of an entry of the instance's instance.log."""
        return self._take(row, Source.INSTANCE, (row.text,))

    def _take(self, row: TimelineEvent, source: Source, texts: Collection[str]) -> Retold | None:
        at_s = row.time_s
        if at_s is None:
            return None
        said = tuple(_sum(text) for text in texts)
        recent = self._recent.setdefault(row.instance_id, [])
        for place in range(bisect_left(recent, at_s - SAME_S, key=_time), len(recent)):
            then_s, told, theirs, known = recent[place]
            if then_s > at_s + SAME_S:
                break
            if source & told:
                continue
            if Source.END in {source, told} or not set(said).isdisjoint(theirs):
                better = None if known is None else _better(known, told, row, source)
                recent[place] = (then_s, told | source.value, (*theirs, *said), better)
                return known or row, better or row
        insort(recent, (at_s, source.value, said, row), key=_time)
        if len(recent) > MAX_ROWS:
            recent[-MAX_ROWS - 1] = (*recent[-MAX_ROWS - 1][:3], None)
        del recent[:-MAX_REPORTS]
        return None


def _better(known: TimelineEvent, told: int, row: TimelineEvent, source: Source) -> TimelineEvent:
    """The row of an error that is reported once more.

    The audit trail knows best when, and of which request; an instance.log may have a traceback.
    """
    if source is Source.AUDIT and told & Source.INSTANCE:
        return msgspec.structs.replace(known, time_s=row.time_s, message_id=row.message_id)
    if source is Source.AUDIT:
        return msgspec.structs.replace(known, message_id=row.message_id)
    if source is Source.INSTANCE and say_the_same(known, row):
        return msgspec.structs.replace(known, text=row.text, suspect=row.suspect)
    return known


def say_the_same(one: TimelineEvent, other: TimelineEvent) -> bool:
    """Whether two rows of errors begin with the same line."""
    return _first_line(one.text) == _first_line(other.text)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _time(report: _Report) -> float:
    return report[0]


def _sum(text: str) -> int:
    """What the first line of a text is known by, without who says it."""
    gist = _first_line(text).rpartition(": ")[2][-_GIST_CHARS:]
    return crc32(gist.encode("utf-8", "surrogatepass"))

"""The newest audit events that someone is interested in, without reading the older ones."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from logging_core.anomalies import AnomalyKind
from logging_core.codec.decode import decode_audit
from logging_core.codec.lenient import repeated_keys
from logging_core.event_types import EXCHANGE, SPAWN
from logging_core.read.backwards import decoded, lines_of, undisturbed
from logging_core.read.lines import Line
from logging_core.read.listing import logs_in, parts_of
from logging_core.records import AuditEvent
from logging_core.tree import AUDIT

Read: TypeAlias = tuple[AuditEvent, Line]
"""An event, and the line that it was read from."""

MAX_SCANNED = 100_000
"""So many events are looked at; what is older is left out, and it is said so."""

MAX_TIMELESS = 1_000
"""Of so many events in a row that tell no time none has one."""


def newest_events(
    root: Path,
    wanted: Callable[[AuditEvent], bool],
    most: int,
    *,
    scan: int = MAX_SCANNED,
) -> tuple[tuple[AuditEvent, ...], bool]:
    """Read the audit trail backwards until enough is found.

    Args:
        root: Of the tree.
        wanted: Whether an event is one of those.
        most: How many.
        scan: Look at so many events at most.

    Returns:
        The events, newest first, texts safe to show; and whether there may be more of them. Of
        exchanges with one message id of one life of an instance, from a spawn to the next, only
        the first is among them, as only that is counted, unless it is older than all that were
        found. An event without a readable time has that of the one before it in its file, and
        none if it comes first. One is suspect, too, if a key of its line is there twice. What
        cannot be read of a file is left out: `follow()` reports it.
    """

    def read(gone_too: bool) -> tuple[tuple[AuditEvent, ...], bool]:
        streams = [
            lines_of(root, part, partial(parts_of, root, day), _say_nothing, gone_too=gone_too)
            for day, parts in sorted(logs_in(root, AUDIT).items(), reverse=True)
            for part in reversed(parts)
        ]
        return _collect(_merged(streams), wanted, most, scan)

    return undisturbed(read)


def _collect(
    newest: Iterator[Read], wanted: Callable[[AuditEvent], bool], most: int, scan: int
) -> tuple[tuple[AuditEvent, ...], bool]:
    found: dict[object, AuditEvent] = {}
    lives: Counter[str | None] = Counter()  # met of each instance
    for number, (event, line) in enumerate(islice(newest, scan)):
        lives[event.instance_id] += event.event_type == SPAWN
        if not wanted(event):
            continue
        known_by = _identity(event, lives[event.instance_id]) or number
        found.pop(known_by, None)
        if len(found) == most:
            return tuple(found.values()), True
        found[known_by] = _looked_at(event, line)
    return tuple(found.values()), next(newest, None) is not None


def _identity(event: AuditEvent, life: int) -> tuple[str | None, int, str] | None:
    """What an exchange is told from others by; `None` where each counts."""
    if event.event_type != EXCHANGE or event.message_id is None:
        return None
    return event.instance_id, life, event.message_id


def _looked_at(event: AuditEvent, line: Line) -> AuditEvent:
    """An event that is suspect if a key of its line is there twice."""
    if not repeated_keys(line.data):
        return event
    return replace(event, suspect=(*event.suspect, AnomalyKind.REPEATED))


def _merged(streams: list[Iterator[Line]]) -> Iterator[Read]:
    """The events of all files, the newest first; of equal times those of the newer file first."""
    for _, event, line in heapq.merge(*map(_events, streams), key=lambda timed: timed[0]):
        yield event, line


def _events(lines: Iterator[Line]) -> Iterator[tuple[float, AuditEvent, Line]]:
    """The events of one file, each after its time counted backwards."""
    ago_s = float("-inf")
    timeless: list[Read] = []
    for line in lines:
        event = decoded(line, decode_audit)
        if isinstance(event, str):
            continue
        if event.time_s is None and len(timeless) < MAX_TIMELESS:
            timeless.append((event, line))
            continue
        ago_s = ago_s if event.time_s is None else -event.time_s
        for later, its_line in timeless:
            yield ago_s, replace(later, time_s=event.time_s), its_line
        timeless = []
        yield ago_s, event, line
    for event, line in timeless:
        yield ago_s, event, line


def _say_nothing(path: str, reason: str) -> None:
    """`follow()` tells what cannot be read."""

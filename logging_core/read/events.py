"""The newest audit events that someone is interested in, without reading the older ones."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from logging_core.codec.decode import decode_audit, strip_line
from logging_core.read.backwards import MovedError, newest_lines
from logging_core.read.files import Part
from logging_core.read.sweep import AUDIT, Sweep
from logging_core.records import AuditEvent

MOST_SCANNED = 100_000
"""So many events are looked at; what is older is left out, and it is said so."""

_TRIES = 3


def newest_events(
    root: Path,
    wanted: Callable[[AuditEvent], bool],
    most: int,
    *,
    scan: int = MOST_SCANNED,
) -> tuple[tuple[AuditEvent, ...], bool]:
    """Read the audit trail backwards until enough is found.

    Args:
        root: Of the tree.
        wanted: Whether an event is one of those.
        most: How many.
        scan: Look at so many events at most.

    Returns:
        The events, newest first, texts safe to show; and whether there may be more of them. An
        event without a readable time counts as of the one after it in its file.

    Raises:
        OSError: A file cannot be read.
    """
    sweep = Sweep(root)
    for _ in range(_TRIES):
        try:
            days = sorted(sweep.groups(AUDIT).items())
            parts = tuple(part for _, parts in days for part in parts)
            return _collect(_merged(root, parts, scan), wanted, most, scan)
        except MovedError:
            continue
    return (), True


def _collect(
    newest: Iterator[AuditEvent], wanted: Callable[[AuditEvent], bool], most: int, scan: int
) -> tuple[tuple[AuditEvent, ...], bool]:
    found: list[AuditEvent] = []
    for event in islice(newest, scan):
        if wanted(event):
            if len(found) == most:
                return tuple(found), True
            found.append(event)
    return tuple(found), next(newest, None) is not None


def _merged(root: Path, parts: tuple[Part, ...], scan: int) -> Iterator[AuditEvent]:
    """The events of all files, the newest first; of equal times those of the newer file first."""
    streams = [_events(root, part, scan) for part in reversed(parts)]
    for _, event in heapq.merge(*streams, key=lambda timed: timed[0]):
        yield event


def _events(root: Path, part: Part, scan: int) -> Iterator[tuple[float, AuditEvent]]:
    """The events of one file, each after its time counted backwards."""
    ago_s = float("-inf")
    for line in newest_lines(root, part, scan):
        event = decode_audit(strip_line(line, first=True))
        if isinstance(event, str):
            continue
        if event.time_s is not None:
            ago_s = -event.time_s
        yield ago_s, event

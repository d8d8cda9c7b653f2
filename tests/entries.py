"""Lines as they are written, and logs of entries with many lines read from bytes, for tests."""

from __future__ import annotations

from typing import TypeVar

from logging_core.codec.entries import (
    Entries,
    LifecycleEntries,
    OrchestratorEntries,
    Stray,
    Unreadable,
)
from logging_core.records import (
    LifecycleEvent,
    OrchestratorEvent,
)

R = TypeVar("R")

WHEN = "2026-11-23T12:00:00.500000"

MESSAGE = {
    "timestamp": WHEN,
    "event_type": "message_received",
    "message_id": "m1",
    "direction": "inbound",
    "content": "hi",
    "tokens": 8,
    "cost": 0.25,
    "response_time": 2.5,
}
"""A line of a communication.jsonl."""

EXCHANGE = {
    "timestamp": WHEN,
    "level": "INFO",
    "event": "message_exchange",
    "logger": "orchestrator.audit",
    "event_type": "message_exchange",
    "instance_id": "abc",
    "details": {"message_id": "m1", "tokens": 8, "cost": 0.25, "response_time_seconds": 2.5},
}
"""A line of the audit trail."""


def orchestrator(text: bytes, stray: Stray = Stray.REFUSE) -> list[OrchestratorEvent | Unreadable]:
    return read_all(OrchestratorEntries(raw=False, stray=stray), text)


def lifecycle(text: bytes, stray: Stray = Stray.REFUSE) -> list[LifecycleEvent | Unreadable]:
    return read_all(LifecycleEntries("abc", raw=False, stray=stray), text)


def read_all(entries: Entries[R], text: bytes) -> list[R | Unreadable]:
    found: list[R | Unreadable] = []
    offset = 0
    for line in text.split(b"\n"):
        found.extend(entries.add(offset, line))
        offset += len(line) + 1
    found.extend(entries.flush(final=True))
    return found

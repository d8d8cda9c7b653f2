"""Logs of entries with many lines, read from bytes, for tests."""

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

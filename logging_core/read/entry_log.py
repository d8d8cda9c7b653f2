"""The logs whose entries may have many lines: `instance.log` and `orchestrator.log`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from logging_core.codec.decode import strip_line
from logging_core.codec.entries import Entries, Unreadable
from logging_core.codec.lenient import cut_line
from logging_core.read.cursor import UNREAD
from logging_core.read.files import Part
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.log import Found, TailedLog, problem
from logging_core.read.tail import FEED, Relist
from logging_core.records import LifecycleEvent, OrchestratorEvent

Entry: TypeAlias = LifecycleEvent | OrchestratorEvent


class EntryLog(TailedLog[Line]):
    """A log whose entries may have many lines: `instance.log` and `orchestrator.log`.

    Args:
        root: Of the tree.
        entries: Joins lines to entries.
        history: See `LogTail`.
    """

    __slots__ = ("_entries", "_file", "_path")

    def __init__(self, root: Path, entries: Entries[Entry], history: int | None = None) -> None:
        super().__init__(root, LineSplitter, history)
        self._entries = entries
        self._path = ""  # where the open entry begins, and in which file that is
        self._file: list[int] = []

    def poll(self, parts: Sequence[Part], relist: Relist, budget: int) -> Found:
        """See `Log`. An entry that may go on is not waited for."""
        found = super().poll(parts, relist, budget)
        if found.drained:
            self._add(self._entries.flush(final=not found.spent), found)
        found.held = found.drained and self._entries.start is not None
        if self._entries.start is not None and not self._file:
            # Not there if the file was renamed while it was read.
            self._file = _file_of(self._tail.positions().get(self._path, []))
        return found

    def positions(self) -> dict[str, list[int]]:
        """See `Log`: before an entry that is held back."""
        positions = super().positions()
        if self._entries.start is not None:
            for position in positions.values():
                if _file_of(position) == self._file:
                    position[2:4] = UNREAD
                    position[FEED] = self._entries.start
        return positions

    def rest(self) -> Found:
        """See `Log`."""
        found = Found()
        self._add(self._entries.flush(final=True), found)
        return found

    def _take(self, path: str, items: Iterable[Line], found: Found) -> None:
        for offset, data, size, torn in items:
            line = strip_line(data, first=offset == 0)
            if size > len(data):
                line = cut_line(line) + f" … [cut: {size:,} bytes]".encode()
            self._add(self._entries.add(offset, line), found, path)
            if torn:
                self._entries.tear()
            if self._entries.start == offset:
                self._path, self._file = path, []

    def _add(
        self, entries: Iterator[Entry | Unreadable], found: Found, path: str | None = None
    ) -> None:
        path = path or self._path
        for entry in entries:
            if isinstance(entry, Unreadable):
                offset, reason, line = entry
                at_s = self._finder.last_s(path)
                found.problems.append(problem(path, reason, offset=offset, line=line, time_s=at_s))
            else:
                found.records.append(entry)
                found.anomalies += self._finder.check(path, [entry.time_s])
                if entry.suspect:
                    data = self._entries.garbled
                    found.anomalies += self._finder.odd(path, entry.suspect, entry.time_s, data)


def _file_of(position: list[int]) -> list[int]:
    """Device and inode: the file may have another name by the next look."""
    return position[:2]

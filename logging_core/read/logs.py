"""The logs of a tree: what one look at each gives as records and problems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import msgspec

from logging_core.anomalies import Anomaly
from logging_core.codec.decode import as_torn, strip_line
from logging_core.codec.entries import Entries, Unreadable
from logging_core.codec.lenient import cut_line, mend
from logging_core.read.capture import newest_change
from logging_core.read.clocks import Clocks
from logging_core.read.files import Part
from logging_core.read.frames import FrameScanner, FrameSpan
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.names import shown_name
from logging_core.read.tail import FEED, GAPS, LogTail, Relist
from logging_core.read.tracked import Feed
from logging_core.records import (
    AuditBlock,
    AuditEvent,
    FrameRef,
    LifecycleEvent,
    Message,
    OrchestratorEvent,
    Problem,
    Record,
)
from logging_core.text import safe_line
from logging_core.tree import portable_path

_SHOWN = 200
_TAILED = partial(FrameScanner, tails=True)

T = TypeVar("T")
Entry: TypeAlias = LifecycleEvent | OrchestratorEvent


class Found(msgspec.Struct):
    """What one look at a log brought.

    Attributes:
        records: In file order.
        blocks: Exchanges in bulk.
        problems: What could not be read.
        anomalies: What is odd.
        spent: Bytes read.
        drained: Nothing is left to read now.
        failed: Look again at a later sweep, even if nothing changes.
        held: A record that seems unfinished is held back: see `Log.rest`.
    """

    records: list[Record] = msgspec.field(default_factory=list)
    blocks: list[AuditBlock] = msgspec.field(default_factory=list)
    problems: list[Problem] = msgspec.field(default_factory=list)
    anomalies: list[Anomaly] = msgspec.field(default_factory=list)
    spent: int = 0
    drained: bool = True
    failed: bool = False
    held: bool = False


def problem(
    path: str,
    reason: str,
    *,
    offset: int | None = None,
    line: bytes = b"",
    time_s: float | None = None,
) -> Problem:
    """A problem whose texts are safe to show."""
    return Problem(
        path=shown_name(path),
        reason=reason,
        offset=offset,
        line=safe_line(line[:_SHOWN].decode("utf-8", "replace")),
        time_s=time_s,
        is_gap=reason in GAPS,
    )


class Log(ABC):
    """One log of the tree: all the parts of one file."""

    __slots__ = ()  # of each kind there are thousands

    @abstractmethod
    def poll(self, parts: Sequence[Part], relist: Relist, budget: int) -> Found:
        """Read what is new, up to about `budget` bytes; `parts` are its files, oldest first."""

    @abstractmethod
    def positions(self) -> dict[str, list[int]]:
        """Where to go on after a restart, by path."""

    @abstractmethod
    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """Go on at `positions`."""

    def rest(self) -> Found:
        """What was held back because it seemed unfinished, now that nothing came after it."""
        return Found()


class TailedLog(Log, Generic[T]):
    """A log that only ever grows."""

    __slots__ = ("_clocks", "_numbers", "_tail")

    def __init__(self, root: Path, make: Callable[[], Feed[T]], history: int | None) -> None:
        self._tail = LogTail(root, make, history=history)
        self._clocks = Clocks(shown_name)
        self._numbers = FEED + len(make().position())

    def poll(self, parts: Sequence[Part], relist: Relist, budget: int) -> Found:
        """See `Log`."""
        turn = self._tail.poll(parts, relist, budget)
        found = Found(
            spent=budget - turn.left,
            drained=turn.drained,
            failed=turn.failed,
            problems=[problem(path, reason) for path, reason in turn.problems],
        )
        gaps = [path for path, reason in turn.problems if reason in GAPS]
        found.anomalies += map(self._clocks.gap, gaps)
        found.anomalies += starmap(self._clocks.link, turn.links)
        for path, items in turn.items:
            self._take(path, items, found)
        return found

    def positions(self) -> dict[str, list[int]]:
        """See `Log`: last of each path, if it is known, the time of its newest record in µs."""
        positions = self._tail.positions()
        for path, numbers in positions.items():
            last_s = self._clocks.last_s(path)
            if last_s is not None:
                numbers.append(round(last_s * 1e6))
        return positions

    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """See `Log`."""
        self._tail.resume(positions)
        for path, numbers in positions.items():
            for last_us in numbers[self._numbers :]:
                self._clocks.resume(path, last_us / 1e6)

    @abstractmethod
    def _take(self, path: str, items: Sequence[T], found: Found) -> None:
        """Make records of the items of one file."""


class JsonLines(TailedLog[Line]):
    """A log of one JSON object a line: communication and audit.

    Args:
        root: Of the tree.
        decode: Makes a record of a line, or tells why there is none.
        history: See `LogTail`.
    """

    __slots__ = ("_decode",)

    _feed: type[LineSplitter] = LineSplitter

    def __init__(
        self,
        root: Path,
        decode: Callable[[bytes], Message | AuditEvent | str],
        history: int | None = None,
    ) -> None:
        super().__init__(root, self._feed, history)
        self._decode = decode

    def _take(self, path: str, items: Iterable[Line], found: Found) -> None:
        times = self._decode_lines(path, items, found)
        found.anomalies += self._clocks.check(path, times)

    def _decode_lines(self, path: str, items: Iterable[Line], found: Found) -> list[float | None]:
        """Decode lines of one file; the time of each, `None` for what has none."""
        last_s = self._clocks.last_s(path)
        times: list[float | None] = []
        for offset, data, size, torn in items:
            times.append(None)
            line = strip_line(data, first=offset == 0)
            if not line.strip():
                continue
            record = self._decode(line if size == len(data) else mend(line, size))
            if isinstance(record, str):
                reason = _why(record, size, len(data), torn=torn)
                told = problem(path, reason, offset=offset, line=line, time_s=last_s)
                found.problems.append(told)
                continue
            record = as_torn(record) if torn else record
            found.records.append(record)
            times[-1] = record.time_s
            last_s = last_s if record.time_s is None else record.time_s
            if record.suspect:
                found.anomalies += self._clocks.odd(path, record.suspect, last_s, line)
        return times


def _why(reason: str, size: int, kept: int, *, torn: bool) -> str:
    """Why a line of which so many bytes are kept is unreadable, as text to show."""
    if size > kept:
        return f"a line of {size:,} bytes is too long"
    return f"cut off at the end of its file: {reason}" if torn else reason


class EntryLog(TailedLog[Line]):
    """A log whose entries may have many lines: `instance.log` and `orchestrator.log`.

    Args:
        root: Of the tree.
        entries: Joins lines to entries.
        history: See `LogTail`.
    """

    __slots__ = ("_entries", "_path")

    def __init__(self, root: Path, entries: Entries[Entry], history: int | None = None) -> None:
        super().__init__(root, LineSplitter, history)
        self._entries = entries
        self._path = ""

    def poll(self, parts: Sequence[Part], relist: Relist, budget: int) -> Found:
        """See `Log`. An entry that may go on is not waited for."""
        found = super().poll(parts, relist, budget)
        if found.drained:
            self._add(self._entries.flush(final=not found.spent), found)
        found.held = found.drained and self._entries.start is not None
        return found

    def positions(self) -> dict[str, list[int]]:
        """See `Log`: before an entry that is held back."""
        positions = super().positions()
        if self._entries.start is not None and self._path in positions:
            positions[self._path][FEED] = self._entries.start
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
                self._path = path

    def _add(
        self, entries: Iterator[Entry | Unreadable], found: Found, path: str | None = None
    ) -> None:
        path = path or self._path
        for entry in entries:
            if isinstance(entry, Unreadable):
                offset, reason, line = entry
                at_s = self._clocks.last_s(path)
                found.problems.append(problem(path, reason, offset=offset, line=line, time_s=at_s))
            else:
                found.records.append(entry)
                found.anomalies += self._clocks.check(path, [entry.time_s])
                if entry.suspect:
                    data = self._entries.garbled
                    found.anomalies += self._clocks.odd(path, entry.suspect, entry.time_s, data)


class PaneLog(TailedLog[FrameSpan | Unreadable]):
    """The captures of one instance's pane.

    Args:
        root: Of the tree.
        instance_id: Whose, safe to show.
        newest_only: Of what is there at the first look only the newest frames are wanted: what
            the pane shows, and since when.
        tails: See `FrameScanner`.
    """

    __slots__ = ("_instance_id", "_newest_only", "_root")

    def __init__(
        self, root: Path, instance_id: str, *, newest_only: bool, tails: bool = False
    ) -> None:
        super().__init__(root, _TAILED if tails else FrameScanner, None)
        self._root = root
        self._instance_id = instance_id
        self._newest_only = newest_only

    def poll(self, parts: Sequence[Part], relist: Relist, budget: int) -> Found:
        """See `Log`."""
        if self._newest_only:
            self._newest_only = False
            self._leave_out(parts)
        return super().poll(parts, relist, budget)

    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """See `Log`."""
        self._newest_only = False
        super().resume(positions)

    def _leave_out(self, parts: Sequence[Part]) -> None:
        """Begin where the pane changed last; what cannot be read now is read whole when it can."""
        done = False
        for part in reversed(parts):
            if done or part.log.compressed:
                self._tail.begin(part, None)
                continue
            with suppress(OSError):
                offset = newest_change(self._root, part)
                self._tail.begin(part, offset)
                done = part.size > 0

    def _take(self, path: str, items: Sequence[FrameSpan | Unreadable], found: Found) -> None:
        times = [item.time_s for item in items if isinstance(item, FrameSpan)]
        at_s = self._clocks.last_s(path)
        found.anomalies += self._clocks.check(path, times)
        sent = portable_path(path)
        for item in items:
            if isinstance(item, Unreadable):
                offset, reason, line = item
                found.problems.append(problem(path, reason, offset=offset, line=line, time_s=at_s))
            else:
                ref = FrameRef(instance_id=self._instance_id, path=sent, **item._asdict())
                found.records.append(ref)
                if item.suspect:
                    found.anomalies += self._clocks.odd(path, item.suspect, item.time_s)

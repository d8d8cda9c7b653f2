"""A log of the tree as a source of records: what all kinds of logs have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from logging_core.anomalies import Anomaly
from logging_core.exchanges import AuditBlock
from logging_core.read.anomaly_finder import AnomalyFinder
from logging_core.read.files import Part
from logging_core.read.known import GAPS
from logging_core.read.names import shown_name
from logging_core.read.tail import FEED, LogTail, Relist
from logging_core.read.tracked import Feed
from logging_core.records import Problem, Record
from logging_core.text import safe_line

_SHOWN = 200

T = TypeVar("T")


class Found(msgspec.Struct):
    """What one look at a log brought.

    Attributes:
        records: In file order.
        blocks: Exchanges in bulk.
        problems: What could not be read.
        readable: See `Batch`.
        anomalies: What is odd.
        spent: Bytes read.
        drained: Nothing is left to read now.
        failed: Look again at a later sweep, even if nothing changes.
        held: A record that seems unfinished is held back: see `Log.rest`.
    """

    records: list[Record] = msgspec.field(default_factory=list)
    blocks: list[AuditBlock] = msgspec.field(default_factory=list)
    problems: list[Problem] = msgspec.field(default_factory=list)
    readable: list[str] = msgspec.field(default_factory=list)
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

    __slots__ = ("_finder", "_numbers", "_tail")

    def __init__(self, root: Path, make: Callable[[], Feed[T]], history: int | None) -> None:
        self._tail = LogTail(root, make, history=history)
        self._finder = AnomalyFinder(shown_name)
        self._numbers = FEED + len(make().position())

    def poll(self, parts: Sequence[Part], relist: Relist, budget: int) -> Found:
        """See `Log`."""
        turn = self._tail.poll(parts, relist, budget)
        found = Found(
            spent=budget - turn.left,
            drained=turn.drained,
            failed=turn.failed,
            problems=[problem(path, reason) for path, reason in turn.problems],
            readable=list(map(shown_name, turn.readable)),
        )
        gaps = [path for path, reason in turn.problems if reason in GAPS]
        found.anomalies += map(self._finder.gap, gaps)
        found.anomalies += starmap(self._finder.link, turn.links)
        for path, items in turn.items:
            self._take(path, items, found)
        return found

    def positions(self) -> dict[str, list[int]]:
        """See `Log`: last of each path, if it is known, the time of its newest record in µs."""
        positions = self._tail.positions()
        for path, numbers in positions.items():
            last_s = self._finder.last_s(path)
            if last_s is not None:
                numbers.append(round(last_s * 1e6))
        return positions

    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """See `Log`."""
        self._tail.resume(positions)
        for path, numbers in positions.items():
            for last_us in numbers[self._numbers :]:
                self._finder.resume(path, last_us / 1e6)

    @abstractmethod
    def _take(self, path: str, items: Sequence[T], found: Found) -> None:
        """Make records of the items of one file."""

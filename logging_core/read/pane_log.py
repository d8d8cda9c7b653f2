"""The captures of a pane as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from logging_core.codec.entries import Unreadable
from logging_core.read.files import Part
from logging_core.read.frame_search import newest_change
from logging_core.read.frames import FrameScanner, FrameSpan
from logging_core.read.log import Found, TailedLog, problem
from logging_core.read.tail import Relist
from logging_core.records import FrameRef
from logging_core.tree import portable_path

_TAILED = partial(FrameScanner, tails=True)


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
        at_s = self._finder.last_s(path)
        found.anomalies += self._finder.check(path, times)
        sent = portable_path(path)
        for item in items:
            if isinstance(item, Unreadable):
                offset, reason, line = item
                found.problems.append(problem(path, reason, offset=offset, line=line, time_s=at_s))
            else:
                ref = FrameRef(instance_id=self._instance_id, path=sent, **item._asdict())
                found.records.append(ref)
                if item.suspect:
                    found.anomalies += self._finder.odd(path, item.suspect, item.time_s)

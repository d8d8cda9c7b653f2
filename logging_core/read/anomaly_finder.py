"""What is odd about a log that can be read: times that cannot be right, above all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.codec.lenient import bad_bytes
from logging_core.wall_clock import second_reading

JUMP_S = 300.0
"""A time is odd if it is more than this before that of the record before, or ahead of the clock."""

_ODD = (AnomalyKind.TORN, AnomalyKind.LOSSY)
_NONE: frozenset[str] = frozenset()


class AnomalyFinder:
    """Finds what is odd about the files of one log.

    Args:
        name: Makes a path safe to show.
        now: The reader's clock, seconds since the epoch.
    """

    __slots__ = ("_ahead", "_last_s", "_name", "_now")

    def __init__(self, name: Callable[[str], str], *, now: Callable[[], float] = time.time) -> None:
        self._name = name
        self._now = now
        self._last_s: dict[str, float] = {}
        self._ahead: frozenset[str] = _NONE  # there is one of this for each log, and few are odd

    def last_s(self, path: str) -> float | None:
        """The time of the newest record that was checked."""
        return self._last_s.get(path)

    def resume(self, path: str, last_s: float) -> None:
        """The newest record that was checked had this time."""
        self._last_s[path] = last_s
        self._mark(path, is_ahead=last_s > self._now() + JUMP_S)

    def check(self, path: str, times: Iterable[float | None]) -> Iterator[Anomaly]:
        """What is odd about the next records of a file; `None`: one without a time."""
        last_s, limit_s = self._last_s.get(path, -math.inf), self._now() + JUMP_S
        for time_s in times:
            if time_s is None:
                continue
            if last_s - time_s > JUMP_S and last_s - second_reading(time_s) > JUMP_S:
                yield self._anomaly(path, AnomalyKind.BACK, time_s, last_s - time_s)
            elif time_s > limit_s and path not in self._ahead:
                yield self._anomaly(path, AnomalyKind.AHEAD, time_s, time_s - limit_s + JUMP_S)
            self._mark(path, is_ahead=time_s > limit_s)
            last_s = time_s
        if last_s > -math.inf:
            self._last_s[path] = last_s

    def check_all(self, path: str, times: Sequence[float]) -> Iterator[Anomaly]:
        """As `check`, for many times: nearly all are in order."""
        if times and not self._may_have_jumped(path, times):
            self._last_s[path] = times[-1]
            self._mark(path, is_ahead=False)
            return
        yield from self.check(path, times)

    def odd(
        self, path: str, suspect: Collection[str], time_s: float | None, data: bytes = b""
    ) -> Iterator[Anomaly]:
        """What is odd about a record apart from its time and its fields.

        Args:
            path: Its file.
            suspect: As of the record.
            time_s: Its time; `None` if it has none.
            data: What it was read from.
        """
        for kind in _ODD:
            if kind not in suspect:
                continue
            at_s = self._last_s.get(path, self._now()) if time_s is None else time_s
            detail = bad_bytes(data) if kind is AnomalyKind.LOSSY else ""
            yield Anomaly(path=self._name(path), kind=kind, time_s=at_s, detail=detail)

    def gap(self, path: str) -> Anomaly:
        """Lines of a file may be lost; what comes next begins anew."""
        self._last_s.pop(path, None)
        self._mark(path, is_ahead=False)
        return Anomaly(path=self._name(path), kind=AnomalyKind.GAP, time_s=self._now())

    def link(self, path: str, first: str) -> Anomaly:
        """A file has a second name, `path`."""
        kind, detail = AnomalyKind.LINKED, self._name(first)
        return Anomaly(path=self._name(path), kind=kind, time_s=self._now(), detail=detail)

    def _mark(self, path: str, *, is_ahead: bool) -> None:
        if is_ahead != (path in self._ahead):
            self._ahead ^= {path}

    def _may_have_jumped(self, path: str, times: Sequence[float]) -> bool:
        in_order = sorted(times)
        if in_order[-1] > self._now() + JUMP_S:
            return True
        if self._last_s.get(path, -math.inf) - times[0] > JUMP_S:
            return True
        return in_order != times and any(
            earlier - later > JUMP_S for earlier, later in pairwise(times)
        )

    def _anomaly(self, path: str, kind: AnomalyKind, time_s: float, by_s: float) -> Anomaly:
        return Anomaly(path=self._name(path), kind=kind, time_s=time_s, by_s=by_s)

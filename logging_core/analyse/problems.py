"""What could not be read, and what is odd, counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from logging_core.analyse.state import AnomalyCount, FileAnomalies, ProblemCount
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.records import Problem

NEWEST = 20
"""So many problems, and so many anomalies, are kept to be shown."""

MAX_FILES = 1_000
"""Of so many files it is known how odd they are; what comes later counts for the whole only."""

_PLACES = {
    AnomalyKind.BACK: 0,
    AnomalyKind.AHEAD: 0,
    AnomalyKind.GAP: 1,
    AnomalyKind.TORN: 2,
    AnomalyKind.LOSSY: 3,
    AnomalyKind.LINKED: 4,
}
"""Where each is counted: in the order of the fields of `FileAnomalies`. What else there may be of
a record is not counted."""

_TIMED = {AnomalyKind.BACK, AnomalyKind.AHEAD, AnomalyKind.GAP}


class ProblemTally:
    """Counts unreadable lines, gaps, and files that are unreadable as such."""

    __slots__ = ("_files", "_gaps", "_lines", "_newest", "_whole", "count")

    def __init__(self) -> None:
        self.count = ProblemCount()
        """The count so far; the same object while nothing is added."""
        self._lines = 0
        self._gaps = 0
        self._files: set[str] = set()
        self._whole: set[str] = set()
        self._newest: deque[Problem] = deque(maxlen=NEWEST)

    def add(self, problems: Sequence[Problem]) -> None:
        """Count some more; without an offset one is about its whole file, if it is no gap.

        Such a file that is told of again, at every look perhaps, is still one.
        """
        if not problems:
            return
        self._lines += sum(problem.offset is not None for problem in problems)
        self._gaps += sum(problem.is_gap for problem in problems)
        self._files.update(p.path for p in problems if not _is_whole(p))
        self._whole.update(p.path for p in problems if _is_whole(p))
        self._newest.extend(problems)
        self._count()

    def recover(self, paths: Collection[str]) -> None:
        """These files can be read again, or are gone: as wholes, they are no problems any more."""
        over = self._whole.intersection(paths)
        if not over:
            return
        self._whole -= over
        left = [p for p in self._newest if not (_is_whole(p) and p.path in over)]
        self._newest = deque(left, maxlen=NEWEST)
        self._count()

    def forget_files(self) -> None:
        """No file is known that cannot be read."""
        self.recover(self._whole)

    def _count(self) -> None:
        self.count = ProblemCount(
            unreadable_lines=self._lines,
            files=tuple(sorted(self._files | self._whole)),
            newest=tuple(self._newest),
            unreadable_files=len(self._whole),
            gaps=self._gaps,
        )


def _is_whole(problem: Problem) -> bool:
    """Whether it is about a whole file that cannot be read."""
    return problem.offset is None and not problem.is_gap


class AnomalyTally:
    """Counts what is odd, and the files that have it."""

    __slots__ = ("_files", "_newest", "_newest_odd", "_totals", "count")

    def __init__(self) -> None:
        self.count = AnomalyCount()
        """The count so far; the same object while nothing is added."""
        self._totals = [0] * (1 + max(_PLACES.values()))
        self._files: dict[str, list[int]] = {}
        self._newest: deque[Anomaly] = deque(maxlen=NEWEST)
        self._newest_odd: deque[Anomaly] = deque(maxlen=NEWEST)

    def add(self, anomalies: Sequence[Anomaly]) -> None:
        """Count some more; a second name that is told of again, by a later reader, is still one."""
        if not anomalies:
            return
        for anomaly in anomalies:
            place, known = _PLACES.get(anomaly.kind), self._files.get(anomaly.path)
            is_link = anomaly.kind is AnomalyKind.LINKED
            if place is None or (is_link and known is not None and known[place]):
                continue
            self._totals[place] += 1
            if known is None and len(self._files) < MAX_FILES:
                known = self._files[anomaly.path] = [0] * len(self._totals)
            if known is not None:
                known[place] += 1
            (self._newest if anomaly.kind in _TIMED else self._newest_odd).append(anomaly)
        ranked = sorted(self._files.items(), key=lambda file: (-sum(file[1]), file[0]))
        jumps, gaps, torn, lossy, links = self._totals
        self.count = AnomalyCount(
            clock_jumps=jumps,
            gaps=gaps,
            torn=torn,
            lossy=lossy,
            links=links,
            files=tuple(FileAnomalies(path, *counts) for path, counts in ranked),
            newest=tuple(self._newest),
            newest_odd=tuple(self._newest_odd),
        )

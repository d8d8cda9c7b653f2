"""What could not be read, and what is odd, counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from logging_core.analyse.state import AnomalyCount, FileAnomalies, ProblemCount
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.records import Problem

NEWEST = 20
"""So many problems, and so many anomalies, are kept to be shown."""

MAX_FILES = 1_000
"""Of so many files it is known how odd they are; what comes later counts for the whole only."""


class ProblemTally:
    """Counts unreadable lines, the files they stand in, and files that are unreadable as such."""

    __slots__ = ("_files", "_lines", "_newest", "_whole", "count")

    def __init__(self) -> None:
        self.count = ProblemCount()
        """The count so far; the same object while nothing is added."""
        self._lines = 0
        self._files: set[str] = set()
        self._whole: set[str] = set()
        self._newest: deque[Problem] = deque(maxlen=NEWEST)

    def add(self, problems: Sequence[Problem]) -> None:
        """Count some more; one without an offset is about its whole file, not about a line.

        A file that is told of again, at every look perhaps, is still one.
        """
        if not problems:
            return
        self._lines += sum(problem.offset is not None for problem in problems)
        self._files.update(problem.path for problem in problems)
        self._whole.update(problem.path for problem in problems if problem.offset is None)
        self._newest.extend(problems)
        self.count = ProblemCount(
            unreadable_lines=self._lines,
            files=tuple(sorted(self._files)),
            newest=tuple(self._newest),
            unreadable_files=len(self._whole),
        )


class AnomalyTally:
    """Counts clock jumps and gaps, and the files that have them."""

    __slots__ = ("_files", "_gaps", "_jumps", "_newest", "count")

    def __init__(self) -> None:
        self.count = AnomalyCount()
        """The count so far; the same object while nothing is added."""
        self._jumps = 0
        self._gaps = 0
        self._files: dict[str, list[int]] = {}  # jumps and gaps
        self._newest: deque[Anomaly] = deque(maxlen=NEWEST)

    def add(self, anomalies: Sequence[Anomaly]) -> None:
        """Count some more."""
        if not anomalies:
            return
        for anomaly in anomalies:
            is_gap = anomaly.kind is AnomalyKind.GAP
            self._gaps += is_gap
            self._jumps += not is_gap
            if anomaly.path in self._files or len(self._files) < MAX_FILES:
                self._files.setdefault(anomaly.path, [0, 0])[is_gap] += 1
        self._newest.extend(anomalies)
        files = [FileAnomalies(path, *counts) for path, counts in self._files.items()]
        files.sort(key=lambda file: (-file.clock_jumps - file.gaps, file.path))
        self.count = AnomalyCount(self._jumps, self._gaps, tuple(files), tuple(self._newest))

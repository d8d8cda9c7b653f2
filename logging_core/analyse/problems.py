"""What could not be read, counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from logging_core.analyse.state import ProblemCount
from logging_core.records import Problem

NEWEST = 20
"""So many problems are kept to be shown."""


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

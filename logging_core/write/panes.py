"""The captures of one pane on disk."""

from __future__ import annotations

import threading
from pathlib import Path

from logging_core.write.append import AppendFile, Shared
from logging_core.write.captures import CaptureLog
from logging_core.write.forks import Forkable
from logging_core.write.lines import Lines


class PaneLog(Forkable):
    """Appends what is new of each capture, in one `write`; see `captures` for what that is.

    Args:
        path: The file.
        shared: Of its tree.
        lines: Makes the records.
        captures: Decides what is stored.
    """

    def __init__(self, path: Path, shared: Shared, lines: Lines, captures: CaptureLog) -> None:
        super().__init__()
        self._file = AppendFile(path, shared)
        self._lines = lines
        self._captures = captures
        self._identity: tuple[int, int] | None = None
        self._size = 0
        self.after_fork()

    def after_fork(self) -> None:
        """A thread that the child does not have may have been storing a capture."""
        self._lock = threading.RLock()

    def append(self, time_s: float, text: str) -> None:
        """Store a capture. Secrets go first, so that what is compared is what is stored."""
        text = self._lines.clean(text)
        with self._lock:
            self._see_that_it_is_there()
            frame = self._captures.take(time_s, text)
            if frame is not None and self._file.append(self._lines.frame(time_s, frame)):
                self._captures.commit()

    def close(self) -> None:
        """Close the file; the next capture opens it again."""
        self._file.close()

    def _see_that_it_is_there(self) -> None:
        """What was stored in a file that is gone, or was emptied, has to be stored again."""
        identity, size = self._file.place()
        if identity != self._identity or size < self._size:
            self._captures.forget()
        self._identity, self._size = identity, size

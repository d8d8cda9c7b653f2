"""The audit trail on disk: one file for each local day."""

from __future__ import annotations

import threading
from datetime import date

from logging_core.tree import LogTree
from logging_core.write.append import AppendFile


class AuditFile:
    """Appends each record to the file of its own day, whatever day it is now.

    So a process that runs past midnight goes on in the new file, and no file is ever renamed.
    """

    def __init__(self, tree: LogTree) -> None:
        self._tree = tree
        self._lock = threading.RLock()
        self._current: tuple[str, AppendFile] | None = None

    def append(self, stamp: str, record: bytes) -> None:
        """Append one whole record, its newline included.

        Args:
            stamp: The record's timestamp; its day says which file.
            record: The line.

        Raises:
            OSError: It could not be written.
        """
        current = self._current
        if current is None or current[0] != stamp[:10]:
            current = self._turn_to(stamp[:10])
        current[1].append(record)

    def close(self) -> None:
        """Close the file; the next record opens one again."""
        with self._lock:
            current, self._current = self._current, None
        if current is not None:
            current[1].close()

    def _turn_to(self, day: str) -> tuple[str, AppendFile]:
        with self._lock:
            if self._current is None or self._current[0] != day:
                self.close()
                file = AppendFile(self._tree.audit_file(date.fromisoformat(day)))
                self._current = (day, file)
            return self._current

"""Records that could not be written: counted, reported on stderr, and later in the log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from logging_core.write.forks import Forkable

SAY_EVERY_S = 60.0
"""Minimum time between two lines on stderr, in seconds."""


class Loss(NamedTuple):
    """The records that could not be written to a file.

    Attributes:
        path: The file.
        records: The number of records.
        reason: The latest error message of the system.
    """

    path: Path
    records: int
    reason: str


class Losses(Forkable):
    """Counts the records that could not be written to a tree's files. Nothing here raises.

    Args:
        monotonic: A monotonic clock, in seconds.

    Attributes:
        record: Writes a loss to the log and returns whether that worked; until it does, the loss
            is kept. `None`: there is no log.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.record: Callable[[Loss], bool] | None = None
        self._monotonic = monotonic
        self._quiet_until_s = 0.0

    def _after_fork(self) -> None:
        """Drop the parent's losses, which the parent reports."""
        super()._after_fork()
        self._lost: dict[Path, Loss] = {}

    def add(self, path: Path, error: OSError) -> None:
        """Count one record that could not be written to `path`."""
        reason = error.strerror or str(error)
        with self._lock:
            before = self._lost[path].records if path in self._lost else 0
            self._lost[path] = Loss(path, before + 1, reason)
        self.complain(f"cannot write to {path}: {reason} (records are being dropped)")

    def complain(self, text: str) -> None:
        """Print a line on stderr, unless one was printed within the last minute."""
        with self._lock:
            now_s = self._monotonic()
            if now_s < self._quiet_until_s:
                return
            self._quiet_until_s = now_s + SAY_EVERY_S
        with suppress(OSError, ValueError, RuntimeError):  # full, closed, or in a signal handler
            print(f"logging_core: {text}", file=sys.stderr, flush=True)  # noqa: T201 - last resort

    def tell(self) -> None:
        """Write every loss to the log; keep those that cannot be written."""
        while self.record is not None:
            with self._lock:
                if not self._lost:
                    return
                _, loss = self._lost.popitem()
            if not self.record(loss):
                self._put_back(loss)
                return

    def _put_back(self, loss: Loss) -> None:
        with self._lock:
            later = self._lost.get(loss.path)
            more = later.records if later else 0
            self._lost[loss.path] = loss._replace(records=loss.records + more)

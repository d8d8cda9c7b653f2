"""The timestamps of a writer."""

from __future__ import annotations

import time
from collections.abc import Callable
from logging import LogRecord

from logging_core.codec.times import format_time

Clock = Callable[[], float]
"""Returns seconds since the epoch."""


class Stamps:
    """Formats times as they are in the tree: `2025-10-03T12:31:10.123456`, local and naive.

    Formatting takes as long as writing the record, so the text of the current second is cached.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._second: tuple[int, str] = (-1, "")

    def now(self) -> str:
        """Return the timestamp of now."""
        return self.at(self.clock())

    def at(self, time_s: float) -> str:
        """Return the timestamp of `time_s`, in seconds since the epoch."""
        second, micros = divmod(int(time_s * 1e6 + 0.5), 1_000_000)
        known, text = self._second
        if known != second:
            text = format_time(second)[:20]
            self._second = (second, text)
        return f"{text}{micros:06d}"

    def of(self, record: LogRecord) -> str:
        """Return the timestamp of a log record; that of now, if the clock is not the system's."""
        return self.at(record.created if self.clock is time.time else self.clock())

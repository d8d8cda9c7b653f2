"""The audit trail on disk: one file per local day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from orjson import dumps

from logging_core.codec.encode import NO_FOREIGN_CODE, audit_frame, escape_breaks, holds_enum
from logging_core.tree import LogTree
from logging_core.write.append import AppendFile, Shared
from logging_core.write.forks import Forkable
from logging_core.write.redact import Redactor

_MAX_FRAMES = 4096
_DIGITS = [b"%03d" % number for number in range(1000)]


class AuditFile(Forkable):
    """Appends each record to the file of its own day, whatever day it is now.

    So a process that runs past midnight continues in a new file, and no file is ever renamed.

    Args:
        tree: The tree.
        shared: Shared by the files of the tree.
        on_new_day: Called before the first record of each day that is later than all before.
        quick_bytes: Size of encoded details up to which `append_like` takes them.
        redactor: `append_like` takes no event in which this may find a secret; `None`: any event.
    """

    def __init__(
        self,
        tree: LogTree,
        shared: Shared | None = None,
        on_new_day: Callable[[date], None] | None = None,
        quick_bytes: int = 1 << 20,
        redactor: Redactor | None = None,
    ) -> None:
        super().__init__()
        self._redactor = redactor
        self._quick_bytes = quick_bytes
        self._tree = tree
        self._shared = shared
        self._on_new_day = on_new_day
        self._latest = ""
        self._current: tuple[str, AppendFile] | None = None
        self._second: tuple[int, bytes, AppendFile | None] = (0, b"", None)
        self._frames: dict[tuple[str, str | None], bytes] = {}

    def append(self, stamp: str, record: bytes) -> bool:
        """Append one whole record, including its newline; see `AppendFile.append`.

        Args:
            stamp: The record's timestamp, whose day selects the file.
            record: The line.
        """
        current = self._current
        if current is None or not stamp.startswith(current[0]):
            current = self._turn_to(stamp[:10])
        return current[1].append(record)

    def append_like(
        self, time_s: float, event_type: str, instance_id: str | None, details: object
    ) -> bool:
        """Append an event by a fast path, in half the time, if `remember` has seen its kind.

        Args:
            time_s: Seconds since the epoch.
            event_type: As for `audit_record`.
            instance_id: As for `audit_record`.
            details: As for `audit_record`.

        Returns:
            Whether the event was handled; if not, nothing was done.
        """
        second, head, file = self._second  # the second in microseconds
        micros = int(time_s * 1e6 + 0.5) - second
        if not 0 <= micros < 1_000_000 or file is None or type(details) is not dict:
            return False
        if type(event_type) is not str or not (instance_id is None or type(instance_id) is str):
            return False  # the hash of another class may raise anything
        redactor = self._redactor
        if holds_enum(details) if redactor is None else not redactor.passes(details):
            return False
        try:
            frame = self._frames.get((event_type, instance_id))
            encoded = dumps(details, None, NO_FOREIGN_CODE)
        except TypeError:  # not plain values
            return False
        if frame is None or len(encoded) > self._quick_bytes:
            return False
        if not encoded.isascii():
            encoded = escape_breaks(encoded)
        millis, rest = _DIGITS[micros // 1000], _DIGITS[micros % 1000]  # divmod takes longer
        file.append(b"".join((head, millis, rest, frame, encoded, b"}\n")))
        return True

    def remember(self, stamp: str, time_s: float, event_type: Any, instance_id: Any) -> None:
        """Enable `append_like` for further events of this second, type and instance."""
        if type(event_type) is not str or not isinstance(instance_id, str | None):
            return
        if self._redactor is not None and self._redactor.redact(event_type) is not event_type:
            return
        if len(self._frames) >= _MAX_FRAMES:
            self._frames = {}
        if (event_type, instance_id) not in self._frames:
            self._frames[event_type, instance_id] = audit_frame(event_type, instance_id)
        current = self._current
        if current is not None and stamp.startswith(current[0]):
            head = b'{"timestamp":"' + stamp[:20].encode()
            second = int(time_s * 1e6 + 0.5) // 1_000_000 * 1_000_000
            self._second = (second, head, current[1])

    def close(self) -> None:
        """Close the file; the next record reopens it."""
        current = self._current
        if current is not None:
            current[1].close()

    def _turn_to(self, day: str) -> tuple[str, AppendFile]:
        with self._lock:
            current = self._current
            if current is None or current[0] != day:
                self.close()
                file = AppendFile(self._tree.audit_file(date.fromisoformat(day)), self._shared)
                self._current = current = (day, file)
            later, self._latest = day > self._latest, max(day, self._latest)
        if later and self._on_new_day is not None:
            self._on_new_day(date.fromisoformat(day))
        return current

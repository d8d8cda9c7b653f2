"""The logs of one JSON object a line: messages and audit events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from logging_core.codec.decode import as_torn, strip_line
from logging_core.codec.lenient import mend
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.log import Found, TailedLog, problem
from logging_core.records import AuditEvent, Message


class JsonLines(TailedLog[Line]):
    """A log of one JSON object a line: communication and audit.

    Args:
        root: Of the tree.
        decode: Makes a record of a line, or tells why there is none.
        history: See `LogTail`.
    """

    __slots__ = ("_decode",)

    _feed: type[LineSplitter] = LineSplitter

    def __init__(
        self,
        root: Path,
        decode: Callable[[bytes], Message | AuditEvent | str],
        history: int | None = None,
    ) -> None:
        super().__init__(root, self._feed, history)
        self._decode = decode

    def _take(self, path: str, items: Iterable[Line], found: Found) -> None:
        times = self._decode_lines(path, items, found)
        found.anomalies += self._finder.check(path, times)

    def _decode_lines(self, path: str, items: Iterable[Line], found: Found) -> list[float | None]:
        """Decode lines of one file; the time of each, `None` for what has none."""
        last_s = self._finder.last_s(path)
        times: list[float | None] = []
        for offset, data, size, torn in items:
            times.append(None)
            line = strip_line(data, first=offset == 0)
            if not line.strip():
                continue
            record = self._decode(line if size == len(data) else mend(line, size))
            if isinstance(record, str):
                reason = _why(record, size, len(data), torn=torn)
                told = problem(path, reason, offset=offset, line=line, time_s=last_s)
                found.problems.append(told)
                continue
            record = as_torn(record) if torn else record
            found.records.append(record)
            times[-1] = record.time_s
            last_s = last_s if record.time_s is None else record.time_s
            if record.suspect:
                found.anomalies += self._finder.odd(path, record.suspect, last_s, line)
        return times


def _why(reason: str, size: int, kept: int, *, torn: bool) -> str:
    """Why a line of which so many bytes are kept is unreadable, as text to show."""
    if size > kept:
        return f"a line of {size:,} bytes is too long"
    return f"cut off at the end of its file: {reason}" if torn else reason

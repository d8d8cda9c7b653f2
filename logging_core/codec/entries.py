"""Logs with multi-line entries: `instance.log` and `orchestrator.log`.

An entry ends where the next one begins, but that may take arbitrarily long. So `flush` hands out
what is there after each poll of the file. If more lines of that entry arrive later, which takes a
writer that splits a record over two writes, they become a record of their own: with the time of
their entry, level `INFO`, and only text.
"""

from __future__ import annotations

import enum
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

from logging_core.anomalies import AnomalyKind
from logging_core.codec.lenient import Fields, Loaded, is_utf8, load_object
from logging_core.codec.recover import RECORD_START, has_tail, recover
from logging_core.codec.times import parse_time
from logging_core.records import LifecycleEvent, OrchestratorEvent
from logging_core.text import safe_block

MAX_LINES = 1000
"""Maximum number of lines in an entry; further ones are unreadable."""

MAX_BYTES = 1 << 20
"""Maximum size of an entry in bytes; further lines are unreadable."""

R_co = TypeVar("R_co", covariant=True)


class Unreadable(NamedTuple):
    """A line that belongs to no entry, or lines that make none."""

    offset: int
    reason: str
    line: bytes


class Stray(enum.Enum):
    """What to do with a line that continues no open entry."""

    DROP = enum.auto()
    """Its entry began before the part of the file that is read."""
    JOIN = enum.auto()
    """Its entry has been handed out already: it becomes a record of its own."""
    REFUSE = enum.auto()
    """It belongs to no entry, and is unreadable."""


class Entries(ABC, Generic[R_co]):
    """Joins the lines of one log into entries.

    Args:
        raw: Leave strings unsanitised.
        stray: What to do with lines before the first entry.

    Attributes:
        start: Offset of the open entry, in bytes; `None` if there is none.
        garbled: The lines of the last entry that was not all UTF-8.
    """

    __slots__ = (
        "_continues",
        "_is_torn",
        "_lines",
        "_raw",
        "_size",
        "_stray",
        "garbled",
        "start",
    )

    def __init__(self, *, raw: bool, stray: Stray) -> None:
        self.start: int | None = None
        self.garbled = b""
        self._raw = raw
        self._stray = stray
        self._continues = False
        self._is_torn = False
        self._lines: list[bytes] = []
        self._size = 0

    def add(self, offset: int, line: bytes) -> Iterator[R_co | Unreadable]:
        """Add one line; yield the entry that it ends, if any."""
        if self._begins(line):
            yield from self.flush(final=True)
            self._open(offset, line, continues=False)
        elif self._lines:
            if len(self._lines) < MAX_LINES and self._size + len(line) < MAX_BYTES:
                self._lines.append(line)
                self._size += len(line)
                return
            yield from self.flush(final=True)
            self._stray = Stray.REFUSE
            yield Unreadable(offset, "too many lines for one entry", line)
        elif line.strip():
            if self._stray is Stray.JOIN:
                self._open(offset, line, continues=True)
            elif self._stray is Stray.REFUSE:
                yield Unreadable(offset, self._refusal(line), line)

    def tear(self) -> None:
        """The line that was added last has no end: so its entry may have none."""
        self._is_torn = True

    def flush(self, *, final: bool) -> Iterator[R_co | Unreadable]:
        """Yield the open entry, if any.

        Args:
            final: Yield it even if it is known to be unfinished.
        """
        if self.start is None or not (final or self._finished()):
            return
        while not self._lines[-1].strip():
            self._lines.pop()
        offset, lines, continues = self.start, self._lines, self._continues
        self.start, self._lines = None, []
        self._stray = Stray.JOIN
        built = self._build(lines, continues=continues)
        yield Unreadable(offset, built, lines[0]) if isinstance(built, str) else built

    def _open(self, offset: int, line: bytes, *, continues: bool) -> None:
        self.start = offset
        self._lines = [line]
        self._size = len(line)
        self._continues = continues
        self._is_torn = False

    def _suspect(self, text: str, lines: list[bytes]) -> tuple[str, ...]:
        """What is odd about an entry with this text, made of these lines."""
        odd: list[str] = []
        if "\ufffd" in text and not all(map(is_utf8, lines)):
            self.garbled = b"\n".join(lines)
            odd.append(AnomalyKind.LOSSY)
        if self._is_torn:
            odd.append(AnomalyKind.TORN)
        return tuple(odd)

    @abstractmethod
    def _begins(self, line: bytes) -> bool:
        """Return whether a line is the first of an entry."""

    @abstractmethod
    def _build(self, lines: list[bytes], *, continues: bool) -> R_co | str:
        """Return an entry, or why there is none; `continues`: the lines are late ones of it."""

    def _finished(self) -> bool:
        """Return whether the open entry can be handed out now."""
        return True

    def _refusal(self, line: bytes) -> str:
        """Return why a line does not begin an entry, as text to show."""
        return "not a log entry"


_LIFECYCLE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\S{0,6})"
    r" - (?P<level>[A-Za-z][\w ]{0,30}) - (?P<text>.*)",
    re.ASCII | re.DOTALL,
)
_INDENT = "    "


class LifecycleEntries(Entries[LifecycleEvent]):
    """Reads `instance.log`: `2025-10-03 12:30:45 - INFO - text`, and its continuation lines."""

    __slots__ = ("_instance_id", "_time_s")

    def __init__(self, instance_id: str, *, raw: bool, stray: Stray) -> None:
        super().__init__(raw=raw, stray=stray)
        self._instance_id = instance_id
        self._time_s: float | None = None

    def _begins(self, line: bytes) -> bool:
        return line[:2].isdigit() and _LIFECYCLE.match(line.decode("utf-8", "replace")) is not None

    def _build(self, lines: list[bytes], *, continues: bool) -> LifecycleEvent:
        first, *rest = (line.decode("utf-8", "replace") for line in lines)
        level, text = "INFO", first
        match = None if continues else _LIFECYCLE.match(first)
        if match is not None:
            self._time_s = parse_time(match["time"].replace(",", "."))
            level, text = match["level"], match["text"]
            if all(line.startswith(_INDENT) for line in rest):  # as our writer indents them
                rest = [line.removeprefix(_INDENT) for line in rest]
        text = "\n".join([text, *rest])
        return LifecycleEvent(
            instance_id=self._instance_id,
            time_s=self._time_s,
            level=level,
            text=text if self._raw else safe_block(text),
            suspect=self._suspect(text, lines),
        )


_KEYS = frozenset({"timestamp", "level", "logger", "message"})


class OrchestratorEntries(Entries[OrchestratorEvent]):
    """Reads `orchestrator.log`: JSON lines, broken JSON lines, and the tracebacks after them."""

    __slots__ = ("_loaded", "_logger", "_next", "_time_s")

    def __init__(self, *, raw: bool, stray: Stray) -> None:
        super().__init__(raw=raw, stray=stray)
        self._loaded: Loaded | None = None
        self._next: Loaded | None = None
        self._time_s: float | None = None
        self._logger = ""

    def _begins(self, line: bytes) -> bool:
        if not line.startswith(b"{"):
            return False
        loaded = load_object(line)
        if isinstance(loaded, Loaded) and _KEYS & loaded.fields.keys():
            self._next = loaded
            return True
        self._next = None
        return RECORD_START.match(line) is not None

    def _open(self, offset: int, line: bytes, *, continues: bool) -> None:
        super()._open(offset, line, continues=continues)
        self._loaded = None if continues else self._next

    def _finished(self) -> bool:
        if self._loaded is not None or self._continues:
            return True
        return has_tail(b"\n".join(self._lines).decode("utf-8", "replace"))

    def _build(self, lines: list[bytes], *, continues: bool) -> OrchestratorEvent | str:
        text = b"\n".join(lines).decode("utf-8", "replace")
        suspect = self._suspect(text, lines)
        if continues:
            return self._late(text, suspect)
        if self._loaded is not None:
            loaded, rest = self._loaded, text.partition("\n")[2]
            return self._event(loaded, rest, suspect, recovered=not loaded.strict)
        found = recover(text)
        if found is None:
            return self._refusal(lines[0])
        fields, rest = found
        loaded = Loaded(fields, tame=False, strict=False)
        return self._event(loaded, rest, suspect, recovered=True)

    def _event(
        self, loaded: Loaded, trace: str, suspect: tuple[str, ...], *, recovered: bool
    ) -> OrchestratorEvent:
        fields = Fields(loaded, raw=self._raw)
        self._time_s = fields.time("timestamp")
        self._logger = fields.line("logger") or ""
        written = fields.block("exception")
        parts = (written, trace if self._raw else safe_block(trace))
        return OrchestratorEvent(
            time_s=self._time_s,
            level=fields.line("level") or "INFO",
            logger=self._logger,
            text=fields.block("message") or "",
            instance_id=fields.line("instance_id"),
            error=fields.block("error"),
            exception="\n".join(part for part in parts if part) or None,
            recovered=recovered,
            suspect=suspect,
            extra=fields.rest(),
        )

    def _late(self, text: str, suspect: tuple[str, ...]) -> OrchestratorEvent:
        return OrchestratorEvent(
            time_s=self._time_s,
            logger=self._logger,
            text=text if self._raw else safe_block(text),
            recovered=True,
            suspect=suspect,
        )

    def _refusal(self, line: bytes) -> str:
        loaded = load_object(line)
        return loaded if isinstance(loaded, str) else "not a log entry"

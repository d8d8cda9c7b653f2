"""Older messages of all instances, merged by time, page by page towards the past."""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from logging_core.codec.decode import decode_message, strip_line
from logging_core.codec.times import parse_time
from logging_core.read.backwards import MovedError, newest_lines
from logging_core.read.files import Part, Source, open_regular
from logging_core.read.lines import LIMIT
from logging_core.read.logs import shown_name
from logging_core.read.sweep import Sweep, instance_directories
from logging_core.records import Message
from logging_core.tree import INSTANCE_FILES, FileKind

_NAME = next(name for name, kind in INSTANCE_FILES.items() if kind is FileKind.COMMUNICATION)
_BLOCK = 16 << 10
_CLOSE = 64 << 10
_MOST_LINE = 256 << 10
_TIMESTAMP = re.compile(rb'^\{ ?"timestamp": ?"([0-9T:.+Z-]{10,35})"', re.MULTILINE)

Timed = tuple[float, Message]
_Entry = tuple[float, str, Iterator[Timed], Message | None]
"""The time of an instance's next message, negative; whose; what follows; and the message."""


class MessagePages:
    """Reads the messages of a tree from any moment backwards.

    A page costs what it holds: of each file only what is handed out is read, and a file whose
    last change is older than what was handed out so far is not opened. An instance's messages
    keep the order of their file; one without a readable time, or whose time is later than that of
    the one after it, stands right before that one.

    Not for several threads at once. What is written after the first page is not seen.

    Args:
        root: Of the tree.
        instance_ids: Whose messages, by the names of the directories; `None`: everybody's.
        raw: Leave texts unsanitised.
    """

    def __init__(
        self, root: Path, instance_ids: Collection[str] | None = None, *, raw: bool = False
    ) -> None:
        self._root = root
        self._wanted = None if instance_ids is None else frozenset(instance_ids)
        self._raw = raw
        self._before_s = math.inf
        self._heap: list[_Entry] | None = None

    def start_before(self, time_s: float) -> None:
        """Begin anew, with what is older than a moment."""
        self._before_s = time_s
        self._heap = None

    def older(self, count: int) -> list[Message]:
        """The next `count` messages towards the past, oldest first; none at the beginning of all.

        A file that cannot be read is left out.
        """
        if self._heap is None:
            self._heap = self._open_all()
        heap, page = self._heap, list[Message]()
        while heap and len(page) < count:
            _, name, stream, message = heapq.heappop(heap)
            if message is not None:
                page.append(message)
            for time_s, following in islice(stream, 1):
                heapq.heappush(heap, (-time_s, name, stream, following))
        return page[::-1]

    def _open_all(self) -> list[_Entry]:
        """An entry for each instance: none of its messages is later than its files' last change."""
        try:
            names, _ = instance_directories(self._root)
        except OSError:
            return []
        sweep, heap = Sweep(self._root), list[_Entry]()
        for name in sorted(names if self._wanted is None else names & self._wanted):
            parts = sweep.parts(f"instances/{name}/{_NAME}")
            if parts:
                newest_s = max(part.mtime_ns for part in parts) / 1e9
                heap.append((-newest_s, name, self._stream(name, parts), None))
        heapq.heapify(heap)
        return heap

    def _stream(self, name: str, parts: tuple[Part, ...]) -> Iterator[Timed]:
        """The messages of one instance, the last one first, with the times they are merged by."""
        latest_s, timeless = self._before_s, list[Message]()
        for message in self._messages(name, parts):
            if message.time_s is None:
                timeless.append(message)
                continue
            if message.time_s >= self._before_s:
                timeless.clear()
                continue
            latest_s = min(latest_s, message.time_s)
            yield from ((latest_s, each) for each in (*timeless, message))
            timeless.clear()
        if latest_s < self._before_s or self._before_s == math.inf:
            yield from ((-math.inf, each) for each in timeless)

    def _messages(self, name: str, parts: tuple[Part, ...]) -> Iterator[Message]:
        shown = name if self._raw else shown_name(name)
        for part in reversed(parts):
            try:
                until = _until(self._root, part, self._before_s)
                for line in newest_lines(self._root, until, None, block=_BLOCK):
                    stripped = strip_line(line[:LIMIT], first=True)
                    if stripped.strip():
                        message = decode_message(stripped, shown, raw=self._raw)
                        if not isinstance(message, str):
                            yield message
            except (MovedError, OSError):
                continue


def _until(root: Path, part: Part, before_s: float) -> Part:
    """The beginning of a file, up to somewhere soon after the last line older than a moment."""
    if before_s == math.inf or part.size < 2 * _CLOSE or part.log.compressed:
        return part
    with open_regular(str(root / part.path)) as fd:
        source = Source(fd)
        low, high = 0, part.size
        while high - low > _CLOSE:
            middle = (low + high) // 2
            time_s = _first_time(source.read(min(_MOST_LINE, high - middle), middle))
            if time_s is None or time_s >= before_s:
                high = middle
            else:
                low = middle
        rest = source.read(_MOST_LINE, high + _CLOSE)
    end = rest.find(b"\n") + 1
    return part._replace(size=high + _CLOSE + end) if end else part


def _first_time(data: bytes) -> float | None:
    """The time of the first whole line in `data` that says one."""
    for match in _TIMESTAMP.finditer(data, data.find(b"\n") + 1):
        time_s = parse_time(match[1].decode())
        if time_s is not None:
            return time_s
    return None

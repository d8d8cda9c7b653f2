"""Messages of the past, page by page backwards, without reading what nobody scrolls to."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

from logging_core.codec.decode import decode_message, strip_line
from logging_core.codec.lenient import load_object, mend
from logging_core.codec.times import parse_time
from logging_core.read.backwards import MovedError, newest_lines, read_at
from logging_core.read.files import Part
from logging_core.read.gzipped import GZIP_MAGIC
from logging_core.read.lines import LIMIT
from logging_core.read.names import directories_of, shown_name
from logging_core.read.query import DISORDER_S
from logging_core.read.sweep import Sweep
from logging_core.records import Message
from logging_core.tree import LOG_TYPES

_NEAR = 256 << 10
_PROBE = 16 << 10

Timed = tuple[float, Message]


class MessagePages:
    """The messages of many instances merged by time, the newest page first.

    Inside one file the order stays; a message without a time has that of the one before it. Each
    page goes on where the last one ended, so it costs its own size, not that of the files. What is
    written later belongs to no page. Lines that are no messages, and files that cannot be read,
    are left out: `follow()` reports them. All calls block.

    Args:
        root: Of the tree.
        instance_ids: Whose, as records give them, or by directory; `None` for all that are there.
        raw: Leave texts unsanitised.
    """

    def __init__(
        self, root: Path, instance_ids: Collection[str] | None = None, *, raw: bool = False
    ) -> None:
        self._root = root
        self._raw = raw
        self._instance_ids = instance_ids
        self._sweep = Sweep(root)
        self.start_before(None)

    def start_before(self, time_s: float | None) -> None:
        """Begin anew: the next page is the newest one before a moment; `None` for the newest."""
        before_s = math.inf if time_s is None else time_s
        names = directories_of(self._root, self._instance_ids)
        self._streams = [self._newest_first(name, before_s) for name in names]
        self._heap: list[tuple[float, int, Message]] | None = None

    def older(self, count: int) -> list[Message]:
        """The next `count` messages older than all so far, oldest first; fewer at the beginning."""
        if self._heap is None:
            self._heap = []
            for number in range(len(self._streams)):
                self._push(self._heap, number)
        page: list[Message] = []
        while self._heap and len(page) < count:
            _, number, message = heapq.heappop(self._heap)
            page.append(message)
            self._push(self._heap, -number)
        return page[::-1]

    def _push(self, heap: list[tuple[float, int, Message]], number: int) -> None:
        for time_s, message in islice(self._streams[number], 1):
            heapq.heappush(heap, (-time_s, -number, message))

    # --- one instance --------------------------------------------------------

    def _newest_first(self, name: str, before_s: float) -> Iterator[Timed]:
        """One instance's messages before a moment; their times never rise."""
        group = f"instances/{name}/{LOG_TYPES['communication']}"
        shown = name if self._raw else shown_name(name)
        decode = partial(decode_message, instance_id=shown, raw=self._raw)
        latest_s, timeless = math.inf, list[Message]()
        for line in self._lines(group, before_s):
            size = len(line)
            stripped = strip_line(line[:LIMIT], first=True)
            message = decode(stripped if size <= LIMIT else mend(stripped, size))
            if isinstance(message, str):
                continue
            timeless.append(message)
            if message.time_s is not None:
                latest_s = min(latest_s, message.time_s)
                if latest_s < before_s:
                    yield from ((latest_s, earlier) for earlier in timeless)
                timeless.clear()
        if before_s == math.inf or latest_s < before_s:
            yield from ((min(latest_s, 0.0), earlier) for earlier in timeless)

    def _lines(self, group: str, before_s: float) -> Iterator[bytes]:
        """The lines of all parts, the newest first."""
        for part in reversed(self._sweep.parts(group)):
            with suppress(OSError):
                yield from self._lines_of(group, part, before_s)

    def _lines_of(self, group: str, part: Part | None, before_s: float) -> Iterator[bytes]:
        """The lines of one part, under whatever name it now has."""
        given = 0
        while part is not None:
            try:
                end = _end_of(self._root, part, before_s)
                for line in islice(newest_lines(self._root, part, None, end), given, None):
                    given += 1
                    yield line
            except MovedError:
                part = self._renamed(group, part)
            else:
                return

    def _renamed(self, group: str, part: Part) -> Part | None:
        """The same file with its new name and its old size; `None` if it is gone."""
        for other in self._sweep.parts(group):
            if other.id == part.id and other.path != part.path:
                return part._replace(path=other.path)
        return None


def _end_of(root: Path, part: Part, before_s: float) -> int:
    """Where lines begin that are all later than a moment; the file is nearly in time order."""
    low, high = 0, part.size
    if before_s == math.inf or read_at(root, part, 2, 0) == GZIP_MAGIC:
        return high
    while high - low > _NEAR:
        middle = (low + high) // 2
        offset, time_s = _line_after(root, part, middle, high)
        if time_s is None or time_s > before_s + DISORDER_S:
            high = middle
        else:
            low = offset
    return part.size if high == part.size else _line_after(root, part, high, part.size)[0]


def _line_after(root: Path, part: Part, offset: int, end: int) -> tuple[int, float | None]:
    """The first whole line with a time after a place, and its time; `end` if there is none."""
    first = end
    while offset < end:
        data = read_at(root, part, min(_PROBE, end - offset), offset)
        start = data.find(b"\n") + 1
        while start and (stop := data.find(b"\n", start)) >= 0:
            first = min(first, offset + start)
            loaded = load_object(strip_line(data[start:stop], first=False))
            if not isinstance(loaded, str):
                time_s = parse_time(loaded.fields.get("timestamp"))
                if time_s is not None:
                    return offset + start, time_s
            start = stop + 1
        offset += len(data) or end
    return first, None

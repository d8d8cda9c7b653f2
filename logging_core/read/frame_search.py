"""Searching one capture file for frames without reading what lies between.

Frames follow each other in time, so a moment is found by halving the file. A frame whose time is
before that of the frame before it (pane text may have forged it) is never what a search ends at,
and a few of them cannot lead it astray.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

from logging_core.codec.pane import TAIL_BYTES, screen_sum
from logging_core.read.files import Part, Source, open_regular
from logging_core.read.frames import HEADER_SIZE, Header, find_headers

BLOCK = 256 << 10
"""So many bytes are searched at a time."""

MAX_ALIKE = 256
MAX_BYTES = 8 << 20

_PROBE = 32 << 10


def headers_from(source: Source, offset: int, end: int) -> Iterator[Header]:
    """The frames that begin at or after `offset` and before `end`, in file order."""
    while offset < end:
        stop = min(end, offset + BLOCK)
        yield from _between(source, offset, stop)
        offset = stop


def headers_before(source: Source, end: int) -> Iterator[Header]:
    """The frames that begin before `end`, the newest first."""
    size = _PROBE
    while end > 0:
        start = max(0, end - size)
        yield from reversed(_between(source, start, end))
        end = start
        size = min(2 * size, BLOCK)


def newest_change(root: Path, part: Part) -> int:
    """Where the newest frame begins that shows something else than all after it.

    So from there on it is known what the pane shows and since when. Of a pane that has not changed
    for `MAX_ALIKE` frames or `MAX_BYTES` the oldest of these; near the end if there is no frame.

    Raises:
        OSError: The file cannot be read.
    """
    with open_regular(str(root / part.path)) as fd:
        source = Source.of(fd)
        end, shown, offset = source.size, 0, -1
        for header in islice(headers_before(source, source.size), MAX_ALIKE):
            size = min(TAIL_BYTES, end - header.body_before(end))
            screen = screen_sum(source.read(size, end - size))
            offset = end = header.offset
            if (shown and screen != shown) or source.size - offset > MAX_BYTES:
                break
            shown = screen
        return max(0, source.size - 2 * HEADER_SIZE) if offset < 0 else offset


def find_moment(source: Source, time_s: float, start: int, end: int) -> tuple[int, int]:
    """The frame that was shown at a moment, among those that begin in [`start`, `end`).

    Returns:
        Where the newest frame at or before the moment begins, -1 if there is none, and where the
        frame after it begins, or `end`.
    """
    low, high = start, end
    while high - low > BLOCK:
        middle = (low + high) // 2
        probed = _probe(source, middle, high)
        if not probed:
            high = middle
            continue
        typical = sorted(probed, key=_time)[len(probed) // 2]  # no forged one, if most are not
        if typical.time_s <= time_s:
            low = probed[0].offset
        elif typical.offset == probed[0].offset:
            high = middle
        else:
            high = typical.offset
    before = list(islice(headers_before(source, low), 1)) if low > start else []
    near = [*before, *headers_from(source, low, high)]
    shown = -1
    for number, header in enumerate(near):
        forged = number > 0 and header.time_s < near[number - 1].time_s
        if header.time_s <= time_s and not forged:
            shown = number
    if shown < 0:
        return -1, near[0].offset if near else high
    following = near[shown + 1].offset if shown + 1 < len(near) else high
    return near[shown].offset, following


def are_back(headers: list[Header]) -> list[bool]:
    """Of each frame but the first, whether its time is before that of the one before it."""
    return [later.time_s < earlier.time_s for earlier, later in pairwise(headers)]


def _probe(source: Source, offset: int, end: int) -> list[Header]:
    """Some frames that begin soon after a place."""
    while offset < end:
        stop = min(end, offset + _PROBE)
        if found := _between(source, offset, stop):
            return found
        offset = stop
    return []


def _between(source: Source, start: int, end: int) -> list[Header]:
    """The frames that begin in [`start`, `end`)."""
    data = source.read(end + HEADER_SIZE - start, start)
    return [header for header in find_headers(data, start) if header.offset < end]


def _time(header: Header) -> float:
    return header.time_s

"""Where in a log of messages a moment is, without reading all of it."""

from __future__ import annotations

import math

from logging_core.codec.decode import strip_line
from logging_core.codec.lenient import load_object
from logging_core.codec.times import parse_time
from logging_core.read.backwards import DISORDER_S
from logging_core.read.lines import LIMIT
from logging_core.read.part_bytes import PartBytes

_NEAR = 256 << 10
_HEAD = 64 << 10
_PROBE = 16 << 10


def end_of(source: PartBytes, before_s: float) -> int:
    """A place near where lines begin that are all later than a moment, and behind some of them.

    The file is nearly in time order. A time that is far later than that of a line near the end of
    the file is mistaken: it does not count.
    """
    size, later_s = source.size, before_s + DISORDER_S
    if before_s == math.inf or size <= _NEAR:
        return size
    _, last_s = _line_after(source, size - _PROBE, size)
    low, high, credible_s = 0, size, math.inf if last_s is None else last_s + DISORDER_S
    while True:
        low, mistaken, high = _halved(source, low, high, later_s, credible_s)
        if low == mistaken:
            break
        low, high, credible_s = _before(source, low, mistaken, later_s, credible_s)
    high += _PROBE  # by the times after a message is told whether its own is mistaken
    return size if high >= size else _line_after(source, high, size)[0]


def _before(
    source: PartBytes, low: int, high: int, later_s: float, credible_s: float
) -> tuple[int, int, float]:
    """Look back from a line of a mistaken time for one that is not, farther and farther.

    Returns:
        Between which places to go on looking for what is later than a moment, and up to which time
        the times there count.
    """
    back = _NEAR
    while (place := high - back) > low:
        offset, time_s = _line_after(source, place, high)
        if time_s is not None and time_s <= later_s:
            return offset, high, math.inf
        if time_s is not None and time_s <= credible_s:
            return low, offset, time_s + DISORDER_S
        back *= 2
    return low, high, math.inf


def _halved(
    source: PartBytes, low: int, high: int, later_s: float, credible_s: float
) -> tuple[int, int, int]:
    """Look for where lines begin that are later than a moment, among those between two places.

    Returns:
        Where a line begins that is not later; the same, or the last one of a mistaken time if that
        is right before what is later; and a place that is not far behind where that begins.
    """
    known = low
    while high - low > (_NEAR if known == low else 1):
        middle = (low + high) // 2
        offset, time_s = _line_after(source, middle, min(source.size, high + LIMIT))
        if time_s is None or offset >= high or later_s < time_s <= credible_s:
            high = middle
        else:
            low = offset
            known = low if time_s <= later_s else known
    return known, low, high


def end_of_head(source: PartBytes) -> int:
    """Where the first lines end, those of which enough is read to know when a log begins."""
    if source.size <= _HEAD:
        return source.size
    return _line_after(source, _HEAD, source.size)[0]


def _line_after(source: PartBytes, offset: int, end: int) -> tuple[int, float | None]:
    """The first whole line with a time after a place, and its time; `end` if there is none.

    One that is too long to be read whole has none.
    """
    first, probe = end, _PROBE
    while offset < end:
        data = source.read(min(probe, end - offset), offset)
        start, passed = data.find(b"\n") + 1, False
        while start and (stop := data.find(b"\n", start)) >= 0:
            first = min(first, offset + start)
            loaded = load_object(strip_line(data[start:stop]))
            if not isinstance(loaded, str):
                time_s = parse_time(loaded.fields.get("timestamp"))
                if time_s is not None:
                    return offset + start, time_s
            start, passed = stop + 1, True
        if passed:
            offset += start - 1  # at the newline before the line that is not whole
        elif not data.strip(b"\0"):
            offset = max(offset + len(data), source.hole_after(offset))
        elif probe < 2 * LIMIT and offset + len(data) < end:
            probe *= 2
        else:
            offset += len(data)
    return first, None

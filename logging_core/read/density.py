"""How much a pane changed when: what the strip below a replay shows."""

from __future__ import annotations

from logging_core.read.files import Source
from logging_core.read.frame_search import find_moment, headers_from

EXACT_BYTES = 4 << 20
"""The frames of files up to so many bytes are compared; larger ones are only measured."""


class DensityStrip:
    """Equal stretches of time, each with how much the pane changed in it: see `PaneFile.density`.

    Args:
        buckets: How many stretches.
        start_s: When the first one begins, in seconds since the epoch.
        end_s: When the last one ends.

    Attributes:
        amounts: How much, in bytes, by stretch.
    """

    def __init__(self, buckets: int, start_s: float, end_s: float) -> None:
        self.amounts = [0] * buckets
        self._start_s = start_s
        self._end_s = end_s
        self._shown: bytes | None = None  # the last frame of the file before; `None`: not compared

    def add(self, source: Source) -> None:
        """Add what changed in a capture file; files come oldest first.

        Raises:
            OSError: It cannot be read.
        """
        if source.size <= EXACT_BYTES:
            self._add_changes(source)
        else:
            self._add_sizes(source)
            self._shown = None

    def _add_changes(self, source: Source) -> None:
        """Add what is new in every frame."""
        headers = list(headers_from(source, 0, source.size))
        ends = [*(header.offset for header in headers[1:]), source.size]
        for header, end in zip(headers, ends, strict=True):
            begin = header.body_before(end)
            body = source.read(end - begin, begin)
            if self._start_s <= header.time_s <= self._end_s and body != self._shown:
                self.amounts[self._place_of(header.time_s)] += _new_bytes(body, self._shown)
            self._shown = body

    def _place_of(self, time_s: float) -> int:
        buckets = len(self.amounts)
        share = (time_s - self._start_s) / max(self._end_s - self._start_s, 1e-6)
        return min(buckets - 1, int(share * buckets))

    def _add_sizes(self, source: Source) -> None:
        """Add the bytes between the frames at the edges of the stretches."""
        last = len(self.amounts)
        low = self._edge(source, 0, 0, source.size)
        self._fill(source, 0, last, low, self._edge(source, last, low, source.size))

    def _fill(self, source: Source, first: int, last: int, low: int, high: int) -> None:
        """Halve: an edge lies between its neighbours', so each search is a short one."""
        if low >= high:
            return
        if last - first == 1:
            self.amounts[first] += high - low
            return
        middle = (first + last) // 2
        edge = self._edge(source, middle, low, high)
        self._fill(source, first, middle, low, edge)
        self._fill(source, middle, last, edge, high)

    def _edge(self, source: Source, number: int, low: int, high: int) -> int:
        """Where the frames before an edge end; at the last edge, those at it count, too."""
        step_s = (self._end_s - self._start_s) / len(self.amounts)
        is_last = number == len(self.amounts)
        at_s = self._end_s if is_last else self._start_s + number * step_s - 1e-6
        return find_moment(source, at_s, low, high)[1]


def _new_bytes(body: bytes, before: bytes | None) -> int:
    """How long the lines of a frame are that the one before it lacks; at least 1."""
    if before is None:
        return 1
    known = {*before.split(b"\n"), b""}
    return sum(len(line) + 1 for line in body.split(b"\n") if line not in known) or 1

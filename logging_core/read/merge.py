"""The records of several logs as one list."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import itemgetter

from logging_core.records import Record


def merge_by_time(streams: Iterable[Sequence[Record]]) -> list[Record]:
    """Sort by time. Inside a stream the order stays; no time means that of the one before."""
    timed: list[tuple[float, Record]] = []
    for stream in streams:
        latest_s = -math.inf
        for record in stream:
            time_s: float | None = getattr(record, "time_s", None)
            if time_s is not None and time_s > latest_s:
                latest_s = time_s
            timed.append((latest_s, record))
    timed.sort(key=itemgetter(0))
    return [record for _, record in timed]

"""Times as the tree writes them: local and naive ISO 8601, unless an offset is given."""

from __future__ import annotations

from datetime import UTC, datetime

_LATEST_S = 253402300799.0  # the end of year 9999, the last that datetime can show


def parse_time(value: object) -> float | None:
    """Seconds since the epoch of an ISO 8601 text, or `None` for anything else; never raises.

    A text without an offset is local time; `Z` and offsets are read. Two times that a clock
    change made equal stay equal: the tree does not say which one was meant.
    """
    if not isinstance(value, str) or len(value) < 10:
        return None
    try:
        seconds = datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if 0 <= seconds <= _LATEST_S else None


def format_time(seconds: float) -> str:
    """A moment as the tree writes it: `2025-10-03T12:31:10.123456`, local and naive."""
    return datetime.fromtimestamp(seconds).isoformat(timespec="microseconds")


def format_time_aware(seconds: float) -> str:
    """A moment with its offset, for readers in other places: `2025-10-03T12:31:10.123456+02:00`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(timespec="microseconds")

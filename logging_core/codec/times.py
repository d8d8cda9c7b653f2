"""Times as they are in the tree: ISO 8601, local unless an offset is given."""

from __future__ import annotations

from datetime import UTC, datetime

LATEST_S = 253402041600.0
"""The latest time that is one: 29 December 9999. `datetime` ends two days later, and asks for the
day after a time, in any zone, to know what a clock on the wall showed."""


def parse_time(value: object) -> float | None:
    """Return the seconds since the epoch of an ISO 8601 string; `None` for anything else.

    A string without an offset is local time; `Z` and offsets are understood. Times in the hour that
    a clock change repeats are ambiguous, and read as the first of the two. Never raises.
    """
    if not isinstance(value, str) or len(value) < 10:
        return None
    try:
        seconds = datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if 0 <= seconds <= LATEST_S else None


def format_time(seconds: float) -> str:
    """Format a time as in the tree: `2025-10-03T12:31:10.123456`, local and naive."""
    return datetime.fromtimestamp(seconds).isoformat(timespec="microseconds")


def format_time_aware(seconds: float) -> str:
    """Format a time with its offset, for other time zones: `2025-10-03T12:31:10.123456+02:00`."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(timespec="microseconds")

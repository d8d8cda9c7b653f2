"""Parsing times as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from logging_core.codec.times import parse_time

EXAMPLES = "14:05, 15m, 1h30m, 2d, 2026-11-23T14:05"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_UNIT_S = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_AGE = re.compile(
    r"-?(?=\d)" + "".join(rf"(?:(?P<{unit}>\d{{1,6}}){unit})?" for unit in _UNIT_S), re.ASCII
)


def parse_time_of(text: str, now_s: float) -> float:
    """Parse a time typed by the user into seconds since the epoch.

    Args:
        text: A time of day, meaning the most recent one: `14:05`, `14:05:30`; an age: `90s`,
            `15m`, `1h30m`, `2d`, `1w`, with a `-` before it or without; or an ISO 8601 time or
            day, local unless it has an offset.
        now_s: The present.

    Raises:
        ValueError: It is none of these.
    """
    text = text.strip()
    if age := _AGE.fullmatch(text):
        ago_s = sum(int(age[unit] or 0) * seconds for unit, seconds in _UNIT_S.items())
        return max(0.0, now_s - ago_s)
    clock = _CLOCK.fullmatch(text)
    moment_s = _last_at(clock, now_s) if clock else parse_time(text)
    if moment_s is None:
        raise ValueError(f"{text!r} is not a time: use {EXAMPLES}")
    return moment_s


def parse_moment(text: str, now_s: float) -> float:
    """Parse a time that can be gone to, see `parse_time_of`.

    Raises:
        ValueError: It is no time, or in the future.
    """
    moment_s = parse_time_of(text, now_s)
    if moment_s > now_s:
        raise ValueError(f"{text.strip()} is in the future")
    return moment_s


def _last_at(clock: re.Match[str], now_s: float) -> float | None:
    """Return when it was that late last; `None` if it never is."""
    now = datetime.fromtimestamp(now_s)
    hour, minute, second = (int(part or 0) for part in clock.groups())
    try:
        moment = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    except ValueError:
        return None
    return (moment - timedelta(days=moment > now)).timestamp()

"""Parsing times as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from madrox_tui.arguments import parse_since

EXAMPLES = "14:05, 14:05:30, -15m, 2026-11-23T14:05"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def parse_moment(text: str, now_s: float) -> float:
    """Parse a time typed by the user into seconds since the epoch.

    Args:
        text: A time of day, meaning the most recent one: `14:05`, `14:05:30`; an age: `-15m`,
            `15m`; or an ISO 8601 time or day, local unless it has an offset.
        now_s: The present.

    Raises:
        ValueError: It is none of these, or in the future.
    """
    text = text.strip()
    try:
        if match := _CLOCK.fullmatch(text):
            return _last_at(int(match[1]), int(match[2]), int(match[3] or 0), now_s)
        moment_s = parse_since(text.removeprefix("-"), now_s)
    except ValueError:
        raise ValueError(f"{text!r} is not a time: use {EXAMPLES}") from None
    if moment_s > now_s:
        raise ValueError(f"{text} is in the future")
    return moment_s


def _last_at(hour: int, minute: int, second: int, now_s: float) -> float:
    now = datetime.fromtimestamp(now_s)
    moment = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if moment > now:
        moment -= timedelta(days=1)
    return moment.timestamp()

"""Finding text in rows: what matches, where, and which row comes next. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

import msgspec


class Found(msgspec.Struct, frozen=True):
    """A search text and its matches.

    Attributes:
        text: The text; empty if there is no search.
        rows: The rows that contain it, ascending.
        at: The row last jumped to; `None` before the first jump.
    """

    text: str = ""
    rows: Sequence[int] = ()
    at: int | None = None

    @property
    def number(self) -> int:
        """The position of `at` among the rows, from 1; 0 if it is not one of them."""
        if self.at is None:
            return 0
        place = bisect_left(self.rows, self.at)
        return place + 1 if place < len(self.rows) and self.rows[place] == self.at else 0


def count_text(found: Found, note: str = "") -> str:
    """Format which match of how many: `3/17`, `none`, or `''` without a search.

    Args:
        found: The search.
        note: Where it looks; `''` for all there is.
    """
    if not found.text:
        return ""
    count = f"{found.number}/{len(found.rows)}" if found.rows else "none"
    return f"{count} {note}" if note else count


def spans(text: str, wanted: str) -> list[tuple[int, int]]:
    """Return the character spans of `wanted` in `text`; case matters if `wanted` has capitals."""
    if not wanted:
        return []
    return [match.span() for match in _pattern(wanted).finditer(text)]


def holds(text: str, wanted: str) -> bool:
    """Return whether `text` contains `wanted`; case matters if `wanted` has capitals."""
    return bool(wanted) and _pattern(wanted).search(text) is not None


def exceeds(text: str, wanted: str, times: int) -> bool:
    """Return whether `text` contains `wanted` more than so many times."""
    hits = _pattern(wanted).finditer(text) if wanted else iter(())
    return next(islice(hits, times, None), None) is not None


def next_row(rows: Sequence[int], row: int, step: int) -> int | None:
    """Return the match after (`step` > 0) or before row `row`, wrapping; `None` if none."""
    if not rows:
        return None
    if step > 0:
        return rows[bisect_right(rows, row) % len(rows)]
    return rows[bisect_left(rows, row) - 1]


def nearest_row(rows: Sequence[int], row: int) -> int | None:
    """Return the first match at or after row `row`, else the last before it; `None` if none."""
    if not rows:
        return None
    return rows[min(bisect_left(rows, row), len(rows) - 1)]


def last_row(rows: Sequence[int], row: int) -> int | None:
    """Return the last match at or before row `row`; `None` if none."""
    place = bisect_right(rows, row)
    return rows[place - 1] if place else None


@lru_cache(maxsize=8)
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(re.escape(wanted), 0 if wanted != wanted.lower() else re.IGNORECASE)

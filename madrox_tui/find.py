"""Finding a text in rows: what matches, where, and which row comes next. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache

import msgspec


class Found(msgspec.Struct, frozen=True):
    """What was looked for, and where it is.

    Attributes:
        text: What was looked for; empty when nothing is.
        rows: The rows that hold it, ascending.
        at: The row that was jumped to last; `None` before the first jump.
    """

    text: str = ""
    rows: Sequence[int] = ()
    at: int | None = None

    @property
    def number(self) -> int:
        """The place of `at` among the rows, from 1 on; 0 if it is none of them."""
        if self.at is None:
            return 0
        place = bisect_left(self.rows, self.at)
        return place + 1 if place < len(self.rows) and self.rows[place] == self.at else 0


def spans(text: str, wanted: str) -> list[tuple[int, int]]:
    """Where `wanted` is in `text`, as character offsets; capitals matter if `wanted` has any."""
    if not wanted:
        return []
    return [match.span() for match in _pattern(wanted).finditer(text)]


def holds(text: str, wanted: str) -> bool:
    """Whether `wanted` is in `text`; capitals matter if `wanted` has any."""
    return bool(wanted) and _pattern(wanted).search(text) is not None


def next_row(rows: Sequence[int], row: int, step: int) -> int | None:
    """The hit after (`step` > 0) or before row `row`, around the end; `None` without any hit."""
    if not rows:
        return None
    if step > 0:
        return rows[bisect_right(rows, row) % len(rows)]
    return rows[bisect_left(rows, row) - 1]


def nearest_row(rows: Sequence[int], row: int) -> int | None:
    """The first hit at or after row `row`, else the last before it; `None` without any hit."""
    if not rows:
        return None
    return rows[min(bisect_left(rows, row), len(rows) - 1)]


@lru_cache(maxsize=8)
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(re.escape(wanted), 0 if wanted != wanted.lower() else re.IGNORECASE)

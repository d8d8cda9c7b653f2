"""Finding a text in the timeline: in what rows show, and in what they have no room for. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.timeline_line import OpenSince, facts, open_text, separator
from madrox_tui.timeline_rows import Entry, Row, Separator, said
from madrox_tui.view import View

_NUMBERS = re.compile(r"[0-9:$<◷]|^\s*(tok|open)", re.IGNORECASE)
"""What is in numbers and their units, and hardly in a name."""


def texts(row: Row, view: View, since: OpenSince) -> Iterator[str]:
    """What a search in a row looks through: the whole text, whose it is, its ids, its numbers."""
    if isinstance(row, Separator):
        yield separator(row)
        return
    yield said(row)
    yield from _repeated(row, view)
    if isinstance(row, Message):
        yield row.message_id or ""
    yield from _numbers(row, view, since)


def holding(rows: Sequence[Row], wanted: str, view: View, since: OpenSince) -> list[int]:
    """The rows of which a text holds `wanted`; capitals matter if it has any.

    A timeline has up to 200,000 rows, and this is asked at each key: what many rows have in
    common is looked at once, and numbers are only written where one is looked for.
    """
    has, known = _holds(wanted), dict[tuple[str, str, str], bool]()
    by_number = _NUMBERS.search(wanted) is not None

    def holds(row: Row) -> bool:
        if isinstance(row, Separator):
            return has(separator(row))
        if has(said(row)):
            return True
        shared = row.instance_id, "", ""
        if isinstance(row, Message):
            if row.message_id and has(row.message_id):
                return True
            shared = row.instance_id, row.event_type or "", row.message_type or ""
        if shared not in known:
            known[shared] = any(map(has, _repeated(row, view)))
        return known[shared] or (by_number and any(map(has, _numbers(row, view, since))))

    return [index for index, row in enumerate(rows) if holds(row)]


def _holds(wanted: str) -> Callable[[str], bool]:
    if wanted != wanted.lower():
        return lambda text: wanted in text
    return lambda text: wanted in text.lower()


def _repeated(entry: Entry, view: View) -> Iterator[str]:
    """What many rows have in common: whose they are, and of what kind."""
    yield view.labels.get(entry.instance_id, entry.instance_id) or "fleet"
    yield entry.instance_id
    if isinstance(entry, Message):
        yield entry.event_type or ""
        yield entry.message_type or ""


def _numbers(entry: Entry, view: View, since: OpenSince) -> Iterator[str]:
    if entry.time_s is not None:
        minute, second = divmod(int(entry.time_s), 60)
        yield f"{_minute(minute)}{second:02}"
    if isinstance(entry, Message):
        if entry.direction == "outbound":
            yield open_text(entry, view, since)
        yield from filter(None, facts(entry).values())


@lru_cache(maxsize=4096)
def _minute(minute: int) -> str:
    """The clock of a minute since the epoch, without its seconds: `12:31:`."""
    return fmt.clock(minute * 60)[:-2]

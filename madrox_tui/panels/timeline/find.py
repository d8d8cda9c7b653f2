"""Finding text in the timeline, including what rows have no room to show. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from rich.segment import Segment

from logging_core.analyse.state import TimelineEvent
from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.columns import CUT, cut_hit
from madrox_tui.panels.timeline.entries import Entry, Row, Separator, entry_text
from madrox_tui.panels.timeline.line import facts, separator
from madrox_tui.panels.timeline.outcome import Outcome
from madrox_tui.view import View

Said: TypeAlias = Callable[[int], Outcome | None]
"""What became of the request in a row; `None` if nothing is said of it."""

_NUMBERS = re.compile(r"[0-9:$<◷✗]|^\s*(tok|open|failed)", re.IGNORECASE)
"""Matches searches for numbers and their units, rarely those for names."""

_TOO_LONG = re.compile(r"[1-9][0-9]{3}|[0-9]{5}")
"""Matches searches for more digits in a row than any number has as it is formatted."""

_CLOCK = re.compile(r"(?!.*[0-9]{3})[0-9:]{1,8}")
"""Matches, as a whole, searches for what may be a part of a time of day."""


def texts(row: Row, view: View, said: Outcome | None) -> Iterator[str]:
    """Yield what a search in a row covers: its whole text, instance, ids and numbers."""
    if isinstance(row, Separator):
        yield separator(row)
        return
    yield entry_text(row)
    yield from _repeated(row, view)
    yield row.message_id or ""
    yield _clock(row)
    yield from filter(None, _amounts(row, said))


def holding(rows: Sequence[Row], wanted: str, view: View, said: Said) -> list[int]:
    """Return the rows with a text that contains `wanted`; case matters if it has capitals.

    A timeline has tens of thousands of rows, and this runs at each key press: texts that many rows
    share are searched once, and numbers are only formatted if `wanted` looks like one.
    """
    has, known = _holds(wanted), dict[tuple[str, str, str, str], bool]()
    by_number = _NUMBERS.search(wanted) is not None and not _TOO_LONG.search(wanted)
    by_clock = by_number and _CLOCK.fullmatch(wanted) is not None
    in_clock = _in_clock(wanted)

    def holds(index: int, row: Row) -> bool:
        if isinstance(row, Message):
            types = row.event_type or "", row.message_type or ""
            shared = row.instance_id, *types, row.parent_id or ""
        elif isinstance(row, TimelineEvent):
            shared = row.instance_id, "", "", ""
        else:
            return has(separator(row))
        if has(entry_text(row)) or (row.message_id and has(row.message_id)):
            return True
        if shared not in known:
            known[shared] = any(map(has, _repeated(row, view)))
        if known[shared] or (by_clock and in_clock(row)):
            return True
        return by_number and has("\n".join(_amounts(row, said(index))))

    return [index for index, row in enumerate(rows) if holds(index, row)]


class Search:
    """Finds a text in rows that change, searching again only what is new among them.

    Args:
        text: The text; case matters if it has capitals.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._rows: Sequence[Row] = ()
        self._found: Sequence[int] = ()

    def rows_with(self, rows: Sequence[Row], view: View, said: Said) -> Sequence[int]:
        """Return the rows with the text. What is said of a row is only looked at once."""
        before, shift = self._rows, len(rows) - len(self._rows)
        first = _same(before, rows)
        last = max(first, len(before) - _same(reversed(before), reversed(rows)))
        last = max(last, first - shift)  # a row is not the same as two
        new = rows[first : last + shift]
        held = holding(new, self.text, view, lambda index: said(first + index))
        self._found = [
            *(row for row in self._found if row < first),
            *(first + row for row in held),
            *(row + shift for row in self._found if row >= last),
        ]
        self._rows = tuple(rows)
        return self._found


def _same(some: Iterable[Row], others: Iterable[Row]) -> int:
    """Return how many rows at the beginning are the same."""
    pairs = enumerate(zip(some, others, strict=False))
    place = -1
    for place, (one, other) in pairs:
        if one is not other:
            return place
    return place + 1


def cut_hits(
    row: Row, drawn: Sequence[Segment], view: View, wanted: str
) -> Iterator[tuple[int, int]]:
    """Yield where a row's names and text are cut that hold `wanted`: spans of what is drawn."""
    if isinstance(row, Separator):
        return
    names = [(2, row.instance_id)]
    if isinstance(row, Message):
        names.append((4, row.parent_id or ""))
    for place, instance_id in names:
        name = view.names.get(instance_id, instance_id)
        yield from cut_hit(name, drawn[place].text, wanted, _length(drawn[:place]))
    before = names[-1][0] + (1 if isinstance(row, Message) else 2)
    text = "".join(segment.text for segment in drawn[before:])
    shown = text[: text.rfind(CUT) + 1]  # after it are numbers
    yield from cut_hit(entry_text(row), shown, wanted, _length(drawn[:before]))


def _length(drawn: Sequence[Segment]) -> int:
    return sum(len(segment.text) for segment in drawn)


def _holds(wanted: str) -> Callable[[str], bool]:
    if wanted != wanted.lower():
        return lambda text: wanted in text
    return lambda text: wanted in text.lower()


def _repeated(entry: Entry, view: View) -> Iterator[str]:
    """Yield what many rows share: their instance and their type."""
    yield view.names.get(entry.instance_id, entry.instance_id) or "fleet"
    yield entry.instance_id
    if isinstance(entry, Message):
        yield entry.event_type or ""
        yield entry.message_type or ""
        if entry.parent_id:
            yield view.names.get(entry.parent_id, entry.parent_id)


def _clock(entry: Entry) -> str:
    if entry.time_s is None:
        return ""
    minute, second = divmod(int(entry.time_s), 60)
    return f"{_minute(minute)}{second:02}"


def _in_clock(wanted: str) -> Callable[[Entry], bool]:
    """Return what tells whether a part of a time of day is in that of an entry.

    Hours, minutes and seconds are looked at by themselves: formatting each time takes too long.
    """
    seconds = frozenset(second for second in range(60) if wanted in f"{second:02}")

    @lru_cache(maxsize=4096)
    def is_in_minute(minute: int) -> bool:
        return wanted in _minute(minute)

    def holds(entry: Entry) -> bool:
        if entry.time_s is None:
            return False
        minute, second = divmod(int(entry.time_s), 60)
        if second in seconds or is_in_minute(minute):
            return True
        return ":" in wanted and wanted in _clock(entry)

    return holds


def _amounts(entry: Entry, said: Outcome | None) -> list[str]:
    found = [] if said is None else [said.text]
    return [*found, *facts(entry).values()] if isinstance(entry, Message) else found


@lru_cache(maxsize=4096)
def _minute(minute: int) -> str:
    """Format a minute since the epoch as local time, without the seconds: `12:31:`."""
    return fmt.clock(minute * 60)[:-2]

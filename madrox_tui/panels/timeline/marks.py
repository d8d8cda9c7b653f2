"""Where rows of the timeline can be let go, to be read again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Row

AT_ONCE = 10
"""So many pages that were let go are read again at once."""


class Mark(NamedTuple):
    """The beginning of a page.

    Attributes:
        time_s: All that was written before it is earlier.
        first: The first message of the page.
    """

    time_s: float
    first: Message


class Marks:
    """The beginnings of pages among the rows, and of those after the last row.

    Attributes:
        beyond: When those begin that are not among the rows any more, the newest first; empty if
            the rows go on to the newest.
    """

    def __init__(self) -> None:
        self.beyond: list[float] = []
        self._among: list[Mark] = []  # the newest first

    def add_older(self, page: Sequence[Message], begin_s: float) -> None:
        """Note a page at the beginning of the rows, and when it begins.

        Nothing is to be parted within one moment: then the page and the next one are one.
        """
        last_s = page[-1].time_s
        if self._among and (last_s is None or last_s >= self._among[-1].time_s):
            self._among.pop()
        self._among.append(Mark(begin_s, page[0]))

    def add_newer(self, page: Sequence[Message], until_s: float) -> None:
        """Note what was read again after the last row, up to before a moment."""
        begin_s = self.beyond[-1]
        if page:
            self._among.insert(0, Mark(begin_s, page[0]))
        while self.beyond and self.beyond[-1] < until_s:
            self.beyond.pop()
        if not self.beyond or self.beyond[-1] > until_s:
            self.beyond.append(until_s)

    def note_written(self, time_s: float) -> None:
        """Note when a page begins that was written while the rows do not go on to the newest."""
        if time_s > self.beyond[0]:
            self.beyond.insert(0, time_s)

    def next_s(self, most_s: float) -> float:
        """Return until when to read again what comes after the last row: `most_s` at most."""
        ends = self.beyond[-1 - AT_ONCE : -AT_ONCE]
        return min([most_s, *ends])

    def cut_end(self, rows: Sequence[Row], at: int) -> int:
        """Return where rows can end, at or after a place, and note it; their number if nowhere."""
        places = {id(mark.first): place for place, mark in enumerate(self._among)}
        for index in range(at, len(rows)):
            place = places.get(id(rows[index]))
            if place is not None:
                self.beyond += [mark.time_s for mark in self._among[: place + 1]]
                del self._among[: place + 1]
                return index
        return len(rows)

    def cut_beginning(self, rows: Sequence[Row], at: int) -> tuple[int, float] | None:
        """Return where rows can begin, at or after a place, and when, and note it."""
        places = {id(mark.first): place for place, mark in enumerate(self._among)}
        for index in range(at, len(rows)):
            place = places.get(id(rows[index]))
            if place is not None:
                del self._among[place + 1 :]
                return index, self._among[place].time_s
        return None

"""Where rows of the timeline can be let go, to be read again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Row


class Mark(NamedTuple):
    """The beginning of a page.

    Attributes:
        time_s: All that was written before it is earlier.
        first: The first message of the page.
    """

    time_s: float
    first: Message


class Marks:
    """The beginnings of pages among the rows."""

    def __init__(self) -> None:
        self._marks: list[Mark] = []  # the newest first

    def add_older(self, page: Sequence[Message], begin_s: float) -> None:
        """Note a page at the beginning of the rows, and when it begins.

        Nothing is to be parted within one moment: then the page and the next one are one.
        """
        last_s = page[-1].time_s
        if self._marks and (last_s is None or last_s >= self._marks[-1].time_s):
            self._marks.pop()
        self._marks.append(Mark(begin_s, page[0]))

    def add_newer(self, page: Sequence[Message], begin_s: float) -> None:
        """Note a page at the end of the rows, and when it begins."""
        self._marks.insert(0, Mark(begin_s, page[0]))

    def cut_end(self, rows: Sequence[Row], at: int) -> tuple[int, float] | None:
        """Return where rows can end, at or after a place, and when; `None` if nowhere."""
        index, place = self._first_from(rows, at)
        if place is None:
            return None
        time_s = self._marks[place].time_s
        del self._marks[: place + 1]
        return index, time_s

    def cut_beginning(self, rows: Sequence[Row], at: int) -> tuple[int, float] | None:
        """Return where rows can begin, at or after a place, and when; `None` if nowhere."""
        index, place = self._first_from(rows, at)
        if place is None:
            return None
        del self._marks[place + 1 :]
        return index, self._marks[place].time_s

    def _first_from(self, rows: Sequence[Row], at: int) -> tuple[int, int | None]:
        places = {id(mark.first): place for place, mark in enumerate(self._marks)}
        for index in range(at, len(rows)):
            place = places.get(id(rows[index]))
            if place is not None:
                return index, place
        return len(rows), None

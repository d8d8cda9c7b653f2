"""Where rows of the timeline can be let go, to be read again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

    def add_older(self, first: Message, begin_s: float, last_s: float) -> None:
        """Note a page at the beginning of the rows.

        Nothing is to be parted within one moment: then the page and the next one are one.

        Args:
            first: Its first message.
            begin_s: When it begins.
            last_s: When its last message was written.
        """
        if self._marks and last_s >= self._marks[-1].time_s:
            self._marks.pop()
        self._marks.append(Mark(begin_s, first))

    def add_newer(self, page: Sequence[Message], begin_s: float) -> None:
        """Note a page at the end of the rows, and when it begins."""
        self._marks.insert(0, Mark(begin_s, page[0]))

    def cut_end(self, rows: Sequence[Row], at: int) -> tuple[int, float] | None:
        """Return where rows can end, at or after a place, and when; `None` if nowhere."""
        found = [(index, place) for index, place in self._places(rows) if index >= at]
        if not found:
            return None
        index, place = found[0]
        time_s = self._marks[place].time_s
        del self._marks[: place + 1]
        return index, time_s

    def cut_beginning(self, rows: Sequence[Row], at: int, most: int) -> tuple[int, float] | None:
        """Return where rows can begin, and when; `None` if nowhere.

        Args:
            rows: The rows.
            at: About there.
            most: But not after this place.
        """
        found = [(index, place) for index, place in self._places(rows) if 0 < index <= most]
        if not found:
            return None
        index, place = next((one for one in found if one[0] >= at), found[-1])
        del self._marks[place + 1 :]
        return index, self._marks[place].time_s

    def _places(self, rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
        """Yield the rows that pages begin with, ascending, and which marks these are."""
        places = {id(mark.first): place for place, mark in enumerate(self._marks)}
        for index, row in enumerate(rows):
            place = places.get(id(row))
            if place is not None:
                yield index, place

"""Finding rows of the timeline, and what belongs to them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TypeVar

from logging_core.analyse.lives import life_end_s
from logging_core.analyse.state import FleetState, TimelineEvent
from madrox_tui.panels.timeline.entries import Entry, Row
from madrox_tui.panels.timeline.pairs import Failures, are_halves, other_half

R = TypeVar("R", bound=Row)


class RowLookup:
    """Rows in which others are looked for.

    Attributes:
        rows: The rows.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._state: FleetState | None = None
        self._forget_events()

    def _forget_events(self) -> None:
        self._events_from_s = -math.inf
        self._failures = Failures()

    def first_at(self, time_s: float) -> int:
        """Return the index of the first row at or after a time; the number of rows if none."""
        return first_at(self.rows, time_s)

    def find(self, row: Row) -> int:
        """Return the index of a row from before an update; if it is gone, of the row after it."""
        for index, other in enumerate(self.rows):
            if other is row or other == row:
                return index
        return min(self.first_at(row.time_s or 0.0), max(0, len(self.rows) - 1))

    def index(self, entry: Entry) -> int | None:
        """Return the row of an entry, also if it was read again; `None` if it is not among them."""
        places = range(len(self.rows) - 1, -1, -1)  # who asks for one often asks for a late one
        same = (index for index in places if self.rows[index] is entry)
        equal = (index for index in places if self.rows[index] == entry)
        return next(chain(same, equal), None)

    def other_half(self, index: int) -> int | None:
        """Return the row of a request's reply or failure, or of the request of these."""
        return other_half(self.rows, index, self._life_end_s)

    def are_halves(self, request: Entry, answer: Entry) -> bool:
        """Return whether a message asks, and another entry belongs to it, in the same life."""
        return are_halves(request, answer, self._life_end_s)

    def failure(self, index: int) -> TimelineEvent | None:
        """Return how a row's request failed, as far as is known, also while events are hidden."""
        return self._failures.of(self.rows, index, self._life_end_s)

    def knows_failure(self, index: int) -> bool:
        """Return whether a row's request would be known to have failed if it had."""
        time_s = self.rows[index].time_s
        return time_s is None or time_s >= self._events_from_s

    def _life_end_s(self, instance_id: str, time_s: float | None) -> float:
        instances = self._state.instances if self._state else ()
        of_it = (one.spawned_s for one in instances if one.instance_id == instance_id)
        return life_end_s(next(of_it, ()), time_s)


def first_at(rows: Sequence[Row], time_s: float) -> int:
    """Return the index of the first row at or after a time; the number of rows if there is none."""
    later = (i for i, row in enumerate(rows) if row.time_s is not None and row.time_s >= time_s)
    return next(later, len(rows))


def end_of(rows: Sequence[R], time_s: float) -> int:
    """Return the index after the last row before a time; 0 if there is none."""
    places = range(len(rows) - 1, -1, -1)
    return next((place + 1 for place in places if _is_before(rows[place], time_s)), 0)


def parted(rows: Iterable[R], time_s: float) -> tuple[list[R], list[R]]:
    """Return the rows before a time, and the others; without a time, a row is with the last one."""
    before, others = list[R](), list[R]()
    side = before if time_s > -math.inf else others
    for row in rows:
        if row.time_s is not None:
            side = before if row.time_s < time_s else others
        side.append(row)
    return before, others


def _is_before(row: Row, time_s: float) -> bool:
    return row.time_s is not None and row.time_s < time_s

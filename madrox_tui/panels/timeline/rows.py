"""The rows of the timeline: which there are, and how they grow at both ends. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeAlias, TypeVar

import msgspec

from logging_core.analyse.lives import life_end_s
from logging_core.analyse.state import FleetState, TimelineEvent
from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Day, Entry, EventsEnd, Quiet, Row, Separator
from madrox_tui.panels.timeline.pairs import Failures, other_half

QUIET_S = 600.0
"""A longer silence gets a row of its own."""

SLACK = 2_000
"""How many more messages than the state holds may be kept while following the newest."""

MAX_KEPT = 100_000
"""How many older messages may be loaded; as many again may be added at the end meanwhile."""


E = TypeVar("E", Message, TimelineEvent)
Item: TypeAlias = Entry | EventsEnd
"""What days and silences come between."""


class Wanted(msgspec.Struct, frozen=True):
    """Which rows are shown.

    Attributes:
        ids: Only rows of these instances; `None` for all rows, including those of the whole fleet.
        events: Whether events are shown besides messages.
    """

    ids: frozenset[str] | None = None
    events: bool = True

    def holds(self, entry: Entry) -> bool:
        """Return whether an entry passes `ids`."""
        return self.ids is None or entry.instance_id in self.ids


class TimelineRows:
    """Rows that grow at the end with each state, and at the beginning page by page.

    An update costs only what is new in it. All rows are rebuilt only if the choice of rows
    changes, the state was reordered, or, now and then, too many rows have accumulated.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.messages = 0
        """How many of the rows are messages."""
        self._wanted = Wanted()
        self._state: FleetState | None = None
        self._spacer = _Spacer()
        self._floor: tuple[int, float] | None = None
        self._events_ended = False
        self._events_from_s = -math.inf
        self._surplus = 0
        self._failures = Failures()

    def update(self, state: FleetState, wanted: Wanted, *, following: bool) -> int | None:
        """Update to a newer state.

        Returns:
            How many messages were added at the end; `None` if the rows were rebuilt.
        """
        before, self._state = self._state, state
        most = SLACK if following else 2 * MAX_KEPT
        continues = before is not None and _continues(before, state) and wanted == self._wanted
        if before is None or not continues or self._surplus > most:
            self._wanted = wanted
            self._clear()
            if state.dropped_events and state.events:
                self._events_from_s = state.events[0].time_s or -math.inf
            self._extend(state.messages, state.events)
            return None
        self._surplus += state.dropped_messages - before.dropped_messages
        seen = before.dropped_messages + len(before.messages) - state.dropped_messages
        known = before.dropped_events + len(before.events) - state.dropped_events
        return self._extend(state.messages[seen:], state.events[known:])

    def _clear(self) -> None:
        self.rows = []
        self.messages = self._surplus = 0
        self._spacer = _Spacer()
        self._floor = None
        self._events_ended = False
        self._events_from_s = -math.inf
        self._failures = Failures()

    def _extend(self, messages: Sequence[Message], events: Sequence[TimelineEvent]) -> int:
        self._failures.add(events)
        shown = list(filter(self._wanted.holds, messages))
        happened = filter(self._wanted.holds, events if self._wanted.events else ())
        end = () if self.rows else self._dropped_end(shown)
        self.rows.extend(self._spacer.spaced(_merged(shown, chain(end, happened))))
        self.messages += len(shown)
        return len(shown)

    def _dropped_end(self, shown: Sequence[Message]) -> Iterator[EventsEnd]:
        """Yield the separator if some of the messages are older than the events still known."""
        first_s = shown[0].time_s if shown else None
        if self._wanted.events and first_s is not None and first_s < self._events_from_s:
            self._events_ended = True
            yield EventsEnd(self._events_from_s)

    # --- older pages ---------------------------------------------------------

    def floor(self) -> tuple[int, float]:
        """Return the row and the time from which on no message is missing.

        The state holds the newest messages of each instance, which reach back to different times:
        before the latest of their first messages there may be gaps.
        """
        if self._floor is None:
            firsts: dict[str, float] = {}
            for row in self.rows:
                if isinstance(row, Message) and row.time_s is not None:
                    firsts.setdefault(row.instance_id, row.time_s)
            floor_s = max(firsts.values(), default=self._state.at_s if self._state else 0.0)
            self._floor = self.first_at(floor_s), floor_s
        return self._floor

    @property
    def full(self) -> bool:
        """Whether the limit of older messages is reached."""
        return self._surplus >= MAX_KEPT

    def add_older(self, page: Sequence[Message]) -> None:
        """Insert the page before the floor, replacing the messages known from its time span.

        Where clocks jumped, rows are in file order, not in time order: messages that the page
        repeats are left out, and messages that it lacks are kept.
        """
        floor, floor_s = self.floor()
        if not page:
            self._floor = 0, -math.inf
            return
        first_s = next((m.time_s for m in page if m.time_s is not None), floor_s)
        cut = min(self.first_at(first_s), floor)
        while cut and isinstance(self.rows[cut - 1], Separator):
            cut -= 1
        joint = floor
        while joint < len(self.rows) and isinstance(self.rows[joint], Separator):
            joint += 1
        below = {_key(row) for row in self.rows[floor:] if _is_before(row, floor_s)}
        page = [message for message in page if _key(message) not in below]
        in_page = set(map(_key, page))
        known = [row for row in self.rows[cut:joint] if not isinstance(row, Day | Quiet)]
        kept = [row for row in known if _key(row) not in in_page]
        next_one = [row for row in self.rows[joint : joint + 1] if not isinstance(row, Separator)]
        more = len(page) - (len(known) - len(kept))
        spacer = _Spacer(self._time_before(cut))
        older = [*spacer.spaced(_merged(page, iter(kept))), *self._events_end(more, floor_s)]
        self.rows[cut : joint + 1] = [*older, *spacer.spaced(next_one)]
        self.messages += more
        self._surplus += more
        self._floor = cut, first_s

    def _events_end(self, more: int, before_s: float) -> Iterator[EventsEnd]:
        """Yield the separator once, where a page first brings messages that were not known."""
        if more > 0 and self._wanted.events and not self._events_ended:
            self._events_ended = True
            yield EventsEnd(before_s)

    def _time_before(self, index: int) -> float | None:
        times = (row.time_s for row in reversed(self.rows[max(0, index - 50) : index]))
        return next((time_s for time_s in times if time_s is not None), None)

    # --- finding rows ----------------------------------------------------------

    def first_at(self, time_s: float) -> int:
        """Return the index of the first row at or after a time; the number of rows if none."""
        for index, row in enumerate(self.rows):
            if row.time_s is not None and row.time_s >= time_s:
                return index
        return len(self.rows)

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


def _continues(before: FleetState, state: FleetState) -> bool:
    """Return whether `state` continues `before`: same order, and nothing missing in between."""
    return (
        before.caught_up
        and before.reordered == state.reordered
        and _joins(before.messages, before.dropped_messages, state.messages, state.dropped_messages)
        and _joins(before.events, before.dropped_events, state.events, state.dropped_events)
    )


def _joins(old: Sequence[E], old_first: int, new: Sequence[E], first: int) -> bool:
    last = old_first + len(old) - 1 - first
    return (last == -1 and not old) or (0 <= last < len(new) and new[last] is old[-1])


def _key(row: Row) -> object:
    """Return what identifies a message when it is read again; `None` for other rows."""
    if isinstance(row, Message):
        return row.instance_id, row.time_s, row.message_id, row.direction, row.content
    return None


def _is_before(row: Row, time_s: float) -> bool:
    return isinstance(row, Message) and (row.time_s is None or row.time_s < time_s)


def _merged(messages: Iterable[Message], events: Iterator[Item]) -> Iterator[Item]:
    """Merge both by time. An entry without a time stays behind its predecessor."""
    event = next(events, None)
    for message in messages:
        while event is not None and (
            event.time_s is None or (message.time_s is not None and event.time_s <= message.time_s)
        ):
            yield event
            event = next(events, None)
        yield message
    if event is not None:
        yield event
        yield from events


class _Spacer:
    """Inserts days and silences between entries.

    Args:
        last_s: The time of the entry before the first one; `None` if there is none.
    """

    def __init__(self, last_s: float | None = None) -> None:
        self._last_s = last_s
        self._midnight_s = -math.inf
        self._next_midnight_s = -math.inf if last_s is None else self._turn_to(last_s)

    def spaced(self, entries: Iterable[Item]) -> Iterator[Row]:
        """Yield the entries with separators between them."""
        for entry in entries:
            if entry.time_s is not None:
                yield from self._between(entry.time_s)
            yield entry

    def _between(self, time_s: float) -> Iterator[Row]:
        if self._last_s is not None and time_s - self._last_s > QUIET_S:
            yield Quiet(time_s, time_s - self._last_s)
        if not self._midnight_s <= time_s < self._next_midnight_s:
            self._turn_to(time_s)
            yield Day(time_s)
        self._last_s = time_s

    def _turn_to(self, time_s: float) -> float:
        midnight = datetime.fromtimestamp(time_s).replace(hour=0, minute=0, second=0, microsecond=0)
        self._midnight_s = midnight.timestamp()
        self._next_midnight_s = (midnight + timedelta(days=1)).timestamp()
        return self._next_midnight_s

"""The rows of the timeline: messages, what happened between them, days and silences. Pure.

Rows are kept as the records themselves; how one looks is decided when it is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

import msgspec

from logging_core.analyse.state import FleetState, TimelineEvent
from logging_core.records import Message

QUIET_S = 600.0
"""A longer silence has a row of its own."""

SLACK = 5_000
"""So many rows more than the state holds are kept while the newest is followed."""

MOST_KEPT = 100_000
"""So many more are read while older ones are looked at; as many again may come at the end."""


class Day(msgspec.Struct, frozen=True):
    """A new day begins: its first row is at `time_s`."""

    time_s: float


class Quiet(msgspec.Struct, frozen=True):
    """Nothing was said for `seconds`, until `time_s`."""

    time_s: float
    seconds: float


class EventsEnd(msgspec.Struct, frozen=True):
    """Above this, before `time_s`, messages were read from the files, and no events."""

    time_s: float


Entry: TypeAlias = Message | TimelineEvent
Separator: TypeAlias = Day | Quiet | EventsEnd
Row: TypeAlias = Entry | Separator

E = TypeVar("E", Message, TimelineEvent)


class Wanted(msgspec.Struct, frozen=True):
    """Which rows are shown.

    Attributes:
        ids: Whose; `None` for all, and for what concerns the whole fleet.
        events: Whether events are shown beside messages.
    """

    ids: frozenset[str] | None = None
    events: bool = True

    def holds(self, entry: Entry) -> bool:
        """Whether an entry is shown."""
        return self.ids is None or entry.instance_id in self.ids


class TimelineRows:
    """Rows that grow with each state at their end, and page by page at their beginning.

    Each update costs what is new in it. Only another choice of rows, a reordered state, and now
    and then the rows that have become too many, cost a walk over all of them.
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
        self._surplus = 0

    def update(self, state: FleetState, wanted: Wanted, *, following: bool) -> int | None:
        """Show a newer state.

        Returns:
            How many messages were added at the end; `None` if the rows were made anew.
        """
        before, self._state = self._state, state
        most = SLACK if following else 2 * MOST_KEPT
        continues = before is not None and _continues(before, state) and wanted == self._wanted
        if before is None or not continues or self._surplus > most:
            self._wanted = wanted
            self._clear()
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

    def _extend(self, messages: Sequence[Message], events: Sequence[TimelineEvent]) -> int:
        shown = list(filter(self._wanted.holds, messages))
        happened = filter(self._wanted.holds, events if self._wanted.events else ())
        self.rows.extend(self._spacer.spaced(_merged(shown, happened)))
        self.messages += len(shown)
        return len(shown)

    # --- older pages ---------------------------------------------------------

    def floor(self) -> tuple[int, float]:
        """From which row, and which moment, on every message is there.

        Of each instance the state holds the newest messages, however far they reach back: what
        is older than the first of the one that reaches back least may have gaps.
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
        """Whether no older ones are taken in any more."""
        return self._surplus >= MOST_KEPT

    def add_older(self, page: Sequence[Message]) -> None:
        """Take in the page before the floor: it replaces what was known of its time.

        Where clocks jumped, rows stand in the order of their files and not of their times: what
        the page repeats of them is left out, and what it lacks stays.
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
        known = [row for row in self.rows[cut:floor] if not isinstance(row, Separator)]
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
        """Says once that pages hold no events: where they first have messages not known before."""
        if more > 0 and self._wanted.events and not self._events_ended:
            self._events_ended = True
            yield EventsEnd(before_s)

    def _time_before(self, index: int) -> float | None:
        times = (row.time_s for row in reversed(self.rows[max(0, index - 50) : index]))
        return next((time_s for time_s in times if time_s is not None), None)

    # --- finding rows ----------------------------------------------------------

    def first_at(self, time_s: float) -> int:
        """Index of the first row at or after a moment; the number of rows if there is none."""
        for index, row in enumerate(self.rows):
            if row.time_s is not None and row.time_s >= time_s:
                return index
        return len(self.rows)

    def find(self, row: Row) -> int:
        """Where a row that was there before is now; if it is gone, what followed it."""
        for index, other in enumerate(self.rows):
            if other is row or other == row:
                return index
        return min(self.first_at(row.time_s or 0.0), max(0, len(self.rows) - 1))

    def other_half(self, index: int) -> int | None:
        """The row of the reply to a request, or of the request of a reply, the nearest one."""
        row = self.rows[index]
        if not isinstance(row, Message) or row.message_id is None:
            return None
        rows, message_id = self.rows, row.message_id
        forward = row.direction != "inbound"
        for i in range(index + 1, len(rows)) if forward else range(index - 1, -1, -1):
            other = rows[i]
            if (
                isinstance(other, Message)
                and other.message_id == message_id
                and other.instance_id == row.instance_id
                and other.direction != row.direction
            ):
                return i
        return None


def said(row: Row) -> str:
    """The text of a message or an event; what stands between them has none."""
    if isinstance(row, Message):
        return row.content or row.text or ""
    return row.text if isinstance(row, TimelineEvent) else ""


def _continues(before: FleetState, state: FleetState) -> bool:
    """Whether the rows of `before` keep their places in `state`, and none is missing between."""
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
    """What a message is known by when it is read once more."""
    if isinstance(row, Message):
        return row.instance_id, row.time_s, row.message_id, row.direction, row.content
    return None


def _is_before(row: Row, time_s: float) -> bool:
    return isinstance(row, Message) and (row.time_s is None or row.time_s < time_s)


def _merged(messages: Iterable[Message], events: Iterator[Entry]) -> Iterator[Entry]:
    """Both by time. What has none stands where the one before it stands."""
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
    """Puts days and silences between entries.

    Args:
        last_s: When the entry before the first one was; `None` if there is none.
    """

    def __init__(self, last_s: float | None = None) -> None:
        self._last_s = last_s
        self._midnight_s = -math.inf
        self._next_midnight_s = -math.inf if last_s is None else self._turn_to(last_s)

    def spaced(self, entries: Iterable[Entry]) -> Iterator[Row]:
        """The entries, with what lies between them."""
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

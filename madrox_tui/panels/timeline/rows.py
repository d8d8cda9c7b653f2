"""The rows of the timeline: which there are, and how they grow at both ends. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain

from logging_core.analyse.state import FleetState, TimelineEvent
from logging_core.records import Message
from madrox_tui.panels.timeline.entries import (
    Day,
    EventsEnd,
    Gaps,
    Quiet,
    Row,
    Separator,
    characters_in,
    messages_in,
)
from madrox_tui.panels.timeline.held import Known, Wanted, continues, whole_from_s
from madrox_tui.panels.timeline.lookup import RowLookup, end_of, parted
from madrox_tui.panels.timeline.marks import Marks
from madrox_tui.panels.timeline.message_source import Span
from madrox_tui.panels.timeline.repeats import Repeats
from madrox_tui.panels.timeline.spacing import Item, Spacer, merged

SLACK = 2_000
"""How many more messages than the state holds may be kept while following the newest."""

MAX_KEPT, MAX_CHARACTERS = 40_000, 32 << 20
"""Of more messages, or more text read from files, those farthest from where somebody scrolls to are
let go, to be read again."""


class TimelineRows(RowLookup):
    """Rows that grow at the end with each state, and at the beginning page by page.

    An update costs only what is new in it. All rows are rebuilt only if the choice of rows
    changes, the state was reordered, or, now and then, too many rows have accumulated. What would
    be too many on the way up or down is let go at the other end, and read again on the way back.
    """

    def __init__(self) -> None:
        super().__init__()
        self.messages = 0
        """How many of the rows are messages."""
        self._wanted = Wanted()
        self._known = Known.ALL
        self._clear()

    def _clear(self) -> None:
        self.rows = []
        self.messages = self._surplus = self._characters = 0
        self._end_s: float | None = None
        self._hidden: list[Item] = []  # what happened before the first message that is known
        self._floor = 0, -math.inf
        self._marks = Marks()
        self._repeats = Repeats()
        self._spacer = self._spacer_after(None)
        self._events_ended = False
        self._forget_events()

    def update(
        self, state: FleetState, wanted: Wanted, known: Known = Known.ALL, *, following: bool
    ) -> int | None:
        """Update to a newer state.

        Args:
            state: The fleet.
            wanted: Which rows are shown.
            known: Which messages the state holds.
            following: Whether somebody looks at the newest row.

        Returns:
            How many messages were added at the end, or after it if the rows do not go on to the
            newest; `None` if the rows were rebuilt.
        """
        before, self._state = self._state, state
        most = SLACK if following else MAX_KEPT
        joins = before is not None and continues(before, state) and wanted == self._wanted
        joins = joins and (known is self._known or known is not Known.ALL)
        self._known = known
        if before is None or not joins or (self._surplus > most and not self.is_cut):
            self._wanted = wanted
            self.begin_anew()
            return None
        self._surplus += _dropped(state) - _dropped(before)
        seen = before.dropped_messages + len(before.messages) - state.dropped_messages
        known_events = before.dropped_events + len(before.events) - state.dropped_events
        return self._extend(state.messages[seen:], state.events[known_events:])

    def held(self) -> list[Message]:
        """Return the messages that the state holds, of those that are shown."""
        return [] if self._state is None else list(filter(self._wanted.holds, self._state.messages))

    def begin_anew(self) -> None:
        """Show what the state holds, up to the newest."""
        self._begin()
        state = self._state
        if state is None:
            return
        shown = self.held()
        items = list(merged(shown, chain(self._dropped_end(shown), self._happened(state.events))))
        floor_s = self._whole_from_s
        floor = end_of(items, floor_s)
        hides = floor < len(items)
        self.rows = self._above(items[:floor], floor_s, self._spacer, hides=hides)
        self._floor = len(self.rows), floor_s
        self.rows.extend(self._spacer.spaced(items[floor:]))
        self.messages = messages_in(self.rows)

    def _begin(self) -> None:
        self._clear()
        state = self._state
        if state is None:
            return
        if state.dropped_events and state.events:
            self._events_from_s = state.events[0].time_s or -math.inf
        elif self._known is Known.NEWEST:
            self._events_ended = True  # nowhere: all are there
        self._failures.add(state.events)

    def _above(
        self, items: Sequence[Item], floor_s: float, spacer: Spacer, *, hides: bool = True
    ) -> list[Row]:
        """Return the rows above the floor, and hide what is before their first message."""
        first = next((i for i, item in enumerate(items) if isinstance(item, Message)), len(items))
        first = first if hides else 0
        self._hidden = list(items[:first])
        rows = list(spacer.spaced(items[first:], quiet=False))
        return [*rows, Gaps(floor_s)] if rows else []

    def _extend(self, messages: Sequence[Message], events: Sequence[TimelineEvent]) -> int:
        self._failures.add(events)
        shown = list(filter(self._wanted.holds, messages))
        if self.is_cut:
            return len(shown)
        self._spacer.now_s = self._now_s
        self.rows.extend(self._spacer.spaced(merged(shown, self._happened(events))))
        self.messages += len(shown)
        return len(shown)

    def _happened(self, events: Sequence[TimelineEvent]) -> Iterator[TimelineEvent]:
        return filter(self._wanted.holds, events if self._wanted.events else ())

    def _dropped_end(self, shown: Sequence[Message]) -> Iterator[EventsEnd]:
        """Yield the separator if some of the messages are older than the events still known."""
        first_s = shown[0].time_s if shown else None
        if self._wanted.events and first_s is not None and first_s < self._events_from_s:
            self._events_ended = True
            yield EventsEnd(self._events_from_s)

    @property
    def _whole_from_s(self) -> float:
        """From when on no message is missing in the state."""
        if self._state is None:
            return -math.inf
        return whole_from_s(self._state, self._wanted, self._known)

    @property
    def _now_s(self) -> float:
        return math.inf if self._state is None else self._state.at_s

    def _spacer_after(self, last_s: float | None) -> Spacer:
        return Spacer(last_s, self._now_s)

    # --- older pages ---------------------------------------------------------

    def floor(self) -> tuple[int, float]:
        """Return the row and the time from which on no message is missing."""
        return self._floor

    def begin_older(self) -> float:
        """Note which messages older pages repeat; return before when these are to begin.

        Of one moment, or where clocks jumped, some messages may be among the rows and others not.
        """
        self._repeats = Repeats(self.rows[self._floor[0] :])
        return math.nextafter(self._floor[1], math.inf)

    def add_older(self, page: Span, *, seen_to: int = 0) -> None:
        """Insert a page before the floor, less what is among the rows already.

        Where clocks jumped, rows are in file order, not in time order.

        Args:
            page: What was read; an empty one says that there is nothing before the rows.
            seen_to: No row before this one is let go, as it is looked at.
        """
        count = len(self.rows)
        joint, floor_s = self._joint, self._floor[1]
        first_s = min(floor_s, page.from_s) if page.messages else -math.inf
        before = (row for row in self.rows[:joint] if not isinstance(row, Day | Quiet | Gaps))
        new = self._repeats.left_out_of(page.messages)
        held = [*self._hidden, *before]
        known = Repeats(new).left_out_of(held)
        more = len(new) - len(held) + len(known)
        above, between = parted(known, first_s)
        self._repeats.add(between)
        next_one = [row for row in self.rows[joint : joint + 1] if not isinstance(row, Separator)]
        spacer = self._spacer_after(None)
        head = self._above(above, first_s, spacer)
        items = list(merged(new, iter(between)))
        older = spacer.spaced(items)
        end = self._events_end(more, floor_s)
        self.rows[: joint + 1] = [*head, *older, *end, *spacer.spaced(next_one)]
        if not next_one:
            self._spacer = spacer
        self._floor = len(head), first_s
        self.messages += more
        self._surplus += more
        self._characters += characters_in(new)
        first = next((item for item in items if isinstance(item, Message)), None)
        if first is not None:
            self._marks.add_older(first, first_s, page.times[-1] if page.times else floor_s)
        if self._is_too_much:
            self._cut_end(seen_to + len(self.rows) - count)

    @property
    def _joint(self) -> int:
        """The first row that older pages come before: the floor, or the first entry after it."""
        places = range(self._floor[0], len(self.rows))
        entries = (place for place in places if not isinstance(self.rows[place], Separator))
        return next(entries, len(self.rows))

    def _events_end(self, more: int, before_s: float) -> Iterator[EventsEnd]:
        """Yield the separator once, where a page first brings messages that were not known."""
        if more > 0 and self._wanted.events and not self._events_ended:
            self._events_ended = True
            yield EventsEnd(before_s)

    # --- away from the newest --------------------------------------------------

    @property
    def is_cut(self) -> bool:
        """Whether the rows end before the newest, which were let go or not read."""
        return self._end_s is not None

    @property
    def end_s(self) -> float:
        """Until when messages are among the rows; infinity if they go on to the newest."""
        return math.inf if self._end_s is None else self._end_s

    def span_after(self) -> tuple[float, float]:
        """Return when messages are missing after the rows: from when, and up to before when.

        Of the last moment, or where clocks jumped, the state may hold some of them.
        """
        return self._end_s or 0.0, math.nextafter(self._whole_from_s, math.inf)

    def begin_at(self, span: Span) -> None:
        """Show what was read of some time, in place of all else."""
        self._begin()
        self._events_ended = True  # after the rows, if anywhere
        self._floor, self._end_s = (0, span.from_s), span.from_s
        self.add_newer(span)

    def add_newer(self, span: Span, *, seen_from: int | None = None) -> None:
        """Add what was read after the rows, at the end.

        Where that reaches what the state holds, the rows go on to the newest.

        Args:
            span: What was read.
            seen_from: No row from this one on is let go, as it is looked at; `None` if none is.
        """
        page = span.messages
        if span.until_s > self._whole_from_s:
            self._join(page)
        else:
            self._extend_to(span.until_s, page)
        if self._is_too_much:
            self._cut_beginning(len(self.rows) if seen_from is None else seen_from)

    def _extend_to(self, until_s: float, page: Sequence[Message]) -> None:
        from_s, self._end_s = self._end_s or 0.0, until_s
        events = () if self._state is None else self._state.events
        between = (event for event in self._happened(events) if _is_in(event, from_s, until_s))
        spacer = self._spacer_after(self._last_s())
        self.rows.extend(spacer.spaced(merged(page, between)))
        self.messages += len(page)
        self._characters += characters_in(page)
        if page:
            self._marks.add_newer(page, from_s)

    def _join(self, page: Sequence[Message]) -> None:
        (floor, floor_s), marks = self._floor, self._marks
        older = [*(row for row in self.rows[floor:] if isinstance(row, Message)), *page]
        if page and self._end_s is not None:
            marks.add_newer(page, self._end_s)
        self.begin_anew()
        self.begin_older()
        if older:
            self.add_older(Span(older, floor_s, math.inf))
        if floor_s == -math.inf:
            self.add_older(Span([], -math.inf, math.inf))
        if older:
            self._marks, self._floor = marks, (self._floor[0], floor_s)

    def _cut_end(self, seen_to: int) -> None:
        found = self._marks.cut_end(self.rows, max(seen_to, len(self.rows) * 3 // 4))
        if found is None:
            return
        end, self._end_s = found
        while isinstance(self.rows[end - 1], Separator):
            end -= 1
        del self.rows[end:]
        self._weigh()

    def _cut_beginning(self, seen_from: int) -> None:
        found = self._marks.cut_beginning(self.rows, len(self.rows) // 4, seen_from)
        if found is None:
            return
        first, self._floor = found[0], (0, found[1])
        self._hidden += [row for row in self.rows[:first] if isinstance(row, TimelineEvent)]
        again = [row for row in self.rows[first : first + 1] if isinstance(row, Message)]
        self.rows[: first + 1] = self._spacer_after(None).spaced(again)
        self._weigh()

    @property
    def _is_too_much(self) -> bool:
        return self.messages > MAX_KEPT or self._characters > MAX_CHARACTERS

    def _weigh(self) -> None:
        self.messages, self._characters = messages_in(self.rows), characters_in(self.rows)

    def _last_s(self) -> float | None:
        times = (row.time_s for row in reversed(self.rows[-50:]))
        return next((time_s for time_s in times if time_s is not None), None)


def _dropped(state: FleetState) -> int:
    return state.dropped_messages + state.dropped_events


def _is_in(row: Row, begin_s: float, end_s: float) -> bool:
    return row.time_s is not None and begin_s <= row.time_s < end_s

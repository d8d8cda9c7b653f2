"""The events behind a row of the audit panel: which ones, and their source."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Protocol

import msgspec

from logging_core.analyse.error_kinds import error_kind
from logging_core.analyse.errors import affected_by, error_of
from logging_core.analyse.lives import Lives
from logging_core.analyse.state import Group, TimelineEvent
from logging_core.event_types import EXCHANGE, SPAWN
from logging_core.records import AuditEvent, Message
from madrox_tui.panels.timeline.message_source import LineSource


class EventOrder(Enum):
    """How events are listed."""

    NEWEST = "newest"
    LARGEST = "largest"
    DEAREST = "dearest"
    SLOWEST = "slowest"

    @property
    def first(self) -> str:
        """What comes first, in words."""
        return "most tokens first" if self is EventOrder.LARGEST else f"{self.value} first"

    def value_of(self, event: AuditEvent) -> float | None:
        """Return what an event is ranked by; `None` if unknown."""
        if self is EventOrder.DEAREST:
            return event.cost_usd
        if self is EventOrder.LARGEST:
            return event.tokens
        return event.response_time_s if self is EventOrder.SLOWEST else event.time_s


class EventQuery(msgspec.Struct, frozen=True):
    """Selects audit events.

    Attributes:
        title: A title for them, in whatever order; safe to show.
        instance_ids: Only events of these instances, and errors about them, where `None` as an
            element stands for events without an instance; `None` for all events.
        event_type: Only this type; `None` for any.
        error: Only events that report an error of this kind, see `error_kind`; `None` for any.
        but_types: Types to exclude.
        failed: Only errors.
        unpriced: Only events without a cost.
        least_s: Only events with a response time of at least this, in seconds; `None` for any.
        from_s: Only events at or after this time; `None` for any.
        until_s: Only events at or before this time; `None` for any.
        order: How they are listed; one without the value that they are ranked by is left out.
        window: The name of the window that they are of; `''` for all time.
        is_counted: Whether the number that they are behind is of any event at all.
    """

    title: str
    instance_ids: frozenset[str | None] | None = None
    event_type: str | None = EXCHANGE
    error: str | None = None
    but_types: frozenset[str] = frozenset()
    failed: bool = False
    unpriced: bool = False
    least_s: float | None = None
    from_s: float | None = None
    until_s: float | None = None
    order: EventOrder = EventOrder.NEWEST
    window: str = ""
    is_counted: bool = True

    @property
    def in_words(self) -> str:
        """The title, and which come first unless it is the newest."""
        newest = self.order is EventOrder.NEWEST
        return self.title if newest else f"{self.title}, {self.order.first}"

    @property
    def can_be_ranked(self) -> bool:
        """Whether another order can be had: errors are told by their time, see `with_happened`."""
        return self.error is None and not self.failed

    def matches(self, event: AuditEvent) -> bool:
        """Return whether an event is selected."""
        if self.event_type is not None and event.event_type != self.event_type:
            return False
        if event.event_type in self.but_types or not self._is_about(event):
            return False
        return self._has_value(event) and self._is_within(event.time_s)

    def within(self, since_s: float | None, until_s: float | None) -> EventQuery:
        """Return the query for those of its events that are not outside a time span."""
        starts = [time_s for time_s in (self.from_s, since_s) if time_s is not None]
        from_s = max(starts, default=None)
        return msgspec.structs.replace(self, from_s=from_s, until_s=until_s)

    def _is_about(self, event: AuditEvent) -> bool:
        about: set[str | None] = {event.instance_id}
        if self.error is not None or self.failed:
            error = error_of(event)
            if error is None or (self.error is not None and error_kind(error) != self.error):
                return False
            about = {*affected_by(event)} or {None}
        return self.instance_ids is None or not self.instance_ids.isdisjoint(about)

    def _has_value(self, event: AuditEvent) -> bool:
        if self.unpriced and event.cost_usd is not None:
            return False
        took_s = event.response_time_s
        if self.least_s is not None and (took_s is None or took_s < self.least_s):
            return False
        return self.order is EventOrder.NEWEST or self.order.value_of(event) is not None

    def _is_within(self, time_s: float | None) -> bool:
        from_s, until_s = self.from_s, self.until_s
        if time_s is None:
            return from_s is None and until_s is None
        return (from_s is None or time_s >= from_s) and (until_s is None or time_s <= until_s)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def query_of(
    group: Group,
    by: str,
    title: str,
    *,
    shown: frozenset[str] | None = None,
    labels: Iterable[str | None] = (),
) -> EventQuery | None:
    """Return the query for the events behind a row of the audit table; `None` if unknown.

    Args:
        group: The row.
        by: What the table is grouped by.
        title: The row's name.
        shown: The instances that pass the filter; `None` without one.
        labels: The labels of all rows.
    """
    if by == "event_type":
        but_types = frozenset(label for label in labels if label and group.label is None)
        return EventQuery(title, shown, event_type=group.label, but_types=but_types)
    if by == "error":
        if group.label is None:
            return None  # old errors whose kinds are no longer known
        # A filter leaves out what is of nobody.
        ids: set[str | None] = {*group.instance_ids} | (set() if shown is not None else {None})
        return EventQuery(title, frozenset(ids), event_type=None, error=group.label)
    members = frozenset(group.instance_ids or (None,))
    return EventQuery(title, members, is_counted=group.usage.requests > 0)


class Events(msgspec.Struct, frozen=True, eq=False):
    """The first of the selected events.

    Attributes:
        rows: The events, in the order of their query.
        more: Whether there may be further ones.
    """

    rows: tuple[AuditEvent, ...] = ()
    more: bool = False


class Ranking:
    """Collects the events that a query puts first, of all that are offered, and drops the others.

    Args:
        query: Selects and ranks the events.
        most: How many to keep.
    """

    def __init__(self, query: EventQuery, most: int) -> None:
        self._query = query
        self._most = most
        # A heap, the least of them first: value, a number of its own, and by what it is known.
        self._best: list[tuple[float, int, tuple[object, ...]]] = []
        self._known: dict[tuple[object, ...], AuditEvent] = {}
        self._lives = Lives()
        self._taken = 0
        self.found = 0
        """How many were selected; of these, `most` are kept."""

    def offer(self, event: AuditEvent) -> None:
        """Take an event: the newest first, unless they are all offered once more.

        Of exchanges of one life of an instance with one message id the last one that is offered is
        kept: it is the oldest, and so the one that is counted. If it ranks lower than the one that
        it takes the place of, what had to give way to that is not found again.
        """
        if event.event_type == SPAWN and event.time_s is not None:
            self._lives.begin(event.instance_id, event.time_s)
        value, identity = self._query.order.value_of(event), self._identity(event)
        if value is None or not self._query.matches(event):
            return
        known = self._known.get(identity)
        if known is not None:
            if event == known:
                return
            self._best = [best for best in self._best if best[2] != identity]
            heapq.heapify(self._best)
            self.found -= 1
        self.found += 1
        self._taken += 1
        self._known[identity] = event
        # Of equal ones, the first taken.
        heapq.heappush(self._best, (value, -self._taken, identity))
        if len(self._best) > self._most:
            del self._known[heapq.heappop(self._best)[2]]

    @property
    def rows(self) -> tuple[AuditEvent, ...]:
        """The events, the first one first."""
        return tuple(self._known[identity] for _, _, identity in sorted(self._best, reverse=True))

    def _identity(self, event: AuditEvent) -> tuple[object, ...]:
        if event.event_type == EXCHANGE and event.message_id is not None:
            ended_s = self._lives.ended_s(event.instance_id, event.time_s)
            return event.instance_id, ended_s, event.message_id
        return event.time_s, event.event_type, event.instance_id, event.message_id


def with_happened(
    found: Events, query: EventQuery, happened: Iterable[TimelineEvent], most: int
) -> Events:
    """Return the errors that are counted, those of other files than the audit trail among them.

    Args:
        found: The events found in the audit trail. Of these, what reports a counted error once more
            is left out.
        query: The events selected; if these are no errors, nothing is changed.
        happened: The events in the fleet's state. Older errors are all taken for counted.
        most: How many events to return at most, the newest.
    """
    if query.error is None and not query.failed:
        return found
    oldest_s, counted = math.inf, defaultdict[str, list[TimelineEvent]](list)
    for one in happened:
        oldest_s = min(oldest_s, math.inf if one.time_s is None else one.time_s)
        if one.counts:
            counted[_first_line(one.text)].append(one)
    everything: list[AuditEvent] = []
    timed_first = sorted(found.rows, key=lambda event: event.time_s is None)
    for event in timed_first:  # what has no time takes what is left
        reports = counted[_first_line(error_of(event) or "")]
        newest_first = reversed(range(len(reports)))
        same = (n for n in newest_first if event.time_s in {None, reports[n].time_s})
        place = next(same, None)
        if place is not None:
            del reports[place]
        elif event.time_s is not None and event.time_s >= oldest_s:
            continue
        everything.append(event)
    elsewhere = (_as_event(one) for reports in counted.values() for one in reports)
    everything += filter(query.matches, elsewhere)
    everything.sort(key=lambda event: -math.inf if event.time_s is None else event.time_s)
    return Events(tuple(reversed(everything[-most:])), found.more or len(everything) > most)


def _as_event(error: TimelineEvent) -> AuditEvent:
    return AuditEvent(
        time_s=error.time_s,
        event_type="error",
        instance_id=error.instance_id or None,
        error=error.text,
        message_id=error.message_id,
    )


class EventSource(LineSource, Protocol):
    """Reads audit events, and what belongs to them, on demand without blocking the screen."""

    async def events(self, query: EventQuery, most: int) -> Events:
        """Return the first `most` events that the query selects, in its order."""
        ...

    async def halves(self, event: AuditEvent, spawned: Sequence[float]) -> tuple[Message, ...]:
        """The reply and the request that an event is about, as far as they are found.

        Args:
            event: The event.
            spawned: When each life of its instance began, ascending, as far as is known.
        """
        ...

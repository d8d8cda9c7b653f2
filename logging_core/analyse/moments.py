"""When something happened that an instance.log tells of, whose times are whole seconds."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right, insort
from operator import itemgetter
from typing import Generic, TypeVar

from logging_core.analyse.instance import CREATED, READY
from logging_core.event_types import SPAWN, TERMINATE
from logging_core.records import AuditEvent, LifecycleEvent

MAX_UNPAIRED = 4_096
"""So many of an instance's newest events, and entries, of one kind wait for the other file, which
is read after this one where both are long."""

_NEAR_S = 0.25  # between two lines about one thing, of which the second may be in the next second
_TICK_S = 1e-6
_NOTHING = array("d")
_CHANGE = re.compile(r"Instance (?!created)(\w+)")  # a creation is at the start of its second
_CHANGES = {"terminated": TERMINATE}

_Key = tuple[str, str]
_E = TypeVar("_E")


def moment_of(event: LifecycleEvent) -> float | None:
    """By when it had happened, as far as the entry itself tells; `None` if unknown.

    Of a whole second that is its end. What all else follows from, that an instance was created and
    is ready, is taken to have happened at its beginning.
    """
    if event.time_s is None or CREATED.match(event.text) or READY.match(event.text):
        return event.time_s
    return event.time_s + event.slack_s - (_TICK_S if event.slack_s else 0.0)


def is_change(event: LifecycleEvent) -> bool:
    """Whether the audit trail may tell of the same, and more exactly when."""
    return event.slack_s > 0 and _CHANGE.match(event.text) is not None


class Moments(Generic[_E]):
    """Pairs entries with the events of the audit trail that tell of the same, and exactly when.

    Whichever is read first. An entry is known by something of the caller's.
    """

    __slots__ = ("_entries", "_events")

    def __init__(self) -> None:
        # Of each instance and event type what one file tells of, and the other not yet, by time.
        self._events: dict[_Key, array[float]] = {}
        self._entries: dict[_Key, list[tuple[float, _E]]] = {}

    def exact(self, event: LifecycleEvent, entry: _E) -> float | None:
        """When exactly that happened of which an entry tells; `None` if that is not known yet."""
        change = _CHANGE.match(event.text)
        if change is None or event.time_s is None or not event.slack_s:
            return None
        second_s = event.time_s
        key = event.instance_id, _CHANGES.get(change[1], f"instance_{change[1]}")
        waiting = self._events.get(key, _NOTHING)
        for near_s in (0.0, _NEAR_S):
            place = bisect_left(waiting, second_s - near_s)
            if place < len(waiting) and waiting[place] < second_s + 1 + near_s:
                return waiting.pop(place)
        entries = self._entries.setdefault(key, [])
        insort(entries, (second_s, entry), key=itemgetter(0))
        del entries[:-MAX_UNPAIRED]
        return None

    def audited(self, event: AuditEvent, at_s: float | None) -> _E | None:
        """The entry that came before and tells of what an event does: now it is known when."""
        kind = event.event_type
        if at_s is None or event.instance_id is None:
            return None
        if kind == SPAWN or not kind.startswith("instance_"):
            return None
        key = event.instance_id, kind
        entries = self._entries.get(key, [])
        for near_s in (0.0, _NEAR_S):
            place = bisect_right(entries, at_s - 1 - near_s, key=itemgetter(0))
            if place < len(entries) and entries[place][0] <= at_s + near_s:
                return entries.pop(place)[1]
        if key not in self._events:
            self._events[key] = array("d")
        insort(self._events[key], at_s)
        del self._events[key][:-MAX_UNPAIRED]
        return None

    def forget_entries(self) -> None:
        """No entry waits any longer."""
        self._entries.clear()

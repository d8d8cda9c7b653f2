"""When something happened that an instance.log tells of, whose times are whole seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Generic, TypeVar

from logging_core.analyse.instance import CREATED, READY
from logging_core.analyse.lives import SPAWN
from logging_core.records import AuditEvent, LifecycleEvent

MAX_UNPAIRED = 256
"""So many of the newest events, and entries, of one kind wait for the other file."""

_NEAR_S = 1.0
_TICK_S = 1e-6
_CHANGE = re.compile(r"Instance (?!created)(\w+)")  # a creation is at the start of its second
_CHANGES = {"terminated": "instance_terminate"}

_Key = tuple[str, str]
_E = TypeVar("_E")
_T = TypeVar("_T")


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
        # Of each instance and event type: what one file tells of, and the other not yet.
        self._events: dict[_Key, list[float]] = {}
        self._entries: dict[_Key, list[tuple[float, _E]]] = {}

    def exact(self, event: LifecycleEvent, entry: _E) -> float | None:
        """When exactly that happened of which an entry tells; `None` if that is not known yet."""
        change = _CHANGE.match(event.text)
        if change is None or event.time_s is None or not event.slack_s:
            return None
        second_s = event.time_s
        key = event.instance_id, _CHANGES.get(change[1], f"instance_{change[1]}")
        at_s = _claim(self._events, key, lambda at_s: _may_be(at_s, second_s))
        if at_s is None:
            _keep(self._entries, key, (second_s, entry))
        return at_s

    def audited(self, event: AuditEvent, at_s: float | None) -> _E | None:
        """The entry that came before and tells of what an event does: now it is known when."""
        kind = event.event_type
        if at_s is None or event.instance_id is None:
            return None
        if kind == SPAWN or not kind.startswith("instance_"):
            return None
        key = event.instance_id, kind
        found = _claim(self._entries, key, lambda entry: _may_be(at_s, entry[0]))
        if found is None:
            _keep(self._events, key, at_s)
            return None
        return found[1]

    def forget_entries(self) -> None:
        """No entry waits any longer."""
        self._entries.clear()


def _may_be(at_s: float, second_s: float) -> bool:
    """Whether something that happened at a moment may be that of which an entry tells."""
    return second_s - _NEAR_S <= at_s < second_s + 1 + _NEAR_S


def _claim(of: dict[_Key, list[_T]], key: _Key, fits: Callable[[_T], bool]) -> _T | None:
    """The first that fits of those that wait; it waits no longer."""
    waiting = of.get(key, [])
    place = next((place for place, one in enumerate(waiting) if fits(one)), None)
    return None if place is None else waiting.pop(place)


def _keep(of: dict[_Key, list[_T]], key: _Key, one: _T) -> None:
    waiting = of.setdefault(key, [])
    waiting.append(one)
    del waiting[:-MAX_UNPAIRED]

"""What happened between the messages: entries of instance logs, and errors, each as told best.

Several files tell of one thing, in any order: the audit trail knows when to the microsecond, an
instance.log, which cuts its times to whole seconds, knows the traceback. They make one row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from logging_core.analyse.errors import Reports, Retold, say_the_same
from logging_core.analyse.instance import CREATED, READY
from logging_core.analyse.state import TimelineEvent
from logging_core.analyse.timeline import Timeline
from logging_core.records import AuditEvent, LifecycleEvent, OrchestratorEvent

MAX_UNPAIRED = 256
"""So many of the newest moments, and entries, of one kind wait for the other file."""

_NEAR_S = 1.0
_TICK_S = 1e-6
_ECHO = re.compile(r"(?:Sending message|Received response|Communication:)")
"""How entries of an instance.log begin that repeat a line of its communication.jsonl."""
_CHANGE = re.compile(r"Instance (\w+)")
_CHANGES = {"created": "instance_spawn", "terminated": "instance_terminate"}

_Key = tuple[str, str]
_T = TypeVar("_T")


def moment_of(event: LifecycleEvent) -> float | None:
    """By when something had happened that an instance.log tells of; `None` if unknown.

    Of a whole second that is its end. What all else follows from, that an instance was created and
    is ready, is taken to have happened at its beginning.
    """
    if event.time_s is None or CREATED.match(event.text) or READY.match(event.text):
        return event.time_s
    return event.time_s + event.slack_s - (_TICK_S if event.slack_s else 0.0)


class Happened:
    """The rows, and what is needed to tell which records are of one thing.

    Args:
        limit: How many rows are kept.

    Attributes:
        events: The newest rows.
        reports: The newest errors.
    """

    __slots__ = ("_entries", "_moments", "events", "reports")

    def __init__(self, limit: int) -> None:
        self.events: Timeline[TimelineEvent] = Timeline(limit)
        self._forget()

    def _forget(self) -> None:
        self.reports = Reports()
        # Of each instance and event type: what one file tells of, and the other not yet.
        self._moments: dict[_Key, list[float]] = {}
        self._entries: dict[_Key, list[TimelineEvent]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.events.clear()
        self._forget()

    def entry(self, event: LifecycleEvent) -> None:
        """An entry of an instance.log that reports no error."""
        if _ECHO.match(event.text):
            return
        row = _row_of(event, event.text)
        change = _CHANGE.match(event.text)
        if change is None or row.time_s is None or not event.slack_s:
            self._add(row, event.instance_id)
            return
        key = event.instance_id, _CHANGES.get(change[1], f"instance_{change[1]}")
        exact_s = _claim(self._moments, key, lambda at_s: _may_be(at_s, row))
        if exact_s is not None:
            row = msgspec.structs.replace(row, time_s=exact_s)
        else:
            _keep(self._entries, key, row)
        self._add(row, event.instance_id)

    def audited(self, event: AuditEvent, at_s: float | None) -> None:
        """An audit event, which may tell when exactly something happened."""
        is_change = event.event_type.startswith("instance_")
        if at_s is None or event.instance_id is None or not is_change:
            return
        key = event.instance_id, event.event_type
        row = _claim(self._entries, key, lambda row: _may_be(at_s, row))
        if row is None:
            _keep(self._moments, key, at_s)
        else:
            self._retell(row, msgspec.structs.replace(row, time_s=at_s))

    def logged_error(self, event: LifecycleEvent, error: str) -> bool:
        """An error in an instance.log, and what it says; whether it is new."""
        row = _row_of(event, error, counts=True)
        retold = self.reports.take_entry(row)
        if retold is None:
            self._add(row, event.instance_id)
            return True
        self._retell(*retold)
        if not say_the_same(row, retold[1]):
            self._add(msgspec.structs.replace(row, counts=False), event.instance_id)
        return False

    def audited_error(
        self, event: AuditEvent, instance_id: str, at_s: float | None, error: str
    ) -> bool:
        """An error in the audit trail; whether it is new.

        Args:
            event: The event that reports it.
            instance_id: Whom it is about; `""` for the fleet as a whole.
            at_s: When; `None` if unknown.
            error: What it says.
        """
        row = TimelineEvent(instance_id, at_s, error, is_error=True, counts=True)
        return self._add_new(row, self.reports.take_audit(event, row), file="audit")

    def orchestrated_error(
        self, event: OrchestratorEvent, instance_id: str, at_s: float | None, error: str
    ) -> bool:
        """The same of an entry of `orchestrator.log`."""
        row = TimelineEvent(instance_id, at_s, error, is_error=True, counts=True)
        return self._add_new(row, self.reports.take_log(event, row), file="orchestrator.log")

    def _add_new(self, row: TimelineEvent, retold: Retold | None, *, file: str) -> bool:
        if retold is None:
            # No instance id holds a slash, so that no file of an instance is taken for this one.
            self._add(row, f"/{file}")
            return True
        self._retell(*retold)
        return False

    def _add(self, row: TimelineEvent, file: str) -> None:
        self.events.add(row, row.time_s, file=file, text=row.text)

    def _retell(self, known: TimelineEvent, better: TimelineEvent) -> None:
        if known != better:
            self.events.retell(known, better, better.time_s, text=better.text)


def _row_of(event: LifecycleEvent, text: str, *, counts: bool = False) -> TimelineEvent:
    return TimelineEvent(
        event.instance_id, moment_of(event), text, counts, event.suspect, counts=counts
    )


def _may_be(at_s: float, row: TimelineEvent) -> bool:
    """Whether something that happened at a moment may be that of which an entry tells."""
    second_s = (row.time_s or 0.0) // 1
    return second_s - _NEAR_S <= at_s < second_s + 1 + _NEAR_S


def _claim(of: dict[_Key, list[_T]], key: _Key, fits: Callable[[_T], bool]) -> _T | None:
    """The first that fits of those that wait; it waits no longer."""
    waiting = of.get(key, [])
    found = next((one for one in waiting if fits(one)), None)
    if found is not None:
        waiting.remove(found)
    return found


def _keep(of: dict[_Key, list[_T]], key: _Key, one: _T) -> None:
    waiting = of.setdefault(key, [])
    waiting.append(one)
    del waiting[:-MAX_UNPAIRED]

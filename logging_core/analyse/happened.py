"""What happened between the messages: entries of instance logs, and errors, each as told best.

Several files tell of one thing, in any order: the audit trail knows when to the microsecond, an
instance.log, which cuts its times to whole seconds, knows the traceback. They make one row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection

import msgspec

from logging_core.analyse.moments import MAX_UNPAIRED, Moments, moment_of
from logging_core.analyse.reports import IncidentChange, Reports
from logging_core.analyse.state import TimelineEvent
from logging_core.analyse.timeline import Timeline
from logging_core.event_types import SPAWN, TERMINATE
from logging_core.records import AuditEvent, LifecycleEvent, OrchestratorEvent

_DAY_S = 86_400
_ECHO = re.compile(r"(?:Sending message|Received response|Communication:)")
"""How entries of an instance.log begin that repeat a line of its communication.jsonl."""

LIFE = {
    SPAWN: "Instance created",
    "instance_suspended": "Instance suspended",
    "instance_resumed": "Instance resumed",
    "instance_reconnected": "Instance reconnected",
    "instance_recovered": "Instance recovered",
    TERMINATE: "Instance terminated",
}
"""What audit events say of a life, in the words that entries of an instance.log begin with."""

_CHANGE = re.compile(r"Instance \w+")

SAME_S = 10.0
"""Two files tell of one change within this time: an instance is created before that is audited."""


class Happened:
    """The rows, and what is needed to tell which records are of one thing.

    Args:
        limit: How many rows are kept.

    Attributes:
        events: The newest rows.
        reports: The newest errors.
    """

    __slots__ = ("_alone", "_held", "_limit", "_moments", "events", "reports")

    def __init__(self, limit: int) -> None:
        self.events: Timeline[TimelineEvent] = Timeline(limit)
        self._limit = limit
        self._forget()

    def _forget(self) -> None:
        self.reports = Reports(self._limit)
        self._moments: Moments[TimelineEvent] = Moments()
        # What only the audit trail tells of, as far as is known, and rows of that.
        self._held: list[TimelineEvent] = []
        self._alone: dict[tuple[str, str], list[TimelineEvent]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.events.clear()
        self._forget()

    def entry(self, event: LifecycleEvent) -> None:
        """An entry of an instance.log that reports no error."""
        if _ECHO.match(event.text):
            return
        row = _row_of(event, event.text)
        exact_s = self._moments.exact(event, row)
        if exact_s is not None:
            row = msgspec.structs.replace(row, time_s=exact_s)
        alone = self._told_alone(row)
        if alone is None:
            self._add(row, event.instance_id)
        else:
            self.events.pass_by(event.instance_id, row.time_s)
            self._retell(alone, row)

    def audited(self, event: AuditEvent, at_s: float | None) -> None:
        """An audit event, which may tell when exactly something happened."""
        row = self._moments.audited(event, at_s)
        if row is not None:
            self._retell(row, msgspec.structs.replace(row, time_s=at_s))

    def audited_change(self, event: AuditEvent, at_s: float | None) -> None:
        """An audit event of one who has no directory so far: what nothing else may tell of."""
        text = LIFE.get(event.event_type)
        if text is None or event.instance_id is None:
            return
        self._held.append(TimelineEvent(event.instance_id, at_s, text, suspect=event.suspect))
        if len(self._held) > 2 * self._limit:
            self._held.sort(key=_time)
            del self._held[: -self._limit]

    def settle(self, has_directory: Callable[[str], bool], *, caught_up: bool) -> None:
        """Merge what was taken in.

        Args:
            has_directory: Whether an instance has one: its instance.log tells of its life. Who gets
                one later keeps the rows that the audit trail alone had told of by then.
            caught_up: Whether everything was read: rows keep their places from now on.
        """
        if caught_up and self._held:
            for row in sorted(self._held, key=_time):
                if not has_directory(row.instance_id):
                    self._add(row, f"/audit/{row.instance_id}")
                    rows = self._alone.setdefault((row.instance_id, row.text), [])
                    rows.append(row)
                    del rows[:-MAX_UNPAIRED]
            self._held = []
        self.events.settle(caught_up=caught_up)

    def _told_alone(self, row: TimelineEvent) -> TimelineEvent | None:
        """The row of the audit trail that an entry, which comes after it, tells of once more."""
        change = _CHANGE.match(row.text)
        known = self._alone.get((row.instance_id, change[0]), []) if change else []
        if row.time_s is None or not known:
            return None
        at_s = row.time_s
        near = min(known, key=lambda other: abs(_time(other) - at_s))
        if abs(_time(near) - at_s) > SAME_S:
            return None
        known.remove(near)
        return near

    def logged_error(self, event: LifecycleEvent, error: str) -> IncidentChange:
        """An error in an instance.log, and what it says."""
        row = _row_of(event, error, counts=True)
        return self._take_in(row, self.reports.take_entry(row), event.instance_id)

    def audited_error(
        self,
        event: AuditEvent,
        instance_id: str,
        at_s: float | None,
        error: str,
        affected: Collection[str],
    ) -> IncidentChange:
        """An error in the audit trail.

        Args:
            event: The event that reports it.
            instance_id: In whose log others report it; `""` for the fleet as a whole.
            at_s: When; `None` if unknown.
            error: What it says.
            affected: The instances that it is about.
        """
        row = TimelineEvent(
            instance_id, at_s, error, is_error=True, counts=True, message_id=event.message_id
        )
        # No instance id holds a slash, so that no file of an instance is taken for this one. The
        # days are read newest first.
        day = -1 if at_s is None else int(at_s // _DAY_S)
        change = self.reports.take_audit(event, row, affected)
        return self._take_in(row, change, f"/audit/{day}")

    def orchestrated_error(
        self,
        event: OrchestratorEvent,
        instance_id: str,
        at_s: float | None,
        error: str,
        affected: Collection[str],
    ) -> IncidentChange:
        """The same of an entry of `orchestrator.log`."""
        row = TimelineEvent(instance_id, at_s, error, is_error=True, counts=True)
        change = self.reports.take_log(event, row, affected)
        return self._take_in(row, change, "/orchestrator.log")

    def _take_in(self, row: TimelineEvent, change: IncidentChange, file: str) -> IncidentChange:
        known, told = change.before, change.after
        if known is not None:
            self.events.pass_by(file, row.time_s)
            if known.row is not None and told.row is not None:
                self._retell(known.row, told.row)
        elif told.row is not None:
            self._add(told.row, file)
        if change.apart is not None:
            self._add(change.apart, change.apart.instance_id)
        return change

    def _add(self, row: TimelineEvent, file: str) -> None:
        self.events.add(row, row.time_s, file=file, text=row.text)

    def _retell(self, known: TimelineEvent, better: TimelineEvent) -> None:
        if known != better:
            self.events.retell(known, better, known.time_s, better.time_s, text=better.text)


def _time(row: TimelineEvent) -> float:
    return -math.inf if row.time_s is None else row.time_s


def _row_of(event: LifecycleEvent, text: str, *, counts: bool = False) -> TimelineEvent:
    return TimelineEvent(
        event.instance_id, moment_of(event), text, counts, event.suspect, counts=counts
    )

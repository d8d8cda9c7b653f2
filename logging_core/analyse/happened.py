"""What happened between the messages: entries of instance logs, and errors, each as told best.

Several files tell of one thing, in any order: the audit trail knows when to the microsecond, an
instance.log, which cuts its times to whole seconds, knows the traceback. They make one row.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from logging_core.analyse.moments import Moments, moment_of
from logging_core.analyse.reports import Change, Reports
from logging_core.analyse.state import TimelineEvent
from logging_core.analyse.timeline import Timeline
from logging_core.records import AuditEvent, LifecycleEvent, OrchestratorEvent

_DAY_S = 86_400
_ECHO = re.compile(r"(?:Sending message|Received response|Communication:)")
"""How entries of an instance.log begin that repeat a line of its communication.jsonl."""


class Happened:
    """The rows, and what is needed to tell which records are of one thing.

    Args:
        limit: How many rows are kept.

    Attributes:
        events: The newest rows.
        reports: The newest errors.
    """

    __slots__ = ("_limit", "_moments", "events", "reports")

    def __init__(self, limit: int) -> None:
        self.events: Timeline[TimelineEvent] = Timeline(limit)
        self._limit = limit
        self._forget()

    def _forget(self) -> None:
        self.reports = Reports(self._limit)
        self._moments: Moments[TimelineEvent] = Moments()

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
        self._add(row, event.instance_id)

    def audited(self, event: AuditEvent, at_s: float | None) -> None:
        """An audit event, which may tell when exactly something happened."""
        row = self._moments.audited(event, at_s)
        if row is not None:
            self._retell(row, msgspec.structs.replace(row, time_s=at_s))

    def logged_error(self, event: LifecycleEvent, error: str) -> Change:
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
    ) -> Change:
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
    ) -> Change:
        """The same of an entry of `orchestrator.log`."""
        row = TimelineEvent(instance_id, at_s, error, is_error=True, counts=True)
        change = self.reports.take_log(event, row, affected)
        return self._take_in(row, change, "/orchestrator.log")

    def _take_in(self, row: TimelineEvent, change: Change, file: str) -> Change:
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


def _row_of(event: LifecycleEvent, text: str, *, counts: bool = False) -> TimelineEvent:
    return TimelineEvent(
        event.instance_id, moment_of(event), text, counts, event.suspect, counts=counts
    )

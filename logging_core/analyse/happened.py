"""What happened between the messages: entries of instance logs, and errors, each as told best.

Several files tell of one thing, in any order: the audit trail knows when to the microsecond, an
instance.log, which cuts its times to whole seconds, knows the traceback. They make one row.
"""

from __future__ import annotations

import re

import msgspec

from logging_core.analyse.errors import Reports, Retold, say_the_same
from logging_core.analyse.moments import Moments, moment_of
from logging_core.analyse.state import TimelineEvent
from logging_core.analyse.timeline import Timeline
from logging_core.records import AuditEvent, LifecycleEvent, OrchestratorEvent

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

    __slots__ = ("_moments", "events", "reports")

    def __init__(self, limit: int) -> None:
        self.events: Timeline[TimelineEvent] = Timeline(limit)
        self._forget()

    def _forget(self) -> None:
        self.reports = Reports()
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
        row = TimelineEvent(
            instance_id, at_s, error, is_error=True, counts=True, message_id=event.message_id
        )
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

"""Records folded, one by one or in bulk, into what is known of a fleet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from logging_core.analyse.columns import Columns
from logging_core.analyse.errors import (
    ERROR_LEVELS,
    FLEET_IDS,
    affected_by,
    error_of,
    in_one_form,
    text_of_entry,
    with_joint,
)
from logging_core.analyse.happened import Happened
from logging_core.analyse.instance import Instance
from logging_core.analyse.ledger import Ledger
from logging_core.analyse.problems import AnomalyTally, ProblemTally
from logging_core.analyse.reports import ErrorSource, IncidentChange, source_of
from logging_core.analyse.sums import Sums
from logging_core.analyse.timeline import Timeline
from logging_core.event_types import EXCHANGE, SPOKEN
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
)

_REMEMBERED = (
    "timeline",
    "happened",
    "waiting",
    "caught_up",
    "instances",
    "ledger",
    "errors",
    "joint_errors",
    "problems",
    "anomalies",
    "_audit_s",
    "_orchestrator_s",
)
"""What a `Fold` is made of; the rest follows from it."""


class Fold:
    """What the records that were taken in add up to.

    Args:
        since_s: See `FleetModel`, as for the others; minus infinity: all counts.
        max_messages: Of the timeline.
        max_events: Of what stands between its messages.
        by_time: See `Sums`.

    Attributes:
        instances: By id, those included that are only mentioned.
        ledger: The exchanges that were counted, and what these and all else add up to.
        timeline: The newest messages.
        happened: What happened between them.
        errors: How many there were; what two files report of one counts once.
        joint_errors: See `FleetState`; a new one whenever it changes.
        problems: What could not be read.
        anomalies: What is odd about files that could be.
        waiting: See `FleetState`, as for `caught_up` and `polling`.
    """

    def __init__(
        self, *, since_s: float, max_messages: int, max_events: int, by_time: bool
    ) -> None:
        self.timeline: Timeline[Message] = Timeline(max_messages)
        self.happened = Happened(max_events)
        self.waiting: str | None = None
        self.caught_up = False
        self.polling = False
        self._since_s = since_s
        self._by_time = by_time
        self._clear()

    def _clear(self) -> None:
        self.instances: dict[str, Instance] = {}
        self.ledger = Ledger(since_s=self._since_s, by_time=self._by_time)
        self.errors = 0
        self.joint_errors: Mapping[tuple[str, ...], int] = {}
        self.problems = ProblemTally()
        self.anomalies = AnomalyTally()
        self._audit_s: float | None = None
        self._orchestrator_s: float | None = None
        self._roster_changed = True

    def take(self, batch: Batch) -> None:
        """Take in what one look at the tree brought."""
        if batch.reset:
            self._clear()
            self.timeline.clear()
            self.happened.clear()
        for record in batch.records:
            if isinstance(record, AuditEvent):
                self.ledger.note_life(record)
            elif isinstance(record, Message):
                self._message(record)  # before what closes a request
        for block in batch.blocks:
            if self.ledger.wait(block.exchanges):
                self.settle()
        for record in batch.records:
            if not isinstance(record, Message):
                _TAKERS[type(record)](self, record)
        if batch.blocks:
            last_s = batch.blocks[-1].exchanges.times[-1]
            self._audit_s = last_s if self._audit_s is None else max(self._audit_s, last_s)
        # Of a tree that is away for a moment the rest may be yet to come.
        is_read = batch.caught_up and batch.waiting is None
        self.timeline.settle(caught_up=is_read)
        self.happened.settle(self._has_directory, caught_up=is_read)
        self.problems.recover(batch.readable)
        self.problems.add(batch.problems)
        self.anomalies.add(batch.anomalies)
        self.waiting = batch.waiting
        self.caught_up = batch.caught_up
        self.polling = batch.polling

    @property
    def sums(self) -> Sums:
        """What was counted adds up to this, once it is settled."""
        return self.ledger.sums

    def touch_children(self) -> None:
        """Have those frozen anew whose parent came or went since the last call."""
        if not self._roster_changed:
            return
        self._roster_changed = False
        for instance in self.instances.values():
            if instance.identity.asked_parent_id is not None:
                instance.touch()

    def remembered(self) -> list[Any]:
        """What it is made of, for `recall`."""
        self.settle()
        self.sums.totals.settle()
        return [getattr(self, name) for name in _REMEMBERED]

    def recall(self, remembered: Iterable[Any]) -> None:
        """Be as the one that was `remembered`.

        Raises:
            ValueError: There is more of it, or less.
        """
        for name, value in zip(_REMEMBERED, remembered, strict=True):
            setattr(self, name, value)

    def settle(self) -> None:
        """Sum the exchanges in bulk that wait for it."""
        self.ledger.settle(self._exchanged)

    # --- records -------------------------------------------------------------

    def _instance(self, instance_id: str) -> Instance:
        """The instance that a record is about; it will be frozen anew."""
        instance = self.instances.get(instance_id)
        if instance is None:
            instance = self.instances[instance_id] = Instance(instance_id)
        instance.touch()
        return instance

    def _found(self, instance_id: str) -> Instance:
        """The instance whose directory a record stands in."""
        instance = self._instance(instance_id)
        self._roster_changed = self._roster_changed or not instance.is_known
        instance.has_directory = True
        return instance

    def _has_directory(self, instance_id: str | None) -> bool:
        instance = self.instances.get(instance_id or "")
        return instance is not None and instance.has_directory

    def _audited(self, instance_id: str) -> Instance:
        """The instance that the audit trail tells of."""
        instance = self._instance(instance_id)
        self._roster_changed = self._roster_changed or not instance.is_known
        instance.is_audited = True
        return instance

    def _exchanged(self, instance_id: str | None, exchanges: Columns) -> None:
        if instance_id is not None and instance_id not in FLEET_IDS:
            self._audited(instance_id).exchanges(exchanges)

    def _message(self, message: Message) -> None:
        at_s = self._found(message.instance_id).message(message)
        if message.event_type in SPOKEN and self._counts(at_s):
            text = message.content or ""
            self.timeline.add(message, at_s, file=message.instance_id, text=text)

    def _lifecycle(self, event: LifecycleEvent) -> None:
        instance = self._found(event.instance_id)
        instance.lifecycle(event)
        at_s = event.time_s
        counts = self._counts(at_s)
        if event.level not in ERROR_LEVELS:
            if counts:
                self.happened.entry(event)
            return
        error = text_of_entry(event)
        instance.fail(at_s, error, ErrorSource.INSTANCE, is_recent=counts)
        if counts:
            self._count_error(self.happened.logged_error(event, error))

    def _audit(self, event: AuditEvent) -> None:
        at_s = self._audit_s = self._audit_s if event.time_s is None else event.time_s
        instance_id = event.instance_id
        counts = self._counts(at_s)
        if event.event_type == EXCHANGE:
            self.settle()  # of two with one id the first counts
        if counts:
            self.ledger.count(event, at_s)
        if instance_id is not None and instance_id not in FLEET_IDS:
            self._audited(instance_id).audit(event, at_s)
        error = error_of(event)
        if counts:
            self.happened.audited(event, at_s)
        if error is None:
            if counts and not self._has_directory(instance_id):
                self.happened.audited_change(event, at_s)
            return
        affected, whose = affected_by(event), _whose(instance_id)
        for failed_id in affected:
            self._audited(failed_id).fail(at_s, error, source_of(event), is_recent=counts)
        if counts:
            self._count_error(self.happened.audited_error(event, whose, at_s, error, affected))

    def _orchestrator(self, event: OrchestratorEvent) -> None:
        at_s = self._orchestrator_s if event.time_s is None else event.time_s
        self._orchestrator_s = at_s
        is_error = event.level in ERROR_LEVELS
        error = in_one_form(event.text or event.error or event.level)
        whose = _whose(event.instance_id)
        counts = is_error and self._counts(at_s)
        if whose:
            # The tree keeps entries about instances whose directory was deleted long ago.
            instance = self._instance(whose)
            instance.mentioned(at_s)
            if is_error:
                instance.fail(at_s, error, ErrorSource.ORCHESTRATOR, is_recent=counts)
        if counts:
            affected = (whose,) if whose else ()
            told = self.happened.orchestrated_error(event, whose, at_s, error, affected)
            self._count_error(told)

    def _count_error(self, change: IncidentChange) -> None:
        known, told = change.before, change.after
        self.errors += known is None
        if len(told.whom) > 1 and (known is None or known.whom != told.whom):
            before = () if known is None else known.whom
            self.joint_errors = with_joint(self.joint_errors, before, told.whom)
        if known is not None and change.is_elsewhere:
            for affected_id in known.whom or (None,):
                self.sums.errors.take_back(known.kind, affected_id, known.at_s)
        if known is None or change.is_elsewhere:
            for affected_id in told.whom or (None,):
                self.sums.errors.add(told.kind, affected_id, told.at_s)
        for affected_id in change.newly:
            self._instance(affected_id).errors += 1

    def _gone(self, gone: InstanceGone) -> None:
        self.settle()
        instance = self.instances.get(gone.instance_id)
        if instance is None:
            return
        self._roster_changed = True
        if instance.is_audited:
            instance.lose_directory()
            instance.touch()
        else:
            del self.instances[gone.instance_id]

    def _counts(self, at_s: float | None) -> bool:
        return self._since_s == -math.inf or (at_s is not None and at_s >= self._since_s)


def _whose(instance_id: str | None) -> str:
    """Whom an id means; `""` for the fleet as a whole."""
    return "" if instance_id is None or instance_id in FLEET_IDS else instance_id


_TAKERS: dict[type, Callable[[Fold, Any], object]] = {
    AuditEvent: Fold._audit,
    LifecycleEvent: Fold._lifecycle,
    OrchestratorEvent: Fold._orchestrator,
    Metadata: lambda fold, metadata: fold._found(metadata.instance_id).metadata(metadata),
    InstanceSeen: lambda fold, seen: fold._found(seen.instance_id),
    InstanceGone: Fold._gone,
    FrameRef: lambda fold, ref: fold._found(ref.instance_id).frame(ref),
}

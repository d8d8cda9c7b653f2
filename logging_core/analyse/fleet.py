"""The fleet model: batches of records in, one frozen `FleetState` out."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from operator import is_not
from typing import Any, Self

from logging_core.analyse import memento
from logging_core.analyse.facts import moment_s
from logging_core.analyse.groups import Tables
from logging_core.analyse.instance import SPOKEN, Around, Instance, first_line
from logging_core.analyse.problems import ProblemTally
from logging_core.analyse.prompts import PATTERNS, Pattern
from logging_core.analyse.series import Series
from logging_core.analyse.state import (
    FleetState,
    Group,
    InstanceState,
    Slot,
    TimelineEvent,
    Usage,
)
from logging_core.analyse.summary import EXCHANGE, Summary
from logging_core.analyse.timeline import Timeline
from logging_core.records import (
    AuditBlock,
    AuditEvent,
    Batch,
    Exchange,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
)

_REMEMBERED = (
    "_timeline",
    "_events",
    "_waiting",
    "_caught_up",
    "_instances",
    "_summary",
    "_series",
    "_errors",
    "_problems",
    "_audit_s",
    "_orchestrator_s",
)

FLEET_IDS = frozenset({"", "orchestrator"})
"""Instance ids that mean the fleet as a whole, as no id does."""

MOST_PENDING = 1 << 13
"""So many exchanges may wait to be summed: the more at once, the less each one costs."""

ERROR_LEVELS = frozenset({"ERROR", "CRITICAL"})

_ECHO = re.compile(r"(?:Sending message|Received response|Communication:)")
"""How entries of an instance.log begin that repeat a line of its communication.jsonl."""


class FleetModel:
    """Folds records into the state of the fleet.

    `apply` and `state` are called by one thread at a time; the states handed out are frozen and
    may be read by any. A call of `state` costs little more than the instances that changed.

    Args:
        since_s: Usage, errors and messages count from this moment on; `None`: all. What state
            an instance is in follows from all records.
        stuck_after_s: A request open for longer, with a pane unchanged for as long, is stuck.
        max_messages: So many of the newest messages are kept.
        max_events: So many of the newest events between them are kept.
        prompts: What a pane that waits for a person ends with.
        by_time: Keep what `series` and `usage_in` tell; a report on one moment does without.
    """

    def __init__(
        self,
        *,
        since_s: float | None = None,
        stuck_after_s: float = 120.0,
        max_messages: int = 20_000,
        max_events: int = 5_000,
        prompts: Sequence[Pattern] = PATTERNS,
        by_time: bool = True,
    ) -> None:
        self._since_s = -math.inf if since_s is None else since_s
        self._stuck_after_s = stuck_after_s
        self._timeline: Timeline[Message] = Timeline(max_messages)
        self._events: Timeline[TimelineEvent] = Timeline(max_events)
        self._prompts = prompts
        self._by_time = by_time
        self._waiting: str | None = None
        self._caught_up = False
        self._takers: dict[type, Callable[[Any], object]] = {
            Message: self._message,
            AuditEvent: self._audit,
            LifecycleEvent: self._lifecycle,
            OrchestratorEvent: self._orchestrator,
            Metadata: lambda metadata: self._instance(metadata.instance_id).metadata(metadata),
            InstanceSeen: lambda seen: self._instance(seen.instance_id),
            InstanceGone: self._gone,
            FrameRef: lambda ref: self._instance(ref.instance_id).frame(ref),
        }
        self._clear()

    def _clear(self) -> None:
        self._instances: dict[str, Instance] = {}
        self._pending: defaultdict[str | None, list[Exchange]] = defaultdict(list)
        self._pending_count = 0
        self._summary = Summary()
        self._series = Series()
        self._tables = Tables(self._summary)
        self._total: Usage | None = None
        self._errors = 0
        self._problems = ProblemTally()
        self._audit_s: float | None = None
        self._orchestrator_s: float | None = None
        self._roster_changed = True
        self._frozen: tuple[InstanceState, ...] = ()

    def apply(self, batch: Batch) -> None:
        """Take in what one look at the tree brought."""
        if batch.reset:
            self._clear()
            self._timeline.clear()
            self._events.clear()
        for block in batch.blocks:
            self._take_in(block)
        for record in batch.records:
            self._takers[type(record)](record)
        if batch.blocks:
            last_s = moment_s(batch.blocks[-1].exchanges[-1].timestamp)
            self._audit_s = last_s if self._audit_s is None else max(self._audit_s, last_s)
        self._timeline.settle(caught_up=batch.caught_up)
        self._events.settle(caught_up=batch.caught_up)
        self._problems.add(batch.problems)
        self._waiting = batch.waiting
        self._caught_up = batch.caught_up

    def state(self, now_s: float) -> FleetState:
        """The fleet as it is known, at the moment `now_s`: states that depend on time are of then.

        Args:
            now_s: Seconds since the epoch.
        """
        self._settle()
        if self._total is None:
            self._total = self._summary.total()
        return FleetState(
            at_s=now_s,
            instances=self._freeze(now_s),
            usage=self._total,
            errors=self._errors,
            messages=self._timeline.items,
            dropped_messages=self._timeline.dropped,
            reordered=self._timeline.reordered + self._events.reordered,
            events=self._events.items,
            dropped_events=self._events.dropped,
            problems=self._problems.count,
            waiting=self._waiting,
            caught_up=self._caught_up,
        )

    def usage_of(self, instance_ids: Iterable[str]) -> Usage:
        """What some instances add up to; those that are not known add nothing."""
        self._settle()
        return self._summary.usage_of(set(instance_ids))

    def dump(self) -> bytes:
        """Everything that was taken in, for `load`; the options are not part of it."""
        self._settle()
        self._summary.settle()
        tables = [self._tables.events, self._tables.errors]
        return memento.dump([tables, *(getattr(self, name) for name in _REMEMBERED)])

    @classmethod
    def load(cls, data: bytes, **options: Any) -> Self:
        """The model that `dump` was called on: it gives the same states now and later.

        Args:
            data: What `dump` gave.
            options: Those of the model; `since_s`, `max_messages` and `by_time` as they were.

        Raises:
            ValueError: `data` is no model, damaged, or of another version.
        """
        model = cls(**options)
        tables, *values = memento.load(data)
        for name, value in zip(_REMEMBERED, values, strict=True):
            setattr(model, name, value)
        model._tables = Tables(model._summary)
        model._tables.events, model._tables.errors = tables
        return model

    # --- tables and plots ----------------------------------------------------

    def series(
        self,
        *,
        from_s: float,
        to_s: float,
        step_s: float,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Slot, ...]:
        """What was exchanged by time; see `analyse.series` for how finely.

        Args:
            from_s: When the first slot begins; cut to its minute.
            to_s: When the last one ends.
            step_s: How long a slot is, a multiple of 60.
            instance_ids: Of these instances only; `None`: all, and what is nobody's.

        Returns:
            All slots in order, those that are empty included.

        Raises:
            ValueError: The step is not a multiple of 60.
        """
        self._settle()
        return self._series.slots(from_s, to_s, step_s, instance_ids)

    def usage_in(
        self, *, from_s: float, to_s: float, instance_ids: Collection[str] | None = None
    ) -> Usage:
        """What some instances, or all, add up to from one moment to another, to the minute."""
        self._settle()
        return self._series.usage(from_s, to_s, instance_ids)

    def groups(self, by: str, instance_ids: Collection[str] | None = None) -> tuple[Group, ...]:
        """Sums of what belongs together: the dearest first, else the busiest.

        Args:
            by: `instance` (labels are ids), `role`, `model`, `instance_type`, `parent` (an
                instance with everyone below it), `event_type` or `error`, of which only the
                number is known, one for each instance that an error is about.
            instance_ids: Of these instances only; `None`: all.

        Raises:
            ValueError: `by` is none of these.
        """
        self._settle()
        known = {i.instance_id: i for i in self._instances.values() if i.known}
        return self._tables.groups(by, known, instance_ids)

    def activity(self, instance_id: str, *, now_s: float, minutes: int) -> tuple[int, ...]:
        """How many records each of the last minutes had, oldest first, the current one last.

        Args:
            instance_id: Whose; one that is not known has none.
            now_s: The moment.
            minutes: How many; up to `facts.PULSE_MINUTES` are known for certain.
        """
        self._settle()
        instance = self._instances.get(instance_id)
        if instance is None:
            return (0,) * minutes
        return instance.records_per_minute(now_s, minutes)

    # --- exchanges in bulk ---------------------------------------------------

    def _take_in(self, block: AuditBlock) -> None:
        for exchange in block.exchanges:
            self._pending[exchange.instance_id].append(exchange)
        self._pending_count += len(block.exchanges)
        if self._pending_count >= MOST_PENDING:
            self._settle()

    def _settle(self) -> None:
        """Sum the exchanges that wait for it."""
        if not self._pending:
            return
        pending, self._pending = self._pending, defaultdict(list)
        self._pending_count = 0
        for instance_id, exchanges in pending.items():
            self._tables.events.add(EXCHANGE, instance_id, len(exchanges))
            if instance_id is not None and instance_id not in FLEET_IDS:
                ids = [exchange.details.message_id for exchange in exchanges]
                times = [exchange.timestamp for exchange in exchanges]
                self._instance(instance_id).exchanges(ids, times)
            if self._since_s != -math.inf:
                exchanges[:] = [e for e in exchanges if moment_s(e.timestamp) >= self._since_s]
        counted = self._summary.extend(pending)
        self._total = None
        if self._by_time:
            for instance_id, exchanges in counted.items():
                self._series.extend(instance_id, exchanges)

    # --- records -------------------------------------------------------------

    def _instance(self, instance_id: str, *, proves_it: bool = True) -> Instance:
        """The instance that a record is about; it will be frozen anew."""
        instance = self._instances.get(instance_id)
        if instance is None:
            instance = self._instances[instance_id] = Instance(instance_id)
        if proves_it and not instance.known:
            instance.known = self._roster_changed = True
        instance.touch()
        return instance

    def _message(self, message: Message) -> None:
        at_s = self._instance(message.instance_id).message(message)
        if message.event_type in SPOKEN and self._counts(at_s):
            self._timeline.add(message, at_s, file=message.instance_id)

    def _lifecycle(self, event: LifecycleEvent) -> None:
        self._instance(event.instance_id).lifecycle(event)
        is_error = event.level in ERROR_LEVELS
        if self._counts(event.time_s) and (is_error or not _ECHO.match(event.text)):
            happened = TimelineEvent(event.instance_id, event.time_s, event.text, is_error)
            self._events.add(happened, event.time_s, file=event.instance_id)

    def _audit(self, event: AuditEvent) -> None:
        at_s = self._audit_s = self._audit_s if event.time_s is None else event.time_s
        instance_id = event.instance_id
        counts = self._counts(at_s)
        if event.event_type == EXCHANGE:
            self._settle()  # of two with one id the first counts
        self._tables.events.add(event.event_type, instance_id)
        if counts and self._summary.add(event):
            self._total = None
            if self._by_time and at_s is not None:
                self._series.add(event, at_s)
        if instance_id is not None and instance_id not in FLEET_IDS:
            self._instance(instance_id).audit(event, at_s)
        if event.error is None and event.level not in ERROR_LEVELS:
            return
        error = event.error or event.event_type
        affected = _affected(event)
        if counts:
            self._failed(at_s, instance_id, error, affected, file="audit")
        for failed_id in affected:
            self._instance(failed_id).fail(at_s, error, counts=counts)

    def _orchestrator(self, event: OrchestratorEvent) -> None:
        at_s = self._orchestrator_s if event.time_s is None else event.time_s
        self._orchestrator_s = at_s
        is_error = event.level in ERROR_LEVELS
        counts = self._counts(at_s)
        error = event.text or event.error or event.level
        about = {event.instance_id} - FLEET_IDS if event.instance_id is not None else set()
        if is_error and counts:
            self._failed(at_s, event.instance_id, error, about, file="orchestrator.log")
        if event.instance_id is None or event.instance_id in FLEET_IDS:
            return
        # The tree keeps entries about instances whose directory was deleted long ago.
        instance = self._instance(event.instance_id, proves_it=False)
        instance.mentioned(at_s)
        if is_error:
            instance.fail(at_s, error, counts=counts)

    def _failed(
        self,
        at_s: float | None,
        instance_id: str | None,
        error: str,
        affected: Collection[str],
        *,
        file: str,
    ) -> None:
        """An error that counts."""
        self._errors += 1
        whose = "" if instance_id is None or instance_id in FLEET_IDS else instance_id
        # No instance id holds a slash, so that no file of an instance is taken for this one.
        self._events.add(TimelineEvent(whose, at_s, error, is_error=True), at_s, file=f"/{file}")
        for affected_id in affected or (None,):
            self._tables.errors.add(first_line(error), affected_id)
        if self._by_time and at_s is not None:
            self._series.add_error(affected, at_s)

    def _gone(self, gone: InstanceGone) -> None:
        self._settle()
        if self._instances.pop(gone.instance_id, None) is not None:
            self._summary.forget(gone.instance_id)
            self._series.forget(gone.instance_id)
            self._roster_changed = True

    def _counts(self, at_s: float | None) -> bool:
        return self._since_s == -math.inf or (at_s is not None and at_s >= self._since_s)

    # --- state ---------------------------------------------------------------

    def _freeze(self, now_s: float) -> tuple[InstanceState, ...]:
        if self._roster_changed:
            self._roster_changed = False
            for instance in self._instances.values():
                if instance.asked_parent_id is not None:
                    instance.touch()
        around = Around(now_s, self._stuck_after_s, self._usage, self._is_known, self._prompts)
        states = [i.state(around) for i in self._instances.values() if i.known]
        states.sort(key=_by_creation)
        if len(states) != len(self._frozen) or any(map(is_not, states, self._frozen)):
            self._frozen = tuple(states)
        return self._frozen

    def _usage(self, instance_id: str) -> Usage:
        return self._summary.usage_of((instance_id,))

    def _is_known(self, instance_id: str) -> bool:
        instance = self._instances.get(instance_id)
        return instance is not None and instance.known


def _by_creation(state: InstanceState) -> tuple[bool, float, str]:
    return state.created_s is None, state.created_s or 0.0, state.instance_id


def _affected(event: AuditEvent) -> set[str]:
    """Whom an error is about: the event's instance, and those that its details list."""
    listed = event.details.get("affected_instances")
    ids = {i for i in listed if isinstance(i, str)} if isinstance(listed, list) else set()
    if event.instance_id is not None:
        ids.add(event.instance_id)
    return ids - FLEET_IDS

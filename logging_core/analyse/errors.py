"""What is an error, whom it is about, and which reports are about one and the same."""

from __future__ import annotations

import enum
from collections.abc import Collection

from logging_core.records import AuditEvent, LifecycleEvent, OrchestratorEvent

ERROR_LEVELS = frozenset({"ERROR", "CRITICAL"})
"""Levels of records that tell of an error."""

FLEET_IDS = frozenset({"", "orchestrator"})
"""Instance ids that mean the fleet as a whole, as no id does."""

SAME_S = 5.0
"""Reports of one error are no further apart."""

MAX_REPORTS = 64
"""So many of an instance's newest reports are remembered."""

UNTOLD = "terminated (final_state=error)"
"""What an end in an error says that does not tell which."""

_GIST_CHARS = 160


def error_of(event: AuditEvent) -> str | None:
    """What error an audit event reports; `None` if it reports none."""
    if event.error is not None:
        return event.error
    if is_failed_end(event):
        return UNTOLD
    return event.event_type if event.level in ERROR_LEVELS else None


def is_failed_end(event: AuditEvent) -> bool:
    """Whether an audit event is the end of an instance in an error."""
    is_end = event.event_type == "instance_terminate"
    return is_end and event.details.get("final_state") == "error"


def affected_by(event: AuditEvent) -> set[str]:
    """Whom an event is about: its instance, and those that its details list."""
    listed = event.details.get("affected_instances")
    ids = {i for i in listed if isinstance(i, str)} if isinstance(listed, list) else set()
    if event.instance_id is not None:
        ids.add(event.instance_id)
    return ids - FLEET_IDS


class Source(enum.IntFlag):
    """Where an error is reported."""

    AUDIT = 1
    ORCHESTRATOR = 2
    END = 4
    INSTANCE = 8


class Reports:
    """Tells which reports are of an error that was reported before.

    Two are of one error if they are about the same instance, no more than `SAME_S` apart, whichever
    comes first, and either stand in different files and say the same, or one is the end of the
    instance in an error, which is none of its own then. What a line says is what follows its last
    `: `, so that `Instance a failed: out of memory` says the same as `out of memory`.
    """

    __slots__ = ("_recent",)

    def __init__(self) -> None:
        # Of each instance: when, by which sources it was reported, and what they say.
        self._recent: dict[str, list[tuple[float, int, tuple[str, ...]]]] = {}

    def is_new_in_audit(self, event: AuditEvent, instance_id: str, at_s: float | None) -> bool:
        """Whether the error that an audit event reports was not reported before.

        Args:
            event: The event; it must report one.
            instance_id: Whom it is about; `""` for the fleet as a whole.
            at_s: When; `None` if unknown: then it counts as new.
        """
        source = Source.END if is_failed_end(event) else Source.AUDIT
        return self._is_new(instance_id, at_s, source, (error_of(event),))

    def is_new_in_log(self, event: OrchestratorEvent, instance_id: str, at_s: float | None) -> bool:
        """The same of an entry of `orchestrator.log`, which has a traceback at times."""
        raised = (event.exception or "").rstrip().rpartition("\n")[2]
        texts = (event.text, event.error, raised)
        return self._is_new(instance_id, at_s, Source.ORCHESTRATOR, texts)

    def is_new_in_instance_log(self, event: LifecycleEvent) -> bool:
        """The same of an entry of an instance.log, about the instance whose log it is."""
        return self._is_new(event.instance_id, event.time_s, Source.INSTANCE, (event.text,))

    def _is_new(
        self, instance_id: str, at_s: float | None, source: Source, texts: Collection[str | None]
    ) -> bool:
        if at_s is None:
            return True
        said = tuple(gist for text in texts if text and (gist := _gist(text)))
        recent = self._recent.setdefault(instance_id, [])
        for place, (then_s, told, theirs) in enumerate(recent):
            if abs(at_s - then_s) > SAME_S or source & told:
                continue
            if Source.END in {source, told} or not set(said).isdisjoint(theirs):
                recent[place] = (then_s, told | source.value, (*theirs, *said))
                return False
        recent.append((at_s, source.value, said))
        del recent[:-MAX_REPORTS]
        return True


def _gist(text: str) -> str:
    """What the first line of a text says, without who says it."""
    return text.strip().partition("\n")[0].rstrip().rpartition(": ")[2][-_GIST_CHARS:]

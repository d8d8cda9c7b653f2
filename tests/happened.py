"""Records in short, and what a fleet model makes of them."""

from __future__ import annotations

from typing import Any

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, InstanceState, State
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    LifecycleEvent,
    Message,
    OrchestratorEvent,
    Record,
)

T = 1_795_435_200.0
"""A whole second; times in these tests are seconds after it."""


NOW = 1000.0


def spawn(at: float = 0, instance_id: str = "a", **details: Any) -> AuditEvent:
    return audit("instance_spawn", at, instance_id, **details)


def audit(
    event_type: str, at: float = 0, instance_id: str | None = "a", **details: Any
) -> AuditEvent:
    error = details.get("error") or details.get("failure_reason")
    return AuditEvent(
        time_s=T + at, event_type=event_type, instance_id=instance_id, details=details, error=error
    )


def exchange(at: float, message_id: str = "m-1", instance_id: str = "a", **f: Any) -> AuditEvent:
    return AuditEvent(
        time_s=T + at,
        event_type="message_exchange",
        instance_id=instance_id,
        message_id=message_id,
        **f,
    )


def sent(at: float | None, message_id: str | None = "m-1", instance_id: str = "a") -> Message:
    return said("message_sent", at, message_id, instance_id, direction="outbound")


def received(at: float | None, message_id: str | None = "m-1", instance_id: str = "a") -> Message:
    return said("message_received", at, message_id, instance_id, direction="inbound")


def said(
    event_type: str, at: float | None, message_id: str | None, instance_id: str, **fields: Any
) -> Message:
    return Message(
        instance_id=instance_id,
        time_s=None if at is None else T + at,
        event_type=event_type,
        message_id=message_id,
        **fields,
    )


def lifecycle(text: str, at: float, instance_id: str = "a") -> LifecycleEvent:
    return LifecycleEvent(instance_id=instance_id, time_s=T + at, text=text)


def ready(at: float = 2, instance_id: str = "a") -> LifecycleEvent:
    return lifecycle("Instance initialization completed successfully", at, instance_id)


def terminate(at: float, **details: Any) -> AuditEvent:
    return audit(
        "instance_terminate", at, **{"force": False, "final_state": "terminated", **details}
    )


def trouble(at: float, text: str = "pane is dead", instance_id: str = "a") -> OrchestratorEvent:
    return OrchestratorEvent(time_s=T + at, level="ERROR", text=text, instance_id=instance_id)


def frame(
    at: float | None, digest: int, offset: int = 0, *, end: int = 0, instance_id: str = "a"
) -> FrameRef:
    return FrameRef(
        instance_id=instance_id,
        time_s=None if at is None else T + at,
        path=f"instances/{instance_id}/tmux_output.log",
        offset=offset,
        body_offset=offset + 192,
        end=end or offset + 500,
        digest=digest,
    )


def fold(*records: Record, now: float = NOW, **options: Any) -> FleetState:
    model = FleetModel(**options)
    model.apply(Batch(records=records))
    return model.state(T + now)


def only(*records: Record, now: float = NOW, **options: Any) -> InstanceState:
    (instance,) = fold(*records, now=now, **options).instances
    return instance


def verdict(*records: Record, now: float = NOW) -> tuple[State, str, float | None]:
    instance = only(*records, now=now)
    since = None if instance.since_s is None else instance.since_s - T
    return instance.state, instance.reason, since

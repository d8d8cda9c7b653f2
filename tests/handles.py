"""What the calls of an instance's handle have written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from logging_core import LoggingManager
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState
from logging_core.read.reader import TreeReader
from logging_core.write.handle import InstanceHandle

STAMP = "2026-11-23T12:00:"


SPOKEN = ["timestamp", "event_type", "message_id", "direction", "content"]


class Hostile(Exception):  # noqa: N818 - an error that cannot even say so
    def __str__(self) -> str:
        raise ZeroDivisionError


class Open(Protocol):
    def __call__(self, instance_id: str = "a", name: str | None = "Ada") -> InstanceHandle: ...


def records(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def audit(manager: LoggingManager, event_type: str | None = None) -> list[Any]:
    events = records(manager.audit_dir / "audit_20261123.jsonl")
    return [e for e in events if event_type is None or e["event_type"] == event_type]


def said(manager: LoggingManager, instance_id: str = "a") -> list[Any]:
    return records(manager.instances_dir / instance_id / "communication.jsonl")


def life(manager: LoggingManager, instance_id: str = "a") -> list[str]:
    return (manager.instances_dir / instance_id / "instance.log").read_text().splitlines()


def metadata(manager: LoggingManager, instance_id: str = "a") -> Any:
    return json.loads((manager.instances_dir / instance_id / "metadata.json").read_bytes())


def fleet(manager: LoggingManager, now_s: float) -> FleetState:
    """What a reader that begins now makes of the tree."""
    model, reader = FleetModel(), TreeReader(manager.log_dir)
    while True:
        batch = reader.poll()
        model.apply(batch)
        if batch.caught_up:
            reader.close()
            return model.state(now_s)

"""Reads back what a writer wrote, with nothing of ours."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from builders import START
from logging_core import LoggingManager


class Clock:
    """Time stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = START.timestamp()

    def __call__(self) -> float:
        return self.now_s


class Kept(logging.Handler):
    """What a user's own handler got."""

    def __init__(self, level: int = 0) -> None:
        super().__init__(level)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def texts(self) -> list[str]:
        return [record.getMessage() for record in self.records]


def records(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def orchestrator(manager: LoggingManager) -> list[Any]:
    return records(manager.log_dir / "orchestrator.log")


def audit(manager: LoggingManager) -> list[Any]:
    return records(manager.audit_dir / "audit_20261123.jsonl")


def said(manager: LoggingManager, instance_id: str) -> list[Any]:
    return records(manager.instances_dir / instance_id / "communication.jsonl")


def life(manager: LoggingManager, instance_id: str) -> str:
    return (manager.instances_dir / instance_id / "instance.log").read_text()


def metadata(manager: LoggingManager, instance_id: str) -> Any:
    return json.loads((manager.instances_dir / instance_id / "metadata.json").read_bytes())


def files_below(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}

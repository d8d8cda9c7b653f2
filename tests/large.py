"""A tree of 1,000 instances and several gigabytes, and what happens in it afterwards."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from logging_core.tree import LogTree

INSTANCES = 1_000
COST_USD = 0.0123  # of each exchange
DAYS = 30
_RULE = "=" * 80
_SAID = "what was said, at some length. " * 15
_SCREEN = "\n".join(
    f"{number:3d} \x1b[2m│\x1b[0m what the agent shows on one line" for number in range(390)
)


class LargeTree:
    """Written as an orchestrator would have in a month, up to now.

    Nineteen twentieths are captures, as `du` of a real tree shows: of 20 KB each, two for each
    exchange. Each instance's files have the same
    content but for its id: what is measured is reading, not variety.

    Args:
        root: Where.
        size: Bytes in all.
        now: When it ends.
        instances: How many.
    """

    def __init__(self, root: Path, size: int, now: datetime, instances: int = INSTANCES) -> None:
        self.tree = LogTree(root)
        self.ids = [f"agent-{number:04d}" for number in range(instances)]
        self._start = now - timedelta(days=DAYS)
        self._written = 0
        self._write_audit(size // 150)
        for position, instance_id in enumerate(self.ids):
            self.tree.instance_dir(instance_id).mkdir(parents=True)
            facts = {"instance_id": instance_id, "instance_name": f"worker-{position}"}
            self.tree.metadata(instance_id).write_text(json.dumps(facts))
            self._write_logs(instance_id, size // instances)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.tree.root.rglob("*") if path.is_file())

    def happen(self, now: datetime, *, exchanges: int, captures: bool = True) -> int:
        """Requests, replies, events and captures, spread over the instances; how many records."""
        audit = []
        for number in range(exchanges):
            instance_id = self.ids[self._written % len(self.ids)]
            at, key = (now + timedelta(milliseconds=number)), f"new-{self._written}"
            self._written += 1
            lines = message(at, "message_sent", key) + message(at, "message_received", key)
            append(self.tree.communication(instance_id), lines)
            if captures:
                append(self.tree.tmux_output(instance_id), frame(at, self._written))
            audit.append(exchange(at, instance_id, key))
        append(self.tree.audit_file(now.date()), b"".join(audit))
        return exchanges * (4 if captures else 3)

    def _write_audit(self, size: int) -> None:
        self.tree.audit_dir.mkdir(parents=True)
        each = len(exchange(self._start, self.ids[0], "old-000000"))
        count = self.exchanges = size // each
        days: dict[Path, list[bytes]] = {}
        for number in range(count):
            at = self._start + timedelta(days=DAYS) * (number / count)
            line = exchange(at, self.ids[number * 7 % len(self.ids)], f"old-{number:06d}")
            days.setdefault(self.tree.audit_file(at.date()), []).append(line)
        for path, lines in days.items():
            path.write_bytes(b"".join(lines))

    def _write_logs(self, instance_id: str, size: int) -> None:
        if instance_id != self.ids[0]:
            for of in (self.tree.communication, self.tree.tmux_output, self.tree.instance_log):
                shutil.copyfile(of(self.ids[0]), of(instance_id))
            return
        at = self._start
        pairs, frames, lines = size // 40_000, int(size * 0.94) // 20_000, size // 16_000
        with self.tree.communication(instance_id).open("wb") as file:
            for number in range(pairs):
                moment = at + timedelta(days=DAYS) * (number / pairs)
                file.write(message(moment, "message_sent", f"old-{number}"))
                file.write(message(moment, "message_received", f"old-{number}"))
        with self.tree.tmux_output(instance_id).open("wb") as file:
            for number in range(frames):
                file.write(frame(at + timedelta(days=DAYS) * (number / frames), number))
        with self.tree.instance_log(instance_id).open("w") as text:
            for number in range(lines):
                moment = at + timedelta(days=DAYS) * (number / lines)
                text.write(f"{moment:%Y-%m-%d %H:%M:%S} - INFO - step {number} of the plan\n")


def append(path: Path, data: bytes) -> None:
    """As a writer does: one `write`."""
    with path.open("ab", buffering=0) as file:
        file.write(data)


def message(at: datetime, event_type: str, message_id: str, content: str = _SAID) -> bytes:
    """A line of a communication.jsonl."""
    fields: dict[str, Any] = {
        "timestamp": at.isoformat(timespec="microseconds"),
        "event_type": event_type,
        "message_id": message_id,
        "direction": "outbound" if event_type == "message_sent" else "inbound",
        "content": content,
    }
    if event_type == "message_received":
        fields |= {"tokens": 812, "cost": COST_USD, "response_time": 2.333}
    return json.dumps(fields).encode() + b"\n"


def exchange(at: datetime, instance_id: str, message_id: str) -> bytes:
    """A line of an audit file."""
    stamp = at.isoformat(timespec="microseconds")
    details = {
        "message_id": message_id,
        "message_length": 465,
        "response_length": 465,
        "tokens": 812,
        "cost": COST_USD,
        "response_time_seconds": 2.333,
    }
    fields = {"timestamp": stamp, "level": "INFO", "event": "message_exchange"}
    more = {"logger": "orchestrator.audit", "event_type": "message_exchange"}
    about = {"instance_id": instance_id, "details": details}
    return json.dumps({**fields, **more, **about}).encode() + b"\n"


def frame(at: datetime, number: int) -> bytes:
    """A capture of a pane."""
    stamp = at.isoformat(timespec="microseconds")
    return f"\n{_RULE}\n[{stamp}]\n{_RULE}\n{_SCREEN}\nstep {number}\n".encode()

"""Sample trees for tests, byte for byte and with exact times; no test writes a tree by hand.

The builder writes what format.md documents and does not use `logging_core.write`, so that a
reader is never tested against its own writer's mistakes.
"""

from __future__ import annotations

import json
import math
import os
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 11, 23, 12, 0, 0)
RULE = "=" * 80
ROLES = ("architect", "backend", "frontend", "qa", "devops")


class TreeBuilder:
    """Writes a log tree below `root`; every moment is `at` seconds after `START`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "instances").mkdir(parents=True, exist_ok=True)
        (root / "audit").mkdir(exist_ok=True)

    # --- the shapes of lines -------------------------------------------------

    @staticmethod
    def when(at: float) -> str:
        return (START + timedelta(seconds=at)).isoformat(timespec="microseconds")

    @staticmethod
    def epoch(at: float) -> float:
        return (START + timedelta(seconds=at)).timestamp()

    def line(self, relative: str, data: bytes) -> None:
        """Append raw bytes to a file of the tree, making its directory."""
        path = self.root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)

    def json(self, relative: str, record: Mapping[str, Any]) -> None:
        self.line(relative, json.dumps(record).encode() + b"\n")

    # --- records -------------------------------------------------------------

    def audit(
        self,
        event_type: str,
        instance_id: str | None,
        details: Mapping[str, Any],
        *,
        at: float = 0,
        level: str = "INFO",
    ) -> None:
        day = (START + timedelta(seconds=at)).strftime("%Y%m%d")
        record = {
            "timestamp": self.when(at),
            "level": level,
            "event": event_type,
            "logger": "orchestrator.audit",
            "event_type": event_type,
            "instance_id": instance_id,
            "details": dict(details),
        }
        self.json(f"audit/audit_{day}.jsonl", record)

    def lifecycle(self, instance_id: str, text: str, *, at: float = 0, level: str = "INFO") -> None:
        stamp = (START + timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S")
        line = f"{stamp} - {level} - {text}\n"
        self.line(f"instances/{instance_id}/instance.log", line.encode())

    def orchestrator(
        self, message: str, *, at: float = 0, level: str = "INFO", **extra: Any
    ) -> None:
        record = {
            "timestamp": self.when(at),
            "level": level,
            "logger": "orchestrator.instance_manager",
            "message": message,
            "module": "instance_manager",
            "function": "run",
            "line": 43,
            **extra,
        }
        self.json("orchestrator.log", record)

    def metadata(self, instance_id: str, name: str | None, *, at: float = 0, **extra: Any) -> None:
        directory = self.root / "instances" / instance_id
        directory.mkdir(parents=True, exist_ok=True)
        record = {
            "instance_id": instance_id,
            "instance_name": name,
            "created_at": self.when(at),
            "log_directory": str(directory),
            **extra,
        }
        (directory / "metadata.json").write_text(json.dumps(record, indent=2))

    # --- what an instance does -----------------------------------------------

    def spawn(
        self,
        instance_id: str,
        name: str | None = None,
        *,
        at: float = 0,
        role: str | None = "general",
        instance_type: str | None = "claude",
        model: str | None = None,
        parent: str | None = None,
        ready: bool = True,
    ) -> None:
        """Spawn at `at`; ready two seconds later unless `ready` is false."""
        self.metadata(instance_id, name, at=at)
        details = {
            "instance_name": name,
            "role": role,
            "instance_type": instance_type,
            "model": model,
            "parent_instance_id": parent,
        }
        self.audit("instance_spawn", instance_id, details, at=at)
        self.lifecycle(
            instance_id, f"Instance created with role: {role}, type: {instance_type}", at=at
        )
        if ready:
            self.lifecycle(instance_id, "Instance initialization completed successfully", at=at + 2)

    def send(
        self, instance_id: str, message_id: str, content: str = "hello", *, at: float = 0
    ) -> None:
        record = {
            "timestamp": self.when(at),
            "event_type": "message_sent",
            "message_id": message_id,
            "direction": "outbound",
            "content": content,
        }
        self.json(f"instances/{instance_id}/communication.jsonl", record)

    def receive(
        self,
        instance_id: str,
        message_id: str,
        content: str = "hi",
        *,
        at: float = 0,
        tokens: int | None = 10,
        cost: float | None = 0.001,
        response_time: float | None = 2.0,
    ) -> None:
        """The reply and its `message_exchange`; a `None` leaves the field out."""
        record: dict[str, Any] = {
            "timestamp": self.when(at),
            "event_type": "message_received",
            "message_id": message_id,
            "direction": "inbound",
            "content": content,
        }
        details: dict[str, Any] = {
            "message_id": message_id,
            "message_length": 5,
            "response_length": len(content),
        }
        if tokens is not None:
            record["tokens"] = details["tokens"] = tokens
        if cost is not None:
            record["cost"] = details["cost"] = cost
        if response_time is not None:
            record["response_time"] = details["response_time_seconds"] = response_time
        self.json(f"instances/{instance_id}/communication.jsonl", record)
        self.audit("message_exchange", instance_id, details, at=at)

    def frame(self, instance_id: str, text: str, *, at: float = 0) -> None:
        header = f"\n{RULE}\n[{self.when(at)}]\n{RULE}\n"
        self.line(f"instances/{instance_id}/tmux_output.log", f"{header}{text}\n".encode())

    def terminate(
        self, instance_id: str, name: str | None = None, *, at: float = 0, **details: Any
    ) -> None:
        record = {"instance_name": name, "force": False, "final_state": "terminated", **details}
        self.audit("instance_terminate", instance_id, record, at=at)
        self.lifecycle(instance_id, "Instance terminated (force=False)", at=at)


# --- an ordinary tree --------------------------------------------------------

FLEET = (
    ("payments-migration", "architect", "claude-opus-4-5", None),
    ("frontend-refactor", "frontend_developer", "claude-sonnet-4-5", "payments-migration"),
    ("integration-tests", "qa_engineer", "claude-haiku-4-5", "payments-migration"),
    ("auth-service-hardening", "security_engineer", "gpt-5-codex", None),
    ("docs-and-changelog", "technical_writer", "claude-sonnet-4-5", None),
    ("data-backfill", "data_engineer", "claude-haiku-4-5", "payments-migration"),
    ("flaky-test-hunt", "qa_engineer", "claude-haiku-4-5", "integration-tests"),
)
"""Name, role, model and parent of an ordinary fleet."""


def message_id(number: int) -> str:
    """An id as orchestrators make them, the same every time."""
    return str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128))


def pair(tree: TreeBuilder) -> TreeBuilder:
    """Two instances: one answered a request; the other, spawned at 540, has one open since 550."""
    tree.spawn("a1", "atlas", role="architect", at=0)
    tree.send("a1", "m-1", "draw the plan", at=60)
    tree.receive("a1", "m-1", "the plan is drawn", at=70, tokens=1200, cost=0.5)
    tree.spawn("b2", "probe", role="qa", at=540)
    tree.send("b2", "m-2", "test the plan", at=550)
    return tree


def ordinary_tree(root: Path) -> TreeBuilder:
    """An hour of a fleet whose names are as long as people make them, in every usual state."""
    tree = TreeBuilder(root)
    for place, (name, role, model, parent) in enumerate(FLEET):
        who = message_id(900 + place)
        above = None if parent is None else message_id(900 + [f[0] for f in FLEET].index(parent))
        kind = "codex" if "codex" in model else "claude"
        tree.spawn(
            who, name, at=place * 20, role=role, instance_type=kind, model=model, parent=above
        )
        for n in range(12 - place):
            at, cost = 200 + n * 200 + place * 31, 0.02 * (8 - place) + n * 0.01
            number = 20 * place + n
            tree.send(who, message_id(number), f"Do step {n + 1} of {name}.\nAs planned.", at=at)
            tree.receive(
                who,
                message_id(number),
                f"Step {n + 1} of {name} is done; the tests are green.",
                at=at + 40,
                tokens=2_400 + 311 * number,
                cost=cost,
                response_time=12.0 + 7 * place + n,
            )
        tree.frame(who, f"$ make {role}\n{name}: 12 passed in 0.41s", at=2_500)
    _leave_it_there(tree)
    return tree


def _leave_it_there(tree: TreeBuilder) -> None:
    """Busy, waiting, stuck, busy, idle, failed, terminated."""
    ids = [message_id(900 + place) for place in range(len(FLEET))]
    tree.send(ids[0], message_id(499), "Dry-run the migration on a copy.", at=3_400)
    tree.receive(ids[0], message_id(499), "It took 4 min; nothing is lost.", at=3_520, cost=0.41)
    tree.send(ids[0], message_id(500), "Write the rollback plan for the ledger tables.", at=3_540)
    tree.send(ids[1], message_id(501), "Split CheckoutForm into smaller components.", at=2_600)
    ask = "Do you want to make this edit to CheckoutForm.tsx?\n❯ 1. Yes\n  2. No"
    tree.frame(ids[1], f"Edit file CheckoutForm.tsx\n{ask}", at=2_700)
    tree.send(ids[2], message_id(502), "Run the whole suite against staging.", at=3_000)
    tree.frame(ids[2], "$ pytest -q tests/integration", at=3_010)
    tree.send(ids[3], message_id(503), "Rotate the signing keys without a logout.", at=3_590)
    tree.audit("instance_error", ids[5], {"error": "tmux session lost"}, at=3_500, level="ERROR")
    tree.terminate(ids[6], FLEET[6][0], at=3_450)


# --- difficult trees ---------------------------------------------------------


def hostile_tree(root: Path, texts: Mapping[str, bytes]) -> TreeBuilder:
    """A fleet that says each text as name, role, model, message, id, error, detail and pane."""
    tree = TreeBuilder(root)
    for number, data in enumerate(texts.values()):
        who, text = f"i{number:02}", data.decode("utf-8", "surrogateescape")
        text = text.encode("utf-8", "replace").decode()
        tree.spawn(who, f"N{text}", at=number, role=f"R{text}", model=f"M{text}")
        tree.send(who, f"m{text}", f"ask {text} end", at=100 + number)
        tree.receive(who, f"m{text}", f"say {text} end", at=200 + number)
        tree.audit("e" + text, who, {"error": f"E{text}", f"k{text}": [text]}, at=300 + number)
        tree.lifecycle(who, f"life {text}", at=310 + number, level="ERROR")
        tree.orchestrator(f"orch {text}", at=320 + number, level="ERROR", instance_id=who)
        tree.frame(who, "before", at=330 + number)
        header = f"\n{RULE}\n[{tree.when(340 + number)}]\n{RULE}\n".encode()
        tree.line(f"instances/{who}/tmux_output.log", header + b"pane " + data + b" end\n")
        tree.line("audit/audit_20261123.jsonl", b"broken " + data.replace(b"\n", b" ") + b"\n")
        tree.json(
            f"instances/{who}/communication.jsonl", {"event_type": text, "content": data.hex()}
        )
    _age_alike(root)
    return tree


def _age_alike(root: Path) -> None:
    """What changed last is read first: in which order must not depend on the disk."""
    for path in root.rglob("*"):
        os.utime(path, (0, 0))


def broken_tree(root: Path) -> TreeBuilder:
    """A fleet of which two are well, amid everything that may be wrong with files and lines."""
    tree = TreeBuilder(root)
    for at, name in enumerate(("atlas", "harbor")):
        tree.spawn(f"{name}-1", name, at=at, role="backend")
        tree.send(f"{name}-1", "m1", "Plan the migration.", at=60 + at)
        tree.receive(f"{name}-1", "m1", "The plan is in plan.md.", at=90 + at, cost=0.25)
        tree.frame(f"{name}-1", "$ make test\n12 passed in 0.41s", at=95 + at)
    _break_metadata(tree)
    _break_messages(tree)
    _break_audit(tree)
    return tree


def _break_metadata(tree: TreeBuilder) -> None:
    """No metadata, none that is JSON, one without fields; directories where files should be."""
    tree.lifecycle("no-metadata", "Instance initialization completed successfully", at=100)
    tree.line("instances/no-json/metadata.json", b'{"instance_id": "no-json", "instance_na')
    tree.json("instances/no-fields/metadata.json", {})
    for place in ("no-json/communication.jsonl", "no-files/metadata.json"):
        (tree.root / "instances" / place).mkdir(parents=True)
    (tree.root / "audit" / "audit_20261122.jsonl").mkdir()
    tree.line("instances/a-file", b"not a directory\n")


def _break_audit(tree: TreeBuilder) -> None:
    """Lines that are no records, events nobody knows, missing fields, impossible costs."""
    for line in (b"Traceback (most recent call last):", b"\xff\xfe\x00", b"[1, 2]", b"null"):
        tree.line("audit/audit_20261123.jsonl", line + b"\n")
    tree.audit("instance_levitate", "harbor-1", {"height_m": 3}, at=110)
    tree.json("audit/audit_20261123.jsonl", {"event_type": "message_exchange"})
    tree.json("audit/audit_20261123.jsonl", {"timestamp": "yesterday", "details": "none"})
    for number, cost in enumerate((math.nan, math.inf, -5.0, "free")):
        details = {"message_id": f"odd-{number}", "cost": cost, "tokens": cost}
        tree.audit("message_exchange", "harbor-1", details, at=120 + number)
    tree.line("audit/audit_20261123.jsonl", b'{"timestamp": "2026-11-23T12:02:10", "event')


def _break_messages(tree: TreeBuilder) -> None:
    """Messages without text, time or id, of an unknown kind, and one that was cut off."""
    said = "instances/atlas-1/communication.jsonl"
    tree.json(said, {"event_type": "message_sent", "direction": "outbound"})
    tree.json(said, {"timestamp": tree.when(130), "event_type": "message_hummed", "content": None})
    tree.receive("atlas-1", "m2", "Odd numbers.", at=140, cost=math.nan, response_time=math.inf)
    tree.line(said, b'{"timestamp": "2026-11-23T12:02:30", "content": "cut o')
    tree.line("instances/atlas-1/tmux_output.log", b"\n" + b"=" * 80 + b"\n[not a time]\n")


def huge_tree(root: Path, number: int = 1_000) -> TreeBuilder:
    """So many instances, nine in ten below another: waiting, stuck, busy, idle, terminated."""
    tree = TreeBuilder(root)
    ask = "Do you want to make this edit?\n❯ 1. Yes\n  2. No"
    for n in range(number):
        who, parent = f"w{n:04}", f"w{n // 10 * 10:04}" if n % 10 else None
        at = n * 0.5
        tree.spawn(who, f"worker-{n:04}", at=at, role=ROLES[n % len(ROLES)], parent=parent)
        tree.send(who, "m1", f"Migrate shard {n:,}.", at=at + 5)
        tree.receive(
            who, "m1", f"Shard {n:,} is migrated.", at=at + 9, tokens=900 + n, cost=n / 1000 or None
        )
        if n % 97 == 5:
            tree.frame(who, f"Edit shards/{n}.sql\n{ask}", at=at + 10)
        elif n % 9 == 0:
            tree.send(who, "m2", f"Verify shard {n:,}.", at=at + 12)
        elif n % 4 == 0:
            tree.terminate(who, at=at + 15)
    _age_alike(root)
    return tree

"""A tree that we wrote, on which the orchestrator's documentation is run.

The snippets are that documentation, "Madrox Logging Architecture", letter by letter. Only the
import line, the directory and the dates are replaced.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from itertools import count
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

from logging_core import InstanceManager, LoggingManager
from logging_core.write.handle import InstanceHandle

IDS = ("abc123", "abc123-def456-789")
"""The documentation shows one instance under two ids: both lead the life that it shows."""


MORE = ((110, 0.001105), (110, 0.001105), (111, 0.001105), (111, 0.001105))
"""Tokens and costs of the four exchanges that the documentation counts but does not show."""


COSTS = [0.00008, 0.00008, *(cost for _, cost in MORE for _ in IDS), 0.02, 0.25]
"""What every exchange of the tree cost."""


TIMES = [2.333, 2.333, *([1.0] * 8), 0.5, 7.25]
"""How long every exchange of the tree took."""


EVENTS = {
    "abc123": 7,
    "abc123-def456-789": 7,
    "broken-instance": 3,
    "production-instance-001": 4,
    "stuck-instance": 1,
}
"""How many audit events there are about each instance."""


PANE = """\
╭─ Welcome to Claude Code ────────────────────────────────────────────────────╮
│                                                                              │
│ Your helpful coding assistant                                               │
│                                                                              │
╰──────────────────────────────────────────────────────────────────────────────╯

› What is 2+2?

Thinking...

4

💬──────────────────────────────"""


STUCK_PANE = "\n".join(["● Bash(npm install)", *(f"  waiting, try {n}" for n in range(30)), "›"])


class Clock:
    """Yesterday, at the hour of the documentation's examples; stands still until it is set."""

    def __init__(self) -> None:
        self.day = datetime.now().date() - timedelta(days=1)
        self.at("12:30:00")

    def __call__(self) -> float:
        return self.now_s

    def at(self, hour: str) -> None:
        self.now_s = datetime.combine(self.day, time.fromisoformat(hour)).timestamp()


class Fleet(NamedTuple):
    """A tree with a day's work in it, and the orchestrator that is asked about it."""

    root: Path
    clock: Clock
    writer: LoggingManager
    manager: InstanceManager

    def ours(self, text: str) -> str:
        """A text of the documentation, with our directory and dates."""
        day = self.clock.day
        return (
            text.replace("/tmp/madrox_logs", str(self.root))
            .replace("/var/log/madrox", str(self.root))
            .replace("src.orchestrator.instance_manager", "logging_core")
            .replace("20251003", f"{day:%Y%m%d}")
            .replace("2025-10-03", f"{day:%Y-%m-%d}")
            .replace("2025-10-01", f"{day - timedelta(days=2):%Y-%m-%d}")
        )

    def run(self, snippet: str, **names: Any) -> dict[str, Any]:
        """Run a snippet of Python; `await` works as in an async function. Returns its names."""
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(self.ours(snippet), "documentation", "exec", flags=flags)
        names = {"manager": self.manager, **names}
        waiting = FunctionType(code, names)()
        if waiting is not None:
            asyncio.run(waiting)
        return names

    def shell(self, recipe: str, cwd: Path) -> str:
        """What a recipe for the command line prints."""
        script = f"set -euo pipefail\n{self.ours(recipe)}"
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-c", script], cwd=cwd, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def jq(self, recipe: str) -> Any:
        return json.loads(self.shell(f"({recipe}) | jq -s .", self.writer.audit_dir))

    def instance(self, instance_id: str) -> Path:
        return self.root / "instances" / instance_id

    def messages(self, instance_id: str) -> list[dict[str, Any]]:
        return records(self.instance(instance_id) / "communication.jsonl")

    def audit(self) -> list[dict[str, Any]]:
        return records(self.root / self.ours("audit/audit_20251003.jsonl"))


@contextmanager
def a_day(directory: Path) -> Iterator[Fleet]:
    """A tree in a directory, written by somebody who is there until the end."""
    root, clock = directory / "logs", Clock()
    writer = LoggingManager(root, clock=clock)
    write_day(writer, clock)
    manager = InstanceManager({"log_dir": root})
    yield Fleet(root, clock, writer, manager)
    writer.close()
    manager.logging_manager.close()


def write_day(writer: LoggingManager, clock: Clock) -> None:
    def handle(instance_id: str, name: str, role: str) -> InstanceHandle:
        numbers = count(1)
        return InstanceHandle(
            writer,
            clock,
            instance_id,
            name,
            make_id=lambda: f"msg-{next(numbers):03d}",
            role=role,
            instance_type="claude",
        )

    clock.at("12:30:45.123456")
    shown = [handle(instance_id, "data-processor", "general") for instance_id in IDS]
    for agent in shown:
        agent.created(enable_madrox=True, bypass_isolation=False)
    clock.at("12:30:58")
    for agent in shown:
        agent.ready()
    clock.at("12:31:10.123")
    asked = [agent.sent("What is 2+2?") for agent in shown]
    clock.at("12:31:12.456")
    for agent, message_id in zip(shown, asked, strict=True):
        agent.received(message_id, "4", tokens=8, cost=0.00008)
    clock.at("12:31:12.456789")
    for agent in shown:
        agent.captured(PANE)
    for tokens, cost in MORE:
        asked = [agent.sent("And then?") for agent in shown]
        clock.now_s += 1
        for agent, message_id in zip(shown, asked, strict=True):
            agent.received(message_id, "That.", tokens=tokens, cost=cost)
    write_trouble(handle, writer, clock)
    clock.at("12:35:20.123456")
    for agent in shown:
        agent.terminated()


def write_trouble(
    handle: Callable[[str, str, str], InstanceHandle], writer: LoggingManager, clock: Clock
) -> None:
    clock.at("12:32:00")
    stuck = handle("stuck-instance", "waiter", "general")
    stuck.created()
    stuck.sent("npm install")
    stuck.captured(STUCK_PANE)
    with handle("production-instance-001", "prod", "backend_developer") as agent:
        agent.created()
        for took_s, cost in ((0.5, 0.02), (7.25, 0.25)):
            message_id = agent.sent("deploy\nplease")
            clock.now_s += took_s
            agent.received(message_id, "deployed\nand tested", tokens=1000, cost=cost)
    log = writer.orchestrator_logger.getChild("instance_manager")
    try:
        with handle("broken-instance", "broken", "qa") as agent:
            agent.created()
            crash()
    except RuntimeError:
        log.exception("Instance broken-instance failed")


def crash() -> None:
    raise RuntimeError("tmux session vanished")


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def assert_agrees(written: Mapping[str, Any], documented: str, fleet: Fleet) -> None:
    """Our record says what the documented one says, in its order; ours may go on after that."""
    expected = json.loads(fleet.ours(documented))
    assert list(written)[: len(expected)] == list(expected)
    for key, value in expected.items():
        if key in {"timestamp", "created_at"}:
            assert written[key].startswith(value)
            assert datetime.fromisoformat(written[key]).tzinfo is None
        elif isinstance(value, dict):
            assert_agrees(written[key], json.dumps(value), fleet)
        else:
            assert (written[key], type(written[key])) == (value, type(value))


GET_INSTANCE_LOGS = """
# Retrieve specific log type
logs = await manager.get_instance_logs(
    instance_id="abc123-def456-789",
    log_type="communication",  # or "instance", "tmux_output"
    tail=100  # last 100 lines, 0 for all
)

# Returns: list of log line strings
"""


GET_AUDIT_LOGS = """
# Get recent audit events
audit_entries = await manager.get_audit_logs(
    since="2025-10-03T00:00:00",  # optional ISO timestamp
    limit=100  # max entries to return
)

# Returns: list of audit entry dicts
"""


LIST_LOGGED_INSTANCES = """
# Get all instances with logs (including terminated)
instances = await manager.list_logged_instances()

# Returns: list of instance metadata dicts
"""

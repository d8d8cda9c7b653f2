"""The documentation holds: its own code, run on a tree that we wrote.

The snippets are the orchestrator's documentation, "Madrox Logging Architecture", letter by letter.
Only the import line, the directory and the dates are replaced.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from itertools import count
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import pytest

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


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    root, clock = tmp_path / "logs", Clock()
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


# --- Directory structure, log types ----------------------------------------------


def test_the_directories_are_as_documented(fleet: Fleet) -> None:
    """Every documented file is where the documentation draws it, and none that it does not."""
    names = ("instance.log", "communication.jsonl", "metadata.json")
    expected = {f"instances/{i}/{name}" for i in EVENTS for name in names}
    expected -= {"instances/broken-instance/communication.jsonl"}  # nothing was said
    expected |= {f"instances/{i}/tmux_output.log" for i in (*IDS, "stuck-instance")}
    expected |= {"orchestrator.log", fleet.ours("audit/audit_20251003.jsonl")}
    paths = [path.relative_to(fleet.root) for path in fleet.root.rglob("*") if path.is_file()]
    assert {str(path) for path in paths if not path.name.startswith(".")} == expected


ORCHESTRATOR_RECORD = """{
  "timestamp": "2025-10-03T12:30:45",
  "level": "INFO",
  "logger": "orchestrator.instance_manager",
  "message": "Logging manager initialized: /tmp/madrox_logs",
  "module": "instance_manager",
  "function": "__init__",
  "line": 43
}"""


def test_orchestrator_records_are_as_documented(fleet: Fleet) -> None:
    """`orchestrator.log` has the documented keys, types and order, one record a line."""
    expected = json.loads(fleet.ours(ORCHESTRATOR_RECORD))
    for record in records(fleet.root / "orchestrator.log"):
        assert list(record)[: len(expected)] == list(expected)
        for key, value in expected.items():
            assert type(record[key]) is type(value)
    first = records(fleet.root / "orchestrator.log")[0]
    assert (first["message"], first["level"]) == (expected["message"], "INFO")
    assert records(fleet.root / "orchestrator.log")[1]["logger"] == expected["logger"]


INSTANCE_LOG = """\
2025-10-03 12:30:45 - INFO - Instance created with role: general, type: claude
2025-10-03 12:30:58 - INFO - Instance initialization completed successfully
2025-10-03 12:35:20 - INFO - Instance terminated (force=False)
"""


def test_an_instance_log_is_as_documented(fleet: Fleet) -> None:
    """The documented lines of `instance.log` stand in ours, letter by letter."""
    for instance_id in IDS:
        lines = (fleet.instance(instance_id) / "instance.log").read_text().splitlines()
        kept = [line for line in lines if " - INFO - Instance " in line]
        assert kept == fleet.ours(INSTANCE_LOG).splitlines()


COMMUNICATION = """\
{"timestamp": "2025-10-03T12:31:10.123", "event_type": "message_sent", "message_id": "msg-001", "direction": "outbound", "content": "What is 2+2?"}
{"timestamp": "2025-10-03T12:31:12.456", "event_type": "message_received", "message_id": "msg-001", "direction": "inbound", "content": "4", "tokens": 8, "cost": 0.00008, "response_time": 2.333}
"""  # noqa: E501 - as documented

FIELDS = {
    "timestamp": str,
    "event_type": str,
    "message_id": str,
    "direction": str,
    "content": str,
    "tokens": int,
    "cost": float,
    "response_time": float,
}
"""The documented fields of `communication.jsonl`; the last three are of replies."""


def test_messages_are_as_documented(fleet: Fleet) -> None:
    """The documented exchange stands in `communication.jsonl`, and nothing more."""
    for instance_id in IDS:
        written = fleet.messages(instance_id)[:2]
        for record, documented in zip(written, COMMUNICATION.splitlines(), strict=True):
            assert_agrees(record, documented, fleet)
            assert len(record) == len(json.loads(documented))


def test_every_message_has_the_documented_fields(fleet: Fleet) -> None:
    """All fields of the table, of the right type and in its order; the measures on replies."""
    messages = [m for i in (*IDS, "production-instance-001") for m in fleet.messages(i)]
    for message in messages:
        is_reply = message["event_type"] == "message_received"
        fields = list(FIELDS) if is_reply else list(FIELDS)[:5]
        assert list(message) == fields
        assert all(type(message[field]) is FIELDS[field] for field in fields)
        expected = ("message_received", "inbound") if is_reply else ("message_sent", "outbound")
        assert (message["event_type"], message["direction"]) == expected
    assert len(messages) == 2 * len(COSTS)


TMUX_OUTPUT = f"""\
================================================================================
[2025-10-03T12:31:12.456789]
================================================================================
{PANE}
"""


def test_captures_are_as_documented(fleet: Fleet) -> None:
    """`tmux_output.log` is the documented text, after one empty line."""
    for instance_id in IDS:
        text = (fleet.instance(instance_id) / "tmux_output.log").read_text()
        assert text == f"\n{fleet.ours(TMUX_OUTPUT)}"


METADATA = """{
  "instance_id": "abc123-def456-789",
  "instance_name": "data-processor",
  "created_at": "2025-10-03T12:30:45.123456",
  "log_directory": "/tmp/madrox_logs/instances/abc123-def456-789"
}"""


def test_metadata_is_as_documented(fleet: Fleet) -> None:
    """`metadata.json` begins with the documented keys and values."""
    path = fleet.instance("abc123-def456-789") / "metadata.json"
    assert_agrees(json.loads(path.read_text()), METADATA, fleet)


AUDIT = """\
{"timestamp": "2025-10-03T12:30:45", "level": "INFO", "event": "instance_spawn", "logger": "orchestrator.audit", "event_type": "instance_spawn", "instance_id": "abc123", "details": {"instance_name": "data-processor", "role": "general", "instance_type": "claude", "model": null, "enable_madrox": true, "bypass_isolation": false}}
{"timestamp": "2025-10-03T12:31:12", "level": "INFO", "event": "message_exchange", "logger": "orchestrator.audit", "event_type": "message_exchange", "instance_id": "abc123", "details": {"message_id": "msg-001", "message_length": 12, "response_length": 1, "tokens": 8, "cost": 0.00008, "response_time_seconds": 2.333}}
{"timestamp": "2025-10-03T12:35:20", "level": "INFO", "event": "instance_terminate", "logger": "orchestrator.audit", "event_type": "instance_terminate", "instance_id": "abc123", "details": {"instance_name": "data-processor", "force": false, "final_state": "terminated", "total_requests": 5, "total_tokens": 450, "total_cost": 0.0045, "uptime_seconds": 275.0}}
"""  # noqa: E501 - as documented


def test_audit_events_are_as_documented(fleet: Fleet) -> None:
    """The documented trail of `abc123` is ours: keys, order, types and values."""
    trail = [event for event in fleet.audit() if event["instance_id"] == "abc123"]
    spawn, exchange, *others, end = trail
    for event, documented in zip((spawn, exchange, end), AUDIT.splitlines(), strict=True):
        assert_agrees(event, documented, fleet)
        assert len(event) == len(json.loads(documented))
    assert [event["event_type"] for event in others] == ["message_exchange"] * 4
    exchanges = [e for e in fleet.audit() if e["event_type"] == "message_exchange"]
    shapes = {tuple((k, type(v)) for k, v in e["details"].items()) for e in exchanges}
    assert shapes == {tuple((k, type(v)) for k, v in exchange["details"].items())}


# --- Query API ---------------------------------------------------------------------

GET_INSTANCE_LOGS = """
# Retrieve specific log type
logs = await manager.get_instance_logs(
    instance_id="abc123-def456-789",
    log_type="communication",  # or "instance", "tmux_output"
    tail=100  # last 100 lines, 0 for all
)

# Returns: list of log line strings
"""


def test_get_instance_logs(fleet: Fleet) -> None:
    """Each log comes back as the lines of its file."""
    path = fleet.instance("abc123-def456-789")
    files = {
        "communication": "communication.jsonl",
        "instance": "instance.log",
        "tmux_output": "tmux_output.log",
    }
    for log_type, name in files.items():
        lines = (path / name).read_text().split("\n")[:-1]
        for tail, expected in ((100, lines), (0, lines), (3, lines[-3:])):
            snippet = GET_INSTANCE_LOGS.replace('"communication"', f'"{log_type}"')
            snippet = snippet.replace("tail=100", f"tail={tail}")
            assert fleet.run(snippet)["logs"] == expected


GET_AUDIT_LOGS = """
# Get recent audit events
audit_entries = await manager.get_audit_logs(
    since="2025-10-03T00:00:00",  # optional ISO timestamp
    limit=100  # max entries to return
)

# Returns: list of audit entry dicts
"""


def test_get_audit_logs(fleet: Fleet) -> None:
    """The trail comes back as dicts, as written: since a moment, the newest so many."""
    trail = fleet.audit()
    assert fleet.run(GET_AUDIT_LOGS)["audit_entries"] == trail
    few = GET_AUDIT_LOGS.replace("limit=100", "limit=3")
    assert fleet.run(few)["audit_entries"] == trail[-3:]
    later = GET_AUDIT_LOGS.replace("T00:00:00", "T12:35:00")
    assert [e["event_type"] for e in fleet.run(later)["audit_entries"]] == [
        "instance_terminate",
        "instance_terminate",
    ]


LIST_LOGGED_INSTANCES = """
# Get all instances with logs (including terminated)
instances = await manager.list_logged_instances()

# Returns: list of instance metadata dicts
"""


def test_list_logged_instances(fleet: Fleet) -> None:
    """All instances are listed with their metadata, the terminated ones too."""
    instances = fleet.run(LIST_LOGGED_INSTANCES)["instances"]
    paths = [fleet.instance(instance_id) / "metadata.json" for instance_id in sorted(EVENTS)]
    assert instances == [json.loads(path.read_text()) for path in paths]
    for entry in instances:
        assert {"instance_id", "instance_name", "created_at", "log_directory"} <= entry.keys()


# --- Configuration -------------------------------------------------------------------

ENVIRONMENT = """
export LOG_DIR="/var/log/madrox"  # Custom log directory
export LOG_LEVEL="DEBUG"           # DEBUG, INFO, WARNING, ERROR
"""


def test_the_environment_configures(fleet: Fleet) -> None:
    """The documented variables decide where and how much is logged."""
    code = (
        "from logging_core import InstanceManager; log = InstanceManager().logging_manager; "
        "log.get_instance_logger('debugged').debug('seen'); print(log.log_dir, log.log_level)"
    )
    told = fleet.shell(f'{ENVIRONMENT}\n"{sys.executable}" -c "{code}"', fleet.root)
    assert told == f"{fleet.root} 10\n"
    line = (fleet.instance("debugged") / "instance.log").read_text()
    assert line.endswith(" - DEBUG - seen\n")


PROGRAMMATIC = """
from src.orchestrator.instance_manager import InstanceManager

config = {
    "log_dir": "/var/log/madrox",
    "log_level": "INFO",
    # ... other config
}

manager = InstanceManager(config)
"""


def test_a_dict_configures(fleet: Fleet) -> None:
    """The documented construction works with the import line changed."""
    manager = fleet.run(PROGRAMMATIC)["manager"]
    manager.logging_manager.close()
    assert isinstance(manager, InstanceManager)
    assert (manager.logging_manager.log_dir, manager.logging_manager.log_level) == (fleet.root, 20)


# --- Use cases -------------------------------------------------------------------------

STUCK = """
# Get raw tmux output to see what's displayed
logs = await manager.get_instance_logs(
    instance_id="stuck-instance",
    log_type="tmux_output",
    tail=50
)

# Check last few lines for error states, prompts, etc.
for line in logs:
    print(line)
"""


def test_use_case_1_debugging_a_stuck_instance(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end of the captures shows what the pane showed last."""
    fleet.run(STUCK)
    assert capsys.readouterr().out.rstrip("\n").endswith(f"\n{STUCK_PANE}")


COST = """
# Query all message exchanges
audit = await manager.get_audit_logs(
    since="2025-10-01T00:00:00",
    limit=10000
)

# Calculate total cost
total_cost = sum(
    entry["details"]["cost"]
    for entry in audit
    if entry["event_type"] == "message_exchange"
)

print(f"Total cost last 3 days: ${total_cost:.4f}")
"""


def test_use_case_2_cost_analysis(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """The costs of all exchanges add up to what they were; so do the totals of the ends."""
    names = fleet.run(COST)
    assert names["total_cost"] == pytest.approx(sum(COSTS))
    assert capsys.readouterr().out == "Total cost last 3 days: $0.2790\n"
    totals = [e["details"].get("total_cost") or 0 for e in fleet.audit()]
    assert sum(totals) == pytest.approx(sum(COSTS))


PERFORMANCE = """
# Analyze response times
audit = await manager.get_audit_logs(limit=1000)

response_times = [
    entry["details"]["response_time_seconds"]
    for entry in audit
    if entry["event_type"] == "message_exchange"
]

avg_response = sum(response_times) / len(response_times)
print(f"Average response time: {avg_response:.2f}s")
"""


def test_use_case_3_performance_metrics(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """The response times are those that the clock measured."""
    names = fleet.run(PERFORMANCE)
    assert sorted(names["response_times"]) == pytest.approx(sorted(TIMES))
    assert names["avg_response"] == pytest.approx(sum(TIMES) / len(TIMES))
    assert capsys.readouterr().out == "Average response time: 1.70s\n"


COMPLIANCE = """
# Get complete activity for specific instance
instance_id = "production-instance-001"

# Lifecycle
lifecycle_logs = await manager.get_instance_logs(
    instance_id=instance_id,
    log_type="instance",
    tail=0  # all logs
)

# Communication history
comm_logs = await manager.get_instance_logs(
    instance_id=instance_id,
    log_type="communication",
    tail=0
)

# Generate audit report
# - When spawned
# - What messages sent/received
# - When terminated
# - Total resource usage
"""


def test_use_case_4_compliance_audit(fleet: Fleet) -> None:
    """Both logs together tell when it began and ended, all that was said, and what it took."""
    names = fleet.run(COMPLIANCE)
    lifecycle = [line.split(" - ", 2) for line in names["lifecycle_logs"]]
    day = fleet.ours("2025-10-03")
    spawned, *_, ended = [entry for entry in lifecycle if entry[2].startswith("Instance ")]
    assert spawned[::2] == [
        f"{day} 12:32:00",
        "Instance created with role: backend_developer, type: claude",
    ]
    assert ended[::2] == [f"{day} 12:32:07", "Instance terminated (force=False)"]
    messages = [json.loads(line) for line in names["comm_logs"]]
    said = ["deploy\nplease", "deployed\nand tested"] * 2
    assert [message["content"] for message in messages] == said
    assert sum(message.get("tokens", 0) for message in messages) == 2000
    assert sum(message.get("cost", 0) for message in messages) == pytest.approx(0.27)


ERRORS = """
# Find errors in orchestrator logs
# (manually search orchestrator.log for level="ERROR")

# Or query audit trail for failed operations
audit = await manager.get_audit_logs(limit=1000)

errors = [
    entry for entry in audit
    if "error" in entry.get("details", {})
]

for error in errors:
    print(f"Error in {error['instance_id']}: {error['details']['error']}")
"""


def test_use_case_5_error_investigation(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """The one failure is found in the trail, and in `orchestrator.log` with its traceback."""
    assert len(fleet.run(ERRORS)["errors"]) == 1
    told = capsys.readouterr().out
    assert told == "Error in broken-instance: RuntimeError: tmux session vanished\n"
    search = """jq -c 'select(.level=="ERROR")' /tmp/madrox_logs/orchestrator.log"""
    found = json.loads(fleet.shell(search, fleet.root))
    assert found["message"] == "Instance broken-instance failed"
    assert found["exception"].endswith("RuntimeError: tmux session vanished")
    log = (fleet.instance("broken-instance") / "instance.log").read_text()
    assert " - ERROR - Instance failed: RuntimeError: tmux session vanished\n" in log


# --- Structured log parsing --------------------------------------------------------------

COUNT_PER_INSTANCE = r"""
cat audit_20251003.jsonl | \
  jq -s 'group_by(.instance_id) | map({instance: .[0].instance_id, count: length})'
"""

ALL_COSTS = r"""
cat audit_20251003.jsonl | \
  jq -s 'map(select(.event_type == "message_exchange") | .details.cost) | add'
"""

SLOW = r"""
cat audit_20251003.jsonl | \
  jq 'select(.event_type == "message_exchange" and .details.response_time_seconds > 5)'
"""


def test_jq_counts_messages_per_instance(fleet: Fleet) -> None:
    """The first recipe groups the whole trail by instance."""
    expected = [{"instance": name, "count": number} for name, number in sorted(EVENTS.items())]
    assert fleet.jq(COUNT_PER_INSTANCE) == [expected]


def test_jq_adds_all_costs(fleet: Fleet) -> None:
    """The second recipe adds up the costs; an exchange without one does not spoil the sum."""
    assert fleet.jq(ALL_COSTS) == [pytest.approx(sum(COSTS))]
    with fleet.writer.instance("local-model") as agent:
        agent.received(agent.sent("x"), "y")
    assert fleet.jq(ALL_COSTS) == [pytest.approx(sum(COSTS))]


def test_the_samples_can_tell_unknown_from_nothing(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is unknown is there as `null`: the samples run that pass over it."""
    with fleet.writer.instance("abc123") as agent:
        agent.received(agent.sent("x"), "y")
        agent.received("of-another", "z")
    cost = COST.replace('["cost"]\n', '["cost"] or 0\n')
    assert fleet.run(cost)["total_cost"] == pytest.approx(sum(COSTS))
    known = 'and entry["details"]["response_time_seconds"] is not None'
    times = PERFORMANCE.replace('"message_exchange"\n', f'"message_exchange" {known}\n')
    assert len(fleet.run(times)["response_times"]) == len(TIMES) + 1
    fleet.run(PYTHON)
    assert "Cost: $None" in capsys.readouterr().out


def test_jq_finds_slow_responses(fleet: Fleet) -> None:
    """The third recipe finds the one that was slow; one of unknown length is not."""
    fleet.writer.instance("foreign").received("of-another", "y")
    (slow,) = fleet.jq(SLOW)
    assert slow["instance_id"] == "production-instance-001"
    assert slow["details"]["response_time_seconds"] == 7.25


PYTHON = """
import json

# Load and analyze communication log
with open("/tmp/madrox_logs/instances/abc123/communication.jsonl") as f:
    messages = [json.loads(line) for line in f]

# Group by message_id to correlate requests/responses
exchanges = {}
for msg in messages:
    mid = msg["message_id"]
    if mid not in exchanges:
        exchanges[mid] = {}
    exchanges[mid][msg["direction"]] = msg

# Calculate stats
for mid, exchange in exchanges.items():
    if "inbound" in exchange and "outbound" in exchange:
        print(f"Request: {exchange['outbound']['content'][:50]}")
        print(f"Response time: {exchange['inbound']['response_time']}s")
        print(f"Cost: ${exchange['inbound']['cost']}")
        print()
"""


def test_python_correlates_requests_and_responses(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every reply is found by its request's id, with its time and cost."""
    fleet.run(PYTHON)
    first, *others = capsys.readouterr().out.removesuffix("\n\n").split("\n\n")
    assert first == "Request: What is 2+2?\nResponse time: 2.333s\nCost: $8e-05"
    assert others == ["Request: And then?\nResponse time: 1.0s\nCost: $0.001105"] * 4


def test_python_passes_over_an_unanswered_request(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request that is open still is no exchange, and no error."""
    names = fleet.run(PYTHON.replace("abc123", "stuck-instance"))
    assert list(names["exchanges"]) == ["msg-001"]
    assert capsys.readouterr().out == ""


# --- Troubleshooting ------------------------------------------------------------------------

NOT_APPEARING = """
# Check logging manager initialization
assert manager.logging_manager is not None

# Verify log directory permissions
import os
log_dir = manager.logging_manager.log_dir
assert os.access(log_dir, os.W_OK)
"""

MISSING = """
# Check if instance directory exists
instance_dir = manager.logging_manager.instances_dir / instance_id
assert instance_dir.exists()

# Verify metadata file
metadata_file = instance_dir / "metadata.json"
assert metadata_file.exists()
"""


def test_logs_that_do_not_appear_can_be_looked_into(fleet: Fleet) -> None:
    """The documented checks hold, and speak of our directory."""
    assert fleet.run(NOT_APPEARING)["log_dir"] == fleet.root


def test_missing_instance_logs_can_be_looked_into(fleet: Fleet) -> None:
    """Every instance has its directory and its metadata; one that is made up has not."""
    for instance_id in EVENTS:
        names = fleet.run(MISSING, instance_id=instance_id)
        assert json.loads(names["metadata_file"].read_text())["instance_id"] == instance_id
    with pytest.raises(AssertionError):
        fleet.run(MISSING, instance_id="nobody")


SIZES = "du -sh /tmp/madrox_logs/*"
COMPRESS = "gzip /tmp/madrox_logs/instances/*/communication.jsonl"
ARCHIVE = """
tar -czf old_instances_$(date +%Y%m%d).tar.gz /tmp/madrox_logs/instances/
rm -rf /tmp/madrox_logs/instances/abc123*
"""


def test_sizes_can_be_seen(fleet: Fleet) -> None:
    """`du` tells the size of each part of the tree."""
    told = [line.split("\t") for line in fleet.shell(SIZES, fleet.root).splitlines()]
    assert [Path(name).name for _, name in told] == ["audit", "instances", "orchestrator.log"]
    assert all(float(size.rstrip("KM")) > 0 for size, _ in told)


def all_messages(fleet: Fleet) -> dict[str, list[str]]:
    """Every line of every communication, as the query API gives it."""
    snippet = COMPLIANCE.replace('instance_id = "production-instance-001"', "")
    return {name: fleet.run(snippet, instance_id=name)["comm_logs"] for name in EVENTS}


def test_compressed_logs_are_read_like_the_rest(fleet: Fleet) -> None:
    """After `gzip` every line is still there, and what is said later comes after it."""
    before = all_messages(fleet)
    files = {name: fleet.instance(name) / "communication.jsonl" for name in EVENTS}
    assert sum(map(len, before.values())) == 2 * len(COSTS) + 1
    fleet.shell(COMPRESS, fleet.root)
    assert not any(path.exists() for path in files.values())
    assert all_messages(fleet) == before
    (last,) = fleet.run(GET_INSTANCE_LOGS.replace("tail=100", "tail=1"))["logs"]
    assert last == before["abc123-def456-789"][-1]
    fleet.writer.instance("abc123").sent("One more thing")
    later = files["abc123"].read_text().splitlines()
    assert len(later) == 1
    assert all_messages(fleet) == {**before, "abc123": before["abc123"] + later}


def test_old_instances_can_be_archived_and_deleted(fleet: Fleet, tmp_path: Path) -> None:
    """The archive holds every file; what was deleted is gone from the list, not from the trail."""
    files = [path for path in (fleet.root / "instances").rglob("*") if path.is_file()]
    kept = {str(path).lstrip("/"): path.read_bytes() for path in files}
    trail = fleet.audit()
    fleet.shell(ARCHIVE, tmp_path)
    (archive,) = tmp_path.glob("old_instances_*.tar.gz")
    with tarfile.open(archive) as tar:
        members = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        assert {name: file.read() for name, file in members.items() if file} == kept
    listed = fleet.run(LIST_LOGGED_INSTANCES)["instances"]
    assert [entry["instance_id"] for entry in listed] == [i for i in sorted(EVENTS) if i not in IDS]
    assert fleet.run(GET_AUDIT_LOGS)["audit_entries"] == trail

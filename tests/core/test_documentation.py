"""The documentation holds: the files are as it shows them.

See `documented` for where it is from, and for what it is run on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from documented import COSTS, EVENTS, IDS, PANE, Fleet, a_day, assert_agrees, records


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with a_day(tmp_path) as made:
        yield made


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

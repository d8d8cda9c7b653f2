"""Every file of the tree, as the manager writes it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import OrderedDict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import RULE
from logging_core import LoggingManager
from logging_core.write.redact import Redactor
from written import Clock, audit, life, metadata, records, said

# --- audit -------------------------------------------------------------------


def test_an_audit_event_is_written_as_documented(manager: LoggingManager) -> None:
    """One line, the documented keys in the documented order, the details as given."""
    details = {"instance_name": "data-processor", "role": "general", "model": None}
    manager.log_audit_event("instance_spawn", "abc123", details)
    manager.log_audit_event("manager_daemon_failure")
    spawn, failure = audit(manager)
    assert list(spawn.items()) == [
        ("timestamp", "2026-11-23T12:00:00.000000"),
        ("level", "INFO"),
        ("event", "instance_spawn"),
        ("logger", "orchestrator.audit"),
        ("event_type", "instance_spawn"),
        ("instance_id", "abc123"),
        ("details", details),
    ]
    assert (failure["instance_id"], failure["details"]) == (None, {})


@given(
    event_type=st.sampled_from(["message_exchange", 'a "b"\\', "näh\u2028", ""]),
    instance_id=st.sampled_from(["a", None]),
    details=st.dictionaries(st.text(), st.text() | st.integers() | st.floats() | st.none()),
    clock_s=st.floats(1.7e9, 1.8e9),
)
def test_one_event_of_many_is_written_as_the_first_was(
    event_type: str, instance_id: str | None, details: dict[str, Any], clock_s: float
) -> None:
    """In a burst each event has the same form as one alone, byte for byte but for its time."""
    with TemporaryDirectory() as directory:
        manager = LoggingManager(directory, clock=lambda: clock_s)
        for _ in range(3):
            manager.log_audit_event(event_type, instance_id, details)
        manager.close()
        (day,) = manager.audit_dir.iterdir()
        first, *others = day.read_bytes().split(b"\n")[:-1]
    assert others == [first, first]
    assert json.loads(first)["event_type"] == event_type


def test_details_that_another_thread_changes_are_written(
    manager: LoggingManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Details that grow while they are logged raise nothing, and the event is not lost."""
    details = {"a": "a text that is long enough for a secret", "b": "another of this kind"}
    manager.log_audit_event("metrics", "a", details)
    redact = Redactor.redact

    def grow_and_redact(redactor: Redactor, text: str) -> str:
        details[f"n{len(details)}"] = "x"
        return redact(redactor, text)

    monkeypatch.setattr(Redactor, "redact", grow_and_redact)
    manager.log_audit_event("metrics", "a", details)
    first, second = audit(manager)
    assert first["details"].items() < second["details"].items()


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ([1], {"value": [1]}),
        ("text", {"value": "text"}),
        (0, {"value": 0}),
        (MappingProxyType({"n": 1}), {"n": 1}),
        (OrderedDict(n=1), {"n": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_details_are_an_object_in_any_case(
    manager: LoggingManager, given: Any, written: dict[str, Any]
) -> None:
    """Details that are no mapping become the `value` of one, also through the standard logger."""
    manager.log_audit_event("x", "a", given)
    manager.audit_logger.info("x", extra={"event_type": "x", "details": given})
    assert [event["details"] for event in audit(manager)] == [written, written]


def test_an_audit_events_extra_fields_follow(manager: LoggingManager) -> None:
    """Further fields stand at top level; one with a name of ours is renamed."""
    manager.log_audit_event("x", None, {}, tmux_session="m-1", timestamp="never", level="LOUD")
    (event,) = audit(manager)
    assert event["tmux_session"] == "m-1"
    assert (event["timestamp"], event["extra_timestamp"]) == ("2026-11-23T12:00:00.000000", "never")
    assert (event["level"], event["extra_level"]) == ("INFO", "LOUD")


def test_the_trail_goes_on_past_midnight(manager: LoggingManager, clock: Clock) -> None:
    """Each event is in the file of its own local day."""
    for at in ("2026-11-23T23:59:59.999999", "2026-11-24T00:00:00"):
        clock.now_s = datetime.fromisoformat(at).timestamp()
        manager.log_audit_event("x")
    for day in ("20261123", "20261124"):
        (event,) = records(manager.audit_dir / f"audit_{day}.jsonl")
        assert event["timestamp"].replace("-", "").startswith(day)


def test_audit_events_are_written_at_any_level(tmp_path: Path, clock: Clock) -> None:
    """The trail is complete, however little else is logged."""
    manager = LoggingManager(tmp_path, "CRITICAL", clock=clock)
    manager.log_audit_event("x")
    manager.audit_logger.info("y", extra={"event_type": "y"})
    manager.close()
    assert [event["event_type"] for event in audit(manager)] == ["x", "y"]


def test_an_audit_record_of_the_standard_logger_is_the_same(manager: LoggingManager) -> None:
    """`audit_logger.info(…, extra=…)` and `log_audit_event` write the same line."""
    details = {"role": "qa"}
    manager.log_audit_event("instance_spawn", "a", details)
    about = {"event_type": "instance_spawn", "instance_id": "a", "details": details}
    manager.audit_logger.info("instance_spawn", extra=about)
    first, second = (manager.audit_dir / "audit_20261123.jsonl").read_bytes().splitlines()
    assert first == second


# --- messages ----------------------------------------------------------------


def test_messages_land_in_communication_and_their_text_in_the_log(manager: LoggingManager) -> None:
    """A message is in `communication.jsonl`, its one-line text in `instance.log`."""
    logger = manager.get_instance_logger("abc123", "worker")
    sent = {
        "event_type": "message_sent",
        "message_id": "msg-001",
        "direction": "outbound",
        "content": "What is 2+2?",
    }
    received = {
        **sent,
        "event_type": "message_received",
        "direction": "inbound",
        "content": "4",
        "tokens": 8,
        "cost": 0.00008,
        "response_time": 2.333,
    }
    logger.info("Instance created with role: %s, type: %s", "general", "claude")
    logger.info("Sending message: What is 2+2?", extra=sent)
    logger.info("Received response (1 chars)", extra=received)
    path = manager.instances_dir / "abc123" / "communication.jsonl"
    assert path.read_text() == (
        '{"timestamp":"2026-11-23T12:00:00.000000","event_type":"message_sent",'
        '"message_id":"msg-001","direction":"outbound","content":"What is 2+2?"}\n'
        '{"timestamp":"2026-11-23T12:00:00.000000","event_type":"message_received",'
        '"message_id":"msg-001","direction":"inbound","content":"4",'
        '"tokens":8,"cost":0.00008,"response_time":2.333}\n'
    )
    assert life(manager, "abc123") == (
        "2026-11-23 12:00:00 - INFO - Instance created with role: general, type: claude\n"
        "2026-11-23 12:00:00 - INFO - Sending message: What is 2+2?\n"
        "2026-11-23 12:00:00 - INFO - Received response (1 chars)\n"
    )


def test_messages_are_recorded_where_their_lines_are_not(tmp_path: Path) -> None:
    """A high level keeps a message's line out of `instance.log`, never the message."""
    manager = LoggingManager(tmp_path, "ERROR")
    logger = manager.get_instance_logger("a")
    logger.info("Sending", extra={"event_type": "message_sent", "message_id": "m1"})
    logger.info("Lifecycle")
    logger.error("Failed")
    manager.close()
    assert [message["message_id"] for message in said(manager, "a")] == ["m1"]
    assert said(manager, "a")[0]["content"] == "Sending"
    assert [line.split(" - ")[2] for line in life(manager, "a").splitlines()] == ["Failed"]


def test_a_communication_between_instances_is_recorded(manager: LoggingManager) -> None:
    """`log_communication` keeps what kind it was and who was at the other end."""
    manager.log_communication("kid", "inbound", "report", "done", "mum", tokens=5, event_type="x")
    (line,) = said(manager, "kid")
    assert list(line.items()) == [
        ("timestamp", "2026-11-23T12:00:00.000000"),
        ("event_type", "communication"),
        ("message_id", None),
        ("direction", "inbound"),
        ("content", "done"),
        ("tokens", 5),
        ("message_type", "report"),
        ("parent_id", "mum"),
        ("extra_event_type", "x"),
    ]
    assert not (manager.instances_dir / "kid" / "instance.log").exists()


# --- lifecycle, captures, metadata --------------------------------------------


@given(text=st.text(max_size=60))
def test_a_lifecycle_record_is_one_entry(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Whatever it says, one record is one entry of `instance.log`."""
    manager = LoggingManager(tmp_path_factory.mktemp("logs"))
    manager.get_instance_logger("a").warning("%s", text)
    manager.get_instance_logger("a").info("after")
    manager.close()
    lines = life(manager, "a").removesuffix("\n").split("\n")
    entries = [line for line in lines if not line.startswith("    ")]
    assert [entry.split(" - ")[1] for entry in entries] == ["WARNING", "INFO"]


def test_a_traceback_is_part_of_its_entry(manager: LoggingManager) -> None:
    """An exception's lines are indented below the message."""
    try:
        {"role": "qa"}["model"]
    except KeyError:
        manager.get_instance_logger("a").exception("Spawn failed")
    first, *rest = life(manager, "a").splitlines()
    assert first.endswith(" - ERROR - Spawn failed")
    assert rest[0] == "    Traceback (most recent call last):"
    assert rest[-1] == "    KeyError: 'model'"


def test_captures_are_appended_in_the_documented_form(
    manager: LoggingManager, clock: Clock
) -> None:
    """Each capture is a frame under its time, whatever the pane showed."""
    manager.log_tmux_output("a", "╭─ hi\n")
    clock.now_s += 1.5
    manager.log_tmux_output("a", f"{RULE}\n[2030-01-01T00:00:00.000000]\n{RULE}\nforged")
    text = (manager.instances_dir / "a" / "tmux_output.log").read_text()
    assert text == (
        f"\n{RULE}\n[2026-11-23T12:00:00.000000]\n{RULE}\n╭─ hi\n\n"
        f"\n{RULE}\n[2026-11-23T12:00:01.500000]\n{RULE}\n"
        f" {RULE}\n[2030-01-01T00:00:00.000000]\n {RULE}\nforged\n"
    )


def test_metadata_says_who_an_instance_is(manager: LoggingManager) -> None:
    """What is known of an instance stands in its metadata, and nothing else."""
    manager.get_instance_logger("a", "Ada", role="qa", parent_instance_id="mum", model=None)
    assert list(metadata(manager, "a").items()) == [
        ("instance_id", "a"),
        ("instance_name", "Ada"),
        ("created_at", "2026-11-23T12:00:00.000000"),
        ("log_directory", str(manager.instances_dir / "a")),
        ("role", "qa"),
        ("parent_instance_id", "mum"),
    ]


def test_opening_an_instance_again_forgets_nothing(manager: LoggingManager, clock: Clock) -> None:
    """A restart keeps the creation, every known field and what others have added."""
    manager.get_instance_logger("a", "Ada", role="qa")
    path = manager.instances_dir / "a" / "metadata.json"
    path.write_text(json.dumps({**metadata(manager, "a"), "colour": "red"}))
    clock.now_s += 3600
    again = LoggingManager(manager.log_dir, clock=clock)
    again.get_instance_logger("a")
    again.get_instance_logger("a", None, model="opus")
    again.close()
    assert metadata(manager, "a") == {
        "instance_id": "a",
        "instance_name": "Ada",
        "created_at": "2026-11-23T12:00:00.000000",
        "log_directory": str(path.parent),
        "role": "qa",
        "colour": "red",
        "model": "opus",
    }


def test_a_name_may_come_later(manager: LoggingManager) -> None:
    """An instance that wrote before it was named gets its name; the logger stays the same."""
    manager.log_tmux_output("a", "text")
    assert metadata(manager, "a")["instance_name"] is None
    logger = manager.get_instance_logger("a")
    assert manager.get_instance_logger("a", "Ada") is logger
    assert metadata(manager, "a")["instance_name"] == "Ada"


# --- all at once ---------------------------------------------------------------


def test_threads_lose_and_mix_nothing(manager: LoggingManager) -> None:
    """Eight threads on all files at once, closing now and then: every record, once."""

    def work(name: int) -> None:
        for number in range(100):
            about = {"event_type": "message_sent", "message_id": f"{name}-{number}"}
            manager.get_instance_logger(f"i{number % 3}").info("Sending", extra=about)
            manager.log_audit_event("x", f"i{number % 3}", {"n": f"{name}-{number}"})
            manager.orchestrator_logger.info("n %s-%s", name, number)
            if number % 40 == 0:
                manager.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted(f"{name}-{number}" for name in range(8) for number in range(100))
    assert sorted(event["details"]["n"] for event in audit(manager)) == expected
    messages = [message for n in range(3) for message in said(manager, f"i{n}")]
    assert sorted(message["message_id"] for message in messages) == expected


def test_what_a_killed_process_had_logged_is_there(tmp_path: Path) -> None:
    """A record that the call returned from survives `kill -9`."""
    code = (
        "import os, signal, sys; from logging_core import LoggingManager\n"
        "m = LoggingManager(sys.argv[1]); m.log_audit_event('x'); m.log_tmux_output('a', 'pane')\n"
        "m.get_instance_logger('a').info('hello'); m.orchestrator_logger.info('there')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (path,) = (tmp_path / "audit").iterdir()
    assert records(path)[0]["event"] == "x"
    assert "hello" in (tmp_path / "instances" / "a" / "instance.log").read_text()
    assert "pane" in (tmp_path / "instances" / "a" / "tmux_output.log").read_text()
    assert records(tmp_path / "orchestrator.log")[-1]["message"] == "there"

"""The programmer's door: every file of the tree, read back with nothing of ours."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from builders import RULE, START
from hypothesis import given
from hypothesis import strategies as st

import logging_core
from logging_core import InstanceManager, LogDirError, LoggingConfig, LoggingManager

BAD_IDS = [
    *(
        "",
        ".",
        "..",
        "../x",
        "/etc",
        "a/b",
        "a\n",
        "a b",
        "a\0",
        ".hidden",
        "é",
        "\u202e",
        "x" * 129,
    ),
    *(None, 7, b"abc", ["abc"]),
]


class Clock:
    """Time stands still until it is set."""

    def __init__(self) -> None:
        self.now_s = START.timestamp()

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(tmp_path: Path, clock: Clock) -> Iterator[LoggingManager]:
    made = LoggingManager(tmp_path / "logs", "INFO", clock=clock)
    yield made
    made.close()


def records(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


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


# --- the tree ----------------------------------------------------------------


def test_an_orchestrator_finds_what_its_own_class_had(tmp_path: Path, manager: Any) -> None:
    """Attributes and signatures are those of the class whose place ours takes."""
    assert manager.log_dir == tmp_path / "logs"
    assert manager.instances_dir == tmp_path / "logs" / "instances"
    assert manager.audit_dir == tmp_path / "logs" / "audit"
    assert manager.log_level == logging.INFO
    assert manager.orchestrator_logger is logging.getLogger("orchestrator")
    assert manager.audit_logger is logging.getLogger("orchestrator.audit")
    parameters = {
        "get_instance_logger": ["instance_id", "instance_name"],
        "log_audit_event": ["event_type", "instance_id", "details"],
        "log_communication": ["instance_id", "direction", "message_type", "content", "parent_id"],
        "log_tmux_output": ["instance_id", "output"],
        "get_instance_logs": ["instance_id", "log_type", "tail"],
        "get_all_instance_ids": [],
        "cleanup_instance_logs": ["instance_id"],
        "close": [],
    }
    for name, expected in parameters.items():
        found = inspect.signature(getattr(manager, name)).parameters
        assert list(found)[: len(expected)] == expected


def test_the_tree_is_there_at_once_and_the_owners_alone(manager: LoggingManager) -> None:
    """Directories are there before the first record, and nobody else may look in."""
    manager.log_audit_event("x")
    manager.log_tmux_output("a", "text")
    for path in [manager.log_dir, *manager.log_dir.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_the_directory_may_be_given_in_any_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path means what it meant when the manager was made."""
    monkeypatch.chdir(tmp_path)
    manager = LoggingManager("logs")
    monkeypatch.chdir("/")
    manager.log_tmux_output("a", "text")
    manager.close()
    assert manager.log_dir == tmp_path / "logs"
    assert (tmp_path / "logs" / "instances" / "a" / "tmux_output.log").exists()


def test_options_come_from_the_environment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`LOG_DIR` and `LOG_LEVEL` are what the documentation says they are."""
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "env"))
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    manager = LoggingManager()
    manager.close()
    assert (manager.log_dir, manager.log_level) == (tmp_path / "env", logging.ERROR)


def test_an_argument_beats_the_config(tmp_path: Path) -> None:
    """Options may come all at once, and one by one on top of that."""
    config = LoggingConfig(tmp_path / "a", logging.ERROR)
    for manager in (LoggingManager(config=config), LoggingManager(None, "DEBUG", config=config)):
        manager.close()
        assert manager.log_dir == tmp_path / "a"
    assert manager.log_level == logging.DEBUG


@pytest.mark.parametrize("in_the_way", ["", "instances", "audit"])
def test_a_file_in_a_directorys_place_is_named_with_the_remedy(
    tmp_path: Path, in_the_way: str
) -> None:
    """An unusable log directory is one clear error, and no half tree is left."""
    root = tmp_path / "logs"
    path = root / in_the_way
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    with pytest.raises(LogDirError, match="set LOG_DIR") as caught:
        LoggingManager(root)
    assert str(root) in str(caught.value)
    assert "Not a directory" in str(caught.value)
    assert isinstance(caught.value, OSError)


def test_a_directory_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever cannot write there hears it at once, not at the first record."""
    monkeypatch.setattr(os, "access", lambda *_args: False)
    with pytest.raises(LogDirError, match="Permission denied"):
        LoggingManager(tmp_path)


def test_a_planted_link_at_the_orchestrators_log_is_refused(tmp_path: Path) -> None:
    """A log file that is a link to somebody's file is not written through."""
    target = tmp_path / "bashrc"
    target.write_text("mine")
    (tmp_path / "orchestrator.log").symlink_to(target)
    with pytest.raises(LogDirError, match=r"orchestrator\.log"):
        LoggingManager(tmp_path)
    assert target.read_text() == "mine"


@pytest.mark.parametrize("bad", BAD_IDS, ids=ascii)
def test_a_bad_id_touches_no_file(tmp_path: Path, manager: LoggingManager, bad: Any) -> None:
    """An id that is not one safe path component is a `ValueError` on every call."""
    before = files_below(tmp_path)
    calls: list[Callable[[], object]] = [
        lambda: manager.get_instance_logger(bad),
        lambda: manager.log_communication(bad, "outbound", "note", "text"),
        lambda: manager.log_tmux_output(bad, "text"),
        lambda: manager.get_instance_logs(bad),
        lambda: manager.cleanup_instance_logs(bad),
    ]
    if bad is not None:  # an audit event may be about nobody
        calls.append(lambda: manager.log_audit_event("x", bad))
    for call in calls:
        with pytest.raises(ValueError, match="invalid instance id"):
            call()
    assert files_below(tmp_path) == before


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
    """A message's record is one file's, its line for people the other's."""
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


# --- end of an instance, end of a manager ------------------------------------


def test_cleanup_removes_one_instance_and_no_other(manager: LoggingManager) -> None:
    """The directory is gone, and comes back only with new records."""
    held = manager.get_instance_logger("a", "Ada")
    held.info("before")
    manager.log_tmux_output("b", "text")
    manager.cleanup_instance_logs("a")
    manager.cleanup_instance_logs("a")
    held.error("from one who did not notice")
    assert files_below(manager.instances_dir) == {"b", "b/metadata.json", "b/tmux_output.log"}
    manager.get_instance_logger("a").info("after")
    assert life(manager, "a") == "2026-11-23 12:00:00 - INFO - after\n"


def test_cleanup_of_a_link_leaves_its_target(tmp_path: Path, manager: LoggingManager) -> None:
    """Of an instance's directory that is a link, only the link goes."""
    target = tmp_path / "precious"
    target.mkdir()
    (target / "file").write_text("kept")
    (manager.instances_dir / "a").symlink_to(target)
    manager.cleanup_instance_logs("a")
    assert not (manager.instances_dir / "a").is_symlink()
    assert (target / "file").read_text() == "kept"


def test_cleanup_and_close_give_descriptors_back(tmp_path: Path) -> None:
    """A hundred instances that came and went leave no file open."""
    before = set(Path("/proc/self/fd").iterdir())
    manager = LoggingManager(tmp_path)
    for number in range(100):
        manager.get_instance_logger(f"i{number}").info("hello")
        manager.log_tmux_output(f"i{number}", "text")
        if number % 2:
            manager.cleanup_instance_logs(f"i{number}")
    manager.log_audit_event("x")
    manager.close()
    manager.close()
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_a_record_after_close_is_not_lost(manager: LoggingManager) -> None:
    """Whoever logs after the end still finds it in the tree."""
    logger = manager.get_instance_logger("a")
    manager.close()
    logger.info("late")
    manager.log_audit_event("late")
    manager.close()
    assert "late" in life(manager, "a")
    assert audit(manager)[-1]["event"] == "late"


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


# --- questions ----------------------------------------------------------------


def test_the_query_api_answers_as_documented(tmp_path: Path) -> None:
    """`InstanceManager(config)` writes, and gives back what was written."""

    async def use(manager: InstanceManager) -> None:
        log = manager.logging_manager
        log.get_instance_logger("a", "Ada")
        log.get_instance_logger("b")
        for number in range(5):
            log.get_instance_logger("a").info("line %s", number)
            log.log_audit_event("x", "a", {"number": number})
        lines = await manager.get_instance_logs("a", tail=2)
        assert [line.split(" - ")[2] for line in lines] == ["line 3", "line 4"]
        assert len(await manager.get_instance_logs("a", "instance", tail=0)) == 5
        assert await manager.get_instance_logs("a", "communication") == []
        newest = await manager.get_audit_logs(limit=2)
        assert [entry["details"]["number"] for entry in newest] == [3, 4]
        assert await manager.get_audit_logs(since="2999-01-01T00:00:00") == []
        instances = await manager.list_logged_instances()
        assert {entry["instance_id"]: entry["instance_name"] for entry in instances} == {
            "a": "Ada",
            "b": None,
        }

    manager = InstanceManager({"log_dir": tmp_path, "log_level": "INFO", "other": "ignored"})
    asyncio.run(use(manager))
    manager.logging_manager.close()
    assert manager.logging_manager.get_all_instance_ids() == ["a", "b"]
    assert len(manager.logging_manager.get_instance_logs("a")) == 5


def test_all_of_a_log_includes_what_was_compressed(manager: LoggingManager) -> None:
    """`tail=0` gives rotated and gzipped parts too, oldest first."""
    directory = manager.instances_dir / "a"
    manager.get_instance_logger("a").info("newest")
    (directory / "instance.log.1").write_text("2026-11-23 11:00:00 - INFO - older\n")
    oldest = gzip.compress(b"2026-11-23 10:00:00 - INFO - oldest\n")
    (directory / "instance.log.2.gz").write_bytes(oldest)
    lines = manager.get_instance_logs("a", tail=0)
    assert [line.split(" - ")[2] for line in lines] == ["oldest", "older", "newest"]


def test_importing_for_writing_loads_no_reader() -> None:
    """A process that only logs loads neither the reading side nor asyncio."""
    code = (
        "import sys, tempfile, logging_core\n"
        "manager = logging_core.LoggingManager(tempfile.mkdtemp())\n"
        "manager.get_instance_logger('a').info('x'); manager.log_audit_event('x')\n"
        "import shutil; shutil.rmtree(manager.log_dir)\n"
        "loaded = [n for n in sys.modules if n.startswith(('asyncio', 'logging_core.read'))]\n"
        "assert not loaded, loaded\n"
        "assert callable(logging_core.follow)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there() -> None:
    """What `__all__` promises can be imported, and nothing else is made up."""
    for name in logging_core.__all__:
        assert getattr(logging_core, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = logging_core.nonsense

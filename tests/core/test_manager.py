"""The programmer's door: how a manager begins and ends, and what it answers."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import logging_core
from logging_core import InstanceManager, LogDirError, LoggingConfig, LoggingManager
from written import audit, files_below, life

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
    """A directory without write permission is an error at once, not at the first record."""
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


# --- end of an instance, end of a manager ------------------------------------


def test_cleanup_removes_one_instance_and_no_other(manager: LoggingManager) -> None:
    """The directory is gone, and comes back only with new records."""
    held = manager.get_instance_logger("a", "Ada")
    held.info("before")
    manager.log_tmux_output("b", "text")
    manager.cleanup_instance_logs("a")
    manager.cleanup_instance_logs("a")
    held.error("from one who did not notice")
    assert not held.isEnabledFor(logging.CRITICAL)
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
    manager, held = LoggingManager(tmp_path), []
    for number in range(100):
        held.append(manager.get_instance_logger(f"i{number}"))
        held[-1].info("hello")
        manager.log_tmux_output(f"i{number}", "text")
        if number % 2:
            manager.cleanup_instance_logs(f"i{number}")
    manager.log_audit_event("x")
    manager.close()
    manager.close()
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_a_record_after_close_is_not_lost(manager: LoggingManager) -> None:
    """A record logged after `close` is still in the tree."""
    logger = manager.get_instance_logger("a")
    manager.close()
    logger.info("late")
    manager.log_audit_event("late")
    manager.close()
    assert "late" in life(manager, "a")
    assert audit(manager)[-1]["event"] == "late"


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


def test_a_forked_child_may_make_the_writer_that_a_thread_was_making(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child makes its own, and does not wait for a thread that it does not have."""
    inside, go_on = threading.Event(), threading.Event()

    class Slow(LoggingManager):
        def __init__(self, **given: Any) -> None:
            if threading.current_thread() is not threading.main_thread():
                inside.set()
                go_on.wait(30)
            super().__init__(**given)

    monkeypatch.setattr("logging_core.manager.LoggingManager", Slow)
    manager = InstanceManager({"log_dir": tmp_path / "logs"})
    thread = threading.Thread(target=lambda: manager.logging_manager)
    thread.start()
    inside.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(5)  # ends it if it waits
        manager.logging_manager.log_audit_event("from the child")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()
    thread.join()
    manager.close()


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

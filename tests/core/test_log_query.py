"""Questions about a tree change nothing in it, nor in the process that asks."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from builders import START, TreeBuilder
from logging_core import InstanceManager, LogDirError, LoggingManager, LogQuery
from logging_core.query import Queries

T = TypeVar("T")


def ask(question: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(question)


def everything(root: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, size and time of all that a tree holds."""
    found = {path: path.stat() for path in [root, *root.rglob("*")]}
    return {str(p): (s.st_mode, s.st_size, s.st_mtime_ns) for p, s in found.items()}


def old_tree(tree: TreeBuilder) -> Path:
    """A tree whose owner keeps its audit trail for ever, and lets his group write."""
    day = datetime.now() - timedelta(days=400)
    for number in range(4):
        path = tree.root / "audit" / f"audit_{day + timedelta(days=number):%Y%m%d}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        event = {"timestamp": f"{day:%Y-%m-%dT12:00:00}", "event_type": "x", "details": {}}
        path.write_text(json.dumps(event) + "\n")
    tree.send("a", "m1", at=1)
    for path in (tree.root, tree.root / "audit", tree.root / "instances"):
        path.chmod(0o775)
    return tree.root


@pytest.mark.parametrize("kind", [LogQuery, InstanceManager])
def test_a_question_changes_nothing(tree: TreeBuilder, kind: Any) -> None:
    """No audit file is deleted, no line written, and no logger of the process touched."""
    root = old_tree(tree)
    loggers = [logging.getLogger(name) for name in ("orchestrator", "orchestrator.audit")]
    before = everything(root), [(logger.handlers[:], logger.level) for logger in loggers]
    query: Queries = kind(root) if kind is LogQuery else kind({"log_dir": root})
    assert len(ask(query.get_audit_logs(limit=10))) == 4
    assert len(ask(query.get_instance_logs("a", "communication"))) == 1
    assert [entry["instance_id"] for entry in ask(query.list_logged_instances())] == ["a"]
    assert ask(query.get_all_instance_ids()) == ["a"]
    assert before == (
        everything(root),
        [(logger.handlers[:], logger.level) for logger in loggers],
    )


def test_a_mistyped_directory_is_an_error_and_no_tree(tmp_path: Path) -> None:
    """Whoever asks a directory that is not there is told so; nothing is created."""
    with pytest.raises(LogDirError, match=r"nowhere'.*No such file or directory.*set LOG_DIR"):
        LogQuery(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(LogDirError, match="Not a directory"):
        LogQuery(tmp_path / "file")
    manager = InstanceManager({"log_dir": tmp_path / "nowhere"})
    assert ask(manager.get_audit_logs()) == ask(manager.list_logged_instances()) == []
    assert not (tmp_path / "nowhere").exists()


def test_a_query_finds_the_tree_where_the_writer_does(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`LOG_DIR` counts, and other options of the writer do not matter."""
    tree.send("a", "m1", at=1)
    monkeypatch.setenv("LOG_DIR", str(tree.root))
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    assert LogQuery().log_dir == tree.root
    assert ask(LogQuery().get_all_instance_ids()) == ["a"]


def test_an_orchestrators_manager_writes_when_it_is_asked_to(tmp_path: Path) -> None:
    """The tree is there as soon as `logging_manager` is, and the block closes that."""
    root = tmp_path / "logs"
    with InstanceManager({"log_dir": root}) as manager:
        assert not root.exists()
        writer = manager.logging_manager
        assert manager.logging_manager is writer
        writer.get_instance_logger("a").info("hello")
        assert len(ask(manager.get_instance_logs("a"))) == 1
    with InstanceManager({"log_dir": root}):
        pass
    assert "Logging manager initialized" in (root / "orchestrator.log").read_text()
    assert (root / "orchestrator.log").read_text().count("\n") == 1
    manager.close()


@pytest.mark.parametrize("offset", [None, UTC])
def test_since_may_be_a_datetime(manager: LoggingManager, clock: Any, offset: Any) -> None:
    """A moment means the same as a text and as a `datetime`, with an offset or without."""
    manager.log_audit_event("before")
    clock.now_s += 60
    manager.log_audit_event("after")
    moment = (START + timedelta(seconds=60)).astimezone(offset)
    if offset is None:
        moment = moment.replace(tzinfo=None)
    query = LogQuery(manager.log_dir)
    for since in (moment, moment.isoformat()):
        found = ask(query.get_audit_logs(since=since))
        assert [event["event_type"] for event in found] == ["after"]
    found = ask(query.get_audit_logs(since=datetime(1969, 7, 20, tzinfo=offset)))
    assert [event["event_type"] for event in found] == ["before", "after"]


def test_an_argument_of_the_wrong_type_is_named(manager: LoggingManager) -> None:
    """The error says which argument it is, and what it may be."""
    query: Any = LogQuery(manager.log_dir)
    with pytest.raises(TypeError, match="limit is None: use a whole number"):
        ask(query.get_audit_logs(limit=None))
    with pytest.raises(TypeError, match="tail is '5': use a whole number"):
        ask(query.get_instance_logs("a", tail="5"))
    wrong: Any = "5"
    with pytest.raises(TypeError, match="tail is '5': use a whole number"):
        manager.get_instance_logs("a", tail=wrong)
    with pytest.raises(ValueError, match="since is 5"):
        ask(query.get_audit_logs(since=5))


def test_a_mistyped_fact_is_blamed_on_the_call(manager: LoggingManager) -> None:
    """The error names the method that was called."""
    misled: Any = manager
    with pytest.raises(TypeError, match=r"LoggingManager\.instance\(\) got an unexpected .* 'rol'"):
        misled.instance("x", rol="qa")

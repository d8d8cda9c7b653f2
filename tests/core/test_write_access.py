"""Who may own what we write to, and what may lie in its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from logging_core import LogDirError, LoggingManager


@pytest.fixture
def any_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def write_all(root: Path) -> LoggingManager:
    manager = LoggingManager(root, instance_max_bytes=100)
    for _ in range(3):
        manager.get_instance_logger("a", "Ada").info("x" * 50, extra={"event_type": "message_sent"})
    manager.log_tmux_output("a", "x")
    manager.log_audit_event("x", "a")
    manager.close()
    return manager


@pytest.mark.usefixtures("any_umask")
@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_no_umask_changes_who_may_look(tmp_path: Path, mask: int) -> None:
    """Directories are 0700 and files 0600: neither more, nor less than the owner needs."""
    os.umask(mask)
    root = tmp_path / "deep" / "logs"
    write_all(root)
    os.umask(0o022)
    found = [tmp_path / "deep", root, *root.rglob("*")]
    assert root / "instances" / "a" / ".instance.log.lock" in found
    for path in found:
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_tree_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    """If others can plant files there, it is refused; the error says what to do."""
    root = tmp_path / "logs"
    root.mkdir()
    root.chmod(mode)
    with pytest.raises(LogDirError, match=r"other users may write to it.*chmod go-w.*allow_shared"):
        LoggingManager(root)
    assert list(root.iterdir()) == []
    LoggingManager(root, allow_shared=True).close()
    assert (root / "orchestrator.log").exists()
    root.chmod(mode | stat.S_ISVTX)  # others may add files, but not touch ours
    LoggingManager(root).close()


def test_a_tree_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that somebody else has made in advance is not written to."""
    someone_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone_else)
    root = tmp_path / "logs"
    root.mkdir(mode=0o700)
    with pytest.raises(LogDirError, match=r"belongs to another user.*LOG_DIR"):
        LoggingManager(root)
    assert list(root.iterdir()) == []
    LoggingManager(root, allow_shared=True).close()


def test_a_link_to_ones_own_directory_is_a_good_root(tmp_path: Path) -> None:
    """A user may keep the logs elsewhere; a directory below the root may be no link."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "logs").symlink_to("real")
    LoggingManager(tmp_path / "logs").close()
    assert (tmp_path / "real" / "orchestrator.log").exists()
    (tmp_path / "real" / "audit").rmdir()
    (tmp_path / "real" / "audit").symlink_to(tmp_path)
    with pytest.raises(LogDirError, match="audit"):
        LoggingManager(tmp_path / "logs")


@pytest.mark.parametrize("planted", ["link", "dangling", "pipe", "hard link", "directory"])
@pytest.mark.parametrize(
    "name", ["instance.log", "communication.jsonl", "tmux_output.log", "metadata.json", "audit"]
)
def test_what_is_planted_at_a_logs_path_is_not_written_to(
    tmp_path: Path, planted: str, name: str
) -> None:
    """Symbolic and hard links and named pipes are refused, at once and without side effects."""
    root, target = tmp_path / "logs", tmp_path / "precious"
    target.write_text("mine\n")
    manager = LoggingManager(root, clock=lambda: 1_795_435_200.0)
    stamp = manager._stamps.now()[:10].replace("-", "")
    path = root / "instances" / "a" / name
    if name == "audit":
        path = root / "audit" / f"audit_{stamp}.jsonl"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if planted == "link":
        path.symlink_to(target)
    elif planted == "dangling":
        path.symlink_to(tmp_path / "new")
    elif planted == "pipe":
        os.mkfifo(path)
    elif planted == "hard link":
        path.hardlink_to(target)
    else:
        path.mkdir()
    before = path.lstat().st_mode
    manager.get_instance_logger("a").info("x", extra={"event_type": "message_sent"})
    manager.log_tmux_output("a", "x")
    manager.log_audit_event("x", "a")
    manager.close()
    assert target.read_text() == "mine\n"
    assert not (tmp_path / "new").exists()
    assert path.lstat().st_mode == before
    others = {"instance.log", "communication.jsonl", "tmux_output.log", "metadata.json"} - {name}
    assert all((root / "instances" / "a" / other).is_file() for other in others)
    assert str(path.relative_to(root)) in (root / "orchestrator.log").read_text()


def test_a_linked_instance_directory_is_not_written_to(tmp_path: Path) -> None:
    """An instance's directory that is a link leads no record out of the tree."""
    manager, target = LoggingManager(tmp_path / "logs"), tmp_path / "precious"
    target.mkdir()
    (manager.instances_dir / "a").symlink_to(target)
    manager.get_instance_logger("a", "Ada").info("x")
    manager.log_tmux_output("a", "x")
    manager.close()
    assert list(target.iterdir()) == []

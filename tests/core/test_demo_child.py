"""The demo as a child process: it lives on, it ends when it should, and it leaves nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logging_core.demo import demo_tree
from logging_core.errors import MadroxLogError


def wait_until(true: Callable[[], object], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def size(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `python -m logging_core.demo`; returns it when it is ready."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "logging_core.demo", str(tmp_path / "tree"), *options]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


Start = Callable[..., subprocess.Popen[bytes]]


def test_live_until_stdin_closes(child: Start, tmp_path: Path) -> None:
    """After the history the child writes on, says nothing more, and ends when stdin closes."""
    process = child("--history", "120", "--speed", "20")
    written = size(tmp_path / "tree")
    wait_until(lambda: size(tmp_path / "tree") > written + 50_000)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert len(list((tmp_path / "tree/instances").iterdir())) == 8


@pytest.mark.parametrize("end", ["stdin", "sigterm"])
def test_remove(child: Start, tmp_path: Path, end: str) -> None:
    """With --remove the tree is gone when the child has ended, however it was asked to."""
    process = child("--history", "60", "--remove")
    if end == "sigterm":
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("options", [["--history", "-1"], ["--speed", "0"], ["--speed", "nan"]])
def test_bad_usage(tmp_path: Path, options: list[str]) -> None:
    """A history or a speed that makes no sense is refused, and nothing is written."""
    command = [sys.executable, "-m", "logging_core.demo", str(tmp_path / "tree"), *options]
    process = subprocess.run(command, capture_output=True, check=False, text=True)
    assert process.returncode == 2
    assert f"argument {options[0]}: invalid" in process.stderr
    assert not (tmp_path / "tree").exists()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of our own for temporary files, so that what is left over is seen."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_demo_tree(temporary: Path) -> None:
    """Inside the block there is a private tree with the whole hour; after it, nothing."""
    called: list[str] = []
    with demo_tree(meanwhile=lambda: called.append("once")) as root:
        assert called == ["once"]
        assert root.parent == temporary
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        assert len(list((root / "instances").iterdir())) == 8
    assert list(temporary.iterdir()) == []


def test_demo_tree_after_an_exception(temporary: Path) -> None:
    """The tree is removed when the block ends in an exception, which passes."""

    def crash() -> None:
        with demo_tree():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert list(temporary.iterdir()) == []


def test_demo_tree_that_cannot_start(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the child dies at once, the error says so in one line and nothing is left over."""
    broken = temporary / "python"
    broken.write_text("#!/bin/sh\necho 'no such module' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(MadroxLogError, match=r"demo could not start: no such module$"), demo_tree():
        pass
    assert list(temporary.iterdir()) == [broken]


def test_a_killed_parent_leaves_nothing(temporary: Path) -> None:
    """If the parent is killed outright, the child notices, removes the tree and ends."""
    script = (
        "import sys, time\nfrom logging_core.demo import demo_tree\n"
        "with demo_tree() as root:\n    print(root, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        root = Path(os.fsdecode(parent.stdout.readline().strip()))
        assert root.parent == temporary
        assert root.is_dir()
        parent.kill()
    wait_until(lambda: list(temporary.iterdir()) == [])

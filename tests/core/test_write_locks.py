"""A file system without locks, as some that are mounted over a network are."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from logging_core import LoggingManager
from logging_core.replacing import replace_file
from logging_core.write import metadata as metadata_module
from logging_core.write.rotate import RotatingFile
from written import life, metadata, orchestrator


def without_locks(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """From now on no lock can be had; the operations that were asked for."""
    asked: list[int] = []

    def refuse(_fd: int, operation: int) -> None:
        asked.append(operation)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    return asked


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EIO])
def test_without_locks_nothing_is_lost_and_the_files_only_grow(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    """Every record is written, stderr says once why nothing is rotated, and no call raises."""
    manager = LoggingManager(tmp_path, orchestrator_max_bytes=5_000, instance_max_bytes=5_000)
    asked = without_locks(monkeypatch, number)
    logger = manager.get_instance_logger("a")
    for turn in range(100):
        manager.orchestrator_logger.info("entry %s %s", turn, "x" * 100)
        logger.info("line %s %s", turn, "x" * 100)
    manager.close()
    assert fcntl.LOCK_EX | fcntl.LOCK_NB in asked
    texts = [entry["message"].split()[1] for entry in orchestrator(manager)[1:]]
    assert texts == [str(turn) for turn in range(100)]
    lines = (tmp_path / "instances/a/instance.log").read_text().splitlines()
    assert [line.split()[6] for line in lines] == texts
    assert sorted(path.name for path in tmp_path.rglob("*.log*") if path.suffix != ".lock") == [
        "instance.log",
        "orchestrator.log",
    ]
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("logging_core: cannot rotate ")
    assert told.endswith(f": {os.strerror(number)}")


def test_without_locks_several_writers_share_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No writer rotates a file that another one writes to, and no descriptor leaks."""
    without_locks(monkeypatch, errno.ENOLCK)
    writers = [RotatingFile(tmp_path / "log", 1_000, 3) for _ in range(3)]
    for writer in writers:
        assert writer.append(b'"open"\n')
    before = {*Path("/proc/self/fd").iterdir()}
    for number in range(300):
        assert writers[number % 3].append(f'"{number:050d}"\n'.encode())
    assert {*Path("/proc/self/fd").iterdir()} == before
    found = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert found == ["open"] * 3 + [f"{number:050d}" for number in range(300)]
    assert not (tmp_path / "log.1").exists()


def test_once_there_are_locks_again_a_file_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next record begins a new file; the oversized one becomes the first archive."""
    file = RotatingFile(tmp_path / "log", 10, 3)
    without_locks(monkeypatch, errno.ENOLCK)
    for text in (b"full full\n", b"more more\n", b"most most\n"):
        assert file.append(text)
    monkeypatch.undo()
    assert file.append(b"new\n")
    assert (tmp_path / "log").read_text() == "new\n"
    assert (tmp_path / "log.1").read_text() == "full full\nmore more\nmost most\n"


def test_a_signal_handler_does_not_wait_for_whom_it_interrupts(
    manager: LoggingManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says of an instance whose metadata is just being written is written with it."""
    flock, refused = fcntl.flock, list[int]()

    def interrupted(*args: Any, **options: Any) -> None:
        monkeypatch.setattr(metadata_module, "replace_file", replace_file)
        manager.get_instance_logger("a", role="qa").info("from the handler")
        replace_file(*args, **options)

    def watched(fd: int, operation: int) -> None:
        try:
            flock(fd, operation)
        except BlockingIOError:
            refused.append(operation)
            raise

    monkeypatch.setattr(metadata_module, "replace_file", interrupted)
    monkeypatch.setattr(fcntl, "flock", watched)
    manager.get_instance_logger("a", "Ada")
    assert not refused
    written = metadata(manager, "a")
    assert (written["instance_name"], written["role"]) == ("Ada", "qa")
    assert "from the handler" in life(manager, "a")

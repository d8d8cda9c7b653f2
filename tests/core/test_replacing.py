"""Files that are replaced: the old one or the new one, whatever happens meanwhile."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread
from typing import IO

import pytest

from logging_core.replacing import replace_file


def replace(path: Path, data: bytes) -> None:
    replace_file(path, lambda file: file.write(data))


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """A reader that has the old file open keeps reading it; on disk only the new one is left."""
    path = tmp_path / "file"
    replace(path, b"old")
    with path.open("rb") as reader:
        replace(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    """If something of its name is in the way, that is left, and no temporary file."""
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        replace(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, TypeError, KeyboardInterrupt])
def test_what_is_written_by_half_is_nowhere(tmp_path: Path, error: type[BaseException]) -> None:
    """Whatever ends the writing, the old file is left, and no temporary file."""
    path = tmp_path / "file"
    replace(path, b"old")

    def write(file: IO[bytes]) -> None:
        file.write(b"half")
        raise error

    with pytest.raises(error):
        replace_file(path, write)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_left_over_temporary_file_is_in_nobodys_way(tmp_path: Path) -> None:
    """A temporary file or link that a killed process left is neither used nor followed."""
    path, target = tmp_path / "file", tmp_path / "target"
    target.write_text("mine")
    path.with_name(f".file.{os.getpid()}.0.tmp").symlink_to(target)
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert target.read_text() == "mine"


def test_threads_that_replace_one_file_do_not_meet(tmp_path: Path) -> None:
    """One of them is the last, and what it wrote is there as a whole."""
    path = tmp_path / "file"
    wholes = [bytes([number]) * 100_000 for number in range(4)]

    def often(whole: bytes) -> None:
        for _ in range(50):
            replace(path, whole)

    threads = [Thread(target=often, args=(whole,)) for whole in wholes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in wholes
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """No umask opens it to others, nor does the file that it replaces."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    before = os.umask(0)
    try:
        replace(path, b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

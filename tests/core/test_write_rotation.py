"""Files that are put aside when they are full."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from time import sleep

import pytest

from logging_core import LoggingManager
from logging_core.write import rotate
from logging_core.write.append import CHECK_EVERY_S, AppendFile
from logging_core.write.rotate import RotatingFile


def contents(directory: Path) -> dict[str, str]:
    visible = (path for path in directory.iterdir() if not path.name.startswith("."))
    return {path.name: path.read_text() for path in visible}


def write(path: Path, *records: str, max_bytes: int = 10, backups: int = 3) -> None:
    file = RotatingFile(path, max_bytes, backups)
    for record in records:
        assert file.append(f"{record}\n".encode())
    file.close()


def test_a_full_file_is_put_aside(tmp_path: Path) -> None:
    """A file takes what fits into its size, in bytes, and the newest archives are kept."""
    write(tmp_path / "log", "oldest", *"abcde", "éééé", "ffff", "gggg", "hhhh")
    assert contents(tmp_path) == {
        "log": "hhhh\n",
        "log.1": "ffff\ngggg\n",
        "log.2": "éééé\n",
        "log.3": "b\nc\nd\ne\n",
    }


def test_a_record_larger_than_the_file_stands_alone(tmp_path: Path) -> None:
    """A record larger than the file is written whole, and leaves no empty archive."""
    write(tmp_path / "log", "x" * 50)
    assert contents(tmp_path) == {"log": "x" * 50 + "\n"}
    write(tmp_path / "log", "after")
    assert contents(tmp_path) == {"log": "after\n", "log.1": "x" * 50 + "\n"}


@pytest.mark.parametrize(("max_bytes", "backups"), [(0, 3), (10, 0)])
def test_without_a_size_or_archives_a_file_only_grows(
    tmp_path: Path, max_bytes: int, backups: int
) -> None:
    """0 means that nothing is ever put aside."""
    write(tmp_path / "log", *"abcdefgh", max_bytes=max_bytes, backups=backups)
    assert contents(tmp_path) == {"log": "a\nb\nc\nd\ne\nf\ng\nh\n"}


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_a_rotation_that_was_cut_short_is_finished(tmp_path: Path, gap: int) -> None:
    """Where a killed process left a gap, the archives before it move up: none is overwritten."""
    for number in {1, 2, 3} - {gap}:
        (tmp_path / f"log.{number}").write_text(f"old {number}\n")
    (tmp_path / "log").write_text("full full\n")
    write(tmp_path / "log", "new")
    moved = {f"log.{n + (n < gap)}": f"old {n}\n" for n in {1, 2, 3} - {gap}}
    assert contents(tmp_path) == {"log": "new\n", "log.1": "full full\n"} | moved


def test_a_rotation_killed_between_any_two_steps_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the process dies after any single rename, everything is still there, in order."""
    real = Path.rename
    for steps in range(3):
        directory = tmp_path / str(steps)
        directory.mkdir()
        for name in ("log.2", "log.1", "log"):
            (directory / name).write_text(f"full {name}\n")
        left = [None] * steps

        def rename(path: Path, target: Path, left: list[None] = left) -> Path:
            if not left:
                raise KeyboardInterrupt
            left.pop()
            return real(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", rename)
            with pytest.raises(KeyboardInterrupt):
                RotatingFile(directory / "log", 10, 5).append(b"never\n")
        write(directory / "log", "new", backups=5)
        found = contents(directory)
        order = [found[name] for name in sorted(found, reverse=True)]
        assert order == ["full log.2\n", "full log.1\n", "full log\n", "new\n"]


def test_compressed_archives_move_too(tmp_path: Path) -> None:
    """An archive that a user compressed is neither overwritten nor left behind."""
    (tmp_path / "log").write_text("full full\n")
    (tmp_path / "log.1.gz").write_text("old")
    (tmp_path / "log.3").write_text("oldest")
    write(tmp_path / "log", "new")
    assert contents(tmp_path) == {
        "log": "new\n",
        "log.1": "full full\n",
        "log.2.gz": "old",
        "log.3": "oldest",
    }


def test_who_rotates_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process rotates the file, no record makes it larger than its maximum."""
    file, other = (RotatingFile(tmp_path / "log", 10, 3) for _ in range(2))
    assert file.append(b"full full\n")
    other.open()
    with (tmp_path / ".log.lock").open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def finish(_pause_s: float) -> None:
            fcntl.flock(holder, fcntl.LOCK_UN)
            assert other.append(b"theirs\n")

        monkeypatch.setattr(rotate, "sleep", finish)
        assert file.append(b"o\n")
    assert contents(tmp_path) == {"log": "theirs\no\n", "log.1": "full full\n"}


def test_nobody_waits_for_one_who_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a stopped process holds the lock, one record waits a moment, and the others do not."""
    pauses: list[float] = []

    def pause(pause_s: float) -> None:
        pauses.append(pause_s)
        sleep(pause_s)

    monkeypatch.setattr(rotate, "sleep", pause)
    file = RotatingFile(tmp_path / "log", 10, 3)
    assert file.append(b"full full\n")
    with (tmp_path / ".log.lock").open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert file.append(b"waits\n")
        waited = len(pauses)
        assert file.append(b"goes on\n")
    assert 0 < waited == len(pauses) <= 100
    assert contents(tmp_path) == {"log": "full full\nwaits\ngoes on\n"}


def test_who_waited_in_vain_sees_that_the_file_was_rotated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the lock is held, a record goes to the new file, and then others are awaited.

    Else a file that many processes write to grows for as long as they find the lock taken.
    """
    monkeypatch.setattr(rotate, "_WAIT_S", 0.001)
    path, pauses = tmp_path / "log", list[float]()
    file = RotatingFile(path, 10, 3)
    assert file.append(b"full full\n")
    with (tmp_path / ".log.lock").open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert file.append(b"waits\n")
        path.rename(tmp_path / "log.1")
        path.write_bytes(b"theirs\n")
        assert file.append(b"o\n")
        assert contents(tmp_path) == {"log": "theirs\no\n", "log.1": "full full\nwaits\n"}
        monkeypatch.setattr(rotate, "sleep", pauses.append)
        assert file.append(b"it waits again\n")
    assert pauses


def test_records_go_on_while_the_lock_is_held(tmp_path: Path) -> None:
    """While a stopped process holds the lock, records go on into the file as it is."""
    write(tmp_path / "log", "full full", "x")
    lock = tmp_path / ".log.lock"
    assert lock.stat().st_mode & 0o777 == 0o600
    with lock.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        write(tmp_path / "log", "full full", "y")
    write(tmp_path / "log", "z")
    assert contents(tmp_path) == {
        "log": "z\n",
        "log.1": "x\nfull full\ny\n",
        "log.2": "full full\n",
    }


def test_a_rotation_that_fails_costs_no_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If rotation fails, the file keeps growing, and stderr says why."""
    (tmp_path / ".log.lock").symlink_to("elsewhere")
    write(tmp_path / "log", "full full", "more")
    assert (tmp_path / "log").read_text() == "full full\nmore\n"
    assert "cannot rotate" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def test_the_logs_of_a_tree_have_the_documented_sizes(tmp_path: Path) -> None:
    """orchestrator.log: 10 MB and 5 archives; instance.log: 5 MB and 3."""
    manager = LoggingManager(tmp_path)
    logger, text = manager.get_instance_logger("a"), "x" * 990_000
    for _ in range(70):
        manager.orchestrator_logger.info(text)
    for _ in range(30):
        logger.info(text)
    manager.close()
    for directory, name, most, parts in (
        (tmp_path, "orchestrator.log", 10_000_000, 6),
        (tmp_path / "instances" / "a", "instance.log", 5_000_000, 4),
    ):
        sizes = [path.stat().st_size for path in directory.glob(f"{name}*")]
        assert len(sizes) == parts
        assert max(sizes) <= most
        assert sorted(sizes)[1] > most - 1_000_000


# --- renamed and deleted by others -----------------------------------------------------------


@pytest.mark.parametrize("what", ["file", "directory"])
@pytest.mark.parametrize("how", ["renamed", "deleted"])
def test_a_file_that_others_take_away_is_made_again(tmp_path: Path, what: str, how: str) -> None:
    """A millisecond after a file was renamed or deleted, records go to its path again."""
    path = tmp_path / "a" / "log"
    taken = path if what == "file" else path.parent
    for file in (AppendFile(path), RotatingFile(path, 1_000_000, 3)):
        assert file.append(b"before\n")
        if how == "renamed":
            taken.rename(tmp_path / "away")
        else:
            path.unlink()
            if what == "directory":
                path.parent.rmdir()
        seen_s = file.used_s
        while path.exists() is False or file.used_s < seen_s + CHECK_EVERY_S:
            assert file.append(b"burst\n")
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == (0o700)
        file.close()
        for left in (tmp_path / "away", path):
            if left.is_dir():
                (left / "log").unlink()
                left.rmdir()
            else:
                left.unlink(missing_ok=True)
        path.parent.rmdir()


def test_descriptors_are_shared_among_many_files(tmp_path: Path) -> None:
    """However many instances there are, no more files are open than configured."""
    manager = LoggingManager(tmp_path, max_open_files=16)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a number is all that is asked
    for turn in range(3):
        for number in range(40):
            manager.get_instance_logger(f"i{number}").info("turn %s", turn)
            manager.log_tmux_output(f"i{number}", "text")
    assert len(os.listdir("/proc/self/fd")) <= before + 16  # noqa: PTH208 - as above
    manager.close()
    for number in range(40):
        text = (tmp_path / "instances" / f"i{number}" / "instance.log").read_text()
        assert [line[-6:] for line in text.splitlines()] == ["turn 0", "turn 1", "turn 2"]

from __future__ import annotations

import gzip
import os
import shutil
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from tailed import BACKUPS, Log, list_parts, small_turns

from logging_core.read import files, lines, tail
from logging_core.read.files import Part
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.sweep import Sweep
from logging_core.read.tail import LogTail


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


# --- one file --------------------------------------------------------------------


def test_a_line_is_handed_out_once_and_when_it_is_whole(log: Log) -> None:
    """A line without its newline waits, however many pieces it comes in."""
    for piece in "12345\n":
        log.append(piece)
        assert log.read == []
        log.poll()
    assert log.read == ["12345"]
    log.poll()
    assert log.read == ["12345"]


def test_a_character_split_over_two_writes_is_whole(log: Log) -> None:
    """Lines are cut at newline bytes, before anything is decoded."""
    data = "😀\u2028x\x85y\x0bz\n".encode()
    for cut in range(len(data)):
        log.path.write_bytes(data[:cut])
        log.tail = log.make()
        log.poll()
        with log.path.open("ab") as file:
            file.write(data[cut:])
        log.poll()
    assert log.read == ["😀\u2028x\x85y\x0bz"] * len(data)


def test_a_line_that_is_too_long_is_cut_and_its_true_size_told(tmp_path: Path) -> None:
    """A giant line costs a bounded piece of memory, and the lines around it are read."""
    path = tmp_path / "orchestrator.log"
    path.write_bytes(b"a\n" + b"x" * 5_000_000 + b"\nb\n")
    found = read_all(tmp_path, "orchestrator.log")
    assert [(len(line.data), line.size) for line in found] == [
        (1, 1),
        (lines.LIMIT, 5_000_000),
        (1, 1),
    ]


def test_a_giant_line_that_arrives_slowly_is_read_once(log: Log) -> None:
    """Its beginning is not read again and again once it is too long."""
    with small_turns():
        for _ in range(100):
            log.append("x" * 50)
            log.poll()
        log.append("\nend\n")
        log.poll()
    assert log.read == ["x" * 64, "end"]


def test_a_hole_of_a_terabyte_is_skipped(tmp_path: Path) -> None:
    """A file that was extended without being written takes no time to pass."""
    path = tmp_path / "orchestrator.log"
    with path.open("wb") as file:
        file.write(b"a\n")
        file.truncate(1 << 40)
        file.seek(1 << 40)
        file.write(b"b\n")
    found = read_all(tmp_path, "orchestrator.log")
    assert [line.data.strip(b"\0") for line in found] == [b"a", b"b"]


def test_a_file_of_which_nothing_was_asked_is_not_opened_again(log: Log) -> None:
    """A file that did not change since the last look costs nothing."""
    log.write(3)
    log.poll()
    with mock.patch.object(tail, "open_regular") as opened:
        log.poll()
    opened.assert_not_called()


def test_a_change_that_puts_the_clock_back_is_seen(log: Log) -> None:
    """Any difference of size or time counts, not only a later time."""
    log.write()
    log.poll()
    log.write()
    os.utime(log.path, (1, 1))
    log.poll()
    assert log.read == log.written


# --- what happens to files -------------------------------------------------------


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(log: Log) -> None:
    """Nothing is lost or doubled at a rotation, and the order is that of writing."""
    log.write(3)
    log.poll()
    log.write(2)
    log.rotate()
    log.write(2)
    log.poll()
    assert log.read == log.written
    assert log.problems == []


def test_several_rotations_between_two_looks_are_followed(log: Log) -> None:
    """As many as there are backups."""
    log.write(1)
    log.poll()
    for _ in range(BACKUPS):
        log.write(2)
        log.rotate()
    log.write(1)
    log.poll()
    assert log.read == log.written
    assert log.problems == []


def test_a_rotation_beyond_the_backups_is_told(log: Log) -> None:
    """Where lines were lost, there is a problem and never silence."""
    log.write(1)
    log.poll()
    for _ in range(BACKUPS + 1):
        log.write(1)
        log.rotate()
    log.write(1)
    log.poll()
    assert len(log.read) < len(log.written)
    assert len(log.problems) == 1


def test_lines_written_late_to_a_renamed_file_are_read(log: Log) -> None:
    """A process that has not noticed the rotation loses nothing."""
    log.write(1)
    with log.path.open("ab") as late:
        log.rotate()
        log.write(1)
        log.poll()
        late.write(b"late\n")
    log.poll()
    assert log.read == [*log.written, "late"]


@pytest.mark.parametrize("size", [1, 4, 9])
def test_a_rewritten_file_is_read_from_its_start(log: Log, size: int) -> None:
    """Shorter, of the same size or longer: rewriting is noticed, and told."""
    log.write(4)
    log.poll()
    log.path.write_bytes(b"".join(b"%05d\n" % number for number in range(90, 90 + size)))
    log.poll()
    assert log.read == [*log.written, *(f"{number:05d}" for number in range(90, 90 + size))]
    assert log.problems == ["truncated or rewritten: read from its start"]


def test_a_deleted_file_that_is_made_again_is_another_file(log: Log) -> None:
    """Even if it gets the same inode; and it is told, as lines may have been lost."""
    log.write(4)
    log.poll()
    log.path.unlink()
    log.write(6)
    log.poll()
    assert log.read == log.written
    assert len(log.problems) == 1


def test_a_file_that_goes_and_comes_back_is_not_read_twice(log: Log) -> None:
    """Moved away and back, it is known again."""
    log.write(2)
    log.poll()
    log.path.rename(log.root / "aside")
    log.poll()
    (log.root / "aside").rename(log.path)
    log.write(1)
    log.poll()
    assert log.read == log.written
    assert log.problems == []


def test_copying_and_truncating_neither_loses_nor_doubles(log: Log) -> None:
    """What was written between the last look and the copy is read from the copy."""
    log.write(3)
    log.poll()
    log.write(2)
    log.copy_and_truncate()
    log.write(1)
    log.poll()
    assert log.read == log.written


def test_a_mirror_that_replaces_the_file_by_a_longer_copy_is_followed(log: Log) -> None:
    """As rsync does: the new file is known by its content."""
    log.write(3)
    log.poll()
    shutil.copy(log.path, log.root / "copy")
    log.write(2)
    shutil.copy(log.path, log.root / "copy")
    (log.root / "copy").rename(log.path)
    log.poll()
    assert log.read == log.written
    assert log.problems == []


def test_compressed_parts_are_read_before_the_others(log: Log) -> None:
    """A log whose older parts were gzipped is read whole and in order."""
    log.write(2)
    log.compress("")
    log.path.touch()
    log.write(2)
    log.rotate()
    log.write(2)
    log.part(".2.gz").write_bytes(gzip.compress(b"x\n") + gzip.compress(b"y\n"))
    log.poll()
    assert log.read == ["x", "y", *log.written[2:4], *log.written[:2], *log.written[4:]]


def test_a_log_that_is_gzipped_while_followed_is_not_read_again(log: Log) -> None:
    """It is known by its content; what was not read yet is read from it."""
    log.write(300)
    log.poll()
    log.write(2)
    log.compress("")
    log.poll()
    log.write(1)
    log.poll()
    assert log.read == log.written
    assert log.problems == []


def test_a_part_that_is_still_being_compressed_is_waited_for(log: Log) -> None:
    """Half of a gzip file brings no line twice."""
    log.write(3000)
    log.poll()
    data = gzip.compress(log.path.read_bytes())
    for end in (20, len(data) // 2, len(data)):
        log.part(".gz").write_bytes(data[:end])
        log.poll()
    log.path.unlink()
    log.poll()
    assert log.read == log.written


def test_a_cut_compressed_part_gives_what_can_be_read_and_a_problem(log: Log) -> None:
    """The problem is told once."""
    log.write(3000)
    data = gzip.compress(log.path.read_bytes())
    log.path.unlink()
    log.part(".gz").write_bytes(data[: len(data) // 2])
    log.poll()
    log.poll()
    assert 0 < len(log.read) < 3000
    assert log.read == log.written[: len(log.read)]
    assert log.problems == ["compressed and not complete"]


def test_a_compressed_bomb_is_read_up_to_a_limit(log: Log) -> None:
    """What is beyond the limit is told, not read."""
    with mock.patch("logging_core.read.files.MOST_INFLATED", 10_000):
        log.part(".1.gz").write_bytes(gzip.compress(b"0123456789abcde\n" * 10_000))
        log.poll()
    assert len(log.read) == 625
    assert log.problems == ["only its first 0 MiB are read"]


def test_what_is_compressed_is_told_by_content_not_by_name(log: Log) -> None:
    """A `.gz` that is plain text is read as text."""
    log.part(".1.gz").write_bytes(b"plain\n")
    log.path.write_bytes(gzip.compress(b"packed\n"))
    log.poll()
    assert log.read == ["plain", "packed"]


def test_an_unreadable_file_is_one_problem_until_it_can_be_read(log: Log) -> None:
    """The other parts are read meanwhile, and nothing is lost in the end."""
    log.write(1)
    log.rotate()
    log.write(1)
    real = files.open_regular

    def refuse(path: str) -> object:
        if path.endswith(".1"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    with mock.patch.object(tail, "open_regular", refuse):
        log.poll()
        log.poll()
    assert log.read == log.written[1:]
    assert log.problems == ["Permission denied"]
    log.poll()
    assert sorted(log.read) == log.written


def test_an_input_error_keeps_the_place(log: Log) -> None:
    """After a failed read the same bytes are read again."""
    log.write(2)
    with mock.patch("os.pread", side_effect=OSError(5, "Input/output error")):
        log.poll()
    log.poll()
    assert log.read == log.written
    assert log.problems == ["Input/output error"]


def test_a_listing_that_a_rename_overtook_is_made_again(log: Log) -> None:
    """A file renamed between listing and opening is read under its new name, in order."""
    log.write(2)
    log.poll()
    log.write(2)
    stale = list_parts(log.root)
    log.rotate()
    log.write(2)
    turn = log.tail.poll(stale, partial(list_parts, log.root))
    found = [line.data.decode() for _, items in turn.items for line in items]
    assert found == log.written[2:]
    assert turn.problems == []


# --- beginnings ------------------------------------------------------------------


def test_history_begins_at_a_line_near_the_end(tmp_path: Path) -> None:
    """Only so many bytes are read at the first look, from a line's beginning on."""
    log = Log(tmp_path, history=20)
    log.write(100)
    log.poll()
    assert log.read == log.written[-3:]
    log.write(1)
    log.poll()
    assert log.read == log.written[-4:]


def test_history_reaches_into_rotated_parts(tmp_path: Path) -> None:
    """A log that was rotated a moment ago still has a past."""
    log = Log(tmp_path, history=24)
    log.write(10)
    log.rotate()
    log.write(2)
    log.part(".2.gz").write_bytes(gzip.compress(b"old\n"))
    log.poll()
    assert log.read == log.written[-4:]
    log.rotate()
    log.write(1)
    log.poll()
    assert log.read == log.written[-5:]


def test_what_history_left_out_stays_out_after_a_restart(tmp_path: Path) -> None:
    """A reader that goes on does not fetch what the first one did not want."""
    log = Log(tmp_path, history=12)
    log.write(10)
    log.rotate()
    log.write(5)
    log.part(".2.gz").write_bytes(gzip.compress(b"old\n"))
    log.poll()
    log.restart()
    log.write(1)
    log.rotate()
    log.write(1)
    log.poll()
    assert log.read == log.written[-4:]


def read_all(root: Path, group: str) -> list[Line]:
    """Every line of a log, by a new tail."""
    found: list[Line] = []
    new = LogTail(root, LineSplitter)
    while True:
        turn = new.poll(Sweep(root).parts(group), lambda: Sweep(root).parts(group))
        for _, items in turn.items:
            found += items
        if turn.drained:
            return found


def test_no_descriptor_stays_open(log: Log) -> None:
    """Thousands of logs can be followed with a handful of descriptors."""
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    log.write(3)
    log.poll()
    log.rotate()
    log.poll()
    assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize("kind", ["fifo", "link", "directory"])
def test_what_is_no_regular_file_is_never_opened(tmp_path: Path, kind: str) -> None:
    """A pipe does not make the reader hang, and a link does not lead it out of the tree."""
    path = tmp_path / "orchestrator.log"
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "link":
            path.symlink_to(secret)
        case "directory":
            path.mkdir()
    assert Sweep(tmp_path).parts("orchestrator.log") == ()
    status = secret.stat()
    fake = Part(
        "orchestrator.log",
        mock.Mock(generation=0),
        status.st_dev,
        status.st_ino,
        7,
        status.st_mtime_ns,
    )
    turn = LogTail(tmp_path, LineSplitter).poll([fake], lambda: [fake])
    assert turn.items == []
    assert turn.failed

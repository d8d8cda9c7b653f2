from __future__ import annotations

import gzip
import os
from pathlib import Path
from unittest import mock

import pytest

from logging_core.read import lines, tail
from logging_core.read.files import Part
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.listing import parts_of
from logging_core.read.tail import LogTail
from tailed import Log, small_turns


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


# --- one file --------------------------------------------------------------------


@pytest.mark.fault("R01", "R02")
def test_a_line_is_handed_out_once_and_when_it_is_whole(log: Log) -> None:
    """A line without its newline waits, however many pieces it comes in."""
    for piece in "12345\n":
        log.append(piece)
        assert log.read == []
        log.poll()
    assert log.read == ["12345"]
    log.poll()
    assert log.read == ["12345"]


@pytest.mark.fault("R01")
@pytest.mark.parametrize("size", [5, 200])
def test_a_line_without_an_end_comes_once_its_file_is_put_aside(tmp_path: Path, size: int) -> None:
    """Before, it may be still being written; after, it is said to be torn, however long it is."""
    with small_turns():
        log = Log(tmp_path)
        log.write(1)
        log.append("x" * size)
        log.poll()
        assert log.read == log.written
        log.rotate()
        log.write(1)
        log.poll()
        assert [line.torn for line in log.lines] == [False, True, False]
        assert (log.lines[1].data, log.lines[1].size) == (b"x" * min(size, 64), size)


@pytest.mark.fault("R03", "R11")
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


@pytest.mark.fault("R06")
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


@pytest.mark.fault("R07")
def test_a_giant_line_that_arrives_slowly_is_read_once(log: Log) -> None:
    """Its beginning is not read again and again once it is too long."""
    with small_turns():
        for _ in range(100):
            log.append("x" * 50)
            log.poll()
        log.append("\nend\n")
        log.poll()
    assert log.read == ["x" * 64, "end"]


@pytest.mark.fault("R05")
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


@pytest.mark.fault("R60")
def test_a_change_that_puts_the_clock_back_is_seen(log: Log) -> None:
    """Any difference of size or time counts, not only a later time."""
    log.write()
    log.poll()
    log.write()
    os.utime(log.path, (1, 1))
    log.poll()
    assert log.read == log.written


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


@pytest.mark.parametrize("size", [21, 160, 5_000])
def test_history_has_the_last_line_however_long_it_is(tmp_path: Path, size: int) -> None:
    """Also where it alone is longer than the history; it is read once."""
    log = Log(tmp_path, history=20)
    log.write(100)
    log.write(size=size)
    log.poll()
    assert log.read[-1] == log.written[-1]
    log.write()
    log.poll()
    assert log.read[-2:] == log.written[-2:]
    assert len(log.read) == len(set(log.read))


def test_no_history_is_none_at_all(tmp_path: Path) -> None:
    """Who asks for nothing of what is there gets only what comes."""
    log = Log(tmp_path, history=0)
    log.write(3)
    log.poll()
    assert log.read == []
    log.write(2)
    log.poll()
    assert log.read == log.written[-2:]


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
        turn = new.poll(parts_of(root, group), lambda: parts_of(root, group))
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


@pytest.mark.fault("R40")
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
    assert parts_of(tmp_path, "orchestrator.log") == ()
    status = secret.stat()
    fake = Part(
        "orchestrator.log",
        mock.Mock(generation=0),
        status.st_dev,
        status.st_ino,
        7,
        status.st_mtime_ns,
        status.st_mode,
    )
    turn = LogTail(tmp_path, LineSplitter).poll([fake], lambda: [fake])
    assert turn.items == []
    assert turn.failed

from __future__ import annotations

import gzip
import os
import shutil
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from logging_core.read import files, tail
from tailed import BACKUPS, GROUP, Log, list_parts


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


# --- what happens to files -------------------------------------------------------


@pytest.mark.fault("R30", "R31")
@pytest.mark.parametrize("rotations", [1, BACKUPS])
def test_a_renamed_file_is_read_to_its_end_before_the_new_one(log: Log, rotations: int) -> None:
    """Nothing is lost or doubled by as many as there are backups; the order is that of writing."""
    log.write(3)
    log.poll()
    for _ in range(rotations):
        log.write(2)
        log.rotate()
    log.write(1)
    log.poll()
    assert log.read == log.written
    assert log.problems == []


@pytest.mark.fault("R32")
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


@pytest.mark.fault("R33")
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


@pytest.mark.fault("R35")
@pytest.mark.parametrize("size", [1, 4, 9])
def test_a_rewritten_file_is_read_from_its_start(log: Log, size: int) -> None:
    """Shorter, of the same size or longer: rewriting is noticed, and told."""
    log.write(4)
    log.poll()
    log.path.write_bytes(b"".join(b"%05d\n" % number for number in range(90, 90 + size)))
    log.poll()
    assert log.read == [*log.written, *(f"{number:05d}" for number in range(90, 90 + size))]
    assert log.problems == ["truncated or rewritten: read from its start"]


@pytest.mark.fault("R36")
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


@pytest.mark.fault("R34")
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


@pytest.mark.fault("R65")
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


@pytest.mark.fault("R65")
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


@pytest.mark.fault("R65")
def test_a_compressed_bomb_is_read_up_to_a_limit(log: Log) -> None:
    """What is beyond the limit is told, not read."""
    with mock.patch("logging_core.read.forward.MAX_INFLATED", 10_000):
        log.part(".1.gz").write_bytes(gzip.compress(b"0123456789abcde\n" * 10_000))
        log.poll()
    assert len(log.read) == 625
    assert log.problems == ["only its first 0 MiB are read"]


@pytest.mark.fault("R41", "R65")
def test_a_compressed_part_without_an_end_is_read_as_far_as_its_size(log: Log) -> None:
    """Members that are appended while it is read wait for a later look."""
    member, real = gzip.compress(b""), os.pread
    size = log.part(".1.gz").write_bytes(gzip.compress(b"packed\n"))

    def endless(fd: int, count: int, offset: int) -> bytes:
        data = real(fd, count, offset)
        begun = max(0, offset - size) % len(member)
        return data + (member * count)[begun : begun + count - len(data)]

    with mock.patch("os.pread", endless):
        log.poll()
    assert log.read == ["packed"]
    assert log.problems == []


@pytest.mark.fault("R65")
def test_a_compressed_part_of_nothing_but_packing_is_read_up_to_a_limit(log: Log) -> None:
    """The limit holds for what is read of the file, not only for what is in it."""
    packed = gzip.compress(b"packed\n")
    log.part(".1.gz").write_bytes(packed + gzip.compress(b"") * 100_000)
    with (
        mock.patch("logging_core.read.forward.MAX_INFLATED", 10_000),
        mock.patch("os.pread", side_effect=os.pread) as pread,
    ):
        log.poll()
    assert sum(call.args[1] for call in pread.call_args_list) < 20_000
    assert log.read == ["packed"]
    assert log.problems == ["only its first 0 MiB are read"]


@pytest.mark.fault("R65")
def test_what_is_compressed_is_told_by_content_not_by_name(log: Log) -> None:
    """A `.gz` that is plain text is read as text."""
    log.part(".1.gz").write_bytes(b"plain\n")
    log.path.write_bytes(gzip.compress(b"packed\n"))
    log.poll()
    assert log.read == ["plain", "packed"]


@pytest.mark.fault("R43")
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


@pytest.mark.fault("R47")
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


@pytest.mark.fault("R38")
def test_a_second_name_of_a_file_does_not_double_it(log: Log) -> None:
    """A hard link is the same file."""
    log.write(2)
    log.part(".1").hardlink_to(log.path)
    log.poll()
    log.write(1)
    log.poll()
    log.poll()
    assert log.read == log.written
    assert log.problems == []
    assert log.links == [(f"{GROUP}.1", GROUP)]


@pytest.mark.fault("R38")
@pytest.mark.parametrize("written", [0, 1], ids=["gone", "another file"])
def test_a_file_that_is_renamed_while_it_is_listed_has_no_second_name(
    log: Log, written: int
) -> None:
    """It is in such a listing twice; both would be its names afterwards if it had a second one."""
    log.write(2)
    parts = list_parts(log.root)
    log.rotate()
    log.write(written)
    both = (*list_parts(log.root), *parts)
    assert log.tail.poll(both, lambda: both, 1 << 20).links == []


@pytest.mark.fault("R66")
def test_a_file_that_is_cut_while_it_is_open_is_looked_at_again(log: Log) -> None:
    """The reader does not wait for bytes that were there a moment ago."""
    log.write(4)
    log.poll()
    log.write(1)
    real, end = os.pread, log.path.stat().st_size - 6

    def cut(fd: int, size: int, offset: int) -> bytes:
        return real(fd, size, offset) if offset < end else b""

    with mock.patch("os.pread", cut):
        log.poll()
    assert log.read == log.written[:4]
    log.poll()
    assert log.read == log.written


def test_a_new_log_with_the_inode_of_a_part_that_was_left_out_is_read(tmp_path: Path) -> None:
    """That nothing was wanted of a deleted file says nothing of the one made after it."""
    log = Log(tmp_path, history=0)
    log.part(".gz").write_bytes(gzip.compress(b"x\n"))
    log.poll()
    assert log.read == []
    log.remove(".gz")
    log.write(2)
    log.poll()
    assert log.read == log.written

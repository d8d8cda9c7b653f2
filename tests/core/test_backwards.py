"""Reading from the end: giant lines, holes, bombs and rotations cost a bounded amount."""

from __future__ import annotations

import gzip
import json
import logging
import os
import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from builders import TreeBuilder
from faults import as_nobody, as_root, reachable_by_nobody
from logging_core.read import backwards, files, gzipped, part_bytes, raw
from logging_core.read.backwards import newest_lines
from logging_core.read.events import newest_events
from logging_core.read.lines import LIMIT, Line
from logging_core.read.listing import parts_of
from logging_core.read.messages import MessagePages
from logging_core.read.part_bytes import PartBytes
from logging_core.read.raw import read_audit, read_tail_lines
from logging_core.records import Message
from logging_core.tree import LogTree
from reading import ids

LOG = "instances/a/instance.log"
SAID = "instances/a/communication.jsonl"


@pytest.fixture
def where(tree: TreeBuilder) -> LogTree:
    return LogTree(tree.root)


def backwards_of(root: Path, relative: str) -> list[Line]:
    """All lines of a log of one part."""
    relist = partial(parts_of, root, relative)
    (part,) = relist()
    return list(newest_lines(PartBytes(root, part, relist)))


@contextmanager
def memory_below(size: int) -> Iterator[None]:
    """What is done inside never holds so many bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


# --- lines and holes ---------------------------------------------------------------


@pytest.mark.fault("R01", "R08")
@pytest.mark.parametrize("block", [1, 3, 64, 64 << 10])
def test_lines_backwards_are_lines_forwards(tree: TreeBuilder, block: int) -> None:
    """With their places and sizes, however they lie in the blocks that are read."""
    chance = random.Random(block)
    lines = [b"x" * chance.choice([0, 1, 2, 7, 90]) for _ in range(200)]
    for last in (b"", b"\n", b"open"):
        path = tree.root / LOG
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\n".join(lines) + last)
        expected, offset = [], 0
        for data in path.read_bytes().split(b"\n"):
            expected.append(Line(offset, data, len(data)))
            offset += len(data) + 1
        end = expected.pop()
        if end.data:
            expected.append(end._replace(torn=True))
        with mock.patch.object(backwards, "_BLOCK", block):
            assert backwards_of(tree.root, LOG) == expected[::-1]


@pytest.mark.fault("R06")
@pytest.mark.parametrize("number", [1, 9])
def test_of_a_giant_line_its_beginning_and_its_size_are_known(
    tree: TreeBuilder, where: LogTree, number: int
) -> None:
    """Memory does not hold the rest; the lines around it are whole."""
    size = number * LIMIT + 77
    tree.line(LOG, b"before\n" + b"abc" + b"x" * (size - 3) + b"\nafter\n")
    with memory_below(4 * LIMIT):
        after, giant, before = backwards_of(tree.root, LOG)
    assert (after.data, before.data, giant.offset) == (b"after", b"before", 7)
    assert (giant.size, len(giant.data), giant.data[:4]) == (size, LIMIT, b"abcx")
    texts = read_tail_lines(where, "a", "instance", 2)
    assert texts[1] == "after"
    assert texts[0].endswith(f"xx … [cut: {size:,} bytes]")


@pytest.mark.fault("R05")
def test_a_file_made_longer_by_a_terabyte_costs_nothing(tree: TreeBuilder, where: LogTree) -> None:
    """What was never written is not read, by whichever way; no line is made up of it."""
    tree.send("a", "m1", at=1)
    tree.audit("x", "a", {}, at=1)
    for path in (tree.root / SAID, tree.root / "audit/audit_20261123.jsonl"):
        os.truncate(path, 1 << 40)
    (line,) = read_tail_lines(where, "a", "communication", 100)
    assert json.loads(line)["message_id"] == "m1"
    assert len(read_audit(where, None, 9)) == 1
    assert len(newest_events(tree.root, lambda _: True, 9)[0]) == 1
    pages = MessagePages(tree.root)
    assert ids(pages.older(9)) == ["m1"]
    pages.start_before(tree.epoch(2))
    assert ids(pages.older(9)) == ["m1"]
    pages.start_before(tree.epoch(1))
    assert ids(pages.older(9)) == []


@pytest.mark.fault("R05")
@pytest.mark.parametrize("hole", [100_000, 1 << 20, 1 << 34])
def test_what_is_written_after_a_hole_is_read(tree: TreeBuilder, where: LogTree, hole: int) -> None:
    """As where a file was cut to nothing under a writer that did not notice."""
    for number in range(3):
        tree.send("a", f"m{number}", at=number)
        os.truncate(tree.root / SAID, (tree.root / SAID).stat().st_size + hole)
    tree.send("a", "m3", at=3)
    lines = read_tail_lines(where, "a", "communication", 0)
    assert [json.loads(line)["message_id"] for line in lines] == ["m0", "m1", "m2", "m3"]
    pages = MessagePages(tree.root)
    assert ids(pages.older(9)) == ["m0", "m1", "m2", "m3"]
    pages.start_before(tree.epoch(2))
    assert ids(pages.older(9)) == ["m0", "m1"]


def test_where_holes_cannot_be_asked_for_they_are_read(
    tree: TreeBuilder, where: LogTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that knows none gives the same lines."""

    def refuse(*_: int) -> int:
        raise OSError(22, "Invalid argument")

    tree.line(LOG, b"first\n")
    os.truncate(tree.root / LOG, 1 << 20)
    tree.line(LOG, b"last\n")
    monkeypatch.setattr(os, "lseek", refuse)
    assert read_tail_lines(where, "a", "instance", 0) == ["first", "last"]


# --- compressed parts --------------------------------------------------------------


def test_a_compressed_part_is_read_backwards_window_by_window(
    tree: TreeBuilder, where: LogTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little of it is held, its lines are all there, once and in order."""
    monkeypatch.setattr(part_bytes, "_WINDOW", 64 << 10)
    lines = [f"line {number} {'x' * (number % 90)}" for number in range(9000)]
    tree.line(f"{LOG}.1.gz", gzip.compress("\n".join([*lines, ""]).encode()))
    assert read_tail_lines(where, "a", "instance", 0) == lines
    assert read_tail_lines(where, "a", "instance", 40) == lines[-40:]


@pytest.fixture
def bomb(tree: TreeBuilder) -> TreeBuilder:
    """A small file with more blank records in it than may be read."""
    data = gzip.compress(b"{}\n" * (gzipped.MAX_INFLATED // 3 + 1_000_000), 1)
    tree.line(f"{SAID}.gz", data)
    assert len(data) < 1 << 20
    return tree


@pytest.mark.fault("R65")
def test_a_bomb_does_not_blow_up_old_messages(bomb: TreeBuilder) -> None:
    """A page of it comes at once, and it is told that there is more."""
    bomb.send("b", "m1", at=1)
    pages = MessagePages(bomb.root)
    with memory_below(32 << 20):
        assert len(pages.older(5)) == 5
    (problem,) = pages.problems
    assert (problem.path, problem.reason) == (f"{SAID}.gz", "only its first 64 MiB are read")


@pytest.mark.fault("R65")
def test_a_bomb_does_not_blow_up_a_query(
    bomb: TreeBuilder, where: LogTree, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """All lines are as many as there is memory for, and a warning says so."""
    monkeypatch.setattr(raw, "_MAX_HELD", 1 << 20)
    bomb.send("a", "m1")
    with memory_below(32 << 20), caplog.at_level(logging.WARNING):
        lines = read_tail_lines(where, "a", "communication", 0)
    assert json.loads(lines[-1])["message_id"] == "m1"
    assert set(lines[:-1]) == {"{}"}
    assert 10_000 < len(lines) < 20_000
    (record,) = caplog.records
    assert "only the last are read" in record.getMessage()


@pytest.mark.fault("R65")
def test_half_a_compressed_file_is_read_as_far_as_it_goes(
    tree: TreeBuilder, where: LogTree, caplog: Any
) -> None:
    """And it is told that this is not everything."""
    chance = random.Random(1)
    lines = [f"line {chance.random()}" for _ in range(10_000)]
    packed = gzip.compress("\n".join([*lines, ""]).encode())
    tree.line(f"{LOG}.1.gz", packed[: len(packed) // 2])
    with caplog.at_level(logging.WARNING):
        read = read_tail_lines(where, "a", "instance", 0)
    assert 1000 < len(read) < 9000
    assert read == lines[: len(read)]
    assert "not complete" in caplog.text


# --- rotations ---------------------------------------------------------------------


class Rotating:
    """Rotates a log whenever one of its files is about to be opened.

    Args:
        live: Its live file.
        backups: How many older ones are kept.
        times: How often it does.
    """

    def __init__(self, live: Path, backups: int, times: int) -> None:
        self.live, self.backups, self.left = live, backups, times
        self._real = files.open_regular

    def __call__(self, path: str) -> Any:
        if self.left:
            self.left -= 1
            names = [self.live, *(Path(f"{self.live}.{n}") for n in range(1, self.backups + 1))]
            for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
                if newer.exists():
                    newer.rename(older)
            self.live.write_bytes(b"later\n")
        return self._real(path)


@pytest.mark.fault("R30", "R31")
@pytest.mark.parametrize("times", [1, 3, 5])
def test_rotations_during_the_query_lose_nothing(
    tree: TreeBuilder, where: LogTree, times: int
) -> None:
    """Each file is read under the name that it has by then, as it was when it was listed."""
    tree.line(f"{LOG}.1", b"1\n")
    tree.line(LOG, b"2\n")
    with mock.patch.object(part_bytes, "open_regular", Rotating(tree.root / LOG, 9, times)):
        assert read_tail_lines(where, "a", "instance", 0) == ["1", "2"]


def audit_of(root: Path) -> list[Callable[[], int]]:
    """The ways to ask for the audit trail; each counts its entries."""
    return [
        lambda: len(read_audit(LogTree(root), None, 9)),
        lambda: len(newest_events(root, lambda _: True, 9)[0]),
    ]


@pytest.mark.fault("R30")
@pytest.mark.parametrize("way", [0, 1])
def test_an_audit_file_that_is_renamed_is_read_on(tree: TreeBuilder, way: int) -> None:
    """As at midnight, when old writers rename it."""
    tree.audit("x", "a", {})
    path = tree.root / "audit/audit_20261123.jsonl"
    renamed = path.with_name(f"{path.name}.2026-11-23")
    real = files.open_regular

    def rename(name: str) -> Any:
        if path.exists():
            path.rename(renamed)
        return real(name)

    with mock.patch.object(part_bytes, "open_regular", rename):
        assert audit_of(tree.root)[way]() == 1


@pytest.mark.fault("R43")
@pytest.mark.parametrize("way", [0, 1])
def test_a_day_that_cannot_be_read_does_not_hide_the_others(
    tree: TreeBuilder, way: int, caplog: Any
) -> None:
    """It is left out; the query API says so in a warning."""
    for day in range(3):
        tree.audit("x", "a", {}, at=day * 86_400)
    closed = tree.root / "audit/audit_20261124.jsonl"
    reachable_by_nobody(closed)
    closed.chmod(0)
    with as_nobody(tree.root), caplog.at_level(logging.WARNING):
        assert audit_of(tree.root)[way]() == 2
        with as_root():
            closed.chmod(0o644)
        assert audit_of(tree.root)[way]() == 3
    warnings = [record.getMessage() for record in caplog.records]
    told = "not all of audit/audit_20261124.jsonl is read: Permission denied"
    assert warnings == ([told] if way == 0 else [])


@pytest.mark.fault("R43")
def test_a_log_that_cannot_be_read_is_an_error(tree: TreeBuilder, where: LogTree) -> None:
    """One that seems to have no lines would be a lie."""
    tree.line(LOG, b"1\n")
    (tree.root / LOG).chmod(0)
    with as_nobody(tree.root), pytest.raises(PermissionError):
        read_tail_lines(where, "a", "instance", 0)


# --- messages without a time, and long ones ----------------------------------------


@pytest.mark.fault("R06")
def test_messages_of_long_lines_are_found_by_time(tree: TreeBuilder) -> None:
    """The search reads a few places of the file, not all of it."""
    for number in range(200):
        tree.send("a", f"m{number}", "x" * 40_000, at=number * 1000)
    read = 0
    real = os.pread

    def counted(fd: int, size: int, offset: int) -> bytes:
        nonlocal read
        read += size
        return real(fd, size, offset)

    with mock.patch.object(os, "pread", counted):
        pages = MessagePages(tree.root)
        pages.start_before(tree.epoch(50_000))
        assert ids(pages.older(2)) == ["m48", "m49"]
    assert read < (tree.root / SAID).stat().st_size / 2


def test_many_messages_without_a_time_do_not_wait_for_one_with(tree: TreeBuilder) -> None:
    """They come behind the one after them, as many as there are, and none is lost."""
    for number in range(10):
        tree.send("a", f"m{number}", at=number)
    for number in range(3000):
        tree.json(SAID, {"event_type": "message_sent", "message_id": f"n{number}"})
    tree.send("a", "last", at=20)
    pages = MessagePages(tree.root)
    found: list[Message] = []
    while page := pages.older(500):
        found[:0] = page
    expected = [*(f"m{n}" for n in range(10)), *(f"n{n}" for n in range(3000)), "last"]
    assert ids(found) == expected

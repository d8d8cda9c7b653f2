"""Compressed parts: read a little at a time, each byte inflated once, in little memory."""

from __future__ import annotations

import gzip
import os
import random
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from logging_core.read import forward
from logging_core.read.files import open_regular
from logging_core.read.forward import ForwardSource
from logging_core.read.gzipped import Inflater
from tailed import Log

LINES = 4_000
SIZE = LINES * 1_001  # bytes: several turns


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many bytes each step inflates."""
    sizes: list[int] = []
    step = Inflater.step

    def counting(self: Inflater, fd: int) -> bytes:
        chunk = step(self, fd)
        sizes.append(len(chunk))
        return chunk

    with mock.patch.object(Inflater, "step", counting):
        yield sizes


@pytest.fixture
def log(tmp_path: Path) -> Log:
    log = Log(tmp_path)
    log.write(LINES, size=1_000)
    return log


def test_each_byte_of_a_compressed_part_is_inflated_once(log: Log) -> None:
    """However many looks it takes to read it."""
    log.compress("")
    with counted() as sizes:
        log.poll()
    assert log.read == log.written
    assert sum(sizes) == SIZE


def test_a_part_that_appears_later_is_gone_through_once_more(log: Log) -> None:
    """First it is seen whether it is whole; what was read before it was compressed is passed."""
    log.path.rename(log.root / "whole")
    log.path.touch()
    log.poll()
    with gzip.open(log.part(".1.gz"), "wb") as file:
        file.write((log.root / "whole").read_bytes())
    with counted() as sizes:
        log.poll()
    assert log.read == log.written
    assert sum(sizes) == 2 * SIZE


def test_a_restart_inflates_what_was_read_once_more(log: Log) -> None:
    """Where to go on is found by going through what is before it."""
    log.compress("")
    log.look()
    log.restart()
    with counted() as sizes:
        log.poll()
    assert log.read == log.written
    assert sum(sizes) == SIZE


def test_only_so_many_parts_are_kept_between_looks(log: Log) -> None:
    """One more is read all the same, from its start each time."""
    log.compress("")
    with counted() as sizes, mock.patch.object(forward, "MAX_KEPT", 0):
        log.poll()
    assert log.read == log.written
    assert sum(sizes) > 2 * SIZE


def test_a_large_part_takes_little_memory(tmp_path: Path) -> None:
    """A few times what is read at a time, however much there is in it."""
    log = Log(tmp_path)
    log.part(".1.gz").write_bytes(gzip.compress((b"x" * 1_000 + b"\n") * 30_000))
    tracemalloc.start()
    try:
        log.look()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 4 << 20  # the lines of one look, above all
    assert peak < 10 << 20


def test_a_part_that_changes_while_it_is_read_is_looked_at_anew(log: Log) -> None:
    """Nothing of another file is mixed into it."""
    log.compress("")
    log.look()
    log.part(".gz").write_bytes(gzip.compress(b"other\n"))
    log.poll()
    assert log.read[-1] == "other"
    assert log.read[:-1] == log.written[: len(log.read) - 1]
    assert log.problems == ["truncated or rewritten: read from its start"]


def test_any_bytes_can_be_read_in_any_order(tmp_path: Path) -> None:
    """Forward, backward, kept or not: always those of the content."""
    dice = random.Random(7)
    content = dice.randbytes(400_000)
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(content[:150_000]) + gzip.compress(content[150_000:]))
    kept: ForwardSource | None = None
    for _ in range(200):
        with open_regular(os.fspath(path)) as fd:
            source = forward.source_on(fd, kept)
            assert isinstance(source, ForwardSource)
            offset, size = dice.randrange(len(content)), dice.choice([1, 256, 70_000])
            assert source.read(size, offset) == content[offset : offset + size]
            assert source.reaches(offset + size) == (offset + size <= len(content))
            kept = source if source.keep(offset) else None
            assert source.find_trouble() is None

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import example, find, given, settings
from hypothesis import strategies as st

from tailed import BACKUPS, Log, PaneLog, small_frame_turns, small_turns

STEPS = st.sampled_from(
    ["write", "write", "long", "write_torn", "rotate", "poll", "poll", "restart", "compress"]
)
CUTS = st.sampled_from(["truncate", "copy_and_truncate", "recreate"])
NUMBERS = [
    "".join(numbers)
    for count in range(1, BACKUPS + 1)
    for numbers in permutations("123"[:BACKUPS], count)
]
PACKING = st.sampled_from(
    ["write", "long", "fill", "fill", "rotate", "poll", "look", "restart", "delete 1", "delete 2"]
) | st.sampled_from([f"gzip {numbers}" for numbers in NUMBERS])


LOOK_FIRST = {"compress", "truncate", "copy_and_truncate", "recreate", "delete", "fill"}


def run(log: Log, steps: Sequence[str]) -> None:
    """Run a program. There are no more rotations between two looks than backups."""
    rotations = 0
    for whole in steps:
        step, _, numbers = whole.partition(" ")
        if step in LOOK_FIRST or (step == "rotate" and rotations == BACKUPS):
            log.poll()
        if step == "long":
            log.write(2, size=40)
        elif step == "fill":
            for _ in range(BACKUPS):
                log.write(1, size=9)
                log.rotate()
            log.poll()
        elif step in {"gzip", "delete"}:
            act = log.compress if step == "gzip" else log.remove
            for number in numbers:
                act(f".{number}")
        else:
            getattr(log, step)()
        rotations = rotations % BACKUPS + 1 if step == "rotate" else rotations
    log.write(1)
    log.poll()


@pytest.mark.fault("R30", "R31")
@pytest.mark.timeout(240)  # thousands of programs, on a machine that may be slow
@given(st.lists(STEPS, max_size=25))
@settings(max_examples=2000, deadline=None)
def test_no_program_of_writes_and_rotations_loses_or_doubles_a_line(steps: list[str]) -> None:
    """Whatever is written, rotated and compressed between looks: exactly that is read, in order."""
    with tempfile.TemporaryDirectory() as root, small_turns():
        log = Log(Path(root))
        run(log, steps)
        assert log.read == log.written
        assert log.problems == []


@pytest.mark.fault("R32", "R34")
@given(st.lists(STEPS | CUTS, max_size=25))
@settings(max_examples=500, deadline=None)
def test_truncating_loses_nothing_that_was_there_at_a_look(steps: list[str]) -> None:
    """Every whole line that a look could see is read, none is made up, and no loss is silent."""
    with tempfile.TemporaryDirectory() as root:
        log = Log(Path(root))
        run(log, steps)
        assert set(log.written) <= set(log.read)
        assert set(log.read) <= set(log.written)
        assert log.problems or len(log.read) == len(log.written)


@pytest.mark.fault("R30", "R65")
@pytest.mark.timeout(240)
@given(st.lists(PACKING, max_size=25))
@settings(max_examples=400, deadline=None)
def test_no_program_of_compressions_loses_or_doubles_a_line(steps: list[str]) -> None:
    """However many parts are compressed at once, in any order: each record is read once."""
    with tempfile.TemporaryDirectory() as root, small_turns():
        log = Log(Path(root))
        run(log, steps)
        assert log.read == log.written


@pytest.mark.fault("R30", "R65")
@pytest.mark.timeout(240)
@given(st.lists(PACKING, max_size=25))
@example(["fill", "gzip 12", "look", "restart", "restart"])
@settings(max_examples=400, deadline=None)
def test_no_program_of_compressions_loses_or_doubles_a_capture(steps: list[str]) -> None:
    """The same of captures."""
    with tempfile.TemporaryDirectory() as root, small_frame_turns():
        log = PaneLog(Path(root))
        run(log, steps)
        assert log.read == log.written


@pytest.mark.fault("R30", "R65")
@pytest.mark.timeout(240)
@given(st.lists(PACKING, max_size=12), st.lists(PACKING, max_size=12), st.sampled_from([0, 40]))
@example(["fill", "gzip 1"], ["gzip 2", "fill", "gzip 1", "long", "look", "restart"], 0)
@example(["fill", "write", "gzip 1"], ["fill", "write", "gzip 31", "rotate", "gzip 31"], 0)
@settings(max_examples=400, deadline=None)
def test_what_was_left_out_at_the_start_does_not_come_with_a_compression(
    before: list[str], after: list[str], history: int
) -> None:
    """Of a log that is read from its end on, nothing older is read later, and nothing twice."""
    with tempfile.TemporaryDirectory() as root, small_turns():
        log = Log(Path(root))
        run(log, before)
        old, log.read, log.tail = len(log.written), [], log.make(history)
        log.poll()
        assert (begun := len(log.read)) <= old
        run(log, after)
        assert log.read[begun:] == log.written[old:]


class NaiveLog(Log):
    """Reads by name and offset, as a tail should not."""

    offset = 0

    def poll(self) -> None:
        if not self.path.exists():
            return
        if self.path.stat().st_size < self.offset:
            self.offset = 0
        whole = self.path.read_bytes()[self.offset :].rpartition(b"\n")[0]
        if whole:
            self.read += whole.decode().split("\n")
            self.offset += len(whole) + 1


def test_the_programs_find_a_tail_that_reads_by_name() -> None:
    """A tail that does not look for renamed files fails the test above before long."""

    def fails(steps: list[str]) -> bool:
        with tempfile.TemporaryDirectory() as root:
            log = NaiveLog(Path(root))
            run(log, steps)
            return log.read != log.written

    assert "rotate" in find(st.lists(STEPS, max_size=25), fails)

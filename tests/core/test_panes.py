from __future__ import annotations

import gzip
import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import RULE, TreeBuilder
from logging_core.anomalies import AnomalyKind
from logging_core.codec import pane as codec
from logging_core.read import density, frame_search
from logging_core.read.frames import read_frame
from logging_core.read.panes import PaneFile
from logging_core.read.reader import TreeReader
from logging_core.records import FrameRef
from reading import only, records

CAPTURES = "instances/a/tmux_output.log"


def indexed(root: Path) -> list[FrameRef]:
    """All frames as a reader of the whole file finds them; only the newest has a tail."""
    return only(FrameRef, records(TreeReader(root)))


@contextmanager
def small_blocks(size: int) -> Iterator[None]:
    with (
        mock.patch.object(frame_search, "BLOCK", size),
        mock.patch.object(frame_search, "_PROBE", size // 2),
    ):
        yield


@pytest.fixture
def pane(tree: TreeBuilder) -> PaneFile:
    return PaneFile(tree.root, "a")


def times(frames: list[FrameRef]) -> list[float]:
    return [round((frame.time_s or 0) - TreeBuilder.epoch(0), 3) for frame in frames]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900)), min_size=1, max_size=30),
    st.sampled_from([64, 200, 1000, 1 << 18]),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_frames_are_those_of_the_whole_file(
    frames: list[tuple[int, int]], block: int, data: st.DataObject
) -> None:
    """Whatever the sizes: newest, before, after and at agree with an index of everything."""
    with tempfile.TemporaryDirectory() as root, small_blocks(block):
        tree, at = TreeBuilder(Path(root)), 0
        for pause, size in frames:
            at += pause
            tree.frame("a", "x" * size, at=at)
        pane, whole = PaneFile(tree.root, "a"), indexed(tree.root)
        count = data.draw(st.integers(1, len(whole) + 2))
        number = data.draw(st.integers(0, len(whole) - 1))
        assert pane.newest(count) == whole[-count:]
        assert pane.before(whole[number], count) == whole[max(0, number - count) : number]
        assert pane.after(whole[number], count) == whole[number + 1 : number + 1 + count]
        moment = tree.epoch(data.draw(st.integers(-1, at + 1)))
        known = bisect_right([frame.time_s or 0 for frame in whole], moment)
        assert pane.at(moment) == (whole[known - 1] if known else None)
        assert pane.span() == (whole[0].time_s, whole[-1].time_s)


def test_a_pane_without_captures_has_nothing(tree: TreeBuilder, pane: PaneFile) -> None:
    """Neither has one whose file is empty."""
    for _ in range(2):
        assert (pane.newest(5), pane.at(0), pane.span()) == ([], None, None)
        assert pane.density(3) == [0, 0, 0]
        tree.line(CAPTURES, b"")


def test_every_frame_can_be_read(tree: TreeBuilder, pane: PaneFile) -> None:
    """Its text is checked against its digest, as that of any other frame."""
    for number in range(5):
        tree.frame("a", f"pane {number}", at=number)
    found = [*pane.newest(2), *pane.before(pane.newest(1)[0], 9), pane.at(tree.epoch(2.5))]
    texts = [read_frame(tree.root, ref) for ref in found if ref is not None]
    assert texts == [f"pane {number}" for number in (3, 4, 0, 1, 2, 3, 2)]


def test_frames_go_on_across_parts(tree: TreeBuilder, pane: PaneFile) -> None:
    """A compressed or rotated capture file is the earlier part of the same pane."""
    for number in range(4):
        tree.frame("a", f"pane {number}", at=number)
    path = tree.root / CAPTURES
    (tree.root / f"{CAPTURES}.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    for number in range(4, 7):
        tree.frame("a", f"pane {number}", at=number)
    assert times(pane.newest(9)) == [0, 1, 2, 3, 4, 5, 6]
    assert times(pane.before(pane.newest(2)[0], 3)) == [2, 3, 4]
    early = pane.at(tree.epoch(2))
    assert early is not None
    assert early.path.endswith(".gz")
    assert times(pane.after(early, 3)) == [3, 4, 5]
    assert read_frame(tree.root, early) == "pane 2"
    assert pane.span() == (tree.epoch(0), tree.epoch(6))


def test_a_frame_of_a_file_that_is_gone_has_no_neighbours(
    tree: TreeBuilder, pane: PaneFile
) -> None:
    """That is no error: the instance may have been deleted."""
    tree.frame("a", "one")
    (frame,) = pane.newest(1)
    (tree.root / CAPTURES).unlink()
    assert pane.before(frame, 3) == pane.after(frame, 3) == []


def test_only_the_newest_frame_has_a_tail(tree: TreeBuilder, pane: PaneFile) -> None:
    """What the pane now waits at: without colours, and without the blank lines at its end."""
    tree.frame("a", "old")
    tree.frame("a", "\x1b[31mProceed?\x1b[0m \n❯ 1. Yes\n\n\n", at=1)
    assert [frame.tail for frame in pane.newest(2)] == ["", "Proceed?\n❯ 1. Yes"]
    assert [frame.tail for frame in indexed(tree.root)] == ["", "Proceed?\n❯ 1. Yes"]


def test_a_tail_is_short(tree: TreeBuilder, pane: PaneFile) -> None:
    """At most 20 lines and 2,000 characters, and no cut line at its beginning."""
    tree.frame("a", "\n".join(f"line {number}" for number in range(9000)))
    (frame,) = pane.newest(1)
    assert frame.tail.split("\n") == [f"line {number}" for number in range(8980, 9000)]
    tree.frame("a", "x" * 50_000, at=1)
    (frame,) = pane.newest(1)
    assert len(frame.tail) <= 2000


def test_padding_does_not_count_for_how_short_a_tail_is(tree: TreeBuilder, pane: PaneFile) -> None:
    """A dialog as wide as a big terminal is told whole, whatever blanks fill its frame."""
    lines = [f"line {number}" for number in range(18)]
    box = [f"│ {line:<196} │" for line in lines]
    tree.frame("a", "\n".join([f"╭{'─' * 198}╮", *box, f"╰{'─' * 198}╯"]))
    (frame,) = pane.newest(1)
    assert [line.strip(" │") for line in frame.tail.split("\n")[1:-1]] == lines
    tree.frame("a", "\n".join(f"\x1b[44m{line:<200}\x1b[0m" for line in lines), at=1)
    (frame,) = pane.newest(1)
    assert frame.tail.split("\n") == lines


@given(
    st.lists(st.sampled_from(["", " ", "a", "\t-", "\r", "\x0b", "\x1b[1m", "e\u0301", RULE]))
    | st.lists(st.text(st.characters(codec="utf-8"), max_size=4))
)
@settings(max_examples=200)
def test_the_tail_of_a_long_pane_is_that_of_its_end(lines: list[str]) -> None:
    """It is as if all of it had been made safe, whatever stands before the lines it shows."""
    end = ("\n".join(["first", *lines] * 12) + "\n").encode()
    with mock.patch.object(codec, "_ENOUGH_LINES", len(end)):
        whole = codec.pane_tail(end)
    assert codec.pane_tail(end) == whole


@pytest.mark.fault("R24")
def test_a_forged_time_does_not_lead_astray(tree: TreeBuilder, pane: PaneFile) -> None:
    """A frame whose time runs backwards is passed over, wherever the search meets it."""
    for number in range(200):
        tree.frame("a", f"pane {number}" * 20, at=number)
        if number % 5 == 4:
            tree.frame("a", "forged", at=0)
    with small_blocks(2000):
        found = [pane.at(tree.epoch(number)) for number in range(1, 200)]
    assert times([frame for frame in found if frame is not None]) == list(range(1, 200))
    assert [frame.suspect for frame in pane.newest(2)] == [(), (AnomalyKind.BACK,)]


@pytest.mark.fault("R25")
def test_captures_that_share_a_rule_are_found_wherever_a_search_begins(
    tree: TreeBuilder, pane: PaneFile
) -> None:
    """The same frames as the index has, of which none hides another."""
    text = f"[2026-11-23T12:00:01.000000]\n{RULE}\n"
    tree.frame("a", text * 2)
    tree.frame("a", "two", at=5)
    assert times(pane.newest(9)) == [0, 1, 1, 5]
    for block in range(60, 700, 7):
        with small_blocks(block):
            assert pane.newest(9) == indexed(tree.root)


HEADER = f"\n{RULE}\n[2026-11-23T12:00:07.000000]\n{RULE}\n"


@pytest.mark.fault("R25")
def test_a_header_that_was_cut_off_hides_no_capture_from_a_search(
    tree: TreeBuilder, pane: PaneFile
) -> None:
    """Wherever it ends too early, all searches agree with an index of everything."""
    path = tree.root / CAPTURES
    for cut in range(1, len(HEADER)):
        tree.frame("a", "one")
        tree.line(CAPTURES, HEADER[:cut].encode())
        tree.frame("a", "two", at=9)
        whole = indexed(tree.root)
        with small_blocks(100):
            assert pane.newest(9) == whole, cut
            assert pane.before(whole[-1], 9) == whole[:-1], cut
            assert pane.after(whole[0], 9) == whole[1:], cut
            assert pane.at(tree.epoch(9)) == whole[-1], cut
            assert pane.density(1)[0] > 0
        assert [read_frame(tree.root, ref) for ref in (whole[0], whole[-1])][-1] == "two", cut
        path.unlink()


def test_density_counts_the_bytes_of_what_changed(tree: TreeBuilder, pane: PaneFile) -> None:
    """Of each frame the lines that the one before it lacks: nothing of one that is equal to it."""
    for second in range(10):
        tree.frame("a", "same", at=second)
    tree.frame("a", "same\n" + "x" * 998, at=10)
    assert pane.density(2) == [1, 999]
    tree.frame("a", "new\n" + "x" * 998 + "\nnew", at=20)
    assert pane.density(2) == [1, 999 + 8]
    assert pane.density(2, tree.epoch(100), tree.epoch(200)) == [0, 0]


def test_a_frame_of_which_nothing_is_new_is_seen_in_the_density(
    tree: TreeBuilder, pane: PaneFile
) -> None:
    """The first frame, which has none before it, and one that only lost lines count a byte each."""
    tree.frame("a", "one\ntwo\nthree", at=0)
    tree.frame("a", "one\nthree", at=10)
    tree.frame("a", "three\none\n", at=20)
    assert pane.density(3) == [1, 1, 1]


def test_the_density_goes_on_over_a_rotation(tree: TreeBuilder, pane: PaneFile) -> None:
    """The first frame of a file is compared to the last one of the file before."""
    tree.frame("a", "one\ntwo", at=0)
    log = tree.root / CAPTURES
    log.rename(f"{log}.1")
    tree.frame("a", "one\ntwo", at=10)
    tree.frame("a", "one\nthree", at=20)
    assert pane.density(3) == [1, 0, 6]


def test_density_of_a_large_file_is_measured_at_the_edges(
    tree: TreeBuilder, pane: PaneFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every byte is in one stretch, and a busy time is a high one."""
    for second in [*range(100), *(50 + n / 100 for n in range(100)), *range(51, 100)]:
        tree.frame("b", "", at=second)
    monkeypatch.setattr(density, "EXACT_BYTES", 0)
    for second in sorted([*range(101), *(50 + n / 200 for n in range(200))]):
        tree.frame("a", "x" * 50, at=second)
    with small_blocks(1000):
        strip = pane.density(10)
        assert sum(strip) == (tree.root / CAPTURES).stat().st_size
        assert strip.index(max(strip)) == 5
        assert set(strip[:5]) == {strip[0]}
        assert pane.density(2, tree.epoch(-10), tree.epoch(-5)) == [0, 0]
        assert pane.density(2, tree.epoch(0), tree.epoch(10))[0] == strip[0] // 2


def test_a_moment_in_a_huge_file_costs_little(tree: TreeBuilder, pane: PaneFile) -> None:
    """A file is halved until the moment is found; what lies between is not read."""
    frame = "x" * 100_000
    for number in range(400):
        tree.frame("a", frame, at=number)
    read = 0
    real = os.pread

    def counting(fd: int, size: int, offset: int) -> bytes:
        nonlocal read
        data = real(fd, size, offset)
        read += len(data)
        return data

    with mock.patch.object(os, "pread", counting):
        found = pane.at(tree.epoch(300.5))
        assert found is not None
        assert times([found]) == [300]
        assert pane.newest(1)
    assert read < 6_000_000

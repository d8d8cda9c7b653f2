"""Counting the hits of a search in a recording."""

from __future__ import annotations

from logging_core.records import FrameRef
from madrox_tui.find import Found
from madrox_tui.panels.pane.hits import Hits


def counted(*frames: str, text: str = "error") -> Hits:
    """The hits in frames that were captured a second apart, from 1 on."""
    hits = Hits("a1", text)
    for time_s, frame in enumerate(frames, start=1):
        hits.add(ref(time_s), frame.split("\n"))
    return hits


def ref(time_s: float | None) -> FrameRef:
    """A frame of that time."""
    return FrameRef(instance_id="a1", time_s=time_s, path="pane", offset=0, body_offset=0, end=0)


def test_a_line_counts_once_while_it_stays() -> None:
    """A line that scrolls, or is repeated by the next frame, is one hit; if it comes again, two."""
    hits = counted("error 1", "x\nerror 1", "error 1\nerror 2", "clear", "error 1")
    assert (len(hits), hits.frames) == (3, 3)


def test_equal_lines_count_each() -> None:
    """Two lines that read the same are two hits, also if one of them was there before."""
    hits = counted("error", "error\nan error\nerror")
    assert (len(hits), hits.frames) == (3, 2)
    lines = ["error", "an error", "error"]
    assert [hits.number(lines, index, 2) for index in range(3)] == [1, 2, 3]


def test_the_number_of_a_hit_is_of_its_time() -> None:
    """The same words in an earlier frame are an earlier hit; an unknown line has no number."""
    hits = counted("error", "clear", "error")
    assert hits.number(["error"], 0, 1) == 1
    assert hits.number(["error"], 0, 2) == 1
    assert hits.number(["error"], 0, 3) == 2
    assert hits.number(["error"], 0, 0.5) == 0
    assert hits.number(["another error"], 0, 3) == 0


def test_frames_that_are_not_counted_yet_have_no_number() -> None:
    """A hit in a later frame may be any, until all were counted."""
    hits = counted("error")
    assert hits.number(["error"], 0, 7) == 0
    hits.is_whole = True
    assert hits.number(["error"], 0, 7) == 1


def test_times_that_run_backwards_or_are_unknown() -> None:
    """A frame whose time is earlier, or not known, is counted as of the one before it."""
    hits = Hits("a1", "error")
    for time_s, line in ((5.0, "error a"), (2.0, "error b"), (None, "error c"), (6.0, "error d")):
        hits.add(ref(time_s), [line])
    assert hits.number(["error c"], 0, 5) == 3
    assert hits.number(["error d"], 0, 6) == 4


def test_what_is_said() -> None:
    """Which hit of how many once that is known; else where in the frame, and what there is."""
    hits = counted("error", "error\nerror 2")
    found = Found("error", (0, 1), 1)
    assert hits.said(found, 2) == "hit 2 of 2+ in 2 frames"
    assert hits.said(found, 0) == "2/2 in this frame · 2+ in 2 frames"
    hits.is_whole = True
    assert hits.said(found, 2) == "hit 2 of 2 in 2 frames"
    assert hits.said(Found("error"), 0) == "none in this frame · 2 in 2 frames"
    none = counted("fine")
    assert none.said(Found("error"), 0) == "none in this frame · 0+ in 0 frames"
    none.is_whole = True
    assert none.said(Found("error"), 0) == "none in any frame"

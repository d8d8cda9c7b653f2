"""What is new in a pane since the frame before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madrox_tui.panels.pane import diff
from madrox_tui.panels.pane.diff import compare

LINES = st.lists(st.sampled_from(["", "a", "b", "c", "d", "a  "]), max_size=12)


def drawn(older: list[str], newer: list[str]) -> list[str]:
    return [
        line.sign + (older if line.sign == "-" else newer)[line.number]
        for line in compare(older, newer)
    ]


def test_appended_lines_are_new() -> None:
    """What was added below what was there is marked, and nothing else."""
    assert drawn(["a", "b"], ["a", "b", "c"]) == [" a", " b", "+c"]


def test_a_changed_line_is_gone_and_new() -> None:
    """A spinner that went on shows as its old line and its new one, in place."""
    assert drawn(["a", "* 3 s", "> "], ["a", "* 4 s", "> "]) == [" a", "-* 3 s", "+* 4 s", " > "]


def test_lines_that_scrolled_off_are_not_gone() -> None:
    """When the pane scrolls, only what came in is told."""
    assert drawn(["a", "b", "c", "> "], ["b", "c", "d", "> "]) == [" b", " c", "+d", " > "]


def test_a_cleared_screen_is_all_new() -> None:
    """When nothing is left, all that was there is gone."""
    assert drawn(["a", "b"], ["x"]) == ["-a", "-b", "+x"]
    assert drawn([], ["x"]) == ["+x"]
    assert drawn(["a"], []) == ["-a"]


def test_blanks_at_the_end_make_no_difference() -> None:
    """A line that was padded is the same line."""
    assert drawn(["a  "], ["a"]) == [" a"]


def test_long_scrollbacks_are_matched_by_how_far_they_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thousands of lines that scrolled are told apart from the few that are new."""
    monkeypatch.setattr(diff, "MAX_COMPARED", 0)
    older = [f"line {i}" for i in range(3_000)]
    newer = [*older[40:1_000], "changed", *older[1_001:], *(f"new {i}" for i in range(40))]
    signs = "".join(line.sign for line in compare(older, newer))
    assert signs == " " * 960 + "-+" + " " * 1_999 + "+" * 40


@given(LINES, LINES)
def test_nothing_is_lost_or_made_up(older: list[str], newer: list[str]) -> None:
    """Without the lines that are gone, a comparison is the newer pane, line by line."""
    lines = compare(older, newer)
    assert [line.number for line in lines if line.sign != "-"] == list(range(len(newer)))
    gone = [line.number for line in lines if line.sign == "-"]
    assert gone == sorted(set(gone))
    kept = [older[n].rstrip() for n in range(len(older)) if n not in gone]
    same = [newer[line.number].rstrip() for line in lines if line.sign == " "]
    assert kept[len(kept) - len(same) :] == same


@given(LINES, LINES)
def test_by_movement_nothing_is_lost_either(older: list[str], newer: list[str]) -> None:
    """The way for long panes tells the newer pane line by line as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diff, "MAX_COMPARED", -1)
        lines = compare(older, newer)
    assert [line.number for line in lines if line.sign != "-"] == list(range(len(newer)))

"""Finding a text in rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from madrox_tui.find import Found, holds, nearest_row, next_row, spans
from madrox_tui.widgets.marks import mark


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("plan", [(4, 8), (13, 17)]),
        ("Plan", [(13, 17)]),
        ("nothing", []),
        (".", [(17, 18)]),
        ("", []),
    ],
)
def test_capitals_matter_only_where_they_are_typed(
    wanted: str, found: list[tuple[int, int]]
) -> None:
    """A text is taken literally; written small it finds any case, with a capital only that."""
    text = "the plan: no Plan."
    assert spans(text, wanted) == found
    assert holds(text, wanted) == bool(found)


@pytest.mark.parametrize(
    ("row", "step", "to"),
    [(0, 1, 3), (3, 1, 7), (7, 1, 3), (9, 1, 3), (9, -1, 7), (7, -1, 3), (3, -1, 7), (0, -1, 7)],
)
def test_hits_go_round(row: int, step: int, to: int) -> None:
    """After the last hit comes the first, before the first the last."""
    assert next_row((3, 7), row, step) == to


@pytest.mark.parametrize(("row", "to"), [(0, 3), (3, 3), (4, 7), (8, 7)])
def test_the_nearest_hit(row: int, to: int) -> None:
    """From the newest row on, the nearest hit is the last one, not the first of all."""
    assert nearest_row((3, 7), row) == to


def test_no_hit_is_nowhere() -> None:
    """Without a match there is no next one, and no current one."""
    assert next_row((), 4, 1) is None
    assert next_row((), 4, -1) is None
    assert nearest_row((), 4) is None
    assert Found("x").number == 0


def test_the_place_among_the_hits() -> None:
    """`2/3` counts from one; a row that no longer matches has number 0."""
    assert Found("x", (3, 7, 9), 7).number == 2
    assert Found("x", (3, 7, 9), 8).number == 0
    assert Found("x", (3, 7, 9), 12).number == 0


def test_a_mark_keeps_a_letter_of_no_width() -> None:
    """A letter that takes no cell at the end of a row is still there when the row is marked."""
    marked = mark([Segment("00\u1160")], [(0, 2)], Style(bold=True))
    assert Strip(marked).text == "00\u1160"


@given(st.text(st.characters(categories=["L", "N", "So"]), min_size=1), st.data())
def test_marks_change_no_text(text: str, data: st.DataObject) -> None:
    """A marked row holds the same text, the marked part in the mark's style, wide or not."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    style = Style(bold=True)
    marked = mark([Segment(text)], [(start, end)], style)
    assert Strip(marked).text == text
    assert "".join(s.text for s in marked if s.style and s.style.bold) == text[start:end]

"""Tables that fit their width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from madrox_tui.columns import Column, fit, fit_columns

COLUMNS = [
    Column[str]("A", 4, lambda item: (item, "")),
    Column[str]("B", 6, lambda item: (item, "x"), priority=1, elastic=True, most=10),
    Column[str]("C", 5, lambda item: (item, ""), priority=2, right=True),
]


@pytest.mark.parametrize(
    ("width", "titles", "widths"),
    [
        (40, ["A", "B", "C"], (4, 10, 5)),
        (20, ["A", "B", "C"], (4, 7, 5)),
        (19, ["A", "B", "C"], (4, 6, 5)),
        (18, ["A", "B"], (4, 10)),
        (11, ["A"], (4,)),
        (1, ["A"], (4,)),
    ],
)
def test_the_least_important_columns_give_way(
    width: int, titles: list[str], widths: tuple[int, ...]
) -> None:
    """A narrow table drops columns from the least important on; the elastic one takes the rest."""
    fitted = fit_columns(COLUMNS, width)
    assert [column.title for column in fitted.columns] == titles
    assert fitted.widths == widths


def test_a_row_lines_up_with_its_header() -> None:
    """Header and row have the same cells, numbers at the right."""
    fitted = fit_columns(COLUMNS, 19)
    header = "".join(segment.text for segment in fitted.header(Style()))
    row = "".join(segment.text for segment in fitted.row("42", lambda _: Style()))
    assert header == "A     B           C"
    assert row == "42    42         42"


@given(st.text(st.characters(categories=["L", "N", "P", "So"])), st.integers(0, 30), st.booleans())
def test_fit_is_exact(text: str, width: int, right: bool) -> None:
    """A fitted text has exactly the cells asked for, wide characters included."""
    assert cell_len(fit(text, width, right=right)) == width

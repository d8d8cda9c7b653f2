"""Tables that fit their width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from madrox_tui.columns import Column, fit, fit_columns, fit_inner
from madrox_tui.plot import sparkline

COLUMNS = [
    Column[str]("A", 4, lambda item: (item, "")),
    Column[str]("B", 6, lambda item: (item, "x"), priority=1, growth=((9, 10),)),
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
    """A narrow table drops columns from the least important on; one that grows takes the rest."""
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


@pytest.mark.parametrize(
    ("text", "wanted", "is_marked"),
    [
        ("a needle in a stack", "stack", True),
        ("a needle in a stack", "needle", True),
        ("a needle in a stack", "a n", False),
        ("a a a a a a a a", "a", True),
        ("a a", "a", False),
        ("so…", "so", False),
        ("a needle…", "…", False),
        ("nothing of it here", "needle", False),
    ],
)
def test_where_text_is_cut_a_hit_is_marked(text: str, wanted: str, *, is_marked: bool) -> None:
    """The `…` of a cell stands for what is found in the text that is not shown, in any column."""
    columns = [Column[str](title, 6, lambda item: (item, "")) for title in "AB"]
    fitted = fit_columns(columns, 14)
    drawn = "".join(segment.text for segment in fitted.row(text, lambda _: Style()))
    marks = [drawn[start:end] for start, end in fitted.cut_hits(text, wanted)]
    assert marks == (["…", "…"] if is_marked else [])


def test_text_that_is_cut_in_its_middle_is_marked_there() -> None:
    """Of a name the end is shown: what is found in between is marked, what is shown is not."""
    fitted = fit_columns([Column[str]("A", 10, lambda item: (item, ""), inner=True)], 10)
    name = "reviewer-of-ledgers-17"
    (segment,) = fitted.row(name, lambda _: Style())
    (place,) = fitted.cut_hits(name, "ledger")
    assert segment.text[slice(*place)] == "…"
    assert not list(fitted.cut_hits(name, "s-17"))


@given(st.text(st.characters(categories=["L", "N", "P", "So"])), st.integers(0, 30), st.booleans())
def test_fit_is_exact(text: str, width: int, right: bool) -> None:
    """A fitted text has exactly the cells asked for, wide characters included."""
    assert cell_len(fit(text, width, right=right)) == width


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (22, "request fd6a0e79… open"),
        (20, "request fd6a0e79… o…"),
        (19, "request fd6a0e79…  "),
        (18, "request fd6a0e79… "),
        (17, "request fd6a0e79…"),
        (16, "request fd6a0e7…"),
    ],
)
def test_a_text_is_not_said_to_be_cut_twice(width: int, shown: str) -> None:
    """Where what is left ends with a mark already, that one is enough."""
    assert fit("request fd6a0e79… open", width) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("atlas", 8, "atlas   "),
        ("worker-0005", 11, "worker-0005"),
        ("worker-0005", 10, "worke…0005"),
        ("worker-0005", 6, "wor…05"),
        ("worker-0005", 2, "w…"),
        ("worker-0005", 1, "…"),
        ("worker-0005", 0, ""),
        ("設計者-設計-0005", 10, "設計 …0005"),
        ("worker-設計者", 9, "work…計者"),
        ("worker-a設計", 8, "worke…計"),
        ("worker-ae\u0301bcd", 8, "work…bcd"),
    ],
)
def test_what_differs_at_the_end_is_told_apart(text: str, width: int, shown: str) -> None:
    """Of a name that is too long, the beginning and the end are shown."""
    assert fit_inner(text, width) == shown


@given(st.text(st.characters(categories=["L", "N", "P", "So"])), st.integers(0, 30))
def test_what_is_cut_in_the_middle_is_exact(text: str, width: int) -> None:
    """It has exactly the cells asked for, wide characters included."""
    assert cell_len(fit_inner(text, width)) == width


def test_the_column_that_is_sorted_by_stays() -> None:
    """Of the columns that can give way, the chosen one does so last."""
    columns = [*COLUMNS[:2], Column[str]("C", 5, lambda item: (item, ""), priority=2, key="c")]
    assert [c.title for c in fit_columns(columns, 11).columns] == ["A"]
    fitted = fit_columns(columns, 11, "c")
    assert [c.title for c in fitted.columns] == ["A", "C"]
    assert fitted.header(Style(), "c", "▾")[0].text == "A     C▾   "


@pytest.mark.parametrize(
    ("width", "titles", "widths"),
    [
        (4, ["NAME"], (4,)),
        (11, ["NAME"], (11,)),
        (16, ["NAME"], (12,)),
        (17, ["NAME", "WHY"], (12, 3)),
        (21, ["NAME", "WHY"], (12, 7)),
        (23, ["NAME", "N", "WHY"], (12, 4, 3)),
        (28, ["NAME", "N", "WHY"], (12, 4, 8)),
        (33, ["NAME", "N", "M", "WHY"], (12, 4, 3, 8)),
        (99, ["NAME", "N", "M", "WHY"], (12, 4, 3, 20)),
    ],
)
def test_room_is_given_by_importance(
    width: int, titles: list[str], widths: tuple[int, ...]
) -> None:
    """The name is whole before anything else comes in, a text is long before a trifle does."""

    def cell(item: str) -> tuple[str, str]:
        return item, ""

    columns = [
        Column[str]("NAME", 4, cell, growth=((1, 12),)),
        Column[str]("N", 4, cell, 3),
        Column[str]("M", 3, cell, 5),
        Column[str]("WHY", 3, cell, 2, ((4, 8), (9, 20))),
    ]
    fitted = fit_columns(columns, width)
    assert [column.title for column in fitted.columns] == titles
    assert fitted.widths == widths


def test_a_longer_text_needs_all_its_room() -> None:
    """A column with another text for where there is room gets all of it, the last, or none."""
    columns = [
        Column[str]("A", 2, lambda _: ("a+", ""), growth=((2, 6),), roomy=lambda _: ("a + b", "")),
        Column[str]("B", 2, lambda item: (item, ""), growth=((1, 4),)),
    ]
    texts = {width: fit_columns(columns, width) for width in (6, 8, 11, 12)}
    assert {width: fitted.widths for width, fitted in texts.items()} == {
        6: (2, 2),
        8: (2, 4),
        11: (2, 4),
        12: (6, 4),
    }
    shown = {w: f.row("b", lambda _: Style())[0].text.strip() for w, f in texts.items()}
    assert shown == {6: "a+", 8: "a+", 11: "a+", 12: "a + b"}


def test_which_column_is_where() -> None:
    """A click on a heading or on the gap after it means that column."""
    fitted = fit_columns(COLUMNS, 19)
    at = [fitted.column_at(x) for x in (0, 5, 6, 13, 14, 18, 30)]
    assert [(place[0].title, place[1]) if place else None for place in at] == [
        ("A", 0),
        ("A", 5),
        ("B", 0),
        ("B", 7),
        ("C", 0),
        ("C", 4),
        None,
    ]


@pytest.mark.parametrize(
    ("values", "width", "most", "text"),
    [
        ((0, 1, 4, 8), 4, 8, "·▁▄█"),
        ((1, 2), 4, 100, "  ▁▁"),
        ((9, 9, 0, 3), 2, 3, "·█"),
        ((500,), 1, 3, "█"),
        ((), 3, 0, "   "),
        ((1, 2), 0, 2, ""),
    ],
)
def test_sparklines(values: tuple[int, ...], width: int, most: int, text: str) -> None:
    """The newest values at the right; nothing is a dot, and anything is more than nothing."""
    assert sparkline(values, width, most) == text

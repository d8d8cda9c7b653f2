"""Captured panes as styled rows."""

from __future__ import annotations

import pytest
from rich.color import Color
from rich.style import Style

from logging_core.records import FrameRef
from logging_core.text import safe_pane
from madrox_tui.panels.pane.pane import Pane, crop, make_pane
from madrox_tui.panels.pane.sgr import PLAIN, apply_sgr, shown

REF = FrameRef(instance_id="a", path="p", offset=0, body_offset=1, end=2)


def pane(text: str) -> Pane:
    return make_pane(REF, safe_pane(text))


def plain(made: Pane) -> list[str]:
    return ["".join(segment.text for segment in made.row(i)) for i in range(len(made))]


def test_colours_stay() -> None:
    """SGR colours of a capture are shown, and run on over a line's end as in a terminal."""
    made = pane("\x1b[31mred\nstill red\x1b[0m plain")
    first, second = made.row(0)[0], made.row(1)[0]
    assert first.style is not None
    assert first.style.color is not None
    assert first.style.color.number == 1
    assert second.text == "still red"
    assert second.style == first.style
    assert not made.row(1)[1].style


def test_any_line_can_be_drawn_first() -> None:
    """A line looks the same whether or not those above it were ever drawn."""
    text = "\x1b[1;32mone\ntwo\x1b[34m\n\nfour\x1b[0m four\x1b[3m\nfive"
    upwards, downwards = pane(text), pane(text)
    rows = [upwards.row(i) for i in reversed(range(5))]
    assert rows[::-1] == [downwards.row(i) for i in range(5)]
    assert downwards.row(3)[0].style == Style(bold=True, color=Color.from_ansi(4))
    assert downwards.row(4)[0].style == Style(italic=True)


def test_other_escapes_are_shown_not_obeyed() -> None:
    """An escape sequence that is no colour is visible text."""
    assert plain(pane("a\x1b[2Jb\x1b]0;title\x07c")) == ["a␛[2Jb␛]0;title␇c"]


def test_nothing_can_be_hidden() -> None:
    """Concealed text, and text in the colour of its background, is readable."""
    made = pane("\x1b[8msecret\x1b[0m \x1b[31;41mred on red\x1b[0m")
    assert plain(made) == ["secret red on red"]
    for segment in made.row(0):
        if segment.style:
            assert not segment.style.conceal
            assert segment.style.color is None or segment.style.color != segment.style.bgcolor


def test_size() -> None:
    """A pane knows the cells of its widest line; blank lines at its end do not count."""
    made = pane("ab\n日本語\n\n   \n")
    assert made.width == 6
    assert len(made) == 2


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("1", Style(bold=True)),
        ("91", Style(color=Color.from_ansi(9))),
        ("42", Style(bgcolor=Color.from_ansi(2))),
        ("107", Style(bgcolor=Color.from_ansi(15))),
        ("38;5;173", Style(color=Color.from_ansi(173))),
        ("38:5:173", Style(color=Color.from_ansi(173))),
        ("48;2;30;70;38", Style(bgcolor=Color.from_rgb(30, 70, 38))),
        ("38:2::1:2:3", Style(color=Color.from_rgb(1, 2, 3))),
        ("38;2;1;2;3;4", Style(color=Color.from_rgb(1, 2, 3), underline=True)),
        ("31;;1", Style(bold=True)),
        ("4:3", Style(underline=True)),
    ],
)
def test_codes(codes: str, style: Style) -> None:
    """Attributes, 16 and 256 and true colours, with semicolons or colons, are understood."""
    assert apply_sgr(PLAIN, codes) == style


@pytest.mark.parametrize(
    "codes", ["5", "8", "38;5;999", "38", "48;9", "77777777777", ":", "1;" * 200]
)
def test_strange_codes_change_nothing(codes: str) -> None:
    """Blinking, concealing, and what is no colour at all leave the text as it was."""
    assert shown(apply_sgr(PLAIN, codes)) is None


def test_attributes_end() -> None:
    """What was turned on is turned off again, alone or all at once."""
    style = apply_sgr(PLAIN, "1;2;3;4;7;9;31;44")
    assert not apply_sgr(style, "22").bold
    assert not apply_sgr(style, "27").reverse
    assert not apply_sgr(style, "4:0").underline
    assert apply_sgr(style, "39").color == Color.default()
    assert apply_sgr(style, "") == PLAIN


def test_long_lines_break() -> None:
    """A line is broken where the width is full, never inside a wide character."""
    made = pane("abcdefg\n日本語\n\n")
    assert [made.texts[0][a:b] for a, b in made.cuts(0, 3)] == ["abc", "def", "g"]
    assert [made.texts[1][a:b] for a, b in made.cuts(1, 3)] == ["日", "本", "語"]
    assert [made.texts[1][a:b] for a, b in made.cuts(1, 1)] == ["日", "本", "語"]


def test_a_piece_of_a_row_keeps_its_colours() -> None:
    """What is cut out of a row looks as it did."""
    row = pane("ab\x1b[31mcd\x1b[0mef").row(0)
    piece = crop(row, 1, 5)
    assert [(s.text, s.style) for s in piece] == [
        ("b", None),
        ("cd", Style(color=Color.from_ansi(1))),
        ("e", None),
    ]

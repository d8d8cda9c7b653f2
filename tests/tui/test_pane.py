"""Captured panes as styled rows."""

from __future__ import annotations

from logging_core.records import FrameRef
from logging_core.text import safe_pane
from madrox_tui.pane import Pane, make_pane

REF = FrameRef(instance_id="a", path="p", offset=0, body_offset=1, end=2)


def pane(text: str) -> Pane:
    return make_pane(REF, safe_pane(text))


def plain(made: Pane) -> list[str]:
    return ["".join(segment.text for segment in row) for row in made.rows]


def test_colours_stay() -> None:
    """SGR colours of a capture are shown, and run on over a line's end as in a terminal."""
    made = pane("\x1b[31mred\nstill red\x1b[0m plain")
    first, second = made.rows[0][0], made.rows[1][0]
    assert first.style is not None
    assert first.style.color is not None
    assert first.style.color.number == 1
    assert second.text == "still red"
    assert second.style == first.style
    assert not made.rows[1][1].style


def test_other_escapes_are_shown_not_obeyed() -> None:
    """An escape sequence that is no colour is visible text."""
    assert plain(pane("a\x1b[2Jb\x1b]0;title\x07c")) == ["a␛[2Jb␛]0;title␇c"]


def test_nothing_can_be_hidden() -> None:
    """Concealed text, and text in the colour of its background, is readable."""
    made = pane("\x1b[8msecret\x1b[0m \x1b[31;41mred on red\x1b[0m")
    assert plain(made) == ["secret red on red"]
    for segment in made.rows[0]:
        if segment.style:
            assert not segment.style.conceal
            assert segment.style.color is None or segment.style.color != segment.style.bgcolor


def test_size() -> None:
    """A pane knows the cells of its widest line; blank lines at its end do not count."""
    made = pane("ab\n日本語\n\n   \n")
    assert made.width == 6
    assert len(made.rows) == 2

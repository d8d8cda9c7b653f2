"""The map of keys as it is drawn."""

from __future__ import annotations

import msgspec
import pytest
from rich.cells import cell_len

from fleets import team, view
from keyboard import KEYS
from logging_core.analyse.state import State
from madrox_tui.bindings import PANELS, help_groups
from madrox_tui.columns import Line
from madrox_tui.help.legend import HEADINGS, legend
from madrox_tui.help.lines import SIGNS, TWO_COLUMNS, help_lines
from madrox_tui.key_names import key_names, meaning
from madrox_tui.panels.instances.columns import Cells, instance_columns
from madrox_tui.states import LOOKS

GROUPS, OTHERS = help_groups("timeline", KEYS)
SHOWN = legend(120.0)


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


@pytest.mark.parametrize("width", [136, TWO_COLUMNS, 60, 34])
def test_every_key_is_explained_within_the_width(width: int) -> None:
    """Nothing is cut off: what a key does goes on below where it began."""
    lines = help_lines("About this panel.", GROUPS, OTHERS, SHOWN, width)
    assert max(cell_len(text_of(line)) for line in lines) <= width
    words = " ".join(text_of(line) for line in lines).split()
    for _, bindings in (*GROUPS, *OTHERS):
        for binding in bindings:
            assert set(key_names(binding).split()) <= set(words)
            assert set(meaning(binding).split()) <= set(words)
    for sign in SHOWN:
        assert set(sign.text.split()) <= set(words)
        assert set(sign.meaning.split()) <= set(words)


def test_the_panels_own_keys_come_first() -> None:
    """In one column and in two, the first heading is that of the focused panel."""
    for width in (60, 136):
        lines = help_lines("About this panel.", GROUPS, OTHERS, SHOWN, width)
        assert text_of(lines[2]).startswith(PANELS["timeline"])


def test_with_room_for_two_columns_fewer_lines_do() -> None:
    """A wide terminal shows nearly all keys at once."""
    assert len(help_lines("", GROUPS, OTHERS, SHOWN, 136)) < 0.7 * len(
        help_lines("", GROUPS, OTHERS, SHOWN, TWO_COLUMNS - 1)
    )


@pytest.mark.parametrize("width", [0, 1, 5])
def test_no_width_is_too_small(width: int) -> None:
    """The smallest terminal shows what fits."""
    assert help_lines("About.", GROUPS, OTHERS, SHOWN, width)


def test_the_signs_are_those_that_are_drawn() -> None:
    """Every state with its glyph, and only headings that the list of instances has."""
    shown = SHOWN
    assert [s.text for s in shown if s.text.split()[-1] in set(State)] == [
        f"{look.glyph} {state.value}" for state, look in LOOKS.items()
    ]
    fleet = msgspec.structs.replace(view(team()), activity={"a1": (1, 2)})
    titles = {column.title for column in instance_columns(Cells(fleet))}
    assert {sign.text for sign in HEADINGS} <= titles


@pytest.mark.parametrize("stuck_after_s", [90.0, 0.5])
def test_what_stuck_means_is_what_is_set(stuck_after_s: float) -> None:
    """The meaning of the state has the seconds of the setting."""
    (meaning,) = (sign.meaning for sign in legend(stuck_after_s) if "stuck" in sign.text)
    assert f"open for more than {stuck_after_s:g} s," in meaning


def test_the_legend_is_at_the_top_where_it_fits_beside_the_keys() -> None:
    """A wide terminal shows what the signs mean without scrolling."""
    first = text_of(help_lines("", GROUPS, OTHERS, SHOWN, 136)[0])
    assert first.split() == ["Timeline", *SIGNS.split()]

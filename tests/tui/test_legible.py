"""Colours of a captured pane on a terminal that is dark, or light."""

from __future__ import annotations

import pytest
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from builders import TreeBuilder
from driver import run_app
from madrox_tui.colours.legible import MIN_CONTRAST, Ground, legible
from madrox_tui.config import Settings
from madrox_tui.panels.pane.panel import ReplayPanel
from madrox_tui.panels.pane.sgr import PLAIN, apply_sgr, shown

INK, PAPER = ColorTriplet(38, 44, 54), ColorTriplet(251, 251, 249)
LIGHT = Ground(INK, PAPER, DEFAULT_TERMINAL_THEME)
DARK = Ground(PAPER, INK, DEFAULT_TERMINAL_THEME)


def drawn(codes: str, ground: Ground | None = None) -> Style:
    return shown(apply_sgr(PLAIN, codes), ground) or PLAIN


def luminance(colour: ColorTriplet) -> float:
    red, green, blue = (float((level / 255) ** 2.2) for level in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(style: Style, ground: Ground) -> float:
    text = style.color.get_truecolor() if style.color else ground.text
    behind = style.bgcolor.get_truecolor() if style.bgcolor else ground.behind
    dark, light = sorted((luminance(text), luminance(behind)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    "codes",
    [
        *["48;2;30;70;38", "48;2;90;30;35", "107", "40", "48;5;255", "48;5;232"],
        *["37", "97", "93", "30", "38;5;232", "38;5;255", "33;43", "38;2;9;9;9;48;2;9;9;9"],
        *["7;30", "7;97", "7;48;2;30;70;38"],
    ],
)
def test_whatever_the_colours_the_text_is_seen(codes: str, ground: Ground) -> None:
    """Colours that were chosen for a dark terminal can be read on a light one, and the reverse."""
    assert contrast(drawn(codes, ground), ground) > MIN_CONTRAST - 0.2


def test_what_is_seen_keeps_its_colours() -> None:
    """Only a colour without enough contrast to its background is changed."""
    for codes in ("31", "38;5;26", "1;34", "97;41", "38;2;200;40;40;48;2;255;255;255"):
        assert drawn(codes, LIGHT) == apply_sgr(PLAIN, codes)


def test_a_colour_stays_as_near_as_it_can() -> None:
    """A bright yellow on white becomes a dark yellow, not grey."""
    colour = drawn("38;2;255;230;60", LIGHT).color
    assert colour is not None
    red, _, blue = colour.get_truecolor()
    assert red > blue + 60


def test_the_text_colour_of_the_terminal_turns_round_on_dark() -> None:
    """Text without a colour of its own, on a dark ground of its own, has the colour of paper."""
    style = legible(Style(bgcolor=Color.from_rgb(30, 70, 38)), LIGHT)
    assert style.color is not None
    assert style.color.get_truecolor() == PAPER


@pytest.mark.parametrize("ground", [LIGHT, None], ids=["light", "unknown"])
def test_default_colours_are_those_of_the_panel(ground: Ground | None) -> None:
    """After `39` and `49` text has the theme's colours, as if none had been set."""
    assert drawn("31;44;39;49", ground) == PLAIN
    assert drawn("1;31;39", ground) == Style(bold=True)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("theme", "seen"), [("madrox-light", PAPER), ("madrox-dark", None), ("ansi-light", None)]
)
async def test_a_pane_follows_the_theme(
    tree: TreeBuilder, theme: str, seen: ColorTriplet | None
) -> None:
    """A diff's dark ground has light text in the light theme; a terminal's own stays alone."""
    tree.spawn("a1", "atlas", at=0)
    tree.frame("a1", "\x1b[48;2;30;70;38m+ new line\x1b[0m", at=5)
    settings = Settings(tick_s=3600.0, theme=theme)
    async with run_app(tree.root, now_s=tree.epoch(60), settings=settings) as person:
        await person.sees("+ new line")
        style = person.app.query_one(ReplayPanel).row(0)[0].style
        assert style is not None
        assert style.bgcolor == Color.from_rgb(30, 70, 38)
        assert (style.color and style.color.get_truecolor()) == seen

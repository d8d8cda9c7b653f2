"""Keeping the colours of captured text legible in any theme. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import TerminalTheme

MIN_CONTRAST = 2.5
"""The minimum contrast of text and background, by WCAG: 1 is none, 21 is black on white."""

_STEPS = 4


class Ground(NamedTuple):
    """The colours of a terminal.

    Attributes:
        text: The default text colour.
        behind: The default background.
        palette: The 16 numbered colours.
    """

    text: ColorTriplet
    behind: ColorTriplet
    palette: TerminalTheme


@lru_cache(maxsize=4096)
def legible(style: Style, ground: Ground) -> Style:
    """Return the style with a text colour that stands out from its background.

    Programs choose colours for the terminal they run in, which may be dark where this one is light.
    A colour with enough contrast is kept. Any other is blended towards the terminal's text colour
    or background, whichever contrasts more; text without a colour of its own gets that colour.
    """
    behind = ground.behind if style.bgcolor is None else _triplet(style.bgcolor, ground)
    text = ground.text if style.color is None else _triplet(style.color, ground)
    if contrast(text, behind) >= MIN_CONTRAST:
        return style
    goal = max(ground.text, ground.behind, key=lambda colour: contrast(colour, behind))
    first = _STEPS if style.color is None else 1
    moved = [blend_rgb(text, goal, step / _STEPS) for step in range(first, _STEPS + 1)]
    seen = (colour for colour in moved if contrast(colour, behind) >= MIN_CONTRAST)
    return style + Style(color=Color.from_triplet(next(seen, goal)))


def _triplet(colour: Color, ground: Ground) -> ColorTriplet:
    return colour.get_truecolor(ground.palette)


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """How well two colours are told apart, as WCAG counts it: from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=1024)
def _luminance(colour: ColorTriplet) -> float:
    red, green, blue = (
        level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4
        for level in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

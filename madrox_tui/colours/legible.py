"""Keeping text legible, whatever its colour and what is behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.terminal_theme import TerminalTheme

MIN_CONTRAST = 2.5
"""The minimum contrast of captured text, by WCAG: 1 is none, 21 is black on white."""

_STEPS = 32


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
    seen = goal if style.color is None else apart(text, (behind,), goal, MIN_CONTRAST)
    return style + Style(color=Color.from_triplet(seen))


def apart(
    colour: ColorTriplet, behind: Iterable[ColorTriplet], goal: ColorTriplet, least: float
) -> ColorTriplet:
    """Move a colour towards another, just as far as it takes to stand out.

    Args:
        colour: The colour; returned as it is if it stands out already.
        behind: The colours to stand out from.
        goal: Where to move it; returned if nothing on the way stands out.
        least: The minimum contrast.
    """
    grounds = tuple(behind)
    moved = (blend_rgb(colour, goal, step / _STEPS) for step in range(_STEPS))
    return next((c for c in moved if all(contrast(c, g) >= least for g in grounds)), goal)


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

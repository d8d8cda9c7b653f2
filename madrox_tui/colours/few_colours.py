"""What is drawn where a terminal has 16 colours, or is to have none: each colour has its like.

Rich takes the nearest of the 16, which makes pale colours white and dark backgrounds grey. Here
a colour keeps its hue, a background that only shades the screen is none, and what tells rows
apart by their background is drawn as black on a colour, or reversed.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from colorsys import rgb_to_hls
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as ThemedColor
from textual.filter import LineFilter
from textual.theme import Theme

from madrox_tui.colours.legible import contrast
from madrox_tui.colours.themes import THEMES

BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE = range(8)
GREY = BRIGHT = 8
"""Of the 16, the grey; and what makes a colour bright."""

GREY_CONTRAST = 7.0
"""A grey text with less contrast to the screen's background is meant to stand back."""

_HUES = (
    (15, RED),
    (34, YELLOW + BRIGHT),
    (70, YELLOW),
    (165, GREEN),
    (210, CYAN),
    (252, BLUE),
    (325, MAGENTA),
    (345, MAGENTA + BRIGHT),
    (361, RED),
)
"""Up to which angle of the colour wheel each is taken for what is."""

_UNREAD = {(BLUE, True): BLUE + BRIGHT, (YELLOW + BRIGHT, False): RED + BRIGHT}
"""What is drawn in place of a colour that is hardly seen on a dark, or a light, background."""

_DULL, _FAINT = 45, 24
"""Texts, and backgrounds, whose primary colours differ by less than this of 255 are grey."""

_DARK_ON = frozenset({GREEN, YELLOW, CYAN, WHITE})
"""The backgrounds that a text on them is black for."""

_DEFAULT = Color.default()
_CURSORS = {
    ColorTriplet(*ThemedColor.parse(theme.variables[name]).rgb): colour
    for theme in THEMES
    for name, colour in (("cursor", CYAN), ("cursor-blurred", WHITE))
}


class Screen(NamedTuple):
    """What a theme draws on.

    Attributes:
        behind: Its background.
        shades: All backgrounds that only tell parts of the screen apart.
        dark: Whether these are dark.
        plain: Whether there is to be no colour at all.
    """

    behind: ColorTriplet
    shades: frozenset[ColorTriplet]
    dark: bool
    plain: bool


class FewColours(LineFilter):
    """Draws a screen in 16 colours, or in none."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def apply(self, segments: list[Segment], background: ThemedColor) -> list[Segment]:
        """The same text in other styles."""
        return [
            Segment(text, style and _in_few(style, self._screen), control)
            for text, style, control in segments
        ]


def few_colours(theme: Theme, variables: Mapping[str, str], *, plain: bool) -> FewColours:
    """The filter for a theme.

    Args:
        theme: The theme.
        variables: Its variables.
        plain: Whether there is to be no colour at all.
    """
    colours = (ThemedColor.parse(variables[n]) for n in ("background", "surface", "panel"))
    shades = [ColorTriplet(*colour.rgb) for colour in colours if colour.ansi is None]
    behind = shades[0] if shades else ColorTriplet(*([0] * 3 if theme.dark else [255] * 3))
    return FewColours(Screen(behind, frozenset(shades), theme.dark, plain))


@lru_cache(maxsize=4096)
def _in_few(style: Style, screen: Screen) -> Style:
    behind = _background(style.bgcolor, screen)
    text = _text(style.color, screen)
    if screen.plain:
        return _in_none(style, behind, text)
    if behind is not None:
        text = BLACK if behind % BRIGHT in _DARK_ON else WHITE + BRIGHT
    return style + Style(color=_numbered(text), bgcolor=_numbered(behind))


def _in_none(style: Style, behind: int | None, text: int | None) -> Style:
    """The focused cursor, and what else stands out by its background, is reversed."""
    plain = style.without_color + Style(meta=style.meta)
    if behind == WHITE:
        return plain + Style(underline=True)
    if behind is not None:
        return plain + Style(reverse=True)
    return plain + Style(dim=True) if text == GREY else plain


def _text(colour: Color | None, screen: Screen) -> int | None:
    """The number of a text's colour; `None` for the terminal's own."""
    if colour is None or colour.type is ColorType.DEFAULT:
        return None
    if colour.type is ColorType.STANDARD:
        return colour.number
    triplet = colour.get_truecolor()
    if max(triplet) - min(triplet) < _DULL:
        return GREY if contrast(triplet, screen.behind) < GREY_CONTRAST else None
    number = _of_hue(triplet)
    return _UNREAD.get((number, screen.dark), number)


def _background(colour: Color | None, screen: Screen) -> int | None:
    """The number of a background's colour; `None` for the terminal's own."""
    if colour is None or colour.type is ColorType.DEFAULT:
        return None
    if colour.type is ColorType.STANDARD:
        return colour.number
    triplet = colour.get_truecolor()
    if triplet in _CURSORS:
        return _CURSORS[triplet]
    if triplet in screen.shades:
        return None
    if max(triplet) - min(triplet) < _FAINT:
        return WHITE if contrast(triplet, screen.behind) >= GREY_CONTRAST else None
    return _of_hue(triplet) % BRIGHT


def _of_hue(triplet: ColorTriplet) -> int:
    angle = 360 * rgb_to_hls(*triplet.normalized)[0]
    return _HUES[bisect([until for until, _ in _HUES], angle)][1]


def _numbered(number: int | None) -> Color:
    return _DEFAULT if number is None else Color.from_ansi(number)

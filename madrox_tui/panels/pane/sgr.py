"""Terminal colours: applying SGR codes to a style, and making a style safe to show. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from rich.color import Color
from rich.style import Style

from madrox_tui.colours.legible import Ground, legible

PLAIN = Style()
"""The style a terminal begins with."""

MAX_CODES = 256
"""Longest sequence applied, in characters: no program writes more, and the cache stays small."""

_ON = {
    1: Style(bold=True),
    2: Style(dim=True),
    3: Style(italic=True),
    4: Style(underline=True),
    7: Style(reverse=True),
    9: Style(strike=True),
    21: Style(underline=True),
    53: Style(overline=True),
}
_OFF = {
    22: Style(bold=False, dim=False),
    23: Style(italic=False),
    24: Style(underline=False),
    27: Style(reverse=False),
    29: Style(strike=False),
    55: Style(overline=False),
}


def apply_sgr(style: Style, codes: str) -> Style:
    """Apply the codes of one `ESC [ codes m` to a style.

    Blink and conceal are ignored, so that nothing is hidden. Codes that are unknown or out of
    range, and sequences longer than `MAX_CODES` characters, change nothing.
    """
    return _applied(style, codes) if len(codes) <= MAX_CODES else style


@lru_cache(maxsize=4096)
def _applied(style: Style, codes: str) -> Style:
    if codes in {"", "0"}:
        return PLAIN
    numbers = iter(codes.split(";"))
    for part in numbers:
        code, _, rest = part.partition(":")
        number = _number(code)
        if number in {38, 48}:
            colour = _extended(iter(rest.split(":")), colons=True) if rest else _extended(numbers)
            style = _coloured(style, colour, behind=number == 48)
        else:
            style = _plain_code(style, number, off=rest == "0")
    return style


@lru_cache(maxsize=4096)
def shown(style: Style, ground: Ground | None = None) -> Style | None:
    """Return a style as it is drawn: legible, with default colours left unset; `None` if plain.

    Args:
        style: The style the program asked for.
        ground: The colours of the terminal; `None` if unknown: then only text in exactly the
            colour of its background is changed, to the default colour.
    """
    colour, behind = _named(style.color), _named(style.bgcolor)
    if ground is None and colour == behind:
        colour = None
    drawn = style.without_color + Style(color=colour, bgcolor=behind)
    if ground is not None:
        drawn = legible(drawn, ground)
    return None if drawn == PLAIN else drawn


def _named(colour: Color | None) -> Color | None:
    return None if colour is None or colour.is_default else colour


def _plain_code(style: Style, number: int, *, off: bool) -> Style:
    if number == 0:
        return PLAIN
    if number in _ON:
        return style + (_OFF[24] if off and number == 4 else _ON[number])
    if number in _OFF:
        return style + _OFF[number]
    tens, unit = divmod(number, 10)
    behind = tens in {4, 10}
    if tens in {3, 4, 9, 10} and 0 <= unit <= 7:
        return _coloured(style, Color.from_ansi(unit + (8 if tens > 4 else 0)), behind=behind)
    return _coloured(style, Color.default() if number in {39, 49} else None, behind=behind)


def _coloured(style: Style, colour: Color | None, *, behind: bool = False) -> Style:
    if colour is None:
        return style
    return style + (Style(bgcolor=colour) if behind else Style(color=colour))


def _extended(codes: Iterator[str], *, colons: bool = False) -> Color | None:
    """Parse a 256-colour (`5;n`) or true-colour code (`2;r;g;b`, `2::r:g:b`); `None` if invalid."""
    kind = next(codes, "")
    if kind == "5":
        number = _number(next(codes, ""))
        return Color.from_ansi(number) if 0 <= number <= 255 else None
    if kind != "2":
        return None
    parts = list(codes)[-3:] if colons else [next(codes, "") for _ in range(3)]
    levels = [_number(part) for part in parts]
    if len(levels) < 3 or not all(0 <= level <= 255 for level in levels):
        return None
    return Color.from_rgb(*levels)


def _number(code: str) -> int:
    """Parse a code; an omitted one is 0, one far out of range is -1."""
    return int(code or 0) if len(code) <= 4 else -1

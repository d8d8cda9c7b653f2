"""Any theme's colours, so that what we draw with them can be read. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from textual.color import Color

from madrox_tui.colours.legible import apart, contrast
from madrox_tui.view import HUES

TEXT_CONTRAST = 4.5
"""The minimum contrast of text to all that may be behind it, by WCAG."""

MUTED_CONTRAST = 3.0
"""The minimum contrast of text that stands back."""

MARKS = {"line": 1.5, "primary": 1.5, "cursor": 1.2, "cursor-blurred": 1.1}
"""Lines, and the backgrounds of rows, with their minimum contrast to the screen's."""

SHADES = ("surface", "panel")
"""The backgrounds of bars."""

SHADE_CONTRAST = 1.3
"""The maximum contrast of these to the screen's: a text is read on both."""

BEHIND = ("background", *SHADES, "cursor", "cursor-blurred")
"""What any text may be drawn on."""

TEXTS = {
    "muted": MUTED_CONTRAST,
    **dict.fromkeys(("accent", "secondary", "success", "warning", "error"), TEXT_CONTRAST),
    **dict.fromkeys((f"hue-{hue}" for hue in range(HUES)), TEXT_CONTRAST),
}
"""The colours of text, with their minimum contrast; the foreground also stands out from lines."""

_BLACK, _WHITE = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)
_STEPS = 16


def readable(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a theme's variables, with the colours moved that would hardly be seen.

    They move towards the foreground, just as far as needed. Nothing is known of how a terminal
    draws its own colours: themes made of these are returned as they are.

    Args:
        variables: All variables of the theme, including ours.
    """
    if Color.parse(variables["background"]).ansi is not None:
        return dict(variables)
    ground, ink = _triplet(variables["background"]), _triplet(variables["foreground"])
    moved = {"background": ground}
    for name in SHADES:
        moved[name] = _near(_triplet(variables[name]), ground)
    for name, least in MARKS.items():
        moved[name] = apart(_triplet(variables[name]), [ground], ink, least)
    behind = [moved[name] for name in BEHIND]
    furthest = max(_BLACK, _WHITE, key=lambda colour: contrast(colour, ground))
    ink = moved["foreground"] = apart(ink, [*behind, moved["line"]], furthest, TEXT_CONTRAST)
    for name, least in TEXTS.items():
        moved[name] = apart(_triplet(variables[name]), behind, ink, least)
    return {**variables, **{name: colour.hex for name, colour in moved.items()}}


def _near(colour: ColorTriplet, ground: ColorTriplet) -> ColorTriplet:
    """Move a shade towards the screen's background, just as far as needed."""
    moved = (blend_rgb(colour, ground, step / _STEPS) for step in range(_STEPS))
    return next((c for c in moved if contrast(c, ground) <= SHADE_CONTRAST), ground)


def _triplet(colour: str) -> ColorTriplet:
    return ColorTriplet(*Color.parse(colour).rgb)

"""Named styles for the words and marks in a row, resolved to the theme's colours.

Component classes would do the same, but Textual recomputes every one of them, for every widget,
whenever any class changes: a twentieth of the startup time.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from rich.style import Style
from textual.style import Style as ThemedStyle

from madrox_tui.view import HUES

CELLS = MappingProxyType(
    {
        "muted": "$muted",
        "strong": "bold $foreground",
        "accent": "$accent",
        "good": "$success",
        "warn": "$warning",
        "bad": "$error",
        "strong-accent": "bold $accent",
        "strong-good": "bold $success",
        "strong-warn": "bold $warning",
        "strong-bad": "bold $error",
        "head": "bold $muted",
        "cursor": "on $cursor",
        "cursor-blurred": "on $cursor-blurred",
        "hit": "$background on $secondary",
        "hit-here": "bold $background on $warning",
        "selected": "not dim reverse $foreground on $background",
        **{f"hue-{hue}": f"$hue-{hue}" for hue in range(HUES)},
    }
)
"""The styles by name. What a style leaves unset shows through from the layer below."""

_VARIABLES = sorted({word[1:] for style in CELLS.values() for word in style.split() if "$" in word})


def cell_styles(variables: Mapping[str, str]) -> Mapping[str, Style]:
    """Resolve the styles of `CELLS` for a theme.

    Args:
        variables: The theme's variables, including all of ours.
    """
    return _made_of(tuple(variables[name] for name in _VARIABLES))


@lru_cache(maxsize=8)
def _made_of(colours: tuple[str, ...]) -> Mapping[str, Style]:
    variables = dict(zip(_VARIABLES, colours, strict=True))
    return {name: ThemedStyle.parse(text, variables).rich_style for name, text in CELLS.items()}

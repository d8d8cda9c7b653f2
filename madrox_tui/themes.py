"""Our two themes. Widgets get their colours only through theme variables."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="madrox-dark",
    primary="#7aa2f7",
    secondary="#9d7cd8",
    accent="#7dcfff",
    foreground="#c8d0e0",
    background="#0e1116",
    surface="#12161d",
    panel="#1a202a",
    success="#8fc97a",
    warning="#e5b567",
    error="#f0717b",
    dark=True,
    variables={
        "line": "#2a3240",
        "muted": "#6b7688",
        "cursor": "#232c3b",
        "cursor-blurred": "#1c222d",
        "hue-0": "#7aa2f7",
        "hue-1": "#8fc97a",
        "hue-2": "#e5b567",
        "hue-3": "#c792ea",
        "hue-4": "#5ccfe6",
        "hue-5": "#f29e74",
        "hue-6": "#f08fb0",
        "hue-7": "#a3b8cc",
    },
)

LIGHT = Theme(
    name="madrox-light",
    primary="#2f5fc4",
    secondary="#7a4fc0",
    accent="#0b7a99",
    foreground="#262c36",
    background="#fbfbf9",
    surface="#ffffff",
    panel="#eeefec",
    success="#3c7d28",
    warning="#9a6700",
    error="#c0303b",
    dark=False,
    variables={
        "line": "#cfd3d8",
        "muted": "#6f7782",
        "cursor": "#dde6f6",
        "cursor-blurred": "#ecedea",
        "hue-0": "#2f5fc4",
        "hue-1": "#3c7d28",
        "hue-2": "#9a6700",
        "hue-3": "#8a3fb8",
        "hue-4": "#0b7a99",
        "hue-5": "#b4541a",
        "hue-6": "#b8336a",
        "hue-7": "#55626f",
    },
)

THEMES = (DARK, LIGHT)


def fallback_variables(*, dark: bool) -> dict[str, str]:
    """Return our variables, for themes that do not define them."""
    return dict((DARK if dark else LIGHT).variables)


def check_theme(name: str) -> None:
    """Check that a theme is ours or one of Textual's.

    Raises:
        ValueError: It is not; names those there are.
    """
    names = sorted({ours.name for ours in THEMES} | set(BUILTIN_THEMES))
    if name not in names:
        raise ValueError(f"unknown theme {name!r}: use one of {', '.join(names)}")

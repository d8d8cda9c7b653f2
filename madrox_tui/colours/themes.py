"""Our two themes. Widgets get their colours only through theme variables."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="madrox-dark",
    primary="#7aa2f7",
    secondary="#a384dc",
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
        "line": "#2d3543",
        "muted": "#6b7688",
        "cursor": "#232c3b",
        "cursor-blurred": "#1c222d",
        "hue-0": "#4696f0",
        "hue-1": "#e682dc",
        "hue-2": "#00aaa0",
        "hue-3": "#aaaafa",
        "hue-4": "#00c8fa",
        "hue-5": "#fabefa",
        "hue-6": "#6ef0e6",
        "hue-7": "#aa8caa",
        "hue-8": "#fa6efa",
        "hue-9": "#00aadc",
        "hue-10": "#d2b4f0",
        "hue-11": "#befafa",
        "hue-12": "#3cdcc8",
        "hue-13": "#fa64be",
        "hue-14": "#8c96fa",
        "hue-15": "#d2a0be",
        "hue-16": "#6eaab4",
        "hue-17": "#5adcfa",
        "hue-18": "#faa0fa",
        "hue-19": "#be82fa",
        "hue-20": "#8cbee6",
        "hue-21": "#00bec8",
        "hue-22": "#8ca0d2",
        "hue-23": "#be8cd2",
    },
)

LIGHT = Theme(
    name="madrox-light",
    primary="#2f5fc4",
    secondary="#7a4fc0",
    accent="#076c88",
    foreground="#262c36",
    background="#fbfbf9",
    surface="#ffffff",
    panel="#eeefec",
    success="#367124",
    warning="#895c00",
    error="#c0303b",
    dark=False,
    variables={
        "line": "#cacfd4",
        "muted": "#6f7782",
        "cursor": "#dde6f6",
        "cursor-blurred": "#ecedea",
        "hue-0": "#0a5ac8",
        "hue-1": "#a03296",
        "hue-2": "#006e82",
        "hue-3": "#6432aa",
        "hue-4": "#003296",
        "hue-5": "#6e506e",
        "hue-6": "#1e465a",
        "hue-7": "#6e0064",
        "hue-8": "#8c00fa",
        "hue-9": "#1e00c8",
        "hue-10": "#645aaa",
        "hue-11": "#282864",
        "hue-12": "#960050",
        "hue-13": "#aa00d2",
        "hue-14": "#0014fa",
        "hue-15": "#4600aa",
        "hue-16": "#501e3c",
        "hue-17": "#32508c",
        "hue-18": "#6e46dc",
        "hue-19": "#820096",
        "hue-20": "#46006e",
        "hue-21": "#5000dc",
        "hue-22": "#503278",
        "hue-23": "#3c46fa",
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

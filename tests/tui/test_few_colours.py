"""Terminals with 16 colours, and people who want none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as ThemedColor

from builders import ordinary_tree
from driver import dashboard
from madrox_tui.app import MadroxTop
from madrox_tui.colours.cell_styles import cell_styles
from madrox_tui.colours.few_colours import few_colours
from madrox_tui.colours.themes import DARK, LIGHT, THEMES
from madrox_tui.states import LOOKS
from madrox_tui.view import HUES
from terminal import Terminal, madrox_top

BLACK_ON_CYAN = Style(color=Color.from_ansi(0), bgcolor=Color.from_ansi(6))
NOTHING = ThemedColor.parse("black")


@pytest.fixture(autouse=True)
def sixteen_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The apps that are made in this test draw for such a terminal."""
    monkeypatch.setattr(MadroxTop, "_has_few_colours", True)


def drawn(style: Style, theme: str = DARK.name, *, plain: bool = False) -> Style:
    """A style on the background of a theme, as it is drawn."""
    app = dashboard(Path("logs"))
    app.theme = theme
    variables = app.get_css_variables()
    below = Style(
        color=ThemedColor.parse(variables["foreground"]).rich_color,
        bgcolor=ThemedColor.parse(variables["background"]).rich_color,
    )
    filters = few_colours(app.current_theme, variables, plain=plain)
    (segment,) = filters.apply([Segment("text", below + style)], NOTHING)
    assert segment.style is not None
    return segment.style


def cells(theme: str) -> dict[str, Style]:
    app = dashboard(Path("logs"))
    app.theme = theme
    return dict(cell_styles(app.get_css_variables()))


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name, "nord", "textual-light"])
def test_states_keep_their_hue(theme: str) -> None:
    """What is good, warns, or is bad is green, yellow and red."""
    styles = cells(theme)
    numbers = {
        look.style: drawn(styles[look.style], theme).color for look in LOOKS.values() if look.style
    }
    assert [numbers[n].number % 8 for n in ("bad", "good", "warn")] == [1, 2, 3]  # type: ignore[union-attr, operator]
    assert numbers["muted"] == Color.from_ansi(8)


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name, "nord", "textual-light"])
def test_names_are_told_apart_from_states(theme: str) -> None:
    """No name is red, green or yellow; among blue, cyan, magenta and grey some share a colour."""
    styles = cells(theme)
    hues = {drawn(styles[f"hue-{n}"], theme).color for n in range(HUES)}
    assert len(hues) >= 4
    assert not {hue.number % 8 for hue in hues if hue and hue.number is not None} & {1, 2, 3}


@pytest.mark.parametrize("theme", [ours.name for ours in THEMES])
@pytest.mark.parametrize("name", ["", "muted", "good", "hue-0"])
def test_everything_is_read_on_the_cursor(theme: str, name: str) -> None:
    """Grey on grey is nothing: on the focused row all is black on cyan, on another on white."""
    styles = cells(theme)
    style = styles[name] if name else Style()
    assert drawn(styles["cursor"] + style, theme) == BLACK_ON_CYAN
    blurred = drawn(styles["cursor-blurred"] + style, theme)
    assert (blurred.color, blurred.bgcolor) == (Color.from_ansi(0), Color.from_ansi(7))


def test_backgrounds_that_only_shade_are_the_terminals_own() -> None:
    """Panels and lines of the frame are drawn on what the terminal shows anyway."""
    for name in ("surface", "panel"):
        style = Style(bgcolor=ThemedColor.parse(getattr(DARK, name)).rich_color)
        assert drawn(style).bgcolor == Color.default()


def test_what_was_added_and_removed_is_told_apart() -> None:
    """A diff that an agent shows on dark green and dark red is on green and on red."""
    grounds = [drawn(Style.parse(f"on {colour}")).bgcolor for colour in ("#1f4a2c", "#5a2028")]
    assert grounds == [Color.from_ansi(2), Color.from_ansi(1)]


def test_an_agents_own_sixteen_colours_stay() -> None:
    """What a pane asked for in the terminal's colours is not translated twice."""
    style = drawn(Style(color="bright_magenta"))
    assert style.color is not None
    assert (style.color.type, style.color.number) == (ColorType.STANDARD, 13)


@pytest.mark.parametrize("theme", [ours.name for ours in THEMES])
def test_without_colours_there_are_attributes(theme: str) -> None:
    """The cursor is reversed, that of another panel underlined, what stands back is dim."""
    styles = cells(theme)
    shown = {
        name: str(drawn(styles[name], theme, plain=True).without_color)
        for name in ("cursor", "cursor-blurred", "muted", "strong", "hit", "bad")
    }
    assert shown == {
        "cursor": "reverse",
        "cursor-blurred": "underline",
        "muted": "dim",
        "strong": "bold",
        "hit": "reverse",
        "bad": "none",
    }
    assert all(drawn(style, theme, plain=True).color is None for style in styles.values())


def test_a_click_still_has_its_target() -> None:
    """What a style knows besides colours is kept."""
    assert drawn(Style(meta={"@click": "x"}), plain=True).meta == {"@click": "x"}


def codes(terminal: Terminal) -> set[str]:
    """What was said of how text looks, word by word."""
    told = re.findall(rb"\x1b\[([0-9;]*)m", terminal.output)
    return {word for codes in told for word in codes.decode().split(";")}


def test_nothing_of_a_colour_is_sent_where_none_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR a terminal gets bold, dim, underlined and reversed text, and no grey."""
    monkeypatch.setenv("NO_COLOR", "")
    ordinary_tree(tmp_path / "logs")
    with madrox_top("logs", cwd=tmp_path) as terminal:
        terminal.sees("auth-service-hardening")
        terminal.until(lambda: {"1", "2", "4", "7"} <= codes(terminal), "attributes")
        assert codes(terminal) <= {"0", "1", "2", "3", "4", "7", "9"}


@pytest.mark.parametrize("name", ["linux", "screen", "xterm"])
def test_a_terminal_of_sixteen_colours_gets_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The cursor, what waits, works, failed and stands back each have their own colour."""
    ordinary_tree(tmp_path / "logs")
    monkeypatch.delenv("COLORTERM", raising=False)
    with madrox_top("logs", cwd=tmp_path, term=name) as terminal:
        terminal.sees("auth-service-hardening")
        wanted = {"31", "32", "33", "90", "46", "47"}
        terminal.until(lambda: wanted <= codes(terminal), "a colour for each")
        assert not codes(terminal) & {"38", "48", "5", "100"}

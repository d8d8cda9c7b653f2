"""What is drawn in any theme: seen by whoever chose it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

import msgspec
import pytest
from rich.color import ColorType
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme
from textual.widget import Widget

from builders import TreeBuilder
from driver import dashboard, run_app
from fleets import instance, view
from madrox_tui.colours.cell_styles import cell_styles
from madrox_tui.colours.legible import contrast
from madrox_tui.colours.themes import DARK, LIGHT, THEMES
from madrox_tui.config import Settings
from madrox_tui.view import HUES
from madrox_tui.widgets.key_bar import KeyBar
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.status_bar import StatusBar
from madrox_tui.widgets.tab_strip import TabStrip

KNOWN = sorted({*BUILTIN_THEMES, *(ours.name for ours in THEMES)})
OF_COLOURS = [name for name in KNOWN if not name.startswith("ansi-")]
STANDS_BACK = frozenset({"muted", "head"})
ROW_GROUNDS = ("background", "cursor", "cursor-blurred")
SAME = 0.1
"""Two colours nearer to each other than this, in OKLab, may be taken for the same from afar."""

NEAR = 0.065
"""The same of two words beside each other."""


def variables_of(theme: str) -> dict[str, str]:
    """The variables of a theme as the app hands them to its widgets."""
    return dashboard(Path("logs"), settings=Settings(theme=theme)).get_css_variables()


def triplet(colour: str) -> ColorTriplet:
    return ColorTriplet(*Color.parse(colour).rgb)


def least(name: str) -> float:
    return 3.0 if name in STANDS_BACK else 4.5


@pytest.mark.parametrize("theme", OF_COLOURS)
def test_every_cell_can_be_read(theme: str) -> None:
    """Names, states, and marks stand out from the panel and from the cursor, in any theme."""
    variables = variables_of(theme)
    for name, style in cell_styles(variables).items():
        for ground in ROW_GROUNDS if name not in ROW_GROUNDS else ():
            behind = style.bgcolor.get_truecolor() if style.bgcolor else triplet(variables[ground])
            assert style.color is not None
            text = style.color.get_truecolor()
            assert contrast(text, behind) >= least(name), (name, ground)


@pytest.mark.parametrize("theme", OF_COLOURS)
def test_lines_and_the_cursor_are_seen(theme: str) -> None:
    """Borders stand out from the screen, and the row under the cursor from the others."""
    variables = variables_of(theme)
    ground = triplet(variables["background"])
    marks = {"line": 1.5, "primary": 1.5, "cursor": 1.2, "cursor-blurred": 1.1}
    for name, needed in marks.items():
        assert contrast(triplet(variables[name]), ground) >= needed, name


def drawn(app: App[None], widget: Widget) -> Iterator[tuple[str, Style]]:
    """The texts in a widget's region as they are on the screen, each in its style."""
    region = widget.region
    for strip in app.screen._compositor.render_strips()[region.y : region.bottom]:
        for text, style, _ in strip.crop(region.x, region.right):
            if text.strip() and style is not None:
                yield text, style


@pytest.mark.asyncio
@pytest.mark.parametrize("theme", OF_COLOURS)
async def test_the_bars_can_be_read(tree: TreeBuilder, theme: str) -> None:
    """The status line, the names of the panels, a kept filter, and the keys."""
    tree.spawn("a1", "atlas", role="architect", at=0)
    tree.send("a1", "m-1", "draw the plan", at=60)
    tree.spawn("b2", "probe", at=5)
    tree.terminate("b2", "probe", at=20)
    tree.line("instances/a1/communication.jsonl", b"unreadable\n")
    settings = Settings(tick_s=3600.0, theme=theme, filter="-zz state:bogus")
    async with run_app(
        tree.root, now_s=tree.epoch(600), size=(100, 30), settings=settings
    ) as person:
        await person.sees("1 stuck", "1 terminated", "1 problem", "state:bogus", "Quit")
        bars = [person.app.query_one(bar) for bar in (StatusBar, TabStrip, KeyBar, "FilterBar")]
        seen = [found for bar in bars for found in drawn(person.app, bar)]
        assert len(seen) > 15
        muted = triplet(person.app.theme_variables["muted"])
        for text, style in seen:
            assert style.color is not None
            assert style.bgcolor is not None
            colour = style.color.get_truecolor()
            needed = 3.0 if colour == muted else 4.5
            assert contrast(colour, style.bgcolor.get_truecolor()) >= needed, text


def seen_as(style: Style) -> tuple[ColorTriplet, ColorTriplet]:
    """The colours of a text and of what is behind it, as a terminal draws them."""
    assert style.color is not None
    assert style.bgcolor is not None
    colours = style.color.get_truecolor(), style.bgcolor.get_truecolor()
    return colours[::-1] if style.reverse else colours


@pytest.mark.asyncio
@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name, "textual-light", "nord"])
@pytest.mark.parametrize(
    ("panel", "words"),
    [("pane", ("red", "faint", "reversed", "white")), ("timeline", ("atlas", "draw the plan"))],
)
async def test_what_the_mouse_selects_can_be_read(
    tree: TreeBuilder, theme: str, panel: str, words: tuple[str, ...]
) -> None:
    """Whatever its own colours are; and it is told from what is not selected."""
    tree.spawn("a1", "atlas", role="architect", at=0)
    tree.send("a1", "m-1", "draw the plan", at=60)
    tree.frame(
        "a1", "top\n\x1b[31mred\n\x1b[2mfaint\n\x1b[7mreversed\n\x1b[0;37;47mwhite\nend", at=100
    )
    settings = Settings(tick_s=3600.0, theme=theme)
    async with run_app(tree.root, now_s=tree.epoch(600), settings=settings) as person:
        await person.sees("draw the plan", "reversed")
        view = person.app.query_one(f"#{panel}", LineView)
        await person.pilot.mouse_down(view, offset=(2, 1))
        await person.pilot.hover(view, offset=(view.size.width - 1, 6))
        await person.until(lambda: view.text_selection is not None, "the selection")
        await person.pilot.pause()
        ground = triplet(person.app.theme_variables["background"])
        seen = [(text, *seen_as(style)) for text, style in drawn(person.app, view)]
        selected = [(t, text, behind) for t, text, behind in seen if contrast(behind, ground) > 2]
        assert [w for w in words if not any(w in t for t, *_ in selected)] == []
        assert [t for t, text, behind in selected if contrast(text, behind) < 4.5] == []


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_our_own_themes_are_drawn_as_they_are(theme: Theme) -> None:
    """No colour of ours has to be moved."""
    drawn_in = variables_of(theme.name)
    ours = theme.to_color_system().generate() | theme.variables
    assert [n for n, colour in ours.items() if drawn_in[n].lower() != colour.lower()] == []


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
def test_a_terminals_own_colours_are_left_alone(theme: str) -> None:
    """How it draws them nobody knows."""
    style = cell_styles(variables_of(theme))["warn"]
    assert style.color is not None
    assert style.color.type is ColorType.STANDARD


# --- the colours of names -------------------------------------------------------


def oklab(colour: str) -> tuple[float, float, float]:
    """A colour where distances are as they are seen; by Björn Ottosson."""
    levels = (level / 255 for level in triplet(colour))
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def distance(one: str, other: str) -> float:
    return math.dist(oklab(one), oklab(other))


def hues(theme: str) -> list[str]:
    variables = variables_of(theme)
    return [variables[f"hue-{number}"] for number in range(HUES)]


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
def test_a_name_is_not_taken_for_a_state(theme: str) -> None:
    """No name is red, amber or green, nor as grey as what stands back."""
    variables = variables_of(theme)
    for hue in hues(theme):
        for state in ("error", "warning", "success", "muted"):
            assert distance(hue, variables[state]) > SAME, (hue, state)


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name, "textual-dark", "textual-light"])
def test_names_are_told_apart(theme: str) -> None:
    """Eight colours, none near another; elsewhere than in our themes as far as they are kept."""
    nearest = min(distance(*pair) for pair in combinations(hues(theme)[:8], 2))
    assert nearest > (SAME if theme.startswith("madrox") else SAME / 2)


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
def test_names_of_many_are_told_apart(theme: str) -> None:
    """More than twenty have a colour each; one that comes after another differs more from it."""
    colours = hues(theme)
    assert len(colours) > 20
    assert min(distance(*pair) for pair in combinations(colours, 2)) > NEAR
    assert min(distance(*pair) for pair in pairwise([*colours, colours[0]])) > NEAR + 0.015


@pytest.mark.parametrize("theme", OF_COLOURS)
def test_names_of_many_have_as_many_colours(theme: str) -> None:
    """In any theme, be some alike; never those of one that comes after another."""
    colours = hues(theme)
    assert len(set(colours)) == len(colours)
    assert min(distance(*pair) for pair in pairwise([*colours, colours[0]])) > SAME * 0.4


def test_a_colour_stays_whoever_else_is_shown() -> None:
    """It is the instance's own: a filter, or one that is spawned later, changes that of none."""
    fleet = [instance(f"i{number:02}") for number in range(HUES)]
    whole, earlier = view(fleet), view(fleet[:3])
    narrowed = msgspec.structs.replace(whole, instances=whole.instances[2:3])
    ids = [one.instance_id for one in fleet]
    assert len({whole.hue(instance_id) for instance_id in ids}) == HUES
    assert [narrowed.hue(i) for i in ids] == [whole.hue(i) for i in ids]
    assert [earlier.hue(i) for i in ids[:3]] == [whole.hue(i) for i in ids[:3]]

"""The panels at every size, moved, zoomed, and as they were left."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.geometry import Size

from builders import TreeBuilder
from driver import run_app
from madrox_tui.commands import Palette
from madrox_tui.config import Settings
from madrox_tui.remember import Memory, Remembered
from madrox_tui.widgets.filter_bar import MAX_FILTER_CHARS, FilterBar
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.panel_grid import PanelGrid

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """One busy instance with a pane."""
    tree.spawn("a1", "atlas", role="architect", at=0)
    tree.send("a1", "m-1", "draw the plan", at=590)
    tree.frame("a1", "atlas pane", at=595)
    return tree


@pytest.mark.parametrize(
    ("size", "seen", "missed"),
    [
        ((200, 60), ("● busy", "atlas pane", "→ atlas", "P95"), ("1 Instances",)),
        ((120, 40), ("● busy", "atlas pane", "→ atlas", "P95"), ("1 Instances",)),
        ((109, 30), ("● busy", "1 Instances", "WHY", "q Quit"), ("→ atlas",)),
        ((80, 24), ("● busy", "1 Instances", "q Quit"), ("→ atlas",)),
        ((80, 18), ("● busy", "1 Instances", "q Quit"), ("→ atlas",)),
        ((40, 12), ("● busy", "● live"), ("1 Instances", "q Quit", "→ atlas")),
    ],
)
async def test_each_size_has_its_layout(
    fleet: TreeBuilder, size: tuple[int, int], seen: tuple[str, ...], missed: tuple[str, ...]
) -> None:
    """Four panels where they fit, one with tabs at 80x24, a list only at 40x12."""
    async with run_app(fleet.root, size=size, now_s=NOW_S) as person:
        await person.sees(*seen)
        await person.misses(*missed)


async def test_panels_can_be_placed_while_others_are_still_hidden(fleet: TreeBuilder) -> None:
    """Textual shows them one after the other, and asks where they are in between."""
    async with run_app(fleet.root, size=(80, 24), now_s=NOW_S) as person:
        await person.sees("● busy")
        grid = person.app.screen.query_one(PanelGrid)
        for shown in range(1, 5):
            panels = list(grid.children[:shown])
            placed = grid.layout.arrange(grid, panels, Size(160, 48))
            assert [place.widget for place in placed] == panels


@pytest.mark.parametrize(
    ("size", "list_cells", "pane_cells"),
    [((110, 30), 57, 43), ((120, 40), 63, 47), ((160, 48), 70, 80), ((240, 60), 150, 80)],
)
async def test_the_list_has_what_a_pane_does_not_need(
    fleet: TreeBuilder, size: tuple[int, int], list_cells: int, pane_cells: int
) -> None:
    """A pane of 80 cells is whole where the list has enough, and what is left is the list's."""
    async with run_app(fleet.root, size=size, now_s=NOW_S) as person:
        await person.sees("● busy", "atlas pane", "WHY")
        panels = (person.app.query_one(f"#{name}", LineView) for name in ("instances", "pane"))
        assert [panel.row_width for panel in panels] == [list_cells, pane_cells]


async def test_any_size_is_survived_with_anything_open(fleet: TreeBuilder) -> None:
    """Help, palette, and the question for a time live through every size as the panels do."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        for opened in ("question_mark", "colon", "T", "slash", "z"):
            await person.press(opened)
            for size in ((1, 1), (20, 5), (300, 2), (2, 300), (40, 12), (120, 40)):
                await person.pilot.resize_terminal(*size)
                await person.pilot.pause()
            await person.press("z" if opened == "z" else "escape")
        await person.sees("● busy", "draw the plan", "atlas pane")


@pytest.mark.parametrize("size", [(80, 4), (10, 3), (80, 1)])
async def test_the_palette_needs_no_room(fleet: TreeBuilder, size: tuple[int, int]) -> None:
    """Where its list has hardly a line, or none, its keys do no harm."""
    async with run_app(fleet.root, size=size, now_s=NOW_S) as person:
        await person.press("colon", "down", "pagedown", "pageup")
        assert isinstance(person.app.screen, Palette)
        await person.press("escape", "escape")
        assert not isinstance(person.app.screen, Palette)


async def test_the_palette_has_one_line_for_each_command(fleet: TreeBuilder) -> None:
    """A description that does not fit beside its key is truncated, not wrapped."""
    async with run_app(fleet.root, size=(80, 24), now_s=NOW_S) as person:
        await person.sees("● busy")
        await person.press("colon")
        await person.sees("t              Toggle tree; scroll left to fold a branch, right to…")


async def test_the_export_dialog_is_no_larger_than_it_needs_to_be(fleet: TreeBuilder) -> None:
    """The export dialog has an error line only after an error."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("● busy")
        await person.press("x")
        await person.sees("Enter: write ")
        dialog = person.app.screen.query_one(".dialog")
        await person.until(lambda: dialog.outer_size == (90, 4), "name and keys")
        await person.press("backspace", "enter")
        await person.sees("cannot write .cs: use .csv or .jsonl")
        assert dialog.outer_size == (90, 5)


async def test_a_border_is_dragged_with_the_mouse(fleet: TreeBuilder) -> None:
    """The border between the columns follows the mouse, and stays where it was let go."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        grid = person.app.query_one(PanelGrid)
        border = person.app.query_one("#instances").region.right
        await person.pilot.mouse_down(offset=(border, 10))
        await person.pilot.hover(offset=(80, 10))
        await person.pilot.mouse_up(offset=(80, 10))
        await person.until(lambda: grid.columns in (66, 67, 68), "two thirds are at the left")
        before = grid.columns, grid.heights
        await person.pilot.hover(offset=(30, 10))
        await person.pilot.pause()
        assert (grid.columns, grid.heights) == before
        assert abs(person.app.query_one("#instances").region.right - 80) <= 1


async def test_the_columns_are_divided_each_by_itself(fleet: TreeBuilder) -> None:
    """The border below the list is dragged without that below the pane, which is grown alone."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        top = person.app.query_one("#instances").region
        pane = person.app.query_one("#pane").region.bottom
        await person.pilot.mouse_down(offset=(10, top.bottom))
        await person.pilot.hover(offset=(10, 20))
        await person.pilot.mouse_up(offset=(10, 20))
        await person.until(
            lambda: person.app.query_one("#timeline").region.y in (19, 20), "dragged"
        )
        assert person.app.query_one("#pane").region.bottom == pane
        timeline = person.app.query_one("#timeline").region
        await person.press("2", "equals_sign")
        await person.until(lambda: person.app.query_one("#pane").region.bottom > pane, "grown")
        assert person.app.query_one("#timeline").region.y == timeline.y


@pytest.mark.parametrize(
    ("size", "keys"),
    [((120, 40), ("z", "equals_sign", "minus", "equals_sign", "z")), ((80, 24), ("equals_sign",))],
)
async def test_borders_that_nobody_sees_are_not_moved(
    fleet: TreeBuilder, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """Of a panel that is shown alone nothing is grown; restored, the panels are as they were."""
    async with run_app(fleet.root, size=size, now_s=NOW_S) as person:
        await person.sees("● busy")
        grid = person.app.query_one(PanelGrid)
        placed = [panel.region for panel in grid.children]
        await person.press(*keys)
        await person.sees("● busy")
        assert (grid.columns, grid.heights) == (None, (None, None))
        assert [panel.region for panel in grid.children] == placed


@pytest.mark.parametrize("panel", ["1", "2"])
async def test_a_border_that_nobody_sees_is_not_dragged(fleet: TreeBuilder, panel: str) -> None:
    """At the edges of a maximised panel the mouse finds none of them."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        grid = person.app.query_one(PanelGrid)
        await person.press(panel, "z")
        await person.until(lambda: not grid.children[3].display, "one panel")
        for edge in (0, grid.region.right - 1):
            await person.pilot.mouse_down(offset=(edge, 10))
            await person.pilot.hover(offset=(80, 10))
            await person.pilot.mouse_up(offset=(80, 10))
            await person.pilot.pause()
            assert (grid.columns, grid.heights) == (None, (None, None))


async def test_the_list_is_as_high_as_the_fleet_needs(tree: TreeBuilder) -> None:
    """The sums have what the list leaves them; it grows with the fleet, up to three fifths."""
    tree.spawn("a0", "atlas")
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("atlas")
        listed = person.app.query_one("#instances")
        heights = [listed.outer_size.height]
        for number in (6, 40):
            for other in range(number):
                tree.spawn(f"b{number}-{other}", f"other-{number}-{other}")
            await person.sees(f"Instances {1 + sum(n for n in (6, 40) if n <= number)}")
            await person.pilot.pause()
            heights.append(listed.outer_size.height)
        assert heights == [8, 12, 23]
        await person.press("slash", *"atlas", "enter")
        await person.sees("Instances 1 of 47")
        assert listed.outer_size.height == 22  # a line less, for the filter


async def test_the_palette_puts_the_borders_back(fleet: TreeBuilder, tmp_path: Path) -> None:
    """A layout that was moved, or kept by an older version, gives way to that of a first run."""
    memory = Memory(tmp_path / "screen.json")
    sums = {"audit": {"by": "role"}}
    memory.save(Remembered(columns=46, heights=(30, 70), zoomed=True, panels=sums))
    async with run_app(fleet.root, now_s=NOW_S, memory=memory) as person:
        await person.sees("● busy", "1 Instances")
        await person.press("colon", *"reset layout")
        await person.sees("Reset layout: borders, zoom; keeps sort, tree, grouping, theme")
        await person.press("enter")
        await person.sees("draw the plan")
        await person.press("q")
    left = memory.load()
    assert (left.columns, left.heights, left.zoomed) == (None, (None, None), False)
    assert left.panels["audit"] == {"by": "role", "sort": "", "reverse": False}


async def test_the_screen_is_found_as_it_was_left(fleet: TreeBuilder, tmp_path: Path) -> None:
    """Theme, panel, zoom and borders are the same in the next run."""
    memory = Memory(tmp_path / "screen.json")
    async with run_app(fleet.root, now_s=NOW_S, memory=memory) as person:
        await person.sees("draw the plan")
        person.app.theme = "nord"
        await person.press("3", "equals_sign", "z", "q")
    left = memory.load()
    panels = left.panels
    assert left == Remembered(
        theme="nord", panel="timeline", zoomed=True, columns=61, heights=(17, None), panels=panels
    )
    assert panels["instances"]["tree"] is False
    async with run_app(fleet.root, now_s=NOW_S, memory=memory) as person:
        await person.sees("draw the plan", "3 Timeline")
        assert person.app.theme == "nord"
        assert "● busy" not in person.panel("timeline")
        await person.press("z")
        await person.sees("● busy")


async def test_the_sums_are_found_as_they_were_left(fleet: TreeBuilder, tmp_path: Path) -> None:
    """What the audit panel sums and sorts by is the same in the next run, from its first screen."""
    memory = Memory(tmp_path / "screen.json")
    async with run_app(fleet.root, now_s=NOW_S, memory=memory) as person:
        await person.sees("by instance")
        await person.press("4", "b")
        await person.sees("by role")
        await person.press("s", "r")
        await person.press("q")
    assert memory.load().panels["audit"] == {"by": "role", "sort": "tokens", "reverse": True}
    async with run_app(fleet.root, now_s=NOW_S, memory=memory) as person:
        await person.sees("by role", "TOKENS▴")


async def test_kept_filters_are_brought_back_in_the_next_run(
    fleet: TreeBuilder, tmp_path: Path
) -> None:
    """The newest ten filters are saved; the last run's are recalled after a command-line filter."""
    memory = Memory(tmp_path / "screen.json")
    async with run_app(fleet.root, now_s=NOW_S, memory=memory) as person:
        await person.sees("draw the plan")
        bar = person.app.screen.query_one(FilterBar)
        for text in (*(f"a{number}" for number in range(12)), "x" * (MAX_FILTER_CHARS + 1)):
            await person.press("slash", *["backspace"] * 3)
            person.app.post_message(events.Paste(text))
            await person.press("enter")
            await person.until(lambda: not bar.editing, "a filter that is kept")
        await person.press("q")
    assert memory.load().filters == tuple(f"a{number}" for number in range(3, 12))
    async with run_app(fleet.root, now_s=NOW_S, memory=memory, filter_text="atlas") as person:
        await person.sees("filter atlas")
        await person.press("slash", "up", "up")
        await person.sees("filter a11")
        await person.press(*["up"] * 20)
        await person.sees("filter a3")


async def test_settings_go_before_what_is_remembered(fleet: TreeBuilder, tmp_path: Path) -> None:
    """A layout and a theme of the settings count, however the screen was left."""
    memory = Memory(tmp_path / "screen.json")
    memory.save(Remembered(theme="no such theme", panel="timeline", zoomed=True))
    async with run_app(fleet.root, now_s=NOW_S, memory=memory) as person:
        await person.sees("draw the plan")
        assert person.app.theme == "madrox-dark"
    settings = Settings(layout="all", theme="madrox-light", tick_s=3600.0)
    async with run_app(fleet.root, now_s=NOW_S, memory=memory, settings=settings) as person:
        await person.sees("draw the plan", "● busy")
        assert person.app.theme == "madrox-light"
    settings = Settings(layout="pane", tick_s=3600.0)
    async with run_app(fleet.root, now_s=NOW_S, memory=memory, settings=settings) as person:
        await person.sees("atlas pane", "2 Pane")
        assert "draw the plan" not in person.text


@pytest.mark.parametrize("kept", [None, "nord"])
async def test_a_theme_that_was_asked_for_is_of_that_run_only(
    fleet: TreeBuilder, tmp_path: Path, kept: str | None
) -> None:
    """The next run has the theme of before, unless another one was chosen meanwhile."""
    memory = Memory(tmp_path / "screen.json")
    memory.save(Remembered(theme=kept))
    asked = Settings(theme="dracula", tick_s=3600.0)
    async with run_app(fleet.root, now_s=NOW_S, memory=memory, settings=asked) as person:
        await person.sees("draw the plan")
        assert person.app.theme == "dracula"
        await person.press("q")
    assert memory.load().theme == kept
    async with run_app(fleet.root, now_s=NOW_S, memory=memory, settings=asked) as person:
        await person.sees("draw the plan")
        person.app.theme = "monokai"
        await person.press("q")
    assert memory.load().theme == "monokai"


@pytest.mark.parametrize(
    "theme", ["madrox-light", "nord", "ansi-dark", "ansi-light", "textual-light"]
)
async def test_a_theme_of_others_has_all_that_is_drawn(fleet: TreeBuilder, theme: str) -> None:
    """Every panel is shown in any theme, and a state by its sign and word as well."""
    settings = Settings(theme=theme, tick_s=3600.0)
    async with run_app(fleet.root, now_s=NOW_S, settings=settings) as person:
        await person.sees("● busy", "atlas pane", "draw the plan")


async def test_without_colours_states_are_told_apart(
    fleet: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR the sign and the word of a state are still there, and no colour is."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("● busy", "● live")
        for strip in person.app.screen._compositor.render_strips():
            for segment in strip:
                style = segment.style
                assert style is None or (style.color, style.bgcolor) == (None, None)

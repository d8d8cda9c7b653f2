"""A person who has only the mouse, or takes it in the midst of typing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from rich.style import Style
from textual import events
from textual.command import CommandList
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.widgets._toast import Toast

from builders import TreeBuilder, pair
from driver import Driver, dashboard, run_app
from logging_core.history import History
from madrox_tui.help.screen import HelpScreen
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.panels.timeline.panel import TimelinePanel
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.find_bar import FindBar
from madrox_tui.widgets.line_input import LineInput
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.settle import settle

NOW_S = TreeBuilder.epoch(600)

pilot = pytest.mark.asyncio


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """Two instances; one has answered a request, and the other has one open."""
    return pair(tree)


async def keys_work(person: Driver) -> None:
    await person.press("question_mark")
    await person.until(lambda: isinstance(person.app.screen, HelpScreen), "the help")


# --- a line that is typed into ---------------------------------------------------


@pilot
@pytest.mark.parametrize("typed", ["", "probe"])
async def test_a_click_elsewhere_keeps_the_filter(fleet: TreeBuilder, typed: str) -> None:
    """Whoever opens the filter and then clicks on a panel is there, and every key works."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("slash", *typed)
        await person.pilot.click("#timeline", offset=(5, 2))
        bar = person.app.query_one(FilterBar)
        await person.until(lambda: not bar.editing, "the end of the line")
        assert bar.has_class("-kept") == bool(typed)
        focused = person.app.focused
        assert focused is not None
        assert focused.id == "timeline"
        await keys_work(person)


@pilot
async def test_a_click_elsewhere_keeps_the_search(fleet: TreeBuilder) -> None:
    """Whoever looks for something and then clicks on another panel is there, and its keys work."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("3", "ctrl+f", *"plan")
        await person.pilot.click("#instances", offset=(5, 3))
        bar = person.app.query_one(FindBar)
        await person.until(lambda: bar.kept, "the end of the line")
        focused = person.app.focused
        assert focused is not None
        assert focused.id == "instances"
        await keys_work(person)


# --- what lies over the panels ----------------------------------------------------


def frame_of(dialog: Screen[object]) -> Region:
    frames = dialog.query(".dialog, MessageHalf")
    return frames.first().region if frames else Region()


@pilot
@pytest.mark.parametrize(
    "opens",
    [
        ("question_mark",),
        ("tilde",),
        ("c",),
        ("T",),
        ("x",),
        ("3", "G", "enter"),
        ("3", "g", "down", "down", "enter"),
        ("4", "enter"),
    ],
)
async def test_a_click_beside_a_dialog_closes_it(fleet: TreeBuilder, opens: Sequence[str]) -> None:
    """Whoever has only the mouse gets out of every dialog; a click in it does not close it."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past, size=(160, 48)) as person:
            await person.sees("draw the plan")
            await person.press(*opens)
            app = person.app
            await person.until(lambda: isinstance(app.screen, Dialog), "the dialog")
            dialog = app.screen
            await person.until(lambda: bool(frame_of(dialog).area), "its frame")
            await person.pilot.click(offset=frame_of(dialog).offset)
            await person.pilot.click(offset=frame_of(dialog).offset + Offset(3, 1))
            assert app.screen is dialog
            await person.pilot.click(offset=frame_of(dialog).offset - Offset(1, 0))
            await person.until(lambda: app.screen is not dialog, "the panels")


@pilot
@pytest.mark.parametrize("opens", ["question_mark", "T"])
async def test_a_double_click_beside_a_dialog_closes_it_alone(
    fleet: TreeBuilder, opens: str
) -> None:
    """Whoever clicks twice before the dialog is gone is back at the panels, which go on."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
            await person.sees("draw the plan")
            await person.press(opens)
            app, dialog = person.app, person.app.screen
            x, y = frame_of(dialog).offset - Offset(1, 0)
            for _ in range(2):  # a pilot would wait for the first one
                for kind in (events.MouseDown, events.MouseUp):
                    app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
            await person.until(lambda: app.screen is not dialog, "the panels")
            await keys_work(person)


@pilot
@pytest.mark.parametrize("opens", ["question_mark", "colon"])
async def test_a_click_in_a_dialog_that_waits_while_the_terminal_shrinks(
    fleet: TreeBuilder, opens: str
) -> None:
    """A click is handled after the terminal has become smaller than where it was: all goes on."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press(opens)
        app, dialog = person.app, person.app.screen
        inside, (x, y) = dialog.children[0], app.size
        inside.post_message(events.Click(inside, x, y, 0, 0, 1, False, False, False, x, y))
        await person.press("escape")
        await person.until(lambda: app.screen is not dialog, "the panels")
        await keys_work(person)


@pilot
async def test_a_click_on_a_command_that_is_no_longer_found(fleet: TreeBuilder) -> None:
    """A click that waits while the palette's list becomes shorter chooses nothing."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("colon")
        palette, commands = person.app.screen, person.app.screen.query_one(CommandList)
        await person.until(lambda: commands.option_count > 0, "commands")
        x, y = commands.region.offset
        click = events.Click(commands, x, y, 0, 0, 1, False, False, False, x, y)
        click.style = Style(meta={"option": commands.option_count})  # as it was there
        commands.post_message(click)
        await settle(commands)
        assert person.app.screen is palette
        await person.press("escape")
        await keys_work(person)


@pilot
@pytest.mark.parametrize("opens", ["T", "x"])
async def test_a_click_beside_a_dialog_loses_nothing_typed(fleet: TreeBuilder, opens: str) -> None:
    """Whoever has typed a time or a name and clicks beside it can go on typing; Esc closes."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past, size=(160, 48)) as person:
            await person.sees("draw the plan")
            await person.press(opens, *"14:0")
            app, dialog = person.app, person.app.screen
            await person.pilot.click(offset=frame_of(dialog).offset - Offset(1, 0))
            await person.press("5")
            await person.until(lambda: app.screen.query_one(LineInput).value.endswith("14:05"))
            await person.press("escape")
            await person.until(lambda: app.screen is not dialog, "the panels")


# --- what is selected ------------------------------------------------------------


async def select(person: Driver, view: LineView) -> None:
    """Drag over some rows."""
    await person.pilot.mouse_down(view, offset=(2, 1))
    await person.pilot.hover(view, offset=(12, 3))
    await person.pilot.mouse_up(view, offset=(12, 3))
    await person.until(lambda: view.text_selection is not None, "the selection")


@pilot
async def test_y_copies_what_is_selected_where_the_focus_is(fleet: TreeBuilder) -> None:
    """What is selected in another panel is not meant."""
    fleet.frame("b2", "one\ntwo\nthree\nfour", at=560)
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48)) as person:
        await person.sees("draw the plan", "three")
        await select(person, person.app.query_one("#pane", LineView))
        await person.press("3", "y")
        assert person.app.clipboard == "test the plan"
        await person.press("2", "y")
        assert person.app.clipboard == "one\ntwo\nthree"


@pilot
async def test_what_is_not_shown_any_more_is_not_selected(fleet: TreeBuilder) -> None:
    """Ctrl+C copies what one sees selected, and says so; where nothing is selected, it quits."""
    fleet.frame("b2", "one\ntwo\nthree\nfour", at=560)
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48)) as person:
        await person.sees("draw the plan", "three")
        pane = person.app.query_one("#pane", LineView)
        await select(person, pane)
        await person.press("ctrl+c")
        assert person.app.clipboard == "one\ntwo\nthree"
        assert [notice.message for notice in person.notices] == ["copied 3 lines"]
        await person.press("3", "z")
        await person.until(lambda: pane.text_selection is None, "nothing selected")
        await person.press("ctrl+c")
        await person.until(lambda: person.app.return_code is not None, "the end")


@pilot
async def test_what_has_gone_is_not_selected(fleet: TreeBuilder) -> None:
    """Ctrl+C quits after the mouse moved on a toast while it clicked it away."""
    app = dashboard(fleet.root, now=lambda: NOW_S)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        person = Driver(app, pilot)
        app.notify("notice", timeout=3600)
        await person.sees("draw the plan", "notice")
        toast = app.screen.query_one(Toast)
        x, y = toast.region.offset + Offset(2, 0)
        for kind, x_at in (
            (events.MouseDown, x),
            (events.MouseMove, x + 4),
            (events.MouseUp, x + 4),
        ):
            app.post_message(kind(None, x_at, y, 0, 0, 1, False, False, False, x_at, y))
        await person.until(lambda: not toast.is_attached, "the toast gone")
        await person.press("ctrl+c")
        await person.until(lambda: app.return_code is not None, "the end")


@pilot
@pytest.mark.parametrize("keys", [("escape",), ("j",)])
async def test_what_is_selected_is_let_go(fleet: TreeBuilder, keys: Sequence[str]) -> None:
    """Esc does that before all else that it does, and so does going to another row."""
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48), filter_text="atlas") as person:
        await person.sees("draw the plan")
        await person.press("3", "g", "j")
        await select(person, person.app.query_one(TimelinePanel))
        await person.press(*keys, "y")
        assert "\n" not in person.app.clipboard
        await person.sees("filter atlas")
        await person.press("escape")
        await person.misses("filter atlas")


@pilot
async def test_esc_lets_go_of_what_is_selected_in_a_dialog_before_it_closes(
    fleet: TreeBuilder,
) -> None:
    """Whoever has selected a part of a message goes on reading it; what else closes it does so."""
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48)) as person:
        await person.sees("draw the plan")
        for closes in ("escape", "q"):
            await person.press("question_mark")
            await person.sees("Keys and signs")
            view = person.app.screen.query_one(LineView)
            await select(person, view)
            if closes == "escape":
                await person.press("escape")
                assert view.text_selection is None
                await person.sees("Keys and signs")
            await person.press(closes)
            await person.misses("Keys and signs")


@pilot
async def test_a_double_click_selects_no_text(fleet: TreeBuilder) -> None:
    """It opens the row; that is what y copies afterwards, not the whole list."""
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48)) as person:
        await person.sees("draw the plan")
        await person.press("3", "g")
        await person.pilot.double_click("#timeline", offset=(10, 2))
        await person.until(lambda: isinstance(person.app.screen, Dialog), "the message")
        await person.press("escape", "y")
        assert person.app.clipboard == "Instance created with role: architect, type: claude"


# --- what is said on borders, and in the status line -------------------------------


async def click_on(person: Driver, words: str) -> None:
    """Click on the first character of what stands somewhere on the screen."""
    await person.sees(words)
    rows = person.text.split("\n")
    y = next(y for y, row in enumerate(rows) if words in row)
    await person.pilot.click(offset=(rows[y].index(words), y))


@pilot
async def test_a_number_in_the_status_line_shows_what_it_counts(fleet: TreeBuilder) -> None:
    """Those in a state, or again all; another state instead, beside what else is filtered."""
    fleet.spawn("c3", "quill", role="qa", at=541)
    fleet.audit("instance_error", "c3", {"error": "out of paper"}, at=550, level="ERROR")
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48), filter_text="-harbor") as person:
        line = person.app.query_one(FilterBar).query_one(LineInput)

        def is_gone(name: str) -> bool:
            return name not in person.panel("instances")

        await person.sees("atlas", "probe", "quill")
        for number, filtered, gone in (
            ("1 busy", "-harbor state:busy", "atlas"),
            ("1 idle", "-harbor state:idle", "probe"),
            ("1 err ", "-harbor state:idle errors>0", "atlas"),
        ):
            await click_on(person, number)
            await person.sees(filtered.replace(" ", "  "))
            assert line.value == filtered
            await person.until(partial(is_gone, gone), gone)
        await click_on(person, "1 idle")
        await person.until(lambda: line.value == "-harbor errors>0", "only errors")
        await keys_work(person)


@pilot
async def test_the_status_line_leads_to_what_it_says(fleet: TreeBuilder) -> None:
    """To the sums, to what is wrong with the logs, and back from an earlier time or a pause."""
    fleet.line("audit/audit_20261123.jsonl", b"no event\n")
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past, size=(160, 48)) as person:
            await person.sees("draw the plan")
            await click_on(person, "$0.50 ")
            await person.until(lambda: person.app.query_one("#audit").has_focus, "the sums")
            await click_on(person, "1 problem")
            await person.sees("Log health")
            await person.press("escape", "space")
            await click_on(person, "‖ paused")
            await person.sees("● live")
            await person.press("3", "g", "@")
            await click_on(person, "◷ at ")
            await person.sees("● live")


@pilot
async def test_what_a_border_says_of_a_key_can_be_clicked(fleet: TreeBuilder) -> None:
    """As if the key were pressed: in a panel, and in what lies over the panels."""
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 48)) as person:
        await person.sees("draw the plan")
        timeline = person.app.query_one(TimelinePanel)
        await person.press("3", "g", "1")
        await click_on(person, "G: newest")
        await person.until(lambda: timeline.follow, "the newest")
        await person.press("question_mark")
        await click_on(person, "Esc closes")
        await person.misses("Keys and signs")
        await person.press("3", "G", "up", "enter")
        await click_on(person, "Esc closes")
        await person.misses("Esc closes")
        await person.press("x")
        await click_on(person, "Tab: .csv")
        await person.sees(".jsonl ")
        await click_on(person, "Esc: cancel")
        await person.misses("Esc: cancel")


@pilot
@pytest.mark.parametrize("line", [0, -1])
async def test_a_click_on_a_border_is_on_no_row(fleet: TreeBuilder, line: int) -> None:
    """Neither is the list sorted by the column below, nor does the cursor go to a row behind."""
    for number in range(30):
        fleet.spawn(f"d{number}", f"agent{number}", at=541)
    async with run_app(fleet.root, now_s=NOW_S, size=(160, 30)) as person:
        await person.sees("agent1")
        panel = person.app.query_one(InstancesPanel)
        await person.until(lambda: panel.region.height > 10, "room for the fleet")
        before = panel.order, panel.cursor
        region = panel.region
        await person.pilot.click(offset=(region.x + 20, (region.y, region.bottom)[line] + line))
        await person.press("4", "1")
        assert (panel.order, panel.cursor) == before

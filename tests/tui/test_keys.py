"""Every key of the screen: one meaning, documented, and doing what a person sees."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from shutil import rmtree
from threading import Event
from unittest import mock

import msgspec
import pytest
from textual import events
from textual.command import CommandList
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from builders import TreeBuilder, pair
from driver import Driver, dashboard, run_app
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, Group, Usage
from logging_core.history import History
from logging_core.read.reader import TreeReader
from madrox_tui.bindings import (
    GLOBAL,
    PANEL_TYPES,
    all_keys,
    help_groups,
    key_groups,
    keymap,
    keys_in_force,
)
from madrox_tui.changes.screen import ChangesScreen
from madrox_tui.commands import Palette
from madrox_tui.config import Settings
from madrox_tui.events.screen import EventsScreen
from madrox_tui.health.screen import HealthScreen
from madrox_tui.help.screen import HelpScreen
from madrox_tui.key_names import key_names, one_key_name, own_bindings
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.panels.timeline.message_screen import MessageScreen
from madrox_tui.screens.export import ExportScreen
from madrox_tui.screens.go_to import MomentScreen
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.find_bar import FindBar
from madrox_tui.widgets.key_bar import KeyBar
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.panel_grid import PanelGrid
from madrox_tui.widgets.settle import settle

NOW_S = TreeBuilder.epoch(600)

CONTRACT = frozenset(
    """
    1 2 3 4 Tab Shift+Tab z = - j k ↑ ↓ PgUp PgDn Ctrl+D Ctrl+U g G Home End h l ← → w / i s r t a
    e A D E b c W Space [ ] { } < > T @ d p Ctrl+F n N Enter y S x ~ ? : Ctrl+P q Esc Ctrl+Z
    """.split()  # noqa: SIM905 - a table that can be read
)
"""The keys that users are promised; no panel has any other."""


COPIES = frozenset({"Ctrl+C", "Super+c"})
"""Copy what is selected with the mouse; with nothing selected, `Ctrl+C` ends the program."""


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """Two instances; the second appeared a minute before the end."""
    return pair(tree)


class TreePast:
    """A past whose states come from a model that was fed the records up to that time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ready = Event()
        self.ready.set()
        self.most_at_once = 0
        self.stopped = 0
        self.gone: list[tuple[str, float]] = []
        self._inside = 0

    def prepare(self, progress: Callable[[int], object], *, stop: Event) -> None:
        self._inside += 1
        progress(12_345)
        self.most_at_once = max(self.most_at_once, self._inside)
        while not self.ready.wait(0.001) and not stop.is_set():
            pass
        self.stopped += stop.is_set()
        self._inside -= 1

    @property
    def span(self) -> tuple[float, float] | None:
        return (TreeBuilder.epoch(0), NOW_S)

    def note_gone(self, instance_id: str, at_s: float) -> None:
        self.gone.append((instance_id, at_s))

    def state_at(self, at_s: float) -> FleetState:
        return self._model(at_s).state(at_s)

    def usage_at(self, at_s: float, instance_ids: Iterable[str]) -> Usage:
        return self._model(at_s).usage_of(instance_ids)

    def groups_at(
        self, at_s: float, by: str, instance_ids: Collection[str] | None
    ) -> tuple[Group, ...]:
        return self._model(at_s).groups(by, instance_ids)

    def _model(self, at_s: float) -> FleetModel:
        model = FleetModel()
        reader = TreeReader(self.root)
        batch = reader.poll()
        reader.close()
        records = tuple(r for r in batch.records if (getattr(r, "time_s", None) or 0.0) <= at_s)
        model.apply(msgspec.structs.replace(batch, records=records))
        return model


def selected(person: Driver) -> str | None:
    instance = person.app.query_one(InstancesPanel).selected
    return instance.label if instance else None


@pytest.mark.parametrize(
    "screen", [MessageScreen, EventsScreen, HealthScreen, HelpScreen, ChangesScreen]
)
def test_what_lies_over_the_panels_is_left_alike(screen: type[ModalScreen[None]]) -> None:
    """Esc and q leave, Enter never does: it opens."""
    closes = [b.key for b in own_bindings(screen) if b.action == "dismiss"]
    assert closes[:2] == ["escape", "q"]
    assert "enter" not in closes


@pytest.mark.parametrize("screen", [MomentScreen, ExportScreen, FilterBar, FindBar])
def test_a_line_is_left_alike(screen: type[DOMNode]) -> None:
    """Enter takes what was typed, Esc does not; both at once."""
    at_once = [b.key for b in own_bindings(screen) if b.priority]
    assert at_once == ["enter", "escape"]


# --- the map ------------------------------------------------------------------


def test_no_key_has_two_meanings_in_one_place() -> None:
    """What is global and what is a panel's own never claim the same key."""
    for panel in PANEL_TYPES.values():
        bindings = (*GLOBAL, *own_bindings(LineView), *own_bindings(panel))
        keys = Counter(key for b in bindings for key in key_names(b).split())
        twice = {key for key, number in keys.items() if number > 1}
        assert not twice, f"{panel.__name__}: {twice}"


def test_every_key_is_in_the_contract() -> None:
    """A key that users were not told about is a mistake, as is one without a meaning."""
    for _, bindings in key_groups():
        for binding in bindings:
            assert set(key_names(binding).split()) <= CONTRACT, binding
            assert binding.description
            assert binding.id


def test_every_key_that_is_ours_is_bound() -> None:
    """Every promised key does something, in some panel or everywhere."""
    bound = {k for _, bs in key_groups() for b in bs for k in key_names(b).split()}
    assert bound >= CONTRACT


def test_what_comes_before_is_called_previous() -> None:
    """A key that steps back says `previous`: `last` could also mean the end."""
    described = {name: text for name, (text, _) in all_keys().items()}
    assert described["panel.previous"] == "Focus previous panel"
    assert described["pane.differ_previous"] == "Go to previous differing frame"
    assert not [text for text in described.values() if " last " in f" {text.lower()} "]


def test_a_key_means_the_same_in_every_panel() -> None:
    """Whoever learned a letter in one panel knows it in all; only Enter names what it opens."""
    said: dict[str, set[str]] = {}
    for _, bindings in key_groups():
        for binding in bindings:
            for key in key_names(binding).split():
                said.setdefault(key, set()).add(binding.description)
    assert {key for key, meanings in said.items() if len(meanings) > 1} == {"Enter"}


def test_binding_ids_are_unique() -> None:
    """An id names one action, so that `[keys]` can change it."""
    ids = Counter(b.id for _, bindings in key_groups() for b in bindings)
    assert max(ids.values()) == 1


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"panel.zom": ("f5",)}, "keys.panel.zom: no such action; did you mean panel.zoom?"),
        ({"qqqq": ("f5",)}, "keys.qqqq: no such action; --print-config lists them"),
        ({"panel.zoom": ()}, "keys.panel.zoom: needs at least one key"),
        ({"panel.zoom": ("a,b",)}, "keys.panel.zoom: 'a,b' is not a key"),
        ({"panel.zoom": ("j",)}, "keys.panel.zoom: 'j' is already bound to line.down"),
        ({"app.quit": ("x",)}, "keys.app.quit: 'x' is already bound to line.export"),
        ({"filter.edit": ("f5",), "audit.by": ("f5",)}, "keys.audit.by: 'f5' is already bound to"),
        ({"filter.edit": ("ctrl+p",)}, "keys.filter.edit: 'ctrl+p' is already bound to app.com"),
        ({"timeline.other_half": ("b",)}, "keys.timeline.other_half: 'b' is already bound to mes"),
        ({"timeline.other_half": ("w",)}, "keys.timeline.other_half: 'w' is already bound to pan"),
        ({"pane.previous": ("enter",)}, "keys.pane.previous: 'enter' is already bound to changes"),
        ({"message.bytes": ("f5",)}, "keys.message.bytes: its key is fixed"),
        ({"panel.zoom": ("@",)}, "keys.panel.zoom: '@' is already bound to view.moment"),
    ],
)
def test_keys_that_cannot_be_are_refused(keys: dict[str, tuple[str, ...]], complaint: str) -> None:
    """Unknown actions and keys with two meanings are named, in a line that the user wrote."""
    with pytest.raises(ValueError) as failure:  # noqa: PT011 - the text is looked at
        keymap(keys)
    assert complaint in str(failure.value)


def test_the_built_in_keys_may_be_set() -> None:
    """What `--print-config` prints under `[keys]` is accepted, and two may change places."""
    assert keymap({name: keys for name, (_, keys) in all_keys().items()})
    assert keymap({"panel.zoom": ("i",), "filter.only": ("z",)})


# --- what they do -------------------------------------------------------------

pilot = pytest.mark.asyncio


@pilot
@pytest.mark.parametrize(
    "keys", ["1", "2", "3", "4", "question_mark", "tilde", "c", "3 G enter", "4 enter"]
)
async def test_no_key_does_what_nobody_was_told_of(fleet: TreeBuilder, keys: str) -> None:
    """In panels and what lies over them only the promised keys are bound: no more by Textual."""
    with closing(History(fleet.root)) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
            await person.sees("draw the plan")
            await person.press(*keys.split())
            in_force = {one_key_name(key) for key in person.app.screen.active_bindings}
            of_app = {one_key_name(key) for key, _ in person.app._bindings}
            assert in_force | of_app <= CONTRACT | COPIES


@pilot
@pytest.mark.parametrize("keys", [("1",), ("slash", "a"), ("question_mark",), ("colon",)])
async def test_ctrl_q_does_not_end_the_program(fleet: TreeBuilder, keys: tuple[str, ...]) -> None:
    """Textual's key would, at once and from any line: it is beside Ctrl+W, which deletes a word."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press(*keys, "ctrl+q")
        await person.pilot.pause()
        assert person.app.return_code is None


@pilot
async def test_two_panels_chosen_at_once_do_not_fight_for_the_focus(fleet: TreeBuilder) -> None:
    """Of two keys that come before the first panel knows of its focus, the last one counts."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        grid = person.app.screen.query_one(PanelGrid)
        grid.show("pane")
        grid.show("timeline")
        had_focus = set()
        for _ in range(300):
            await asyncio.sleep(0)
            had_focus.add(focused(person))
        assert had_focus == {"timeline"}
        assert grid.current.id == "timeline"


@pilot
async def test_moving_the_focus_leaves_nothing_behind(fleet: TreeBuilder) -> None:
    """A dashboard that is open all day makes no widget for it."""

    def widgets() -> int:
        gc.collect()
        return sum(isinstance(thing, Widget) for thing in gc.get_objects())

    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        before = widgets()
        await person.press(*["tab"] * 8)
        assert widgets() == before


@pilot
async def test_help_names_the_keys_of_the_settings(fleet: TreeBuilder) -> None:
    """Whoever remapped a key, and forgot to what, finds it in help, and not the built-in one."""
    keys = {"app.quit": ("Q",), "line.find": ("ctrl+g", "f7"), "pane.wrap": ("f8",)}
    settings = Settings(tick_s=3600.0, keys=keys)
    async with run_app(fleet.root, now_s=NOW_S, settings=settings, size=(160, 80)) as person:
        await person.press("question_mark")
        await person.sees("Keys and signs", "Find in panel")
        assert "Ctrl+G F7 " in person.line_with("Find in panel")
        assert " Q  " in person.line_with("Quit")
        assert " F8 " in person.line_with("Toggle wrap")


@pilot
@pytest.mark.parametrize("panel", PANEL_TYPES)
async def test_what_help_says_is_bound_is_bound(fleet: TreeBuilder, panel: str) -> None:
    """Each key that help lists for a panel is in force there, also one of the settings."""
    keys = {"app.help": ("f1", "?"), "view.health": ("f2",), "app.commands": ("f3",)}
    settings = Settings(layout=panel, tick_s=3600.0, keys=keys)
    async with run_app(fleet.root, now_s=NOW_S, settings=settings) as person:
        await person.until(lambda: focused(person) == panel, panel)
        in_force = {one_key_name(key) for key in person.app.screen.active_bindings}
        here, _ = help_groups(panel, keys_in_force(keys))
        assert {k for _, bs in here for b in bs for k in key_names(b).split()} <= in_force
        await person.press("f1")
        await person.sees("Keys and signs")


@pilot
async def test_a_key_of_another_panel_says_where_it_works(fleet: TreeBuilder) -> None:
    """Who looks at the pane beside the list is told where to press `[`, by the keys in force."""
    keys = {"pane.previous": ("left_square_bracket", "f8"), "panel.timeline": ("f9",)}
    settings = Settings(tick_s=3600.0, keys=keys)
    async with run_app(fleet.root, now_s=NOW_S, settings=settings) as person:
        await person.sees("draw the plan")
        for key, told in (
            ("left_square_bracket", "[ works in Pane (2)"),
            ("f8", "F8 works in Pane (2)"),
            ("E", "E works in Timeline (F9)"),
        ):
            await person.press(key)
            await person.is_told(told)
        await person.press("2", "s")
        await person.is_told("s works in Instances (1) and Audit (4)")


@pilot
async def test_a_separator_says_that_there_is_no_message_in_it(fleet: TreeBuilder) -> None:
    """The first row of a timeline is a day: Enter and p cannot do there what they do below it."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        for key in ("enter", "p"):
            person.app.clear_notifications()
            await person.press("3", "g", key)
            await person.is_told("this row is no message")


@pilot
async def test_a_key_says_nothing_where_it_works_or_nowhere_does(fleet: TreeBuilder) -> None:
    """Nothing is said of what was done, nor of a letter of what is typed, nor of a key of none."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("s", "r", "f10", "Q", "slash", "d", "escape", "ctrl+f", "W", "escape")
        await person.press("question_mark", "left_square_bracket", "escape")
        assert not person.notices


@pilot
async def test_hints_name_the_keys_of_the_settings(fleet: TreeBuilder) -> None:
    """What says which key to press names one that does it, wherever it is said."""
    keys = {
        "view.moment": ("f2", "m"),
        "view.back": ("f3",),
        "filter.only": ("f4",),
        "line.last": ("f5",),
        "line.find_next": ("f6",),
        "line.copy": ("f8",),
        "audit.open": ("f9",),
    }
    settings = Settings(tick_s=3600.0, keys=keys)
    async with run_app(
        fleet.root, now_s=NOW_S, settings=settings, past=TreePast(fleet.root), size=(160, 48)
    ) as person:
        await person.sees("draw the plan")
        await person.press("f2")
        await person.sees("F2 for live")
        await person.press("f2")
        await person.sees("● live")
        await person.press("slash", *"nobody", "enter")
        await person.sees("no instance matches the filter: press F3 to clear it")
        await person.press("f3")
        await person.press("3", "k")
        await person.sees("F5: newest")
        await person.press("2", "ctrl+f", *"plan", "enter")
        await person.sees("none in any frame")
        await person.press("f3", "4", "k", "k")
        await person.sees("F9: ")
        await person.press("question_mark")
        await person.sees("F3 closes · F8 copies")


@pilot
async def test_a_key_in_the_last_line_can_be_clicked(fleet: TreeBuilder) -> None:
    """It is as if it were pressed; beside them nothing happens."""
    async with run_app(fleet.root, now_s=NOW_S, size=(220, 40)) as person:
        await person.sees("draw the plan", "? Help")
        bar = person.app.screen.query_one(KeyBar)
        line = person.text.split("\n")[bar.region.y]
        await person.pilot.click(KeyBar, offset=(len(line.rstrip()) + 5, 0))
        assert person.app.screen is person.app.screen_stack[0]
        await person.pilot.click(KeyBar, offset=(line.index("Help") + 1, 0))
        await person.sees(" Keys ")


@pilot
async def test_number_keys_and_tab_focus_panels(fleet: TreeBuilder) -> None:
    """`1` to `4` go to a panel, Tab and Shift+Tab round all four."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        for key, panel in (("3", "timeline"), ("4", "audit"), ("2", "pane"), ("1", "instances")):
            await person.press(key)
            assert focused(person) == panel
        for panel in ("pane", "timeline", "audit", "instances"):
            await person.press("tab")
            assert focused(person) == panel
        await person.press("shift+tab")
        assert focused(person) == "audit"


def focused(person: Driver) -> str | None:
    widget = person.app.focused
    return widget.id if widget else None


@pilot
async def test_a_key_can_be_another(fleet: TreeBuilder) -> None:
    """A key of the settings takes the place of the built-in one."""
    settings = Settings(tick_s=3600.0, keys={"panel.timeline": ("f3",), "line.down": ("J",)})
    async with run_app(fleet.root, now_s=NOW_S, settings=settings) as person:
        await person.sees("draw the plan")
        await person.press("3", "j")
        assert focused(person) == "instances"
        assert person.app.query_one("#instances", LineView).cursor == 0
        await person.press("J")
        assert person.app.query_one("#instances", LineView).cursor == 1
        await person.press("f3")
        assert focused(person) == "timeline"


@pilot
async def test_the_built_in_keys_still_work_when_they_are_all_set(fleet: TreeBuilder) -> None:
    """A settings file as it was printed changes nothing."""
    keys = {name: names for name, (_, names) in all_keys().items()}
    async with run_app(fleet.root, now_s=NOW_S, settings=Settings(keys=keys)) as person:
        await person.sees("draw the plan")
        await person.press("down", "k", "j")
        assert person.app.query_one("#instances", LineView).cursor == 1
        await person.press("3")
        assert focused(person) == "timeline"
        await person.press("q")
    assert person.app.return_code == 0


@pilot
async def test_at_shows_every_panel_at_the_rows_moment(fleet: TreeBuilder) -> None:
    """`@` on a message shows the fleet as of then, `@` again the newest; nothing is lost."""
    async with run_app(fleet.root, now_s=NOW_S, past=TreePast(fleet.root)) as person:
        await person.sees("test the plan", "Instances 2")
        await person.press("3", "g", "j", "j", "j", "at")
        await person.sees("◷ at ", "@ for live", "Timeline 1")
        assert "the plan is drawn" not in person.text
        fleet.send("b2", "m-3", "said meanwhile", at=599)
        await person.press("at")
        await person.sees("● live", "said meanwhile", "the plan is drawn")


@pilot
async def test_t_goes_to_a_time_that_is_typed(fleet: TreeBuilder) -> None:
    """`T` takes a time, says what is wrong with it, and Esc leads back to the newest."""
    async with run_app(fleet.root, now_s=NOW_S, past=TreePast(fleet.root)) as person:
        await person.sees("test the plan")
        await person.press("T", *"soon", "enter")
        await person.sees("'soon' is not a time")
        assert person.app.screen.query_one(".hint").has_class("-problem")
        await person.press(*["backspace"] * 4, *"-5m", "enter")
        await person.sees("◷ at ", "Timeline 2")
        assert "test the plan" not in person.text
        await person.press("slash", *"atlas", "enter")
        await person.sees("◷ at ", "Timeline 2", "1 req", "$0.50")
        await person.press("slash", *["backspace"] * 5, *"probe", "enter")
        await person.sees("◷ at ", "Timeline 0", "0 req")
        await person.press("escape")
        await person.sees("● live", "test the plan")


@pilot
async def test_a_time_that_is_not_counted_is_not_taken_for_a_quiet_one(fleet: TreeBuilder) -> None:
    """Before `--since`, messages and sums say that they are not counted; captures still show."""
    fleet.frame("a1", "as it was", at=65)
    since_s = NOW_S - 300
    with closing(History(fleet.root, since_s=since_s)) as past:
        async with run_app(fleet.root, now_s=NOW_S, since_s=since_s, past=past) as person:
            await person.sees("test the plan")
            await person.press("T", *"-6m", "enter")
            await person.sees("◷ at ", "as it was")
            for panel in ("timeline", "audit"):
                assert "before --since 12:05" in person.panel(panel)
            assert "0 req" not in person.panel("audit")
            await person.press("T", *"-590s", "enter")
            await person.sees("no capture of this pane before that time")


@pilot
async def test_before_the_beginning_every_panel_says_when_that_was(fleet: TreeBuilder) -> None:
    """No empty panel waits for what is there by now, nor offers a made-up fleet."""
    with closing(History(fleet.root)) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
            await person.sees("test the plan")
            await person.press("T", *"-1h", "enter")
            await person.sees("◷ at ", "Instances 0")
            for panel in ("instances", "pane", "timeline", "audit"):
                await person.until(partial(_says_when_it_began, person, panel), panel)
            assert "--demo" not in person.text


def _says_when_it_began(person: Driver, panel: str) -> bool:
    said = " ".join(person.panel(panel).replace("│", " ").split())
    return "the first record is of 2026-11-23 12:00:00" in said


@pilot
async def test_every_panel_goes_to_a_time_wherever_one_was(tree: TreeBuilder) -> None:
    """A timeline that was scrolled back shows what was said last then; no frame counts as new."""
    tree.spawn("a1", "atlas", at=0)
    for n in range(200):
        tree.send("a1", f"m-{n}", f"said at {n}", at=n * 2)
        tree.frame("a1", f"frame {n}", at=n * 2)
    async with run_app(tree.root, now_s=NOW_S, past=TreePast(tree.root)) as person:
        await person.sees("said at 199", "frame 199")
        await person.press("3", "g")
        await person.misses("said at 199")
        await person.press("T", *"-7m", "enter")
        await person.sees("◷ at ", "said at 90 ", "frame 90")
        assert "said at 91" not in person.text
        assert " new" not in person.panel("pane")
        await person.press("escape")
        await person.sees("● live", "said at 199")


@pilot
@pytest.mark.parametrize("keys", ["2[[[", "2[[ ", "1 ", "2[[1", " 2["])
async def test_escape_leads_back_to_live_from_everywhere(tree: TreeBuilder, keys: str) -> None:
    """One Esc ends a pause and shows the newest frame of a rewound pane; the next, the filter."""
    tree.spawn("a1", "atlas", at=0)
    for n in range(9):
        tree.frame("a1", f"frame {n}", at=n * 2)
    async with run_app(tree.root, now_s=NOW_S, filter_text="atlas") as person:
        await person.sees("● live", "frame 8", "following")
        await person.press(*("space" if key == " " else key for key in keys))
        await person.until(
            lambda: "following" not in person.text or "‖ paused" in person.text, "left live"
        )
        await person.press("escape")
        await person.sees("● live", "frame 8", "following")
        assert person.app.query_one(FilterBar).has_class("-kept")
        await person.press("escape")
        assert not person.app.query_one(FilterBar).has_class("-kept")


@pilot
async def test_while_history_is_prepared_the_screen_says_so(fleet: TreeBuilder) -> None:
    """It tells how far it is, can be left by Esc, and is never done twice at once."""
    past = TreePast(fleet.root)
    past.ready.clear()
    async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
        await person.sees("test the plan")
        await person.press("T", *"-5m", "enter")
        await person.sees("preparing history  12.3k records")
        await person.press("escape")
        await person.sees("● live")
        while not past.stopped:
            await person.pilot.pause()
        await person.press("T", *"-1m", "enter")
        await person.sees("preparing history")
        past.ready.set()
        await person.sees("◷ at 12:09:00")
        assert (past.most_at_once, past.stopped) == (1, 1)


@pilot
async def test_history_that_fails_leads_back_to_live(fleet: TreeBuilder) -> None:
    """A toast gives the reason, the screen stays live, and the next try may succeed."""
    past = TreePast(fleet.root)
    async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
        await person.sees("test the plan")
        with mock.patch.object(past, "prepare", side_effect=OSError("no room [/]")):
            await person.press("T", *"-5m", "enter")
            await person.is_told("cannot load history: no room [/]")
            await person.sees("● live")
        assert len(person.notices) == 1
        await person.press("T", *"-5m", "enter")
        await person.sees("◷ at ")
        assert person.app.failure is None


@pilot
async def test_leaving_does_not_wait_for_history(fleet: TreeBuilder) -> None:
    """A preparation that is under way when the app ends is told to stop, and does."""
    past = TreePast(fleet.root)
    past.ready.clear()
    async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
        await person.sees("test the plan")
        await person.press("T", *"-5m", "enter")
        await person.sees("preparing history")
        await person.press("q")
    assert past.stopped == 1


@pilot
async def test_the_only_instance_is_said_to_be_missing_where_it_is_not_there(
    fleet: TreeBuilder,
) -> None:
    """Limited to an instance, no panel blames a filter before its beginning; `i` shows the rest."""
    fleet.audit("instance_spawn", "c3", {"instance_name": "late"}, at=590)
    past = TreePast(fleet.root)
    async with run_app(fleet.root, now_s=NOW_S, past=past, size=(160, 48)) as person:
        await person.sees("Instances 3")
        await person.press("g", "j", "i")
        await person.sees("only late")
        await person.press("T", *"-5m", "enter")
        for panel in ("instances", "timeline", "audit"):
            await person.until(
                lambda panel=panel: "is not there: press i to show all" in person.panel(panel),  # type: ignore[misc]
                panel,
            )
        await person.press("i")
        await person.sees("Instances 2", "◷ at ", "Timeline 2")


@pilot
async def test_the_past_is_told_who_is_gone(fleet: TreeBuilder) -> None:
    """What the screen sees disappear is missing from later states, before history polls."""
    past = TreePast(fleet.root)
    async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
        await person.sees("Instances 2", "1 busy")
        rmtree(fleet.root / "instances/b2")
        await person.misses("1 busy")
        await person.press("T", *"-5m", "enter")
        await person.until(lambda: past.gone == [("b2", NOW_S)], "the past knows")


@pilot
async def test_without_history_a_time_is_refused(fleet: TreeBuilder) -> None:
    """Where no history can be had, `T` says so, and the screen stays live."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("test the plan")
        await person.press("T", *"-5m", "enter")
        await person.pilot.pause()
        assert "● live" in person.text


@pilot
async def test_the_palette_runs_actions_by_name(fleet: TreeBuilder) -> None:
    """`:` finds an action and does it; instances and themes are found by name as well."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("colon")
        await person.sees("z              Maximise panel / restore")
        await person.press(*"maximise panel")
        await person.misses("Grow panel")
        await person.press("enter")
        await person.until(lambda: person.app.screen.has_class("-zoomed"), "one panel only")
        await person.press("colon", *"instance probe")
        await person.sees("instance       probe")
        await person.press("enter")
        await person.until(lambda: selected(person) == "probe", "probe is selected")
        await person.press("ctrl+p", *"theme madrox-light")
        await person.sees("theme          madrox-light")
        await person.press("enter")
        await person.until(lambda: person.app.theme == "madrox-light", "the light theme")


@pilot
async def test_the_palette_is_closed_once(fleet: TreeBuilder) -> None:
    """Enter and Esc, typed faster than they are handled, close nothing else."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("question_mark")
        await person.sees("Keys and signs")
        await person.press("ctrl+p")
        palette = person.app.screen
        for _ in ("escape", "enter"):
            palette.dismiss()
        assert isinstance(person.app.screen, HelpScreen)


@pilot
async def test_the_palette_closes_nothing_that_covers_it(fleet: TreeBuilder) -> None:
    """A click beside it that is handled after another key has opened a screen over it is late."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("ctrl+p")
        palette = person.app.screen
        cover: ModalScreen[None] = ModalScreen()
        await person.app.push_screen(cover)
        for _ in range(2):
            palette.dismiss()
        assert person.app.screen is cover
        cover.dismiss()
        await person.press("escape")
        await person.until(lambda: len(person.app.screen_stack) == 1, "the panels")


@pilot
@pytest.mark.parametrize(
    "key", ["4", "right_square_bracket", "tab", "z", "slash", "ctrl+p", "question_mark"]
)
async def test_a_key_that_comes_before_there_is_anything(fleet: TreeBuilder, key: str) -> None:
    """What is typed while the program starts is for the panels, once they are there."""
    app = dashboard(fleet.root, now=lambda: NOW_S)
    app.post_message(events.Key(key, None))
    async with app.run_test(size=(120, 40)) as pilot:
        person = Driver(app, pilot)
        await person.press("escape")
        await person.sees("● live")


@pilot
async def test_a_dialog_can_be_closed_while_it_is_searched(fleet: TreeBuilder) -> None:
    """A click beside it, right after a letter: the search goes with it."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("question_mark", "ctrl+f")
        await person.until(lambda: bool(person.app.screen.query(FindBar)), "the find line")
        help_screen = person.app.screen
        bar = help_screen.query_one(FindBar)
        await bar.remove_children()  # as it goes
        bar.call_after_refresh(bar._look)
        help_screen.dismiss(None)
        await person.until(lambda: not help_screen.is_attached, "the panels")


@pilot
async def test_the_palette_opens_again_at_once(fleet: TreeBuilder) -> None:
    """Esc and Ctrl+P, typed faster than it goes, leave it open."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("ctrl+p")
        await person.sees("Search for commands")
        before = person.app.screen
        before.dismiss()
        person.app.action_command_palette()
        await person.sees("Search for commands")
        assert person.app.screen is not before


@pilot
async def test_what_the_palette_finds_once_it_is_closed_is_nothing(fleet: TreeBuilder) -> None:
    """It looks for what was typed last, and may find that when its list is gone."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("ctrl+p")
        palette = person.app.screen
        assert isinstance(palette, Palette)
        await palette.remove_children()
        for is_found in (False, True):
            palette._list_visible = is_found
        await person.press("escape")
        await person.sees("● live")


@pilot
@pytest.mark.parametrize(
    "keys",
    [
        ("colon", "down"),
        ("ctrl+p", "pagedown"),
        ("ctrl+p", "escape", "ctrl+p", "escape", "ctrl+p"),
        ("T", "down", "ctrl+p", "down"),
        ("x", "tab", "escape", "x", "tab"),
        ("question_mark", "ctrl+p", "pageup"),
    ],
)
async def test_a_screen_that_opens_can_be_typed_into_ahead(
    fleet: TreeBuilder, keys: Sequence[str]
) -> None:
    """Keys that come faster than what they open are for it once it is there, and end nothing."""
    with History(fleet.root) as past:
        async with run_app(fleet.root, now_s=NOW_S, past=past) as person:
            await person.sees("draw the plan")
            for key in keys:
                person.app.post_message(events.Key(key, None))
            await settle(person.app)
            await person.until(lambda: person.app.screen.is_modal, "what was opened")
            await person.press("escape", "escape")
            await person.until(lambda: len(person.app.screen_stack) == 1, "the panels")
            await person.sees("● live")


@pytest.mark.asyncio
async def test_the_palette_tells_namesakes_apart(fleet: TreeBuilder) -> None:
    """Of several with one name each has its id beside it; who has a name of its own has none."""
    fleet.spawn("c3", "probe", at=560)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("Instances 3")
        await person.press("colon", *"instance ")
        await person.sees("probe  b2  ", "probe  c3  ", "atlas  idle")


@pilot
async def test_the_cursor_of_the_palette_does_not_blink(fleet: TreeBuilder) -> None:
    """As in every other line that is typed in: nothing is painted while nobody does anything."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("● live")
        await person.press("colon")
        await person.until(lambda: isinstance(person.app.focused, Input), "a line to type in")
        assert isinstance(person.app.focused, Input)
        assert not person.app.focused.cursor_blink


@pilot
async def test_the_palette_has_the_actions_of_every_panel(fleet: TreeBuilder) -> None:
    """One of another panel goes there first; each is listed once, with the keys it has now."""
    settings = Settings(keys={"timeline.other_half": ("f6",)}, tick_s=3600.0)
    async with run_app(fleet.root, now_s=NOW_S, settings=settings) as person:
        await person.sees("draw the plan")
        await person.press("colon", *"matching request")
        await person.sees("F6             Timeline: Go to matching request")
        await person.press("enter")
        await person.until(lambda: focused(person) == "timeline", "the timeline has the focus")
        await person.press("colon", *"matching request")
        await person.sees("F6             Go to matching request")
        assert person.text.count("Go to matching request") == 1


def offered(person: Driver) -> list[str]:
    """What the open palette lists."""
    return [str(option.prompt) for option in person.app.screen.query_one(CommandList).options]


@pilot
async def test_the_open_palette_lists_every_action(fleet: TreeBuilder) -> None:
    """Each once, with its key: what could be done before its line took all letters, and more."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        for panel in "1234":
            await person.press(panel, "colon")
            await person.until(lambda: bool(offered(person)), "commands")
            said = offered(person)
            assert len(set(said)) == len(said) == len(all_keys()) + 1  # the layout has no key
            for name, (text, _) in all_keys().items():
                assert any(line.endswith(text) for line in said), name
            await person.press("escape")


@pilot
@pytest.mark.parametrize(("size", "keys"), [((120, 40), ("z",)), ((80, 24), ())])
async def test_the_palette_offers_no_border_that_nobody_sees(
    fleet: TreeBuilder, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    """Where one panel is shown alone, none can be grown or shrunk; all else can be done."""
    async with run_app(fleet.root, now_s=NOW_S, size=size) as person:
        await person.sees("● busy")
        await person.press(*keys, "colon")
        await person.until(lambda: bool(offered(person)), "commands")
        assert [line for line in offered(person) if "panel" in line and line[0] in "=-z"] == [
            "z              Maximise panel / restore"
        ]


@pilot
async def test_the_palette_saves_the_screen_that_was_there_before(
    fleet: TreeBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `S` does, which is a letter like all others while the palette is open."""
    monkeypatch.chdir(tmp_path)
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press("colon", *"Save the screen")
        await person.sees("S              Save the screen as SVG and text")
        await person.press("enter")
        await person.until(lambda: len(list(tmp_path.glob("madrox-screen-*"))) == 2, "two files")
        (text,) = tmp_path.glob("madrox-screen-*.txt")
        assert "draw the plan" in text.read_text()
        assert "Search for commands" not in text.read_text()


@pilot
@pytest.mark.parametrize(
    "keys",
    [("question_mark",), ("tilde",), ("3", "enter"), ("4", "enter"), ("4", "enter", "enter")],
)
async def test_what_lies_over_the_panels_says_how_to_leave(
    fleet: TreeBuilder, keys: tuple[str, ...]
) -> None:
    """Help, health, a message, and rows: on the border, as the keys below are not theirs."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        await person.press(*keys)
        await person.sees("Esc closes · y copies")
        await person.press(*["escape"] * keys.count("enter"), "escape")
        await person.misses("Esc closes")


@pilot
async def test_the_palette_reads_no_markup(tree: TreeBuilder) -> None:
    """An instance whose name looks like markup is found under that name."""
    tree.spawn("a1", "[/nope] [b]x", at=0)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("[/nope]")
        await person.press("colon", *"nope")
        await person.sees("instance       [/nope] [b]x")


@pilot
async def test_equals_and_minus_move_the_borders(fleet: TreeBuilder) -> None:
    """`=` makes the focused panel larger, `-` smaller again, and never leaves nothing of one."""
    async with run_app(fleet.root, now_s=NOW_S) as person:
        await person.sees("draw the plan")
        panel = person.app.query_one("#timeline")
        before = panel.size
        await person.press("3", "equals_sign")
        await person.until(
            lambda: panel.size.width > before.width and panel.size.height > before.height, "larger"
        )
        await person.press("minus")
        await person.until(lambda: panel.size == before, "as before")
        await person.press(*["minus"] * 30)
        await person.pilot.pause()
        assert min(panel.size) >= 1
        assert person.app.query_one(PanelGrid).columns == 10

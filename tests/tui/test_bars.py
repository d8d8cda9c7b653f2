"""The lines below the panels, and the screen that asks for a file."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.notifications import Notifications
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets._toast import Toast, ToastRack

import madrox_tui
from builders import TreeBuilder
from driver import dashboard
from fleets import NOW_S, instance, team, view
from keyboard import KEYS
from logging_core.analyse.state import State
from madrox_tui import screenshot
from madrox_tui.colours.themes import THEMES, fallback_variables
from madrox_tui.completion import complete, completions, vocabulary, without_begun_key
from madrox_tui.config import Settings
from madrox_tui.export import READABLE_S, Export, file_name
from madrox_tui.filters import filter_words, parse_filter
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.panels_app import PanelsApp
from madrox_tui.screens import export as export_screen
from madrox_tui.screens.export import ExportScreen
from madrox_tui.screenshot import save_screen, screen_text
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.find_bar import FindBar
from madrox_tui.widgets.line_input import LineInput
from madrox_tui.widgets.settle import settle
from onlooker import TIMEOUT_S
from pictures import stands_still


class Bars(PanelsApp):
    """A panel and the filter line; the find line comes when it is asked for."""

    CSS_PATH = Path(madrox_tui.__file__).with_name("madrox.tcss")
    AUTO_FOCUS = "#instances"

    def __init__(self, text: str = "") -> None:
        super().__init__(now=lambda: NOW_S)
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name
        self.text = text
        self.filters: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return fallback_variables(dark=True)

    def compose(self) -> ComposeResult:
        yield InstancesPanel(KEYS, id="instances")
        yield FilterBar(self.text)

    @property
    def panel(self) -> InstancesPanel:
        return self.query_one(InstancesPanel)

    @on(FilterBar.Changed)
    def _filter(self, event: FilterBar.Changed) -> None:
        self.filters.append(event.text)


@asynccontextmanager
async def bars(
    text: str = "", *, notifications: bool = False
) -> AsyncIterator[tuple[Bars, Pilot[None]]]:
    app = Bars(text)
    async with app.run_test(size=(120, 20), notifications=notifications) as pilot:
        app.panel.view = view(team())
        app.query_one(FilterBar).view = app.panel.view
        await pilot.pause()
        yield app, pilot


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.01)


# --- find --------------------------------------------------------------------


@pytest.mark.asyncio
async def test_ctrl_f_counts_the_hits() -> None:
    """Typing shows which hit of how many; Enter goes back to the panel, n and N go on, Esc ends."""
    async with bars() as (app, pilot):
        await pilot.press("ctrl+f", *"busy")
        await pilot.pause()
        assert "1/2" in screen_text(app)
        assert app.panel.selected is not None
        assert app.panel.selected.label == "atlas"
        await pilot.press("enter")
        assert app.focused is app.panel
        await pilot.press("n")
        await pilot.pause()
        assert "2/2" in screen_text(app)
        assert app.panel.selected.label == "relay"
        await pilot.press("ctrl+f", *"zz")
        await pilot.pause()
        assert "none" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.focused is app.panel
        assert "find" not in screen_text(app)
        assert not app.panel.found.text


@pytest.mark.asyncio
async def test_a_letter_is_painted_before_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many rows there are to look through, typing does not wait for it."""
    done: list[tuple[str, str]] = []
    find_rows, render_line = InstancesPanel.find_rows, LineInput.render_line

    def look(panel: InstancesPanel, text: str) -> Sequence[int]:
        done.append(("looked for", text))
        return find_rows(panel, text)

    def paint(line: LineInput, y: int) -> Strip:
        done.append(("painted", line.value))
        return render_line(line, y)

    monkeypatch.setattr(InstancesPanel, "find_rows", look)
    monkeypatch.setattr(LineInput, "render_line", paint)
    async with bars() as (app, pilot):
        await pilot.press("ctrl+f")
        for text in ("b", "bu", "bus"):
            done.clear()
            await pilot.press(text[-1])
            await until(lambda text=text: app.panel.found.text == text)  # type: ignore[misc]
            looked = ("looked for", text)
            assert done.count(looked) == 1
            assert ("painted", text) in done[: done.index(looked)]


@pytest.mark.asyncio
async def test_what_was_typed_last_is_found_on_enter() -> None:
    """Enter right after a letter searches for the text with that letter."""
    async with bars() as (app, pilot):
        await pilot.press("ctrl+f")
        line = app.query_one(FindBar).query_one(LineInput)
        with app.batch_update():  # nothing is painted yet
            line.value = "busy"
            await app.query_one(FindBar).action_keep()
            await until(lambda: app.panel.found.text == "busy")


@pytest.mark.asyncio
async def test_typing_lays_out_nothing_anew() -> None:
    """Typing a letter redraws its line and a changed count, without a new layout."""
    async with bars() as (app, pilot):
        await pilot.press("ctrl+f", *"zz")
        await until(lambda: "none" in screen_text(app))
        await pilot.pause()
        layouts: list[object] = []
        app.screen.screen_layout_refresh_signal.subscribe(app.panel, layouts.append)
        await pilot.press(*"zzzz", "backspace")
        await until(lambda: app.panel.found.text == "zzzzz")
        assert not layouts
        await pilot.press(*("backspace",) * 5)
        await until(lambda: not app.panel.found.text)
        await until(lambda: bool(layouts))


# --- filter ------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_kept_filter_is_chips() -> None:
    """Enter shows each word as a chip; one that cannot work says why; a click edits again."""
    async with bars() as (app, pilot):
        app.query_one(FilterBar).edit()
        await pilot.press(*"role:qa", "space", *"cost>much", "enter")
        await pilot.pause()
        text = screen_text(app)
        assert "filter role:qa  cost>much ✗ not a number" in text
        assert app.focused is app.panel
        await pilot.click(FilterBar, offset=(10, 0))
        assert app.query_one(FilterBar).editing
        await pilot.press("backspace", "enter")
        assert app.filters[-1] == "role:qa cost>muc"


@pytest.mark.asyncio
async def test_words_are_completed() -> None:
    """Tab, and the right arrow, accept what is offered: keys, states, names, roles."""
    async with bars() as (app, pilot):
        bar = app.query_one(FilterBar)
        bar.edit()
        await pilot.press(*"state:wa", "tab")
        assert app.filters[-1] == "state:waiting"
        await pilot.press("space", *"-harb", "tab")
        assert app.filters[-1] == "state:waiting -harbor"
        await pilot.press("space", *"role:ar")
        await pilot.pause()
        await pilot.press("right")
        await pilot.pause()
        assert app.filters[-1].endswith("role:architect")
        await pilot.press("space", *"nosuchthing", "tab")
        assert app.filters[-1].endswith("nosuchthing")


@pytest.mark.asyncio
async def test_what_is_pasted_is_text() -> None:
    """Escape sequences in a pasted text are shown, not sent to the terminal."""
    async with bars() as (app, pilot):
        app.query_one(FilterBar).edit()
        await pilot.pause()
        app.post_message(events.Paste("a\x1b]52;c;eA==\x07b\nsecond line"))
        await pilot.pause()
        await pilot.pause()
        assert app.filters[-1] == "a␛]52;c;eA==␇b"
        assert "\x1b" not in screen_text(app)


@pytest.mark.asyncio
async def test_the_up_arrow_brings_back_a_filter() -> None:
    """Filters that were kept before can be taken up again, the newest first."""
    async with bars("first") as (app, pilot):
        assert "filter first" in screen_text(app)
        bar = app.query_one(FilterBar)
        bar.clear()
        await pilot.pause()
        bar.edit()
        await pilot.press(*"second", "enter")
        await pilot.pause()
        bar.edit()
        await pilot.press("up")
        assert app.filters[-1] == "second"
        await pilot.press("up", "up")
        assert app.filters[-1] == "first"
        await pilot.press("down", "down")
        assert app.filters[-1] == ""


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("sta", "state:"),
        ("STATE:ST", "STATE:STuck"),
        ("x role:q", "x role:qa_engineer"),
        ("-type:co", "-type:codex"),
        ("har", "harbor"),
        ("wai", "state:waiting"),
        ("x -BUSY", "x -state:busy"),
        ("id", "id:"),
        ("role:wai", None),
        ("state:stuck,wa", "state:stuck,waiting"),
        ("x -STATE:stuck,", "x -STATE:stuck,waiting"),
        ('role:"a,b",q', 'role:"a,b",qa_engineer'),
        ("harbor", None),
        ("", None),
        ("zz", None),
    ],
)
def test_completions(line: str, whole: str | None) -> None:
    """The last word is completed as it was begun, a state with its key; or nothing is offered."""
    assert complete(line, vocabulary(team())) == whole


def test_a_state_is_offered_after_the_names_that_begin_so() -> None:
    """Who types what begins a name is not led away from it."""
    words = vocabulary([instance("a", "wait-list"), instance("b", "busybox")])
    assert list(completions("wai", words)) == ["wait-list", "state:waiting"]
    assert list(completions("busybox", words)) == []


def test_the_states_that_somebody_is_in_are_offered_first() -> None:
    """Those that need a person before all others; one that would leave nobody comes last."""
    words = vocabulary([instance("a", "x", State.IDLE), instance("b", "y", State.ERROR)])
    offered = list(completions("state:", words))
    assert offered[:3] == ["state:error", "state:idle", "state:waiting"]
    assert len(offered) == len(State)


@pytest.mark.parametrize(
    ("line", "narrows_by"),
    [
        ("sta", ""),
        ("STATE", ""),
        ("state:", ""),
        ("state:wai", "state:wai"),
        ("sta ", "sta "),
        ("star", "star"),
        ('"sta', '"sta'),
        ("qa -ro", "qa "),
        ("ro qa", "ro qa"),
        ("cost", ""),
        ("cost ", ""),
        ("qa cost > ", "qa cost > "),
        ("cost>0.5", "cost>0.5"),
        ("", ""),
    ],
)
def test_a_word_that_may_become_a_key_narrows_nothing_yet(line: str, narrows_by: str) -> None:
    """On the way to `state:waiting`, nobody is looked for whose name contains `sta`."""
    assert without_begun_key(line) == narrows_by


@pytest.mark.asyncio
async def test_the_panels_wait_for_the_key_that_is_typed() -> None:
    """A begun key changes nothing; a blank, Enter or another letter makes it a word like others."""
    async with bars() as (app, pilot):
        app.query_one(FilterBar).edit()
        await pilot.press(*"state:wai")
        assert app.filters == ["state:w", "state:wa", "state:wai"]
        await pilot.press("ctrl+u", *"re")
        assert app.filters[3:] == [""]
        await pilot.press("l", "backspace", "space")
        assert app.filters[4:] == ["rel", "", "re "]
        await pilot.press("backspace", "enter")
        assert app.filters[7:] == ["", "re"]
        assert "filter re" in screen_text(app)


def test_a_completed_value_is_that_value() -> None:
    """A comma in it does not make two of it, nor does a blank, whether its quote was typed."""
    fleet = [
        instance("a", "x", role="dev,ops"),
        instance("b", "y", role="ops"),
        instance("c", "z", role="backend dev"),
    ]
    words = vocabulary(fleet)
    for typed, line, found in (
        ('role:"d', 'role:"dev,ops"', "a"),
        ("role:d", 'role:"dev,ops"', "a"),
        ("role:b", 'role:"backend dev"', "c"),
        ("back", '"backend dev"', "c"),
        ("role:ops,ba", 'role:ops,"backend dev"', "abc"),
    ):
        assert complete(typed, words) == line
        assert "".join(i.instance_id for i in parse_filter(line).choose(fleet)) == found
    assert complete('role:"backend dev"', words) is None


@pytest.mark.asyncio
async def test_tab_again_goes_to_the_next_completion() -> None:
    """After the last one comes the first; what is typed in between is completed by itself."""
    async with bars() as (app, pilot):
        bar = app.query_one(FilterBar)
        bar.edit()
        await pilot.press(*"role:", "tab")
        begun = app.filters[-1]
        roles = [begun]
        while roles.count(begun) < 2:
            await pilot.press("tab")
            roles.append(app.filters[-1])
        assert roles[:3] == ["role:architect", "role:backend_developer", "role:data_analyst"]
        assert len(set(roles)) == len(roles) - 1
        await pilot.press(*",qa", "tab")
        assert app.filters[-1] == "role:architect,qa_engineer"
        await pilot.press("ctrl+u", *"role:", "tab", "enter")
        bar.edit()
        await pilot.press("tab")  # goes on with nothing: this is another line
        assert app.filters[-1] == "role:architect"


@pytest.mark.asyncio
async def test_a_completion_that_begins_otherwise_is_not_offered_as_the_rest() -> None:
    """A quote that is missing cannot be shown behind the cursor; Tab puts it where it belongs."""
    async with bars() as (app, pilot):
        bar = app.query_one(FilterBar)
        bar.view = view([instance("c", "z", role="backend dev")])
        bar.edit()
        await pilot.press(*"role:b")
        await pilot.pause()
        assert "backend" not in screen_text(app).rpartition("filter")[2]
        await pilot.press("tab")
        assert app.filters[-1] == 'role:"backend dev"'


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("atlas", ""),
        ("cost>0.5", ""),
        ("-role:qa", ""),
        ("10:30", ""),
        ("cost>", "not a number"),
        ("price>3", "unknown number price"),
        ("rolle:qa", "unknown field rolle"),
        ("role:", "missing value"),
        ("state:stukc", "unknown state"),
        ("-", "nothing to exclude"),
    ],
)
def test_a_word_says_what_is_wrong_with_it(word: str, problem: str) -> None:
    """Whoever mistypes a key or a state is told, instead of seeing an empty screen."""
    assert [w.problem for w in filter_words(word)] == [problem]


# --- files -------------------------------------------------------------------


@asynccontextmanager
async def asked_for_a_file() -> AsyncIterator[tuple[Bars, Pilot[None]]]:
    app = Bars()
    async with app.run_test(size=(100, 20), notifications=True) as pilot:
        app.panel.view = view(team())
        await pilot.press("x")
        await pilot.pause()
        assert "Export instances" in screen_text(app)
        yield app, pilot


@pytest.mark.asyncio
async def test_x_writes_the_file_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter writes CSV below the current directory, Tab changes to JSON lines; a toast names it."""
    monkeypatch.chdir(tmp_path)
    async with asked_for_a_file() as (app, pilot):
        await pilot.press("enter")
        await pilot.pause()
        (written,) = tmp_path.glob("madrox-instances-*.csv")
        assert written.read_text().startswith("instance_id,instance_name,role")
        assert "b2,harbor,backend_developer" in written.read_text()
        assert written.stat().st_mode & 0o777 == 0o600
        (note,) = app._notifications
        said = f"wrote {written.name}\nin {tmp_path}"
        assert (note.message, note.timeout) == (said, READABLE_S)
    async with asked_for_a_file() as (app, pilot):
        await pilot.press("enter")
        await pilot.pause()
        assert f"{written.name} exists already: use another name" in screen_text(app)
        await pilot.press("tab", "enter")
        await pilot.pause()
        (written,) = tmp_path.glob("madrox-instances-*.jsonl")
        records = [json.loads(line) for line in written.read_text().splitlines()]
        assert records[0]["instance_name"] == "harbor"
        assert records[1]["cost_usd"] is None


@pytest.mark.asyncio
async def test_a_name_that_is_taken_costs_no_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under another name everything is written, also of rows that are made as they are read."""
    monkeypatch.chdir(tmp_path)
    Path(file_name("rows", 0.0, ".csv")).touch()
    app = Bars()
    async with app.run_test(size=(100, 20)) as pilot:
        await app.push_screen(ExportScreen(Export("rows", ("a",), iter([("one",)])), now=lambda: 0))
        await pilot.press("enter")
        await pilot.pause()
        assert "exists already" in screen_text(app)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert Path(file_name("rows", 0.0, ".jsonl")).read_text() == '{"a":"one"}\n'


@pytest.mark.asyncio
async def test_an_export_can_be_closed_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a click beside it, say: what then goes wrong is told to nobody."""
    begun, closed = threading.Event(), threading.Event()

    def fail(_export: Export, path: Path) -> None:
        begun.set()
        closed.wait(TIMEOUT_S)
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(export_screen, "_write", fail)
    async with bars() as (app, _):
        dialog = ExportScreen(Export("rows", ("a",), iter([("one",)])), now=lambda: 0)
        await app.push_screen(dialog)
        app.post_message(events.Key("enter", None))
        await until(begun.is_set)
        dialog.dismiss()
        await until(lambda: not dialog.is_attached)
        closed.set()
        await settle(app)


@pytest.mark.asyncio
async def test_a_file_of_a_part_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing is said before it is written, and whoever finds the file knows of it."""
    monkeypatch.chdir(tmp_path)
    app = Bars()
    async with app.run_test(size=(100, 20)) as pilot:
        part = Export("rows", ("a",), [("one",)], "scroll up to load what is older")
        await app.push_screen(ExportScreen(part, now=lambda: 0))
        await pilot.pause()
        assert "scroll up to load what is older" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert Path(file_name("rows-partial", 0.0, ".csv")).read_text() == "a\none\n"


@pytest.mark.asyncio
async def test_another_name_can_be_typed_once_the_format_is_chosen() -> None:
    """After Tab, the cursor is at the end of the name: Ctrl+U removes all of it."""
    async with asked_for_a_file() as (app, pilot):
        await pilot.press("tab", "ctrl+u", *"b.jsonl")
        await pilot.pause()
        assert app.screen.query_one(LineInput).value == "b.jsonl"


@pytest.mark.asyncio
async def test_the_end_of_a_long_name_is_seen(tree: TreeBuilder) -> None:
    """In a narrow terminal, too, it is said in which format will be written."""
    tree.spawn("a1", "atlas", at=0)
    app = dashboard(tree.root, settings=Settings(tick_s=3600.0), now=lambda: tree.epoch(600))
    async with app.run_test(size=(40, 12)) as pilot:
        await until(lambda: "atlas" in screen_text(app))
        await pilot.press("x")
        await until(lambda: ".csv " in screen_text(app).replace("Tab: .csv/", ""))


@pytest.mark.asyncio
async def test_what_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown suffix or a missing directory keeps the question open; Esc writes nothing."""
    monkeypatch.chdir(tmp_path)
    async with asked_for_a_file() as (app, pilot):
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert "use .csv or .jsonl" in screen_text(app)
        await pilot.press("home", *"nowhere/", "end", "v", "enter")
        await pilot.pause()
        assert "No such file or directory" in screen_text(app)
        await pilot.press("escape")
        assert not list(tmp_path.iterdir())


@pytest.mark.asyncio
async def test_the_screen_is_saved_as_it_is(tmp_path: Path) -> None:
    """A picture and a text of what is on the screen, private, never over another."""
    async with bars() as (app, _):
        picture, text = save_screen(app, tmp_path, NOW_S)
        assert picture.read_text().startswith("<svg")
        assert "harbor" in picture.read_text()
        assert "? waiting" in text.read_text()
        assert {path.stat().st_mode & 0o777 for path in (picture, text)} == {0o600}
        again = save_screen(app, tmp_path, NOW_S)
        assert [path.stem for path in again] == [f"{text.stem}-2"] * 2


@pytest.mark.asyncio
@pytest.mark.parametrize("suffix", [".svg", ".txt"])
async def test_a_screen_is_saved_beside_what_has_one_of_its_names(
    tmp_path: Path, suffix: str
) -> None:
    """Both files are numbered then; a link to a file that is gone has a name, too."""
    taken = tmp_path / file_name("screen", NOW_S, suffix)
    taken.symlink_to(tmp_path / "gone")
    async with bars() as (app, _):
        saved = save_screen(app, tmp_path, NOW_S)
    assert [path.stem for path in saved] == [f"{taken.stem}-2"] * 2
    assert not taken.exists()


@pytest.mark.asyncio
async def test_saving_says_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toast names the files, also the second time in a second; or why there are none."""
    monkeypatch.chdir(tmp_path)
    async with bars(notifications=True) as (app, _):
        app.action_save_screen()
        await until(lambda: "and madrox-screen-" in screen_text(app))
        (wrote,) = app._notifications
        (picture,), (text,) = tmp_path.glob("*.svg"), tmp_path.glob("*.txt")
        assert wrote.message == f"wrote {picture.name}\nand {text.name}\nin {tmp_path}"
        assert wrote.timeout == READABLE_S
        app.action_save_screen()
        await until(lambda: any(f"{text.stem}-2.txt" in n.message for n in app._notifications))
        shutil.rmtree(tmp_path)
        app.action_save_screen()
        await until(lambda: "cannot save the screen" in screen_text(app))


@pytest.mark.asyncio
@pytest.mark.parametrize("slow", ["", "removal", "layout"])
async def test_a_saved_screen_has_no_toasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    """What is said for a moment, such as what the last S wrote, covers nothing in the files."""
    show, check_refresh = ToastRack.show, ToastRack._check_refresh

    def show_some(rack: ToastRack, notifications: Notifications) -> None:
        if notifications or slow != "removal":  # where much is to be done, it comes too late
            show(rack, notifications)

    def check_late(rack: ToastRack) -> None:
        asyncio.get_running_loop().call_later(0.05 if slow == "layout" else 0, check_refresh, rack)

    monkeypatch.setattr(ToastRack, "show", show_some)
    monkeypatch.setattr(ToastRack, "_check_refresh", check_late)
    monkeypatch.chdir(tmp_path)
    async with bars(notifications=True) as (app, _):
        app.notify("soon gone")
        await until(lambda: "soon gone" in screen_text(app))
        app.action_save_screen()
        await until(lambda: len(list(tmp_path.iterdir())) == 2)
        for path in tmp_path.iterdir():
            assert "soon" not in path.read_text()
            assert "harbor" in path.read_text()
        await until(lambda: "wrote" in screen_text(app))


@pytest.mark.asyncio
async def test_nothing_is_held_up_until_toasts_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long they take to go: all else is done meanwhile, and then the screen is saved."""
    gone, looks = asyncio.Event(), 0

    def shows_one(_app: App[Any]) -> bool:
        nonlocal looks
        looks += 1
        assert looks < 1000, "nothing else has its turn"
        return not gone.is_set()

    monkeypatch.setattr(screenshot, "shows_toasts", shows_one)
    monkeypatch.chdir(tmp_path)
    async with bars() as (app, _):
        asyncio.get_running_loop().call_later(0.1, gone.set)
        app.action_save_screen()
        await until(lambda: len(list(tmp_path.iterdir())) == 2)


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_a_toast_covers_no_row(tree: TreeBuilder, size: tuple[int, int]) -> None:
    """One line on the border below the panels: all that was to be read before still is."""
    tree.spawn("a1", "atlas", at=0)
    for number in range(60):
        tree.send("a1", f"m-{number}", f"step {number} of it", at=number)
    app = dashboard(tree.root, settings=Settings(tick_s=3600.0), now=lambda: tree.epoch(600))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("3")
        await until(lambda: "step 59 of it" in screen_text(app))
        await stands_still(pilot)
        before = screen_text(app).splitlines()
        app.notify("copied 3 lines")
        await until(lambda: "copied 3 lines" in screen_text(app))
        after = screen_text(app).splitlines()
        changed = [old for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == 1
        assert "╰" in changed[0]


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_a_toast_covers_no_line_below_the_panels(
    tree: TreeBuilder, size: tuple[int, int]
) -> None:
    """What is looked for and its count are read while it is there, and so is the filter."""
    tree.spawn("a1", "atlas", at=0)
    for number in range(60):
        tree.send("a1", f"m-{number}", f"step {number} of it", at=number)
    app = dashboard(tree.root, settings=Settings(tick_s=3600.0), now=lambda: tree.epoch(600))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("slash", *"atlas", "enter", "3", "ctrl+f", *"step 5", "enter")
        await until(lambda: "1/11" in screen_text(app))
        app.notify("copied 3 lines")
        await until(lambda: "copied 3 lines" in screen_text(app))
        assert "1/11" in screen_text(app)
        assert "filter" in screen_text(app)
        await pilot.press("escape", "escape")
        await until(lambda: "find" not in screen_text(app))
        border = next(line for line in screen_text(app).splitlines() if "copied 3 lines" in line)
        assert "╰" in border


@pytest.mark.asyncio
async def test_toasts_do_not_pile_up_over_the_rows() -> None:
    """However many there were, the newest two are shown."""
    async with bars(notifications=True) as (app, _):
        for number in range(6):
            app.notify(f"notice {number}", timeout=3600)
        await until(lambda: "notice 5" in screen_text(app))
        await until(lambda: "notice 3" not in screen_text(app))
        assert "notice 4" in screen_text(app)


@pytest.mark.asyncio
async def test_a_toast_can_be_clicked_twice() -> None:
    """The first click removes it; the second one, before that is shown, is on nothing."""
    async with bars(notifications=True) as (app, _):
        toast, (x, y) = await toasted(app)
        for _ in range(2):
            mouse(app, events.MouseDown, x, y)
            mouse(app, events.MouseUp, x, y)
            while toast.is_attached:
                await asyncio.sleep(0)  # until it is gone, but not from the screen
        await settle(app)
        await until(lambda: not shows(app, "notice"))


@pytest.mark.asyncio
async def test_a_button_is_let_go_also_on_a_toast_that_has_just_gone() -> None:
    """The mouse that moves on without a button selects nothing more."""
    async with bars(notifications=True) as (app, _):
        toast, (x, y) = await toasted(app)
        mouse(app, events.MouseDown, 4, 3)
        mouse(app, events.MouseMove, 20, 3)
        await until(lambda: bool(app.screen.get_selected_text()))
        selected = app.screen.get_selected_text()
        toast.remove()
        while toast.is_attached:
            await asyncio.sleep(0)
        mouse(app, events.MouseUp, x, y)
        mouse(app, events.MouseMove, 30, 3)
        await settle(app)
        assert app.screen.get_selected_text() == selected


async def toasted(app: App[None]) -> tuple[Toast, Offset]:
    """A toast, and where it is."""
    app.notify("notice", timeout=3600)
    await until(partial(shows, app, "notice"))
    toast = app.screen.query_one(Toast)
    return toast, toast.region.offset + Offset(2, 0)


def mouse(app: App[None], kind: type[events.MouseEvent], x: int, y: int) -> None:
    """What the mouse does, at once: a pilot would wait for the one before."""
    app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))


def shows(app: App[None], text: str) -> bool:
    return text in screen_text(app)


@pytest.mark.asyncio
async def test_toasts_that_make_room_are_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dashboard is open all day: what is no longer said takes no memory."""
    monkeypatch.chdir(tmp_path)
    async with bars(notifications=True) as (app, _):
        for number in range(6):
            app.notify(f"notice {number}", timeout=3600)
            await until(partial(shows, app, f"notice {number}"))
        await until(lambda: len(app.screen.query("ToastHolder")) == 2)
        app.action_save_screen()
        await until(lambda: "wrote" in screen_text(app))
        await until(lambda: len(app.screen.query("ToastHolder")) == 1)


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [40, 60, 80])
async def test_hints_of_dialogs_are_whole_at_any_width(tree: TreeBuilder, width: int) -> None:
    """How a time is typed and what keys do is wrapped where it is too long, and so is a mistake."""
    tree.spawn("a1", "atlas", at=0)
    app = dashboard(tree.root, settings=Settings(tick_s=3600.0), now=lambda: tree.epoch(600))
    async with app.run_test(size=(width, 12)) as pilot:
        await until(lambda: "atlas" in screen_text(app))
        await pilot.press("T")
        await until(lambda: "2026-11-23T14:05" in screen_text(app))
        await pilot.press(*"soon", "enter")
        await until(lambda: "is not a time" in screen_text(app))
        for said in ("2026-11-23T14:05", "Enter: go", "Esc: cancel"):
            assert said in screen_text(app)
        await pilot.press("escape", "x")
        keys = ("Enter: write", "Tab: .csv", "Esc: cancel")
        await until(lambda: all(key in screen_text(app) for key in keys))

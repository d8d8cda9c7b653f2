"""What changed since a person last looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from logging_core.analyse.state import FleetState
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.changes.absence import Absence
from madrox_tui.changes.change_list import ChangeList
from madrox_tui.changes.columns import heading, sums_line
from madrox_tui.changes.comparison import Comparison, compare
from madrox_tui.changes.spells import SpellLog
from madrox_tui.key_names import CLOSES, KeysInForce, overlay_keys, pressing, side_by_side
from madrox_tui.screens.go_to import MomentScreen
from madrox_tui.view import Narrowing, View
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.settle import open_over

PREPARING = "◌ preparing history"
"""Said there while the earlier moment is loaded."""


class States(Protocol):
    """Gives earlier states of the fleet."""

    async def state_at(self, moment_s: float, progress: Callable[[int], object], /) -> FleetState:
        """Return the fleet as of a moment; see `Feed.state_at`."""


class Chosen(NamedTuple):
    """What was chosen: an instance, and the moment to go to; `None` to stay where one is."""

    instance_id: str
    moment_s: float | None = None


class ChangesScreen(Dialog[Chosen | None]):
    """Compares the fleet with what it was at an earlier moment; returns what was chosen.

    Args:
        view: The newest view, or one of an earlier moment: what changed up to then is shown.
        narrowing: Whose changes to show.
        states: Gives earlier states.
        keys: The keys in force.
        absence: Since when to show changes at first, and then.
        spells: Who needed somebody in between.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSES,
        Binding("c", "dismiss", "Close", id="view.changes"),
        Binding("[", "step(-1)", "Since earlier", id="pane.previous"),
        Binding("]", "step(1)", "Since later", id="pane.next"),
        Binding("T", "ask", "Since a time", id="view.go_to"),
        Binding("at", "moment", "As of then", id="view.moment"),
    ]
    DEFAULT_CSS = """
    ChangesScreen {
        #change-why { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #change-sums { height: auto; color: $muted; }
    }
    """

    def __init__(
        self,
        view: View,
        narrowing: Narrowing,
        states: States,
        keys: KeysInForce,
        *,
        absence: Absence,
        spells: SpellLog,
    ) -> None:
        super().__init__()
        self._view = view
        self._narrowing = narrowing
        self._states = states
        self._keys = keys
        self._absence = absence
        self._spells = spells
        self._since_s = absence.before(view.state.at_s)
        self._list = ChangeList(view.hue, view.names)
        self._why = Static(id="change-why", markup=False)
        self._sums = Static(id="change-sums", markup=False)
        self._dialog = Vertical(self._list, self._why, self._sums, classes="dialog -tall")

    def compose(self) -> ComposeResult:
        """A frame with the list in it; below, why the selected change came, and the sums."""
        yield self._dialog

    def on_mount(self) -> None:
        """Compare with when somebody looked last."""
        self._entitle()
        self.watch(self._list, "cursor", self._show_why, init=False)
        self._compare()

    def action_step(self, steps: int) -> None:
        """Compare with an earlier moment, or a later one."""
        since_s = self._absence.step(self._since_s, steps, self._now_s)
        if since_s is None:
            there_is_no = "no earlier step" if steps < 0 else "no later step"
            press = f"press {self._keys.name('view.go_to')} to enter a time"
            self.notify(f"{there_is_no}: {press}", markup=False)
        else:
            self._compare_since(since_s)

    async def action_ask(self) -> None:
        """Ask for the moment to compare with."""
        ask = MomentScreen(lambda: self._now_s, "What changed since")
        await open_over(self.app, ask, self._compare_since)

    def action_moment(self) -> None:
        """Go to the moment at which the selected change began."""
        change = self._list.selected
        if change is not None:
            moment_s = self._since_s if change.at_s is None else change.at_s
            self.dismiss(Chosen(change.instance_id, moment_s))

    async def open_row(self, _view: LineView) -> None:
        """Go to the instance that changed."""
        change = self._list.selected
        if change is not None:
            self.dismiss(Chosen(change.instance_id))

    @property
    def _now_s(self) -> float:
        return self._view.state.at_s

    def _compare_since(self, since_s: float | None) -> None:
        if since_s is not None:
            self._since_s = since_s
            self._compare()

    @work(group="changes", exclusive=True)
    async def _compare(self) -> None:
        since_s, now = self._since_s, self._view.state
        self._say(Content(PREPARING))
        try:
            then = await self._states.state_at(since_s, self._has_prepared)
            if self._view.unread is not None:  # what it has is not of the whole tree
                now = await self._states.state_at(self._now_s, self._has_prepared)
        except OSError as error:
            compared, nothing = Comparison(), safe_line(f"cannot load history: {error}")
        else:
            spells = self._spells.between(since_s, self._now_s)
            compared = compare(then, now, spells, self._narrowing)
            nothing = f"nothing changed: {self._keys.name('pane.previous')} goes further back"
        self._list.show_changes(compared, now, nothing)
        self._entitle()
        self._say(self._keys_in_words())
        self._show_why()
        self._sums.update(Content("\n".join(self._below(compared))))

    def _below(self, compared: Comparison) -> list[str]:
        """The sums; and since when it is known who needed somebody, if that is not all."""
        lines = [sums_line(compared, "filtered" if self._narrowing else "fleet")]
        from_s = min(self._now_s, self._spells.from_s or self._now_s)
        if from_s > self._since_s:
            since, seen = (fmt.since(at_s, self._now_s) for at_s in (self._since_s, from_s))
            if since != seen:
                lines.append(f"waits, hangs and failures that ended before {seen} were not seen")
        return lines

    def _show_why(self) -> None:
        self._why.update(Content(self._list.why), layout=False)

    def _keys_in_words(self) -> Content:
        press = self._keys.press
        steps = press("pane.previous", " "), press("pane.next", " "), press("view.go_to", " since")
        selects, there = pressing("enter", "Enter selects"), press("view.moment", " goes there")
        return side_by_side(selects, there, Content("").join(steps), overlay_keys(self._keys))

    def _has_prepared(self, records: int) -> None:
        """Say how much of the history has been read."""
        self._say(Content(f"{PREPARING}  {fmt.count(records)} records"))

    def _entitle(self) -> None:
        is_past = self._view.moment_s is not None
        self._dialog.border_title = Content(heading(self._since_s, self._now_s, is_past=is_past))

    def _say(self, text: Content) -> None:
        self._dialog.border_subtitle = text

"""Which view of the fleet is on the screen: the newest, a paused one, or an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual import work
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import Worker

from logging_core.analyse.state import InstanceState
from logging_core.text import safe_line
from madrox_tui.feed.feed import Feed
from madrox_tui.filters import parse_filter
from madrox_tui.key_names import KeysInForce
from madrox_tui.panels.instances.alarm import Alarm, call
from madrox_tui.screens.onlooker import Onlooker
from madrox_tui.screens.status import is_lost, preparing, status_clock, status_path, status_pieces
from madrox_tui.view import Narrowing, View
from madrox_tui.widgets.panel_grid import PanelGrid
from madrox_tui.widgets.panel_protocols import HasMoment, Plays, ShowsMoment
from madrox_tui.widgets.settle import open_over
from madrox_tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from madrox_tui.changes.screen import Chosen

PRESENT_S = 1.0
"""A moment that is no longer ago is the present: times are typed and shown in whole seconds."""

QUICK = 1_000
"""So many records are read before anyone could read that they are."""


class FleetScreen(Screen[None]):
    """Follows a tree, and shows in the status line which view is on the screen.

    Args:
        feed: Where views come from.
        keys: The keys in force.
        filter_text: The initial filter.
        bell: Whether to ring the terminal's bell when an instance begins to need someone.

    Attributes:
        keys: The keys in force.
    """

    view: reactive[View | None] = reactive(None, repaint=False)
    """What the panels show."""

    paused: reactive[bool] = reactive(False, layout=False)
    """Whether the panels are paused."""

    moment_s: reactive[float | None] = reactive(None, layout=False)
    """The earlier time that the panels show, or are about to; `None` for the newest."""

    def __init__(
        self, feed: Feed, keys: KeysInForce, filter_text: str = "", *, bell: bool = False
    ) -> None:
        super().__init__()
        self.keys = keys
        self.narrowing = Narrowing(parse_filter(filter_text))
        self._feed = feed
        self._latest: View | None = None
        self._before: View | None = None  # the paused view that an earlier moment was chosen on
        self._loader: Worker[None] | None = None  # loads earlier moments
        self._prepared = 0  # records read so far for the one that is being loaded
        self._has_told = False
        self._alarm = Alarm()
        self._bell = bell
        self._onlooker = Onlooker()

    def validate_view(self, view: View | None) -> View | None:
        """Show nothing else while the app ends: the panels go one after the other."""
        return view if self.app.is_running else self.view

    def follow_tree(self) -> None:
        """Show the feed's views until the app ends."""
        first = self._feed.begin()
        if first is not None:
            self._publish(first)
        self.call_after_refresh(self._begin)  # keeps the processor free for the first paint

    def _begin(self) -> None:
        if self.app.return_code is not None:
            return  # the app has exited already
        self._onlooker.begin(self._feed.now())
        self._run_feed()

    def touched(self) -> None:
        """Note a key or a movement of the mouse: somebody is there."""
        self._onlooker.touched(self._feed.now())

    @work(group="feed")
    async def _run_feed(self) -> None:
        await self._feed.run(self._publish)

    def narrow(self, narrowing: Narrowing) -> None:
        """Show only some instances."""
        self.narrowing = narrowing
        self._narrow()

    def action_pause(self) -> None:
        """Play or pause a rewound panel, whichever has the focus; else the screen."""
        panels = self.query_one(PanelGrid).children
        if any(panel.toggle_play() for panel in panels if isinstance(panel, Plays)):
            return
        if self.moment_s is not None:
            self.notify("the pane has no capture to play from here", markup=False)
        elif self.paused:
            self.go_live()
        else:
            self.paused = True
            self._show_status()

    # --- earlier moments -----------------------------------------------------

    def action_moment(self) -> None:
        """Show every panel at the selected row's time, or leave that time."""
        if self.moment_s is not None:
            self.go_back()
            return
        panel = self.query_one(PanelGrid).current
        at_s = panel.selected_time_s if isinstance(panel, HasMoment) else None
        if at_s is None:
            press = f"press {self.keys.name('view.go_to')} to enter one"
            self.notify(f"the selected row has no time: {press}", markup=False)
        else:
            self.show_moment(at_s)

    async def action_go_to(self) -> None:
        """Ask for a time, and show every panel at it; the present is live."""
        from madrox_tui.screens.go_to import MomentScreen

        await open_over(self.app, MomentScreen(self._feed.now), self._go_to)

    def _go_to(self, at_s: float | None) -> None:
        if at_s is not None and at_s > self._feed.now() - PRESENT_S:
            self.go_live()
        else:
            self.show_moment(at_s)

    async def action_changes(self) -> None:
        """Show what changed since somebody looked last, up to the moment that is shown, or now."""
        view = self._latest if self.moment_s is None else self.view
        if view is None or not self.shows_its_moment():
            return
        if view.state.waiting is not None:
            self.notify(safe_line(f"nothing to compare: {view.state.waiting}"), markup=False)
        elif self._has_past():
            dialog = self._onlooker.changes(view, self.narrowing, self._feed, self.keys)
            if dialog is not None:
                await open_over(self.app, dialog, self.show_changed)

    def show_changed(self, chosen: Chosen | None) -> None:
        """Go to what was chosen among the changes. Subclasses select the instance."""
        if chosen is not None:
            self.show_moment(chosen.moment_s)

    def _has_past(self) -> bool:
        """Whether earlier moments can be shown; if not, that is said."""
        if not self._feed.knows_the_past:
            self.notify("no history is available for this tree", severity="warning", markup=False)
        return self._feed.knows_the_past

    def show_moment(self, at_s: float | None) -> None:
        """Show every panel at an earlier time, in seconds since the epoch; `None` is a no-op."""
        if at_s is None or not self._has_past():
            return
        if self.moment_s is None:
            self._before = self._held
        self.moment_s = at_s
        self._tell_panels(at_s)
        self._show_status()
        if self._loader is None:
            self._loader = self._load_moments()

    @work(group="moment")
    async def _load_moments(self) -> None:
        """Load the moment wanted, and show it even if another is wanted by then; then that one."""
        loaded_s = None
        while self.moment_s is not None and self.moment_s != loaded_s:
            loaded_s, self._prepared = self.moment_s, 0
            try:
                self.view = await self._feed.at(loaded_s, self._has_prepared)
            except OSError as error:
                why = safe_line(f"cannot load history: {error}")
                self.notify(why, severity="error", markup=False)
                self._loader = None
                self.go_back()
                return
            self._prepared = 0
            self._show_status()
        self._loader = None

    @property
    def _is_first_loading(self) -> bool:
        """Whether the panels are to show an earlier moment and still show the newest view."""
        return self.moment_s is not None and (self.view is None or self.view.moment_s is None)

    def shows_its_moment(self) -> bool:
        """Whether what is chosen is of the moment that was asked for; if not, that is said."""
        if self._is_first_loading:
            self.notify("preparing history: nothing opens until it is shown", markup=False)
        return not self._is_first_loading

    def _has_prepared(self, records: int) -> None:
        self._prepared = records
        self._show_status()

    def go_back(self) -> None:
        """Leave an earlier moment: for the paused screen that it was chosen on, else for live."""
        before = self._before
        if before is None:
            self.go_live()
            return
        self._leave_moment()
        self.view = before
        self._narrow()  # what is left out may have changed since

    def action_live(self) -> None:
        """Return to live."""
        self.go_live()

    def go_live(self) -> None:
        """Return to live."""
        self._leave_moment()
        self.paused = False
        self._narrow()

    def _leave_moment(self) -> None:
        if self.moment_s is None:
            return
        if self._loader is not None:
            self._loader.cancel()
        self.moment_s = self._before = self._loader = None
        self._tell_panels(None)

    def _tell_panels(self, at_s: float | None) -> None:
        for panel in self.query_one(PanelGrid).children:
            if isinstance(panel, ShowsMoment):
                panel.show_at(at_s)

    # --- what the feed brings ------------------------------------------------

    def _publish(self, view: View) -> None:
        self._latest = view
        self._onlooker.shown(view)
        if news := self._alarm.news(view):
            self._call(news, view.names)
        if self.is_live:
            self.view = view
        self._show_status()
        self.tell_not_kept(self._feed.trouble)

    def _call(self, news: Sequence[InstanceState], names: Mapping[str, str]) -> None:
        """Call a person: with the bell if that is wanted, in words where no list says it."""
        if self._bell:
            self.app.bell()
        is_listed = any(panel.display for panel in self.query("#instances"))
        if not (is_listed and self.is_live and self.app.screen is self):
            self.notify(call(news, names), severity="warning", markup=False)

    def tell_not_kept(self, trouble: str | None) -> None:
        """Tell once that something cannot be kept for the next start, and why, if there is why."""
        if trouble is not None and not self._has_told:
            self._has_told = True
            told = safe_line(f"not kept for the next start: {trouble}")
            self.notify(told, severity="warning", markup=False)

    @property
    def is_live(self) -> bool:
        """Whether the panels show the newest view."""
        return not self.paused and self.moment_s is None

    @property
    def _held(self) -> View | None:
        return None if self.is_live else self.view

    @work(group="narrow", exclusive=True)
    async def _narrow(self) -> None:
        while True:
            held = self._held
            view = await self._feed.narrow(self.narrowing, held)
            if self._held is held:  # else another view was chosen meanwhile
                break
        self.view = view
        self._show_status()

    def _show_status(self) -> None:
        bar = self.query_one_optional(StatusBar)
        if self._latest is None or bar is None:  # there is none while the app ends
            return
        pieces = status_pieces(self._latest, self._held, self.keys, self._feed.since_s)
        if self.moment_s is not None and (self._is_first_loading or self._prepared > QUICK):
            pieces = (preparing(self._prepared), *pieces[1:])
        bar.pieces = pieces
        self.set_class(is_lost(self._latest.state), "-lost")
        bar.path, bar.clock = status_path(self._feed.root), status_clock(self._latest)

"""The main screen: four panels, their keys, and the one assignment that changes them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer

from logging_core.records import FrameRef
from madrox_tui.feed import Feed
from madrox_tui.filters import KEYS, Filter, parse_filter
from madrox_tui.keymap import Group, own_bindings
from madrox_tui.panels.audit import AuditPanel
from madrox_tui.panels.instances import InstancesPanel
from madrox_tui.panels.replay import ReplayPanel
from madrox_tui.panels.timeline import TimelinePanel
from madrox_tui.screens.help import HelpScreen
from madrox_tui.screens.message import MessageScreen
from madrox_tui.status import READING, status_pieces, status_right
from madrox_tui.view import View
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.status_bar import StatusBar
from madrox_tui.widgets.tab_strip import TabStrip

PANELS = {"instances": "Instances", "pane": "Pane", "timeline": "Timeline", "audit": "Audit"}
"""The panels' ids and names, in the order of their keys."""

PANEL_NAMES: dict[type[LineView], str] = {
    InstancesPanel: "Instances",
    ReplayPanel: "Pane",
    TimelinePanel: "Timeline",
    AuditPanel: "Audit",
}


class MainScreen(Screen[None]):
    """Shows one log tree, live.

    Args:
        feed: Where views come from.
        wanted: The filter to begin with.
    """

    AUTO_FOCUS = "#instances"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (22, "-tall")]  # noqa: RUF012 - as Textual declares it

    # Priority: a key is acted upon before the next one is looked at, so that of keys typed in a
    # burst each reaches the panel or the line that the one before it chose.
    BINDINGS: ClassVar[list[BindingType]] = [
        replace(binding, priority=True)
        for binding in (
            Binding("1", "panel('instances')", "Instances", show=False, id="panel.instances"),
            Binding("2", "panel('pane')", "Pane", show=False, id="panel.pane"),
            Binding("3", "panel('timeline')", "Timeline", show=False, id="panel.timeline"),
            Binding("4", "panel('audit')", "Audit", show=False, id="panel.audit"),
            Binding("tab", "next_panel(1)", "Next panel", id="panel.next"),
            Binding("shift+tab", "next_panel(-1)", "Last panel", show=False, id="panel.previous"),
            Binding("z", "zoom", "Zoom", id="panel.zoom", tooltip="Only this panel, or all again"),
            Binding("slash", "filter", "Filter", id="filter.edit"),
            Binding("escape", "clear", "Drop the filter", show=False, id="filter.drop"),
            Binding(
                "i",
                "only",
                "Only this",
                id="filter.only",
                tooltip="Only the selected instance in every panel, or all again",
            ),
            Binding(
                "space",
                "pause",
                "Pause",
                id="view.pause",
                tooltip="Hold the screen, or go on; nothing is lost",
            ),
            Binding("question_mark", "keys", "Help", id="app.help"),
            Binding("q", "leave", "Quit", id="app.quit"),
        )
    ]

    view: reactive[View | None] = reactive(None, layout=False)
    """What the panels show."""

    paused: reactive[bool] = reactive(False, layout=False)
    """Whether the panels hold what they show."""

    def __init__(self, feed: Feed, wanted: Filter) -> None:
        super().__init__()
        self._feed = feed
        self._filter = wanted
        self._scope: str | None = None
        self._latest: View | None = None
        self._wanted_frame: FrameRef | None = None

    def compose(self) -> ComposeResult:
        """Status, panels, filter line, keys."""
        yield StatusBar()
        yield TabStrip(PANELS)
        with Container(id="panels"):
            yield InstancesPanel(id="instances").data_bind(MainScreen.view)
            yield ReplayPanel(id="pane")
            yield AuditPanel(id="audit").data_bind(MainScreen.view)
            yield TimelinePanel(id="timeline").data_bind(MainScreen.view)
        yield FilterBar(KEYS, self._filter.text)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Start following the tree."""
        self.query_one(StatusBar).pieces = (READING,)
        self._follow()

    @work(group="feed")
    async def _follow(self) -> None:
        await self._feed.run(self._publish)

    # --- what the feed brings ------------------------------------------------

    def _publish(self, view: View) -> None:
        self._latest = view
        if not self.paused:
            self.view = view
        self._show_status()

    @on(InstancesPanel.Selected)
    def _show_pane(self, event: InstancesPanel.Selected) -> None:
        panel = self.query_one(ReplayPanel)
        panel.show_instance(event.instance, event.at_s)
        ref = event.instance.newest_frame if event.instance else None
        if ref is None or (panel.pane is not None and panel.pane.ref == ref):
            return
        loading = self._wanted_frame is not None
        self._wanted_frame = ref
        if not loading:
            self._load_pane(panel)

    @work(group="pane")
    async def _load_pane(self, panel: ReplayPanel) -> None:
        """Load frames one at a time, until the newest that was asked for has been shown."""
        shown: FrameRef | None = None
        while (ref := self._wanted_frame) is not None and ref != shown:
            pane = await self._feed.pane(ref)
            if pane is not None and panel.instance_id == ref.instance_id:
                panel.pane = pane
            shown = ref
        self._wanted_frame = None

    def _show_status(self) -> None:
        if self._latest is None:
            return
        bar = self.query_one(StatusBar)
        held = self.view if self.paused else None
        bar.pieces = status_pieces(self._latest, held)
        bar.right = status_right(self._latest, self._feed.root)

    # --- the filter ----------------------------------------------------------

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self._filter = parse_filter(event.text)
        self._narrow()

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.set_focus(self._current)
        self.refresh_bindings()

    @work(group="narrow", exclusive=True)
    async def _narrow(self) -> None:
        held = self.view.state if self.paused and self.view else None
        self.view = await self._feed.narrow(self._filter, self._scope, held)
        self._show_status()

    def action_filter(self) -> None:
        """Edit the filter."""
        self.query_one(FilterBar).edit()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the filter is edited, every key is text."""
        del parameters
        return action not in OWN_ACTIONS or not self.query_one(FilterBar).editing

    def action_clear(self) -> None:
        """Drop filter and scope."""
        self._scope = None
        self.query_one(FilterBar).action_clear()
        self._narrow()

    def action_only(self) -> None:
        """Scope every panel to the selected instance, or to all again."""
        instance = self.query_one(InstancesPanel).selected
        if self._scope is None and instance is not None:
            self._scope = instance.instance_id
        else:
            self._scope = None
        self._narrow()

    # --- panels --------------------------------------------------------------

    @property
    def _current(self) -> LineView:
        return self.query_one("#panels > .-current", LineView)

    def action_panel(self, panel_id: str) -> None:
        """Focus a panel; where only one fits, show it."""
        for panel in self.query("#panels > *"):
            panel.set_class(panel.id == panel_id, "-current")
        self.query_one(TabStrip).current = panel_id
        self.set_focus(self.query_one(f"#{panel_id}"))

    def action_next_panel(self, step: int) -> None:
        """Focus the next panel, or the one before."""
        ids = list(PANELS)
        position = ids.index(self._current.id or ids[0])
        self.action_panel(ids[(position + step) % len(ids)])

    def action_zoom(self) -> None:
        """Show only the focused panel, or all again."""
        self.toggle_class("-zoomed")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The panel that has the focus is the current one."""
        if event.widget.id in PANELS and not event.widget.has_class("-current"):
            self.action_panel(event.widget.id)

    @on(TabStrip.Chosen)
    def _tab_chosen(self, event: TabStrip.Chosen) -> None:
        self.action_panel(event.tab_id)

    @on(LineView.Chosen, "#instances")
    def _instance_chosen(self) -> None:
        self.action_panel("pane")

    @on(LineView.Chosen, "#timeline")
    def _message_chosen(self) -> None:
        panel = self.query_one(TimelinePanel)
        entry = panel.chosen
        if entry is not None:
            self.app.push_screen(
                MessageScreen(
                    entry, panel.label(entry), other=panel.other_half, open_s=panel.open_s
                )
            )

    # --- the rest ------------------------------------------------------------

    def action_leave(self) -> None:
        """End the app."""
        self.app.exit()

    def action_pause(self) -> None:
        """Hold the panels, or show the newest again."""
        self.paused = not self.paused
        if not self.paused:
            self.view = self._latest
        self._show_status()

    def action_keys(self) -> None:
        """Show every key, those of the focused panel first."""
        self.app.push_screen(HelpScreen(key_groups(type(self._current))))


def key_groups(*panels: type[LineView]) -> list[Group]:
    """The keys of some panels, then those that every panel has."""
    groups = [(PANEL_NAMES[panel], own_bindings(panel)) for panel in panels]
    groups += [("every list", own_bindings(LineView)), ("everywhere", own_bindings(MainScreen))]
    return [(title, bindings) for title, bindings in groups if bindings]


OWN_ACTIONS = frozenset(b.action.partition("(")[0] for b in own_bindings(MainScreen))
"""What the keys of the main screen do."""

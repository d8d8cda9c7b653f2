"""The main screen: the four panels and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from logging_core.analyse.state import InstanceState
from madrox_tui.bindings import GLOBAL, OWN_ACTIONS, PANELS, help_groups, keys_in_force
from madrox_tui.clipboard import attach_command, copy
from madrox_tui.config import Settings
from madrox_tui.feed.feed import Feed
from madrox_tui.filters import parse_filter
from madrox_tui.panels.audit.panel import AuditPanel
from madrox_tui.panels.audit.view import kept_grouping
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.panels.pane.panel import ReplayPanel
from madrox_tui.panels.timeline.panel import TimelinePanel
from madrox_tui.remember import Remembered
from madrox_tui.screens.fleet import FleetScreen
from madrox_tui.screens.status import READING
from madrox_tui.view import Narrowing, View
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.find_bar import FindBar
from madrox_tui.widgets.key_bar import KeyBar
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.panel_grid import PanelGrid
from madrox_tui.widgets.panel_protocols import HasScope
from madrox_tui.widgets.status_bar import StatusBar
from madrox_tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from madrox_tui.changes.screen import Chosen

LIST_FRAME = 3
"""The lines of the list that are no instances: its headings and its border."""


class MainScreen(FleetScreen):
    """Shows one log tree, live.

    Args:
        feed: Where views come from.
        settings: The user's settings; holds the initial filter.
        remembered: How the screen was left last time.
    """

    AUTO_FOCUS = "#instances"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (14, "-short"), (22, "-tall")]  # noqa: RUF012 - as Textual declares it

    BINDINGS: ClassVar[list[BindingType]] = [*GLOBAL]

    def __init__(self, feed: Feed, settings: Settings, remembered: Remembered) -> None:
        super().__init__(feed, keys_in_force(settings.keys), settings.filter, bell=settings.bell)
        self._stuck_after_s = settings.stuck_after_s
        self._remembered = remembered
        self._has_opened_pane = False  # from the list, and it has been the current panel since
        feed.group_by(kept_grouping(remembered.panels.get("audit", {})))

    def compose(self) -> ComposeResult:
        """Status, panels, filter line, keys."""
        status = StatusBar()
        status.auto_links = False  # what can be clicked keeps its colours
        yield status
        yield TabStrip(PANELS)
        yield PanelGrid(
            InstancesPanel(self.keys, self._feed.root, id="instances").data_bind(MainScreen.view),
            ReplayPanel(self.keys, self._feed.frames, id="pane"),
            TimelinePanel(
                self.keys, self._feed.messages, since_s=self._feed.since_s, id="timeline"
            ).data_bind(MainScreen.view),
            AuditPanel(self.keys, id="audit").data_bind(MainScreen.view),
            id="panels",
        )
        yield FilterBar(self.narrowing.filter.text, self._remembered.filters).data_bind(
            MainScreen.view
        )
        yield FindBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Restore the layout, and start following the tree."""
        self.query_one(StatusBar).pieces = (READING,)
        self.query_one(PanelGrid).restore(self._remembered)
        self.set_class(self._remembered.zoomed, "-zoomed")
        self.follow_tree()
        self._show_selected()  # before anything is painted

    def watch_view(self, view: View | None) -> None:
        """Give the list room for the fleet."""
        grid = self.query_one_optional(PanelGrid)
        if grid is not None:  # there is none while the app ends
            grid.fit(0 if view is None else len(view.state.instances) + LIST_FRAME)

    def _show_selected(self) -> None:
        selected = self.query_one(InstancesPanel).selected
        if selected is not None and self.view is not None:
            name, at_s = self._called(selected), self.view.state.at_s
            self.query_one(ReplayPanel).show_instance(selected, at_s, name=name)

    # --- the pane ------------------------------------------------------------

    @on(InstancesPanel.Selected)
    def _show_pane(self, event: InstancesPanel.Selected) -> None:
        missing = self.view.missing if self.view is not None else None
        name = None if event.instance is None else self._called(event.instance)
        self.query_one(ReplayPanel).show_instance(event.instance, event.at_s, missing, name=name)

    def _called(self, instance: InstanceState) -> str:
        names = self.view.names if self.view is not None else {}
        return names.get(instance.instance_id, instance.label)

    @on(ReplayPanel.Moved)
    def _pane_moved(self) -> None:
        """Take every panel along; the screen may have left the past before it got to know."""
        moment_s = self.query_one(ReplayPanel).moment_s
        if self.moment_s is None:
            return
        if moment_s is None:
            self.go_live()
        else:
            self.show_moment(moment_s)

    def show_changed(self, chosen: Chosen | None) -> None:
        """Go to the moment that was chosen among the changes, if one was, and to the instance."""
        super().show_changed(chosen)
        if chosen is None:
            return
        self.go_to_instance(chosen.instance_id)
        selected = self.query_one(InstancesPanel).selected
        is_there = selected is not None and selected.instance_id == chosen.instance_id
        if not is_there and chosen.moment_s is None:
            self.notify("that instance is not in the list", markup=False)

    # --- the filter ----------------------------------------------------------

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.narrow(Narrowing(parse_filter(event.text), self.narrowing.scope))

    def action_filter(self) -> None:
        """Edit the filter."""
        self.query_one(FilterBar).edit()

    def action_narrow_to(self, term: str) -> None:
        """Show only the instances for which a term of the filter holds, or no longer only them."""
        self.query_one(FilterBar).toggle(term)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable our keys while a line is edited: every key is text."""
        del parameters
        editing = self.query_one(FilterBar).editing or self.query_one(FindBar).editing
        return action not in OWN_ACTIONS or not editing

    def action_clear(self) -> None:
        """Go one step back: from find, an earlier time, a pause, the filter, or an opened pane."""
        find = self.query_one(FindBar)
        if find.shown:
            find.clear()
            return
        pane = self.query_one(ReplayPanel)
        if self.moment_s is not None:
            self.go_back()
        elif self.paused or pane.rewound:
            self.go_live()
            if pane.rewound:
                pane.action_last()
        elif self.narrowing:
            self.query_one(FilterBar).clear()
            self.narrow(Narrowing())
        elif self._has_opened_pane:
            self.action_panel("instances")

    def action_needy(self) -> None:
        """Go to the next instance that needs you, from wherever the focus is."""
        self.query_one(InstancesPanel).action_needy()

    def action_only(self) -> None:
        """Toggle between whom the selected row is about (an instance, a folded branch) and all."""
        scope = None
        if self.narrowing.scope is None:
            panel = self._grid.current
            scope = panel.selected_scope if isinstance(panel, HasScope) else None
            scope = scope or self.query_one(InstancesPanel).selected_scope
        self.narrow(Narrowing(self.narrowing.filter, scope))

    def action_attach(self) -> None:
        """Copy the command that attaches to the selected instance's terminal."""
        instance = self.query_one(InstancesPanel).selected
        if instance is None:
            return
        if instance.tmux_session is None:
            why = "its metadata.json names no tmux_session"
            self.notify(f"cannot attach to {self._called(instance)}: {why}", markup=False)
            return
        copy(attach_command(instance.tmux_session), self)

    # --- panels --------------------------------------------------------------

    @property
    def _grid(self) -> PanelGrid:
        return self.query_one(PanelGrid)

    def action_panel(self, panel_id: str) -> None:
        """Focus a panel, and show it if only one fits."""
        self._grid.show(panel_id)

    def action_next_panel(self, step: int) -> None:
        """Focus the next panel, or the previous one."""
        ids = list(PANELS)
        position = ids.index(self._grid.current.id or ids[0])
        self._grid.show(ids[(position + step) % len(ids)])

    def action_zoom(self) -> None:
        """Maximise the focused panel, or restore all."""
        self.toggle_class("-zoomed")

    def action_grow(self, steps: int) -> None:
        """Make the focused panel larger, or smaller."""
        self._grid.grow(steps)

    def reset_layout(self) -> None:
        """Show all panels, with the borders where they are at first."""
        self.remove_class("-zoomed")
        self._grid.reset()

    def remembered(self) -> Remembered:
        """Return the screen's state to save, except the theme."""
        left = self._grid.remembered(zoomed=self.has_class("-zoomed"))
        return msgspec.structs.replace(left, filters=self.query_one(FilterBar).kept)

    def go_to_instance(self, instance_id: str) -> None:
        """Select an instance and show its panel."""
        self._grid.show("instances")
        self.query_one(InstancesPanel).select(instance_id)

    @on(PanelGrid.Resized)
    def _panels_resized(self) -> None:
        """Show toasts where the panels end: what is below is read while it is there."""
        below = self.size.height - self._grid.region.bottom
        self.query("ToastRack").set_styles(margin=(0, 0, below, 0))

    @on(PanelGrid.Shown)
    def _panel_shown(self, event: PanelGrid.Shown) -> None:
        self.query_one(TabStrip).current = event.panel_id
        self._has_opened_pane = self._has_opened_pane and event.panel_id == "pane"

    @on(TabStrip.Chosen)
    def _tab_chosen(self, event: TabStrip.Chosen) -> None:
        self._grid.show(event.tab_id)

    @on(LineView.Chosen, "#instances")
    def _instance_chosen(self) -> None:
        self.action_panel("pane")
        self._has_opened_pane = True

    @on(LineView.Chosen, "#timeline")
    def _message_chosen(self) -> None:
        from madrox_tui.panels.timeline.message_screen import MessageScreen

        panel = self.query_one(TimelinePanel)
        entry = panel.chosen
        if entry is None or not self.shows_its_moment():
            return
        other, alone = panel.beside(entry)
        dialog = MessageScreen(
            entry,
            panel.label(entry),
            self.keys,
            other=other,
            names=self.view.names if self.view is not None else {},
            alone=alone,
            lines=self._feed,
        )
        self.app.push_screen(dialog)
        dialog.watch(panel, "view", lambda: dialog.show_other(*panel.beside(entry)), init=False)

    @on(LineView.Chosen, "#audit")
    def _sum_chosen(self) -> None:
        from madrox_tui.events.screen import EventsScreen

        query, view = self.query_one(AuditPanel).chosen, self.view
        if query is not None and view is not None and self.shows_its_moment():
            query = query.within(self._feed.since_s, None if self.is_live else view.state.at_s)
            self.app.push_screen(EventsScreen(query, self._feed, self.keys, view.names, view.state))

    @on(AuditPanel.GroupedBy)
    def _grouped_by(self, event: AuditPanel.GroupedBy) -> None:
        self._feed.group_by(event.by, event.window)
        self.narrow(self.narrowing)

    # --- the rest ------------------------------------------------------------

    def action_leave(self) -> None:
        """End the app."""
        self.app.exit()

    def action_health(self) -> None:
        """Open the log health report."""
        from madrox_tui.health.screen import HealthScreen

        view = self.view
        if view is not None:
            self.app.push_screen(
                HealthScreen(
                    lambda: (self.view or view).state,
                    self._feed,
                    self.keys,
                    older=self._feed.older_problems,
                    unread=lambda: (self.view or view).unread,
                )
            )

    def action_palette(self) -> None:
        """Open the command palette."""
        self.app.action_command_palette()

    def action_keys(self) -> None:
        """Show every key, those of the focused panel first."""
        from madrox_tui.help.screen import HelpScreen

        panel = self._grid.current
        groups = help_groups(panel.id or "", self.keys)
        self.app.push_screen(HelpScreen(panel.HELP or "", *groups, self._stuck_after_s, self.keys))

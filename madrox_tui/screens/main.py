"""The main screen: the four panels and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

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
from madrox_tui.screens.panels import PanelsScreen
from madrox_tui.screens.status import READING
from madrox_tui.view import Narrowing, View
from madrox_tui.widgets.filter_bar import FilterBar
from madrox_tui.widgets.find_bar import FindBar
from madrox_tui.widgets.key_bar import KeyBar
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.panel_grid import PanelGrid
from madrox_tui.widgets.panel_protocols import HasScope
from madrox_tui.widgets.settle import open_over, settle
from madrox_tui.widgets.status_bar import StatusBar
from madrox_tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from madrox_tui.changes.screen import Chosen


class MainScreen(PanelsScreen):
    """Shows one log tree, live.

    Args:
        feed: Where views come from.
        settings: The user's settings; holds the initial filter.
        remembered: How the screen was left last time.
    """

    AUTO_FOCUS = "#instances"

    BINDINGS: ClassVar[list[BindingType]] = [*GLOBAL]

    def __init__(self, feed: Feed, settings: Settings, remembered: Remembered) -> None:
        super().__init__(feed, keys_in_force(settings.keys), settings.filter, bell=settings.bell)
        self._stuck_after_s = settings.stuck_after_s
        self._remembered = remembered
        feed.group_by(kept_grouping(remembered.panels.get("audit", {})))

    def compose(self) -> ComposeResult:
        """Status, panels, filter line, keys."""
        yield StatusBar()
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
        yield KeyBar()

    def on_mount(self) -> None:
        """Restore the layout, and start following the tree."""
        self.query_one(StatusBar).pieces = (READING,)
        self.restore_layout(self._remembered)
        self.follow_tree()
        self._show_selected()  # before anything is painted

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Tell the pane the time, too, when only that has passed: the list then has no news."""
        super().watch_view(before, view)
        if view is not None and view.is_later(before):
            self._show_selected()

    def _show_selected(self) -> None:
        selected = self.query_one(InstancesPanel).selected
        if selected is not None and self.view is not None:
            name, at_s = self._called(selected), self.view.state.at_s
            self.query_one(ReplayPanel).show_instance(selected, at_s, name=name)

    # --- the pane ------------------------------------------------------------

    @on(InstancesPanel.Selected)
    def _show_pane(self, event: InstancesPanel.Selected) -> None:
        name = None if event.instance is None else self._called(event.instance)
        self.query_one(ReplayPanel).show_instance(
            event.instance, event.at_s, self._missing, name=name
        )

    @property
    def _missing(self) -> str | None:
        """Why there is no instance whose pane could be shown; `None` for no reason of its own."""
        view = self.view
        if view is None or view.missing is not None:
            return None if view is None else view.missing
        is_narrowed_out = view.state.instances and not view.instances
        return view.nobody(self.keys) if is_narrowed_out else None

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
        """Disable our keys while a line is edited, every key is text; and what would do nothing."""
        del parameters
        if action == "grow" and not self.grows_panels:
            return None  # help still names the key
        return action not in OWN_ACTIONS or not isinstance(self.focused, Input)

    def action_clear(self) -> None:
        """Go one step back: from find, an earlier time, a pause, the filter, or an opened pane."""
        find = self.query_one_optional(FindBar)
        if find is not None and find.shown:
            find.clear()
            return
        pane = self.query_one(ReplayPanel)
        if self.moment_s is not None:
            self.go_back()
        elif self.paused or pane.rewound:
            self.go_live()
            if pane.rewound:
                pane.action_last()
        elif self.narrowing or self.query_one(FilterBar).shows_chips:
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

    # --- what is chosen ------------------------------------------------------

    async def open_row(self, view: LineView) -> None:
        """Open the instance's pane, the message, or the events behind the number."""
        if view.id == "timeline":
            await self._open_message()
        elif view.id == "audit":
            await self._open_events()
        else:
            await super().open_row(view)

    async def _open_message(self) -> None:
        from madrox_tui.panels.timeline.message_screen import MessageScreen

        panel = self.query_one(TimelinePanel)
        entry = panel.chosen
        if entry is None:
            panel.tell_no_message()
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
        await open_over(self.app, dialog)
        dialog.watch(panel, "view", lambda: dialog.show_other(*panel.beside(entry)))

    async def _open_events(self) -> None:
        from madrox_tui.events.screen import EventsScreen

        query, view = self.query_one(AuditPanel).chosen, self.view
        if query is not None and view is not None and self.shows_its_moment():
            query = query.within(self._feed.since_s, None if self.is_live else view.state.at_s)
            dialog = EventsScreen(query, self._feed, self.keys, view.names, view.state)
            await open_over(self.app, dialog)

    @on(AuditPanel.GroupedBy)
    def _grouped_by(self, event: AuditPanel.GroupedBy) -> None:
        self._feed.group_by(event.by, event.window)
        self.narrow(self.narrowing)

    def remembered(self) -> Remembered:
        """Return the screen's state to save, except the theme."""
        return msgspec.structs.replace(self.layout_left(), filters=self.query_one(FilterBar).kept)

    # --- the rest ------------------------------------------------------------

    def action_leave(self) -> None:
        """End the app."""
        self.app.exit()

    async def action_health(self) -> None:
        """Open the log health report."""
        from madrox_tui.health.screen import HealthScreen

        view = self.view
        if view is not None:
            report = HealthScreen(
                lambda: (self.view or view).state,
                self._feed,
                self.keys,
                older=self._feed.older_problems,
                unread=lambda: (self.view or view).unread,
            )
            await open_over(self.app, report)

    async def action_palette(self) -> None:
        """Open the command palette."""
        self.app.action_command_palette()
        await settle(self.app.screen)

    async def action_keys(self) -> None:
        """Show every key, those of the focused panel first."""
        from madrox_tui.help.screen import HelpScreen

        panel = self._grid.current
        groups = help_groups(panel.id or "", self.keys)
        help_screen = HelpScreen(panel.HELP or "", *groups, self._stuck_after_s, self.keys)
        await open_over(self.app, help_screen)

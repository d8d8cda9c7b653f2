"""Where the panels are: which one has the focus, which ones are shown, and how large they are."""

from __future__ import annotations

from textual import events, on

from madrox_tui.bindings import PANELS, works_in
from madrox_tui.feed.feed import Feed
from madrox_tui.key_names import KeysInForce
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.remember import Remembered
from madrox_tui.screens.fleet import FleetScreen
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.panel_grid import PanelGrid
from madrox_tui.widgets.tab_strip import TabStrip

LIST_FRAME = 3
"""The lines of the list that are no instances: its headings and its border."""


class PanelsScreen(FleetScreen):
    """Arranges the panels that a subclass composes, in a `PanelGrid` with a `TabStrip`.

    Args:
        feed: Where views come from.
        keys: The keys in force.
        filter_text: The initial filter.
        bell: Whether to ring the terminal's bell when an instance begins to need someone.
    """

    BLANK = True  # what is on it covers it
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (14, "-short"), (22, "-tall")]  # noqa: RUF012 - as Textual declares it

    def __init__(
        self, feed: Feed, keys: KeysInForce, filter_text: str = "", *, bell: bool = False
    ) -> None:
        super().__init__(feed, keys, filter_text, bell=bell)
        self._has_opened_pane = False  # from the list, and it has been the current panel since

    def watch_view(self, _before: View | None, view: View | None) -> None:
        """Give the list room for the fleet."""
        if view is not None:
            self._grid.fit(len(view.state.instances) + LIST_FRAME)

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

    @property
    def grows_panels(self) -> bool:
        """Whether a panel can be grown: others are shown beside it."""
        grid = self.query_one_optional(PanelGrid)
        return grid is not None and grid.shows_all

    def action_grow(self, steps: int) -> None:
        """Make the focused panel larger, or smaller."""
        self._grid.grow(steps)

    def reset_layout(self) -> None:
        """Show all panels, with the borders where they are at first."""
        self.remove_class("-zoomed")
        self._grid.reset()

    def restore_layout(self, left: Remembered) -> None:
        """Restore the panels as they were left."""
        self._grid.restore(left)
        self.set_class(left.zoomed, "-zoomed")

    def layout_left(self) -> Remembered:
        """Return what `restore_layout` restores."""
        return self._grid.remembered(zoomed=self.has_class("-zoomed"))

    def go_to_instance(self, instance_id: str) -> None:
        """Select an instance and show its panel."""
        self._grid.show("instances")
        self.query_one(InstancesPanel).select(instance_id)

    def on_key(self, event: events.Key) -> None:
        """Say where a key works that does nothing in the focused panel."""
        if isinstance(self.focused, LineView) and event.key not in self.active_bindings:
            told = works_in(event.key, self.keys)
            if told:
                self.notify(told, markup=False)

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

    async def open_row(self, view: LineView) -> None:
        """Go to the pane of the instance under the cursor of the list."""
        if view.id == "instances":
            self.action_panel("pane")
            self._has_opened_pane = True

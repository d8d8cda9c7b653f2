"""Where the panels are: four in a grid, or the current one alone."""

from __future__ import annotations

from textual import events
from textual.containers import Container
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from madrox_tui.remember import Remembered, Remembers

STEP = 4
"""How much wider and higher, in per cent, one key makes a panel."""

LEAST, MOST = 10, 90


class PanelGrid(Container):
    """Panels in two columns and two rows, whose borders can be moved.

    One panel is the current one. Where the terminal is small, and when the screen has the class
    `-zoomed`, only that one is shown.

    Args:
        panels: Top left, top right, bottom left, bottom right; each has an id.
    """

    columns: reactive[int] = reactive(46, layout=False)
    """Per cent of the width that the left panels have."""

    rows: reactive[int] = reactive(60, layout=False)
    """Per cent of the height that the upper panels have."""

    class Shown(Message):
        """Another panel is the current one."""

        def __init__(self, panel_id: str) -> None:
            super().__init__()
            self.panel_id = panel_id

    def __init__(self, *panels: Widget, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(*panels, id=id)
        self._dragged = (False, False)

    @property
    def current(self) -> Widget:
        """The current panel; the first, until one was chosen."""
        return next((p for p in self.children if p.has_class("-current")), self.children[0])

    def show(self, panel_id: str) -> None:
        """Make a panel the current one, and focus it."""
        self._mark(panel_id)
        self.screen.set_focus(self.current)

    def _mark(self, panel_id: str) -> None:
        for panel in self.children:
            panel.set_class(panel.id == panel_id, "-current")
        self.post_message(self.Shown(panel_id))

    def grow(self, steps: int) -> None:
        """Make the current panel larger by a number of steps, or smaller by a negative one."""
        place = self.children.index(self.current)
        self.columns += (-STEP if place % 2 else STEP) * steps
        self.rows += (-STEP if place >= 2 else STEP) * steps

    def validate_columns(self, columns: int) -> int:
        """Leave something of every panel."""
        return min(max(columns, LEAST), MOST)

    def validate_rows(self, rows: int) -> int:
        """Leave something of every panel."""
        return min(max(rows, LEAST), MOST)

    def watch_columns(self, columns: int) -> None:
        """Move the border."""
        self.styles.grid_columns = f"{columns}fr {100 - columns}fr"

    def watch_rows(self, rows: int) -> None:
        """Move the border."""
        self.styles.grid_rows = f"{rows}fr {100 - rows}fr"

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The panel that has the focus is the current one; not one that had it a moment ago."""
        panel = event.widget
        if panel is not self.screen.focused or panel not in self.children:
            return
        if panel.id and not panel.has_class("-current"):
            self._mark(panel.id)

    def restore(self, left: Remembered) -> None:
        """Look as when it was left."""
        self.columns, self.rows = left.columns, left.rows
        ids = [panel.id or "" for panel in self.children]
        self.show(left.panel if left.panel in ids else ids[0])
        for panel in self.children:
            kept = left.panels.get(panel.id or "")
            if kept and isinstance(panel, Remembers):
                panel.restore(kept)

    def remembered(self, *, zoomed: bool) -> Remembered:
        """How it is left, for `restore`."""
        return Remembered(
            panel=self.current.id or "",
            zoomed=zoomed,
            columns=self.columns,
            rows=self.rows,
            panels={p.id or "": p.kept() for p in self.children if isinstance(p, Remembers)},
        )

    # --- borders that are dragged ---------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the border between two columns, two rows, or all four panels."""
        upper_left = self.children[0].region
        wide = upper_left.width < self.region.width
        high = upper_left.height < self.region.height
        across = wide and event.screen_x - upper_left.right in (-1, 0)
        down = high and event.screen_y - upper_left.bottom in (-1, 0)
        if (across or down) and self.children[0].display and self.children[3].display:
            self._dragged = across, down
            self.capture_mouse()
            event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Let the border follow the mouse."""
        across, down = self._dragged
        if across:
            self.columns = round(100 * (event.screen_x - self.region.x) / self.region.width)
        if down:
            self.rows = round(100 * (event.screen_y - self.region.y) / self.region.height)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """Let go of the border."""
        if any(self._dragged):
            self._dragged = False, False
            self.release_mouse()
            self.screen.clear_selection()

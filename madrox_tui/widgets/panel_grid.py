"""The layout of the panels: four in a grid, or the current one alone."""

from __future__ import annotations

from textual import events
from textual.containers import Container
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from madrox_tui.remember import Remembered, Remembers

STEP = 4
"""How much one key press grows or shrinks a panel, in per cent."""

MIN_SHARE, MAX_SHARE = 10, 90


class PanelGrid(Container):
    """Panels in two columns and two rows, with movable borders.

    One panel is the current one. In a small terminal, or when the screen has the class `-zoomed`,
    only that panel is shown.

    Args:
        panels: Top left, top right, bottom left, bottom right; each has an id.
    """

    columns: reactive[int | None] = reactive(None, layout=False)
    """Width of the left panels, in per cent; `None` for what the style sheet says."""

    rows: reactive[int] = reactive(60, layout=False)
    """Height of the upper panels, in per cent."""

    class Shown(Message):
        """Another panel became the current one."""

        def __init__(self, panel_id: str) -> None:
            super().__init__()
            self.panel_id = panel_id

    def __init__(self, *panels: Widget, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(*panels, id=id)
        self._dragged = (False, False)

    @property
    def current(self) -> Widget:
        """The current panel; the first one until one is chosen."""
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
        """Grow the current panel by a number of steps; shrink it if negative."""
        place = self.children.index(self.current)
        if self.columns is None:
            self.columns = self._percent(self.children[0].outer_size.width)
        self.columns += (-STEP if place % 2 else STEP) * steps
        self.rows += (-STEP if place >= 2 else STEP) * steps

    def _percent(self, cells: int) -> int:
        return round(100 * cells / max(1, self.region.width))

    def validate_columns(self, columns: int | None) -> int | None:
        """Keep every panel visible."""
        return None if columns is None else min(max(columns, MIN_SHARE), MAX_SHARE)

    def validate_rows(self, rows: int) -> int:
        """Keep every panel visible."""
        return min(max(rows, MIN_SHARE), MAX_SHARE)

    def watch_columns(self, columns: int | None) -> None:
        """Move the vertical border."""
        chosen = None if columns is None else f"{columns}fr {100 - columns}fr"
        self.styles.grid_columns = chosen

    def watch_rows(self, rows: int) -> None:
        """Move the horizontal border."""
        self.styles.grid_rows = f"{rows}fr {100 - rows}fr"

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Make the focused panel the current one, unless the focus has moved on since."""
        panel = event.widget
        if panel is not self.screen.focused or panel not in self.children:
            return
        if panel.id and not panel.has_class("-current"):
            self._mark(panel.id)

    def restore(self, left: Remembered) -> None:
        """Restore the saved layout."""
        self.columns, self.rows = left.columns, left.rows
        ids = [panel.id or "" for panel in self.children]
        self.show(left.panel if left.panel in ids else ids[0])
        for panel in self.children:
            kept = left.panels.get(panel.id or "")
            if kept and isinstance(panel, Remembers):
                panel.restore(kept)

    def reset(self) -> None:
        """Put the borders where they are at first."""
        first = Remembered()
        self.columns, self.rows = first.columns, first.rows

    def remembered(self, *, zoomed: bool) -> Remembered:
        """Return the layout to save, for `restore`."""
        return Remembered(
            panel=self.current.id or "",
            zoomed=zoomed,
            columns=self.columns,
            rows=self.rows,
            panels={p.id or "": p.kept() for p in self.children if isinstance(p, Remembers)},
        )

    # --- dragging borders ----------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Grab the border between two columns, two rows, or where all four panels meet."""
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
        """Drag the border along."""
        across, down = self._dragged
        if across:
            self.columns = self._percent(event.screen_x - self.region.x)
        if down:
            self.rows = round(100 * (event.screen_y - self.region.y) / self.region.height)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """Release the border."""
        if any(self._dragged):
            self._dragged = False, False
            self.release_mouse()
            self.screen.clear_selection()

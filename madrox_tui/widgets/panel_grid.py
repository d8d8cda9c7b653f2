"""The layout of the panels: four in a grid, or the current one alone."""

from __future__ import annotations

from textual import events
from textual.containers import Container
from textual.layout import Layout
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from madrox_tui.remember import Remembered
from madrox_tui.widgets.panel_protocols import Remembers
from madrox_tui.widgets.panels_layout import Heights, PanelsLayout

STEP = 4
"""How much one key press grows or shrinks a panel, in per cent."""

MIN_SHARE, MAX_SHARE = 10, 90

LINES_STEP = 4
"""By so many lines at a time the list grows with the fleet: its border is to stay in its place."""


class PanelGrid(Container):
    """Panels in two columns of two, with movable borders.

    One panel is the current one. In a small terminal, or when the screen has the class `-zoomed`,
    only that panel is shown.

    Args:
        panels: Top left, top right, bottom left, bottom right; each has an id.
    """

    BLANK = True  # its panels cover it

    columns: reactive[int | None] = reactive(None, layout=False)
    """Width of the left panels, in per cent; `None` for what they need."""

    heights: reactive[Heights] = reactive((None, None), layout=False)
    """Heights of the upper left and right panels, in per cent, each `None` for what it needs."""

    lines: reactive[int] = reactive(0, layout=False)
    """How many lines the upper left panel needs, with its frame; see `fit`."""

    class Shown(Message):
        """Another panel became the current one."""

        def __init__(self, panel_id: str) -> None:
            super().__init__()
            self.panel_id = panel_id

    class Resized(Message):
        """The panels have more room, or less."""

    def __init__(self, *panels: Widget, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(*panels, id=id)
        self._arrangement = PanelsLayout(self)
        self._dragged: tuple[bool, int | None] = (False, None)

    def on_resize(self, _event: events.Resize) -> None:
        """Tell the screen."""
        self.post_message(self.Resized())

    @property
    def layout(self) -> Layout:
        """How the panels are placed."""
        return self._arrangement

    @property
    def current(self) -> Widget:
        """The current panel; the first one until one is chosen."""
        return next((p for p in self.children if p.has_class("-current")), self.children[0])

    @property
    def shows_all(self) -> bool:
        """Whether all panels are shown; styles are late, and keys may come in one go."""
        is_zoomed = self.screen.has_class("-zoomed")
        return not is_zoomed and all(panel.display for panel in self.children)

    def show(self, panel_id: str) -> None:
        """Make a panel the current one, and focus it."""
        self._mark(panel_id)
        self.screen.set_focus(self.current)

    def _mark(self, panel_id: str) -> None:
        for panel in self.children:
            panel.set_class(panel.id == panel_id, "-current")
        self.post_message(self.Shown(panel_id))

    def fit(self, lines: int) -> None:
        """Let the upper left panel have room for so many lines; it does not shrink again."""
        steps = -(-lines // LINES_STEP)
        self.lines = max(self.lines, steps * LINES_STEP)

    def grow(self, steps: int) -> None:
        """Grow the current panel by a number of steps; shrink it if negative.

        Where it is shown alone nothing is grown: nobody would see which border moves.
        """
        if not self.shows_all:
            return
        is_lower, side = divmod(self.children.index(self.current), 2)
        width, height = self.columns, self.heights[side]
        if width is None:
            width = _percent(self.children[0].outer_size.width, self.region.width)
        if height is None:
            height = _percent(self.children[side].outer_size.height, self.region.height)
        self.columns = width + (-STEP if side else STEP) * steps
        self._set_height(side, height + (-STEP if is_lower else STEP) * steps)

    def _set_height(self, side: int, height: int) -> None:
        left, right = self.heights
        self.heights = (left, height) if side else (height, right)

    def validate_columns(self, columns: int | None) -> int | None:
        """Keep every panel visible."""
        return _visible(columns)

    def validate_heights(self, heights: Heights) -> Heights:
        """Keep every panel visible."""
        return _visible(heights[0]), _visible(heights[1])

    def watch_columns(self) -> None:
        """Move the border between the columns."""
        self._place_anew()

    def watch_heights(self) -> None:
        """Move a border between two panels."""
        self._place_anew()

    def watch_lines(self) -> None:
        """Give the list more room."""
        self._place_anew()

    def _place_anew(self) -> None:
        self.children[0].refresh(layout=True)  # of its parents, too; our own would not be of us

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Make the focused panel the current one, unless the focus has moved on since."""
        panel = event.widget
        if panel is not self.screen.focused or panel not in self.children:
            return
        if panel.id and not panel.has_class("-current"):
            self._mark(panel.id)

    def restore(self, left: Remembered) -> None:
        """Restore the saved layout."""
        self.columns, self.heights = left.columns, left.heights
        ids = [panel.id or "" for panel in self.children]
        self.show(left.panel if left.panel in ids else ids[0])
        for panel in self.children:
            kept = left.panels.get(panel.id or "")
            if kept and isinstance(panel, Remembers):
                panel.restore(kept)

    def reset(self) -> None:
        """Put the borders where they are at first."""
        self.columns, self.heights = None, (None, None)

    def remembered(self, *, zoomed: bool) -> Remembered:
        """Return the layout to save, for `restore`."""
        return Remembered(
            panel=self.current.id or "",
            zoomed=zoomed,
            columns=self.columns,
            heights=self.heights,
            panels={p.id or "": p.kept() for p in self.children if isinstance(p, Remembers)},
        )

    # --- dragging borders ----------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Grab the border between the columns, that between two panels, or both."""
        upper = self.children[:2]
        if not self.shows_all:
            return
        across = event.screen_x - upper[0].region.right in (-1, 0)
        side = int(event.screen_x >= upper[0].region.right)
        down = event.screen_y - upper[side].region.bottom in (-1, 0)
        if across or down:
            self._dragged = across, side if down else None
            self.capture_mouse()
            event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the border along."""
        across, side = self._dragged
        if across:
            self.columns = _percent(event.screen_x - self.region.x, self.region.width)
        if side is not None:
            height = _percent(event.screen_y - self.region.y, self.region.height)
            self._set_height(side, height)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """Release the border."""
        if self._dragged != (False, None):
            self._dragged = False, None
            self.release_mouse()
            self.screen.clear_selection()


def _percent(part: int, whole: int) -> int:
    return round(100 * part / max(1, whole))


def _visible(percent: int | None) -> int | None:
    return None if percent is None else min(max(percent, MIN_SHARE), MAX_SHARE)

"""The names of the panels, for screens on which only one panel fits."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

GAP = "   "


class TabStrip(Widget):
    """One line of numbered names; the current one is highlighted, and a click selects one.

    Args:
        tabs: Name by id, in order.
    """

    DEFAULT_CSS = "TabStrip { height: 1; padding: 0 1; background: $surface; }"

    current: reactive[str] = reactive("", layout=False)
    """Id of the current name."""

    class Chosen(Message):
        """A name was clicked."""

        def __init__(self, tab_id: str) -> None:
            super().__init__()
            self.tab_id = tab_id

    def __init__(self, tabs: Mapping[str, str]) -> None:
        super().__init__()
        self._tabs = dict(tabs)

    def render(self) -> Content:
        """Draw the names."""
        parts = [
            Content.styled(label, "$accent bold" if tab_id == self.current else "$muted")
            for tab_id, label in self._labels()
        ]
        return Content(GAP).join(parts)

    def on_click(self, event: events.Click) -> None:
        """Announce the clicked name."""
        x = event.get_content_offset_capture(self).x
        for tab_id, label in self._labels():
            if 0 <= x < len(label):
                self.post_message(self.Chosen(tab_id))
                return
            x -= len(label) + len(GAP)

    def _labels(self) -> list[tuple[str, str]]:
        names = enumerate(self._tabs.items(), start=1)
        return [(tab_id, f"{number} {name}") for number, (tab_id, name) in names]

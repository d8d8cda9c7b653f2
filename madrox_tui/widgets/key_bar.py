"""The footer: the keys that can be pressed now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen


class Key(NamedTuple):
    """A key's label, what it does, and Textual's name for it."""

    label: str
    does: str
    name: str

    @property
    def width(self) -> int:
        """Cells, including one that separates it from the next key."""
        return cell_len(f"{self.label} {self.does} ")


class KeyBar(Widget):
    """The keys of the focused widget and its screen; a click presses one.

    Textual's own footer creates new widgets whenever the focus moves, and keeps the old ones.
    """

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; padding: 0 1; background: $panel; }"
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[Key, ...] = ()

    def on_mount(self) -> None:
        """Subscribe to changes of the active bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def render(self) -> Content:
        """Draw the keys, each with what it does."""
        parts = [
            part
            for key in self._keys
            for part in (
                Content.styled(key.label, "$accent bold"),
                Content.styled(f" {key.does} ", "$foreground"),
            )
        ]
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Press the key under the mouse."""
        x = event.get_content_offset_capture(self).x
        for key in self._keys:
            if 0 <= x < key.width:
                self.app.simulate_key(key.name)
                return
            x -= key.width

    def _bindings_updated(self, screen: Screen[object]) -> None:
        shown = (active.binding for active in screen.active_bindings.values() if active.enabled)
        keys = tuple(
            Key(self.app.get_key_display(binding), binding.description, binding.key)
            for binding in shown
            if binding.show
        )
        if keys != self._keys:
            self._keys = keys
            self.refresh()

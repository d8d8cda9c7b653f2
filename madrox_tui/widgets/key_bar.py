"""The footer: the keys that can be pressed now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from madrox_tui.key_names import one_key_name, own_bindings

if TYPE_CHECKING:
    from textual.binding import ActiveBinding, Binding
    from textual.screen import Screen


LAST = 2
"""How many entries are there at any width, at the end: how to leave, and help on all others."""


class Entry(NamedTuple):
    """What can be done, and the keys that do it, as Textual calls them."""

    does: str
    keys: tuple[str, ...]

    @property
    def labels(self) -> list[str]:
        """The keys as people write them, each with a blank behind it."""
        return [f"{one_key_name(key)} " for key in self.keys]

    @property
    def width(self) -> int:
        """Cells, including the blank that separates it from the next one."""
        return sum(map(cell_len, self.labels)) + cell_len(self.does) + 1


class KeyBar(Widget):
    """The keys of the focused widget, then those of its screen; a click presses one.

    Where not all fit, those before the last ones are left out.
    Textual's own footer creates new widgets whenever the focus moves, and keeps the old ones.
    """

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; padding: 0 1; background: $panel; }"
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()

    def on_mount(self) -> None:
        """Subscribe to changes of the active bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def render(self) -> Content:
        """Draw the keys that fit, each with what it does."""
        parts = [
            part
            for entry in fitted(self._entries, self.size.width)
            for part in (
                Content.styled("".join(entry.labels), "$accent bold"),
                Content.styled(f"{entry.does} ", "$foreground"),
            )
        ]
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Press the key under the mouse; of an entry with several, the last one by its words."""
        x = event.get_content_offset_capture(self).x
        for entry in fitted(self._entries, self.size.width):
            if 0 <= x < entry.width:
                self.app.simulate_key(_key_at(entry, x))
                return
            x -= entry.width

    def _bindings_updated(self, screen: Screen[object]) -> None:
        active = _as_declared(screen.active_bindings.values())
        entries = tuple(_entries(a.binding for a in active if a.enabled and a.binding.show))
        if entries != self._entries:
            self._entries = entries
            self.refresh()


def fitted(entries: Sequence[Entry], width: int) -> list[Entry]:
    """Return the first entries and the last ones, as many as fit as a whole into `width` cells."""
    first, last = entries[:-LAST], entries[-LAST:]
    shown: list[Entry] = []
    room = width + 1 - sum(entry.width for entry in last)
    for entry in first:
        room -= entry.width
        if room < 0:
            break
        shown.append(entry)
    return [*shown, *last]


def _as_declared(active: Iterable[ActiveBinding]) -> list[ActiveBinding]:
    """Sort bindings as their owners declare them: Textual puts those with other keys last."""
    bindings = list(active)
    places: dict[str | None, int] = {}
    for owner in dict.fromkeys(type(one.node) for one in bindings):
        for binding in own_bindings(owner):
            places.setdefault(binding.id, len(places))
    return sorted(bindings, key=lambda one: places.get(one.binding.id, len(places)))


def _entries(bindings: Iterable[Binding]) -> Iterable[Entry]:
    """Yield an entry for bindings next to each other that are described alike."""
    for does, alike in groupby(bindings, attrgetter("description")):
        yield Entry(does, tuple(binding.key for binding in alike))


def _key_at(entry: Entry, x: int) -> str:
    for key, label in zip(entry.keys, entry.labels, strict=True):
        if x < len(label):
            return key
        x -= len(label)
    return entry.keys[-1]

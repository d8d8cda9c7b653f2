"""A one-line text input."""

from __future__ import annotations

from textual import events
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.suggester import Suggester
from textual.widgets import Input

from logging_core.text import safe_line
from madrox_tui.widgets.settle import settle


class KeysInOrder(Input):
    """An input whose keys are handled in the order in which they are typed."""

    async def on_key(self, event: events.Key) -> None:
        """Do at once what a key is bound to, here or by whoever owns the line.

        The app does so only after the key went from widget to widget, and what is typed meanwhile
        would come before it.
        """
        # Textual has no public access to what it does with a key that no widget handles.
        if not event.is_printable and await self.app._check_bindings(event.key):
            event.stop()


class LineInput(KeysInOrder):
    """An input without a border, which sanitises whatever is pasted into it.

    Whoever owns it binds the keys that end editing with priority, and moves the focus at once, so
    that the next key of a burst is no longer text.
    """

    DEFAULT_CSS = """
    LineInput, LineInput:focus {
        height: 1;
        width: 1fr;
        border: none;
        padding: 0;
        background: $panel;

        & > .input--suggestion, & > .input--placeholder { color: $muted; }
    }
    """

    virtual_size = Reactive(Size(0, 0))
    """The scrollable size. Triggers no layout, unlike `Input`'s: the width is fixed."""

    def __init__(
        self, text: str = "", *, suggester: Suggester | None = None, select: bool = False
    ) -> None:
        """Create the input with a text.

        Args:
            text: The text; the cursor is at its end.
            suggester: Offers completions.
            select: Whether focusing selects the text, so that typing replaces it.
        """
        super().__init__(text, suggester=suggester, select_on_focus=select, compact=True)
        self.cursor_blink = False
        self._given = text

    @property
    def edited(self) -> bool:
        """Whether the text is no longer the one it was created with."""
        return self.value != self._given

    def on_resize(self) -> None:
        """Show the end of a text that is longer than the line: there the cursor is."""
        cursor = Region(self._cursor_offset, 0, 1, 1)
        self.scroll_to_region(cursor, animate=False, force=True, immediate=True)

    def put(self, text: str) -> None:
        """Replace the text, and go to its end: setting `value` leaves the cursor where it was."""
        self.value = text
        self.cursor_position = len(self.value)

    async def settle(self) -> None:
        """Wait for the keys pressed so far: each reaches the text through a queue."""
        await settle(self)

    def validate_value(self, value: str) -> str:
        """Keep control sequences off the terminal."""
        return safe_line(value)

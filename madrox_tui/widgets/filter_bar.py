"""The filter line: narrows while it is typed, stays as a chip when it is kept."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label


class FilterBar(Horizontal):
    """One line below the panels; shown while it is edited or holds a filter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Drop filter", id="filter.clear"),
    ]
    DEFAULT_CSS = """
    FilterBar {
        height: 1;
        display: none;
        background: $panel;
        &.-editing, &.-kept { display: block; }
        Label { width: auto; color: $accent; padding: 0 1; }
        Input { width: 1fr; border: none; height: 1; padding: 0; background: $panel; }
    }
    """

    class Changed(Message):
        """The filter's text is another one."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The line is no longer edited: the focus belongs to the panels again."""

    def __init__(self, keys: tuple[str, ...], text: str = "") -> None:
        super().__init__()
        self._keys = keys
        self._text = text

    def compose(self) -> ComposeResult:
        """A label and the line."""
        yield Label(Content("filter"))
        suggester = SuggestFromList(self._keys, case_sensitive=False)
        yield Input(self._text, compact=True, suggester=suggester, select_on_focus=False)

    def on_mount(self) -> None:
        """A filter from the command line is shown as kept."""
        self._input.cursor_blink = False
        self._input.can_focus = False
        self.set_class(bool(self._text), "-kept")

    def edit(self) -> None:
        """Open the line for typing."""
        self.add_class("-editing")
        self._input.can_focus = True
        self.screen.set_focus(self._input)

    @property
    def editing(self) -> bool:
        """Whether the line takes every key as text."""
        return self.has_class("-editing")

    def action_clear(self) -> None:
        """Drop the filter."""
        self._input.value = ""
        self._leave()

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave()

    def _leave(self) -> None:
        self.remove_class("-editing")
        self.set_class(bool(self._input.value.strip()), "-kept")
        self._input.can_focus = False
        self.post_message(self.Left())

"""The find line: the search text, and which match of how many is selected."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label

from madrox_tui.widgets.line_input import LineInput
from madrox_tui.widgets.rows import Rows


class FindBar(Horizontal):
    """One line below the panels; shown while it is edited or a search is active.

    The count is that of the panel being searched: it is there while that panel has the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "Keep find", id="find.keep", priority=True),
        Binding("escape", "clear", "Close find", id="find.clear", priority=True),
    ]
    DEFAULT_CSS = """
    FindBar {
        height: 1;
        display: none;
        background: $panel;
        &.-editing, &.-kept { display: block; }
        Label { width: auto; color: $accent; padding: 0 1; }
        #find-count {
            color: $foreground;
            max-width: 60%;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: Rows | None = None
        self._counted = ""

    def compose(self) -> ComposeResult:
        """A label, the input, and the count."""
        yield Label(Content("find"))
        yield LineInput(select=True)
        yield Label(id="find-count", markup=False)

    def on_mount(self) -> None:
        """Keep Tab from focusing the line; dock it in a dialog, so that nothing moves."""
        self.watch(self.screen, "focused", self._focus_moved, init=False)
        if self.screen.is_modal:
            self.styles.dock = "bottom"
        self._input.can_focus = False

    def open_for(self, view: Rows) -> None:
        """Edit the search text for a panel; a search in another panel ends."""
        self._turn_to(view)
        self.add_class("-editing")
        self._input.can_focus = True
        self.screen.set_focus(self._input)
        self._count()

    def go_on_in(self, view: Rows) -> None:
        """Look for the kept text in a panel; the search in another panel ends."""
        self._turn_to(view)
        self._look()
        self._count()

    @property
    def editing(self) -> bool:
        """Whether the line is being edited, so that every key is text."""
        return self.has_class("-editing")

    @property
    def kept(self) -> bool:
        """Whether a text that was typed is looked for."""
        return self.has_class("-kept") and not self.editing

    @property
    def shown(self) -> bool:
        """Whether the line is shown: Esc closes it first."""
        return self.editing or self.has_class("-kept")

    def follow(self, view: Rows) -> None:
        """Update the count, if it is of the panel being searched."""
        if view is self._view:
            self._count()

    async def action_keep(self) -> None:
        """Search for all that was typed, and return to the panel."""
        await self._input.settle()
        self._look()
        self._leave()

    async def action_clear(self) -> None:
        """End the search, and return to the panel."""
        await self._input.settle()
        self.clear()

    def clear(self) -> None:
        """End the search; a panel that has the focus keeps it."""
        self._input.value = ""
        if self._view is not None:
            self._view.look_for("")
        self._leave()

    @property
    def _input(self) -> LineInput:
        return self.query_one(LineInput)

    def _focus_moved(self, focused: Widget | None) -> None:
        """Keep the search when a click, say, has moved the focus on: keys are no longer text."""
        if self.editing and focused not in (None, self._input):
            self.call_later(self.action_keep)
        elif self._view is not None:
            self._count()

    def _count(self) -> None:
        is_here = self.editing or self.screen.focused is self._view
        text = self._view.find_count if self._view and is_here else ""
        if text != self._counted:
            label = self.query_one("#find-count", Label)
            # Only a change of width needs a layout of the whole screen.
            label.update(text, layout=len(text) != len(self._counted))
            self._counted = text

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.call_after_refresh(self._look)  # typing does not wait for the search

    def _turn_to(self, view: Rows) -> None:
        if self._view is not None and self._view is not view:
            self._view.look_for("")
        self._view = view

    def _look(self) -> None:
        """Search for the line's current text, unless that was done already."""
        line = self.query_one_optional(LineInput)
        if line is None or self._view is None:  # its dialog has closed
            return
        if self._view.found.text != line.value:
            self._view.look_for(line.value)

    def _leave(self) -> None:
        self.remove_class("-editing")
        self.set_class(bool(self._input.value), "-kept")
        is_left = self.screen.focused in (None, self._input)
        if is_left and self._view is not None and self._view.is_attached:
            self.screen.set_focus(self._view)
        self._input.can_focus = False
        self.screen.refresh_bindings()

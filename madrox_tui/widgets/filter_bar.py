"""The filter line: narrows as you type, and shows the active filter as chips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Label

from madrox_tui.completion import complete, completions, vocabulary, without_begun_key
from madrox_tui.filters import filter_words, toggled
from madrox_tui.view import View
from madrox_tui.widgets.chips import Chips
from madrox_tui.widgets.line_input import LineInput

HISTORY = 50
"""How many previous filters can be recalled."""

REMEMBERED = 10
"""How many of them are saved from one run to the next."""

MAX_FILTER_CHARS = 200
"""In characters; a longer filter is not saved, which keeps the state file small."""


class FilterBar(Horizontal):
    """One line below the panels; shown while it is edited or holds a filter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "Keep filter", id="filter.keep", priority=True),
        Binding("escape", "clear", "Clear filter", id="filter.clear", priority=True),
        Binding("tab", "complete", "Complete", id="filter.complete"),
        Binding("up", "recall(-1)", "Previous filter", id="filter.before"),
        Binding("down", "recall(1)", "Next filter", show=False, id="filter.after"),
    ]
    DEFAULT_CSS = """
    FilterBar {
        height: 1;
        display: none;
        background: $panel;
        &.-editing, &.-kept { display: block; }
        Label { width: auto; color: $accent; padding: 0 1; }
        Input { display: none; }
        &.-editing Input { display: block; }
        &.-editing Chips { display: none; }
    }
    """

    class Changed(Message):
        """The filter changed: its text, without a last word that may still become a key."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    view: reactive[View | None] = reactive(None, repaint=False)
    """The view whose names, roles and models are offered as completions; set by the app."""

    def __init__(self, text: str = "", kept: Sequence[str] = ()) -> None:
        """Create the line with an initial filter.

        Args:
            text: The filter.
            kept: Previous filters, newest last.
        """
        super().__init__()
        self._text = self._told = text
        self._kept = list(kept[-HISTORY:])
        self._recalled = 0
        self._offered: list[str] = []  # what the line can be completed to, in turn
        self._came_from: Widget | None = None

    def on_mount(self) -> None:
        """Show an initial filter as chips; watch where the focus goes."""
        self.watch(self.screen, "focused", self._focus_moved, init=False)
        if self._text:
            self._keep()

    def edit(self) -> None:
        """Open the line for typing; afterwards the focus returns to where it was."""
        self.add_class("-editing")
        self._recalled, self._offered = len(self._kept), []
        self._came_from = self.screen.focused
        self._input.can_focus = True
        self.screen.set_focus(self._input)
        self.screen.refresh_bindings()

    def on_click(self) -> None:
        """Edit the filter on a click."""
        if not self.editing:
            self.edit()

    @property
    def kept(self) -> tuple[str, ...]:
        """The filters to save, newest last."""
        return tuple(t for t in self._kept[-REMEMBERED:] if len(t) <= MAX_FILTER_CHARS)

    @property
    def editing(self) -> bool:
        """Whether the line is being edited, so that every key is text."""
        return self.has_class("-editing")

    @property
    def shows_chips(self) -> bool:
        """Whether it holds a filter, even one that narrows nothing: of unfinished terms only."""
        return self.has_class("-kept")

    def completed(self, line: str) -> str | None:
        """Complete the line's last word; return `None` if no word starts with it."""
        return complete(line, self._words)

    @property
    def _words(self) -> tuple[str, ...]:
        return vocabulary(self.view.state.instances if self.view else ())

    def toggle(self, term: str) -> None:
        """Add a term in place of one of its key, or remove it; keep the filter."""
        self._input.put(toggled(self._input.value, term))
        self._leave()

    def clear(self) -> None:
        """Remove the filter."""
        self._input.value = ""
        self._leave()

    async def action_keep(self) -> None:
        """Keep the filter, and return to the panels."""
        await self._input.settle()
        self._leave()

    async def action_clear(self) -> None:
        """Remove the filter, and return to the panels."""
        await self._input.settle()
        self.clear()

    def action_complete(self) -> None:
        """Accept the completion; pressed again, put the next one in its place."""
        line, place = self._input.value, 0
        if line in self._offered:
            place = self._offered.index(line) + 1
        else:
            self._offered = list(dict.fromkeys(completions(line, self._words)))
        if self._offered:
            self._input.put(self._offered[place % len(self._offered)])

    def action_recall(self, step: int) -> None:
        """Recall a previous filter, or a later one."""
        self._recalled = min(max(0, self._recalled + step), len(self._kept))
        self._input.put((*self._kept, "")[self._recalled])

    @property
    def _input(self) -> LineInput:
        """What is typed into, which is there from the first time it is asked for."""
        line = self.query_one_optional(LineInput)
        if line is None:
            line = LineInput(self._text, suggester=_Completing(self))
            line.can_focus = False
            self.mount(Label(Content("filter")), line, Chips())
        return line

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._tell()

    def _tell(self) -> None:
        """Tell what to filter by, if that is no longer what was told."""
        text = self._input.value
        if self.editing:
            text = without_begun_key(text)
        if text != self._told:
            self._told = text
            self.post_message(self.Changed(text))

    def _focus_moved(self, focused: Widget | None) -> None:
        """Keep the filter when a click, say, has moved the focus on: keys are no longer text."""
        if self.editing and focused not in (None, self._input):
            self.call_later(self.action_keep)

    def _leave(self) -> None:
        if self.editing:
            self.remove_class("-editing")
            if self.screen.focused in (None, self._input):
                self.screen.set_focus(self._came_from)
            self._input.can_focus = False
            self.screen.refresh_bindings()
        self._keep()
        self._tell()

    def _keep(self) -> None:
        text = self._input.value.strip()
        self.set_class(bool(text), "-kept")
        self.query_one(Chips).words = filter_words(text)
        if text:
            self._kept = [*(kept for kept in self._kept if kept != text), text][-HISTORY:]


class _Completing(Suggester):
    """Shows the bar's completion, dimmed, behind the cursor."""

    def __init__(self, bar: FilterBar) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._bar = bar

    async def get_suggestion(self, value: str) -> str | None:
        line = self._bar.completed(value)
        # Textual shows what follows the text: nothing can be shown before it, such as a quote.
        return line if line is not None and line.startswith(value) else None

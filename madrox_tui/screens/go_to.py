"""The dialog that asks for a time to go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from logging_core.text import safe_line
from madrox_tui.typed_times import EXAMPLES, parse_moment
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.key_hint import KeyHint
from madrox_tui.widgets.line_input import LineInput


class MomentScreen(Dialog[float | None]):
    """Asks for a time; returns seconds since the epoch, `None` if cancelled.

    Args:
        now: The clock, seconds since the epoch.
        title: What the time is asked for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "Go there", id="moment.go", priority=True),
        Binding("escape", "dismiss(None)", "Cancel", id="moment.cancel", priority=True),
    ]

    def __init__(self, now: Callable[[], float], title: str = "Go to a time") -> None:
        super().__init__()
        self._asked = title
        self._now = now

    def compose(self) -> ComposeResult:
        """The line; below it a hint or the error, and what the keys do."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._asked)
            yield LineInput()
            yield Static(EXAMPLES, markup=False, classes="hint")
            yield KeyHint(("enter", "Enter: go"), ("escape", "Esc: cancel"))

    async def action_go(self) -> None:
        """Return the time, or say why it is none."""
        line = self.query_one(LineInput)
        await line.settle()
        try:
            moment_s = parse_moment(line.value, self._now())
        except ValueError as error:
            hint = self.query_one(".hint", Static)
            hint.update(Content(safe_line(str(error))))
            hint.add_class("-problem")
        else:
            self.dismiss(moment_s)

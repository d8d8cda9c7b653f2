"""What lies over the panels."""

from __future__ import annotations

from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget

from madrox_tui.widgets.line_input import LineInput
from madrox_tui.widgets.pointed import pointed_at


class Dialog(ModalScreen[ScreenResultType]):
    """A frame over the panels; a click beside it closes it, as Esc does.

    Not one in which something was typed: that would be lost.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close, unless that was done: a second click that waited would close what is below."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def on_click(self, event: events.Click) -> None:
        """Close on a click beside the frame."""
        clicked = pointed_at(self, event)
        if clicked is None or not self.is_beside(clicked):
            return
        if not any(line.edited for line in self.query(LineInput)):
            self.dismiss()

    def is_beside(self, widget: Widget) -> bool:
        """Return whether a widget is what is beside the frame."""
        return widget is self

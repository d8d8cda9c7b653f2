"""Every key, from the bindings themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from madrox_tui.keymap import Group, help_text
from madrox_tui.widgets.text_view import TextView


class HelpScreen(ModalScreen[None]):
    """What the keys do; grouped as given.

    Args:
        about: What the focused panel is, in a sentence; may be empty.
        groups: Headings and their bindings, in order.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss", "Close", id="help.close"),
    ]

    def __init__(self, about: str, groups: Sequence[Group]) -> None:
        super().__init__()
        self._text = "\n\n".join(filter(None, (about, help_text(groups))))

    def compose(self) -> ComposeResult:
        """A frame with the map in it."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content("Keys")
            yield TextView(self._text)

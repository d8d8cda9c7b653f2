"""One message, whole."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.widgets.text_view import TextView


class MessageScreen(ModalScreen[None]):
    """The full text of a message, over the panels."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close", id="message.close"),
    ]

    def __init__(self, message: Message, label: str) -> None:
        super().__init__()
        self._message = message
        self._label = label

    def compose(self) -> ComposeResult:
        """A frame with the text in it."""
        message = self._message
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(_title(message, self._label))
            dialog.border_subtitle = Content(_facts(message))
            yield TextView(message.content or message.text or "(no text)")


def _title(message: Message, label: str) -> str:
    way = {"outbound": f"to {label}", "inbound": f"from {label}"}.get(
        message.direction or "", label
    )
    return f"{way}  {fmt.clock(message.time_s)}"


def _facts(message: Message) -> str:
    facts = [
        message.message_id or "",
        fmt.duration(message.response_time_s) if message.response_time_s is not None else "",
        f"{fmt.tokens(message.tokens)} tokens" if message.tokens is not None else "",
        fmt.dollars(message.cost_usd) if message.cost_usd is not None else "",
        f"suspect: {', '.join(message.suspect)}" if message.suspect else "",
    ]
    return "  ".join(fact for fact in facts if fact)

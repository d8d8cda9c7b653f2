"""One message in full, beside its reply or request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from logging_core.records import Message
from madrox_tui.clipboard import copy
from madrox_tui.key_names import CLOSES, KeysInForce, overlay_keys, pressing
from madrox_tui.panels.timeline.entries import Entry, entry_text
from madrox_tui.panels.timeline.message_half import MessageHalf
from madrox_tui.panels.timeline.message_source import LineSource
from madrox_tui.panels.timeline.pairs import asks
from madrox_tui.widgets.dialog import Dialog


class MessageScreen(Dialog[None]):
    """Shows the full text of a message and of its other half, over the panels.

    Args:
        entry: The message or event.
        label: The label of its instance.
        keys: The keys in force.
        other: The reply to it, its failure, or the request of these; `None` if there is none yet.
        names: Instance names by id.
        alone: Why there is no other half.
        lines: Finds what messages and errors were read from; `None` finds nothing.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual declares it

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSES,
        Binding("p", "other_half", "Request / reply", id="timeline.other_half"),
        Binding("b", "bytes", "Bytes of its line / text", id="message.bytes"),
        Binding("y", "copy", "Copy", id="line.copy", priority=True),
    ]

    DEFAULT_CSS = """
    MessageScreen {
        align: center middle;
        #halves { width: 94%; height: auto; layout: horizontal; align: center middle; }
        &.-narrow #halves { layout: vertical; }
        &.-narrow .-paired > MessageHalf > TextView { max-height: 30vh; }
        &.-narrow .-said { display: none; }
    }
    """

    def __init__(
        self,
        entry: Entry,
        label: str,
        keys: KeysInForce,
        *,
        other: Entry | None = None,
        names: Mapping[str, str] = MappingProxyType({}),
        alone: str = "its other half is not found",
        lines: LineSource | None = None,
    ) -> None:
        super().__init__()
        self._names = {**names, entry.instance_id: label}
        self._keys = keys
        self._lines = lines
        self._first = MessageHalf(entry, self._names, has_line=lines is not None)
        self._halves = [self._first]  # the request first
        self._alone = alone
        if other is not None:
            self._add(other)

    def compose(self) -> ComposeResult:
        """A frame for each half, request first."""
        yield Container(*self._halves, id="halves")

    def is_beside(self, widget: Widget) -> bool:
        """Return whether a widget is what is beside the frames, or between them."""
        return super().is_beside(widget) or widget.id == "halves"

    def on_mount(self) -> None:
        """Focus the message that was opened, and find the lines of both."""
        self._first.text.focus()
        self._tell()
        for half in self._halves:
            self._read_line(half)

    def show_other(self, other: Entry | None, alone: str) -> None:
        """Show the other half beside a message that had none, or say why there still is none.

        Args:
            other: The other half; `None` if there is none.
            alone: Why; `''` if that is not known any more, so that what was said stays.
        """
        if len(self._halves) > 1:
            return
        if other is not None:
            half = self._add(other)
            before = self._first if self._halves[0] is half else None
            self.query_one("#halves").mount(half, before=before)
            self._read_line(half)
        self._alone = alone or self._alone
        self._tell()

    def _add(self, other: Entry) -> MessageHalf:
        half = MessageHalf(other, self._names, has_line=self._lines is not None)
        self._halves.insert(0 if asks(other) else 1, half)
        return half

    def _tell(self) -> None:
        is_pair = len(self._halves) > 1
        self.query_one("#halves").set_class(is_pair, "-paired")
        for half in self._halves:
            said = () if half is self._halves[0] else self._halves[0].ids
            half.tell("" if is_pair else self._alone, self._keys_of(half), said)

    @work(group="lines")
    async def _read_line(self, half: MessageHalf) -> None:
        if self._lines is None:
            return
        if isinstance(half.entry, Message):
            written = await self._lines.line(half.entry)
            if written is not None:
                half.show_written(written)
        elif half.entry.is_error:
            told = await self._lines.told(half.entry)
            if told is not None:
                half.show_told(told)

    @property
    def _here(self) -> MessageHalf:
        focused = (half for half in self._halves if half.text.has_focus)
        return next(focused, self._first)

    def action_other_half(self) -> None:
        """Focus the other half."""
        others = (half for half in self._halves if half is not self._here)
        other = next(others, None)
        if other is None:
            self.notify(self._alone, markup=False)
        else:
            other.text.focus()

    def action_bytes(self) -> None:
        """Show the bytes of the focused half's line, or its text again."""
        if not self._here.toggle_bytes():
            self.notify("its line is not found")

    def action_copy(self) -> None:
        """Copy what is selected of the focused half, else its text, unformatted."""
        copy(self._here.text.selected_text or entry_text(self._here.entry), self)

    def _keys_of(self, half: MessageHalf) -> list[Content]:
        """Return what the keys do, those that are needed most first."""
        keys = [overlay_keys(self._keys)]
        if len(self._halves) > 1:
            keys.append(self._keys.press("timeline.other_half", " other half"))
        if isinstance(half.entry, Message) and self._lines is not None:
            keys.append(pressing("b", "b bytes"))
        return keys

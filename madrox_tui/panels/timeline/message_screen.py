"""One message in full, beside its reply or request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import ClassVar

import msgspec
from rich.cells import cell_len
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from logging_core.analyse.state import TimelineEvent
from logging_core.records import Message
from logging_core.text import safe_block
from madrox_tui import format as fmt
from madrox_tui.clipboard import copy
from madrox_tui.columns import fit_inner
from madrox_tui.key_names import SEPARATOR, overlay_keys
from madrox_tui.panels.timeline.entries import Entry, entry_text
from madrox_tui.panels.timeline.hex_dump import hex_dump
from madrox_tui.panels.timeline.line import MAX_NAME
from madrox_tui.panels.timeline.message_source import LineSource, Written
from madrox_tui.panels.timeline.pairs import asks
from madrox_tui.widgets.text_view import TextView

_FRAME = 6  # cells of the border line that the titles cannot use

MAX_JSON_CHARS = 256 * 1024
"""A longer text is not formatted as JSON."""


class MessageScreen(ModalScreen[None]):
    """Shows the full text of a message and of its other half, over the panels.

    Args:
        entry: The message or event.
        label: The label of its instance.
        other: The reply to it, its failure, or the request of these; `None` if there is none.
        names: Instance names by id.
        alone: Why there is no other half.
        lines: Finds what messages were read from; `None` finds nothing.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual declares it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close", id="message.close"),
        Binding("p", "other_half", "Request / reply", id="message.other_half"),
        Binding("b", "bytes", "Bytes of its line / text", id="message.bytes"),
        Binding("y", "copy", "Copy", id="message.copy", priority=True),
    ]

    DEFAULT_CSS = """
    MessageScreen {
        align: center middle;
        #halves { width: 94%; height: auto; layout: horizontal; align: center middle; }
        .half {
            width: 1fr;
            max-width: 120;
            height: auto;
            padding: 0 0 0 1;
            background: $background;
            border: round $line;
            border-title-color: $foreground;
            border-title-style: bold;
            border-subtitle-color: $muted;
        }
        .half:focus-within { border: round $primary; }
        .half > Static { color: $muted; height: auto; margin: 0 1 0 0; }
        .half > .named { text-wrap: nowrap; text-overflow: ellipsis; }
        .half > TextView {
            height: auto;
            max-height: 70vh;
            margin: 1 0 0 0;
            background: $background;
        }
        &.-narrow #halves { layout: vertical; }
        &.-narrow .-paired > TextView { max-height: 30vh; }
        &.-narrow .-said { display: none; }
    }
    """

    def __init__(
        self,
        entry: Entry,
        label: str,
        *,
        other: Entry | None = None,
        names: Mapping[str, str] = MappingProxyType({}),
        alone: str = "its other half is not found",
        lines: LineSource | None = None,
    ) -> None:
        super().__init__()
        self._label = label
        self._names = {**names, entry.instance_id: label}
        self._alone = alone
        self._entries: list[Entry] = [entry] if other is None else [entry, other]
        if other is not None and asks(other):
            self._entries.reverse()
        self._first = self._entries.index(entry)
        self._lines = lines
        self._written: dict[int, Written] = {}
        self._as_bytes: set[int] = set()

    def compose(self) -> ComposeResult:
        """A frame for each half, request first."""
        said: list[str] = []
        with Container(id="halves"):
            for entry in self._entries:
                paired = "-paired" if len(self._entries) > 1 else ""
                with _Half(entry, self._label, self._keys(entry), classes=f"half {paired}"):
                    yield Static(Content(self._facts(entry)), markup=False)
                    for line, kind in _ids(entry, self._names):
                        again = "-said" if line in said else ""
                        yield Static(Content(line), markup=False, classes=f"{kind} {again}")
                        said.append(line)
                    yield Static(markup=False, classes="odd")
                    yield TextView(_shown(entry))

    def on_mount(self) -> None:
        """Focus the message that was opened, and find the lines of both."""
        self._views[self._first].focus()
        for index in range(len(self._entries)):
            self._show_odd(index)
        if self._lines is not None:
            self._read_lines(self._lines)

    @work(group="lines")
    async def _read_lines(self, lines: LineSource) -> None:
        for index, entry in enumerate(self._entries):
            written = await lines.line(entry) if isinstance(entry, Message) else None
            if written is None:
                continue
            self._written[index] = written
            self._show_odd(index)

    @property
    def _views(self) -> list[TextView]:
        return list(self.query(TextView))

    @property
    def _here(self) -> int:
        focused = (i for i, view in enumerate(self._views) if view.has_focus)
        return next(focused, self._first)

    def action_other_half(self) -> None:
        """Focus the other half."""
        if len(self._entries) > 1:
            self._views[1 - self._here].focus()
        else:
            self.notify(self._alone, markup=False)

    def action_bytes(self) -> None:
        """Show the bytes of the focused half's line, or its text again."""
        index = self._here
        written = self._written.get(index)
        if written is None:
            self.notify("its line is not found")
            return
        self._as_bytes ^= {index}
        if index in self._as_bytes:
            self._views[index].show_fitted(partial(hex_dump, written.data))
        else:
            self._views[index].show_text(_shown(self._entries[index]))

    def action_copy(self) -> None:
        """Copy the text of the focused half, unformatted."""
        copy(entry_text(self._entries[self._here]), self)

    def _keys(self, entry: Entry) -> list[str]:
        """Return what the keys do, those that are needed most first."""
        other = ["p other half"] if len(self._entries) > 1 else []
        line = ["b bytes"] if isinstance(entry, Message) and self._lines is not None else []
        return [overlay_keys("y"), *other, *line]

    def _facts(self, entry: Entry) -> str:
        """Return time and what it took."""
        alone = self._alone if len(self._entries) == 1 and entry.message_id else ""
        told = filter(None, [*self._taken(entry), alone])
        return "  ".join([fmt.moment(entry.time_s), *told])

    def _show_odd(self, index: int) -> None:
        """Say what is odd about a half, as far as is known."""
        entry = self._entries[index]
        repeated = self._written[index].repeated if index in self._written else ()
        odd = fmt.suspect((*entry.suspect, *(f"{key} twice" for key in repeated)))
        hint = "  b shows its bytes" if isinstance(entry, Message) and self._lines else ""
        line = list(self.query(".odd").results(Static))[index]
        line.update(Content(odd + hint))
        line.display = bool(odd)

    @staticmethod
    def _taken(entry: Entry) -> Iterator[str]:
        if isinstance(entry, TimelineEvent):
            yield "error" if entry.is_error else ""
            return
        yield f"type {entry.message_type}" if entry.message_type else ""
        if entry.response_time_s is not None:
            yield f"took {fmt.duration(entry.response_time_s)}"
        if entry.tokens is not None:
            yield f"{fmt.tokens(entry.tokens)} tok"
        if entry.cost_usd is not None:
            yield fmt.dollars(entry.cost_usd)


def _ids(entry: Entry, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield a line for each id, and its class: after a name, an id is cut where it does not fit."""
    ids = {"instance": entry.instance_id or "fleet", "message": entry.message_id or ""}
    if isinstance(entry, Message):
        ids["parent"] = entry.parent_id or ""
    for what, value in ids.items():
        name = "" if what == "message" else names.get(value, "")
        if name and name != value:
            yield f"{what:<8} {name}  {value}", "named"
        elif value:
            yield f"{what:<8} {value}", "id"


class _Half(Vertical):
    """The frame of a message; its title shows direction, instance and time."""

    def __init__(self, entry: Entry, label: str, keys: list[str], *, classes: str) -> None:
        super().__init__(classes=classes)
        self._entry = entry
        self._label = label
        self._keys = keys

    def on_resize(self, _event: events.Resize) -> None:
        """Truncate the name, not the time, if both do not fit, and leave out keys that do not."""
        room = self.outer_size.width - _FRAME
        self.border_title = Content(_title(self._entry, self._label, room))
        said = [SEPARATOR.join(self._keys[:number]) for number in range(len(self._keys), 0, -1)]
        self.border_subtitle = Content(next((keys for keys in said if len(keys) <= room), said[-1]))


def _shown(entry: Entry) -> str:
    return pretty(entry_text(entry)) or "(no text)"


def pretty(text: str) -> str:
    """Indent JSON, keeping its numbers and escapes; return any other text unchanged."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")) or len(stripped) > MAX_JSON_CHARS:
        return text
    try:
        return safe_block(msgspec.json.format(stripped, indent=2))
    except (msgspec.DecodeError, RecursionError):
        return text


def _title(entry: Entry, label: str, room: int) -> str:
    """Return direction, instance and time, in `room` cells if at least one is left for the name.

    An id in place of a name is as short as in the timeline.
    """
    if isinstance(entry, TimelineEvent):
        way = "✗ " if entry.is_error else "· "
    else:
        way = {"outbound": "→ to ", "inbound": "← from "}.get(entry.direction or "", "· ")
    clock = f"  {fmt.clock(entry.time_s)}"
    most = max(1, room - cell_len(way) - cell_len(clock))
    if label == entry.instance_id:
        most = min(most, MAX_NAME)
    return way + (label if cell_len(label) <= most else fit_inner(label, most)) + clock

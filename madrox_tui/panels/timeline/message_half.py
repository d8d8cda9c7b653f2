"""The frame of one message in the message dialog."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial

import msgspec
from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from logging_core.analyse.state import TimelineEvent
from logging_core.records import Message
from logging_core.text import safe_block
from madrox_tui import format as fmt
from madrox_tui.columns import fit_inner
from madrox_tui.key_names import side_by_side
from madrox_tui.panels.timeline.entries import Entry, entry_text
from madrox_tui.panels.timeline.hex_dump import hex_dump
from madrox_tui.panels.timeline.line import MAX_NAME
from madrox_tui.panels.timeline.message_source import Written
from madrox_tui.widgets.text_view import TextView

_FRAME = 6  # cells of the border line that the titles cannot use

MAX_JSON_CHARS = 256 * 1024
"""A longer text is not formatted as JSON."""

_FENCED = re.compile(r"(?<=^```json\n).*?(?=\n```[ \t]*$)", re.DOTALL | re.MULTILINE)
_NO_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)\b', re.DOTALL)
_MARK = "~"


class MessageHalf(Vertical):
    """Shows a message or an event in full; its title tells direction, instance and time.

    Args:
        entry: The message or event.
        names: Instance names by id, that of its instance among them.
        has_line: Whether the line that it was read from can be asked for.

    Attributes:
        entry: The message or event, as far as it is told.
    """

    DEFAULT_CSS = """
    MessageHalf {
        width: 1fr;
        max-width: 120;
        height: auto;
        padding: 0 0 0 1;
        background: $background;
        border: round $line;
        border-title-color: $foreground;
        border-title-style: bold;
        border-subtitle-color: $muted;
        &:focus-within { border: round $primary; }
        & > Static { color: $muted; height: auto; margin: 0 1 0 0; }
        & > .named { text-wrap: nowrap; text-overflow: ellipsis; }
        & > .odd { display: none; }
        & > TextView {
            height: auto;
            max-height: 70vh;
            margin: 1 0 0 0;
            background: $background;
        }
    }
    """

    def __init__(
        self,
        entry: Entry,
        names: Mapping[str, str],
        *,
        has_line: bool = False,
    ) -> None:
        super().__init__()
        self.entry = entry
        self._names = names
        self._has_line = has_line and isinstance(entry, Message)
        self._keys: Sequence[Content] = ()
        self._facts = Static(markup=False)
        self._ids = {
            line: Static(Content(line), markup=False, classes=kind)
            for line, kind in _id_lines(entry, names)
        }
        self._doubts = Static(markup=False, classes="odd")
        self._written: Written | None = None
        self._is_bytes = False
        self.text = TextView(_shown(entry))
        """Its text, or the bytes of its line."""

    def compose(self) -> ComposeResult:
        """What is known of it, and its text."""
        yield self._facts
        yield from self._ids.values()
        yield self._doubts
        yield self.text

    def on_mount(self) -> None:
        """Say what is odd about it."""
        self._show_odd()

    def on_resize(self, _event: events.Resize) -> None:
        """Truncate the name, not the time, if both do not fit, and leave out keys that do not."""
        self._entitle()

    @property
    def ids(self) -> Collection[str]:
        """The lines that tell its ids."""
        return self._ids.keys()

    def tell(self, alone: str, keys: Sequence[Content], said: Collection[str]) -> None:
        """Say what it took and why it is alone, and on the border what the keys do.

        Args:
            alone: Why there is no other half; `''` if there is one.
            keys: Those that are needed most first.
            said: The lines of ids that the half before it tells, too.
        """
        for line, shown in self._ids.items():
            shown.set_class(line in said, "-said")
        known = filter(None, [*_taken(self.entry), alone if self.entry.message_id else ""])
        self._facts.update(Content("  ".join([fmt.moment(self.entry.time_s), *known])))
        self._keys = keys
        if self.is_mounted:
            self._entitle()

    def show_written(self, written: Written) -> None:
        """Say what is odd about the line that it was read from."""
        self._written = written
        self._show_odd()

    def show_told(self, told: TimelineEvent) -> None:
        """Show all that the audit trail says of an error, below its text."""
        if isinstance(self.entry, TimelineEvent) and told.text not in self.entry.text:
            text = f"{self.entry.text}\n\n{told.text}"
            self.entry = msgspec.structs.replace(self.entry, text=text)
            self.text.show_text(_shown(self.entry))

    def on_mouse_down(self) -> None:
        """Focus the text, wherever in the frame: what its border says is done to this half."""
        self.text.focus()

    def toggle_bytes(self) -> bool:
        """Show the bytes of its line, or its text again; return whether the line is known."""
        if self._written is None:
            return False
        self._is_bytes = not self._is_bytes
        if self._is_bytes:
            self.text.show_fitted(partial(hex_dump, self._written.data))
        else:
            self.text.show_text(_shown(self.entry))
        return True

    def _entitle(self) -> None:
        room = self.outer_size.width - _FRAME
        label = self._names.get(self.entry.instance_id, "")
        self.border_title = Content(_title(self.entry, label, room))
        said = [side_by_side(*self._keys[:number]) for number in range(len(self._keys), 0, -1)]
        fitting = (keys for keys in said if keys.cell_length <= room)
        self.border_subtitle = next(fitting, said[-1] if said else None)

    def _show_odd(self) -> None:
        repeated = self._written.repeated if self._written else ()
        odd = fmt.suspect((*self.entry.suspect, *(f"{key} twice" for key in repeated)))
        hint = "  b shows its bytes" if self._has_line else ""
        self._doubts.update(Content(odd + hint))
        self._doubts.display = bool(odd)


def _id_lines(entry: Entry, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
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


def _shown(entry: Entry) -> str:
    return pretty(entry_text(entry)) or "(no text)"


def pretty(text: str) -> str:
    """Indent JSON, also fenced, keeping its numbers and escapes; any other text is unchanged."""
    if len(text) > MAX_JSON_CHARS:
        return text
    if text.strip().startswith(("{", "[")):
        return _indented(text)
    return _FENCED.sub(lambda match: _indented(match[0]), text)


def _indented(text: str) -> str:
    """Indent a text that is JSON as a whole; numbers that only Python's JSON knows stay, too."""
    mark = _MARK
    while mark in text:
        mark += _MARK
    known = _NO_NUMBER.sub(lambda m: f'"{mark}{m[1]}"' if m[1] else m[0], text.strip())
    try:
        indented = msgspec.json.format(known, indent=2)
    except (msgspec.DecodeError, RecursionError):
        return text
    return safe_block(re.sub(f'"{mark}([^"]+)"', r"\1", indented))


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

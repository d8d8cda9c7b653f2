"""Panel 3: what was said, by all instances, in order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive

from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.columns import fit
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView

NAME_WIDTH = 14
METRICS = ((90, 24), (56, 7), (0, 0))
"""From which width on how many cells are kept for what a reply took."""

ARROWS = {"outbound": "→", "inbound": "←"}


class TimelinePanel(LineView):
    """Messages of the shown instances, newest at the bottom."""

    HELP = "Messages to (→) and from (←) the instances, newest at the bottom."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Full message", show=False, id="timeline.open"),
    ]

    view: reactive[View | None] = reactive(None, layout=False)
    """What to show; set by the app."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.border_title = Content("Timeline")
        self.set_reactive(LineView.follow, True)
        self._rows: list[int] = []
        self._narrowing: object = None
        self._seen = 0
        self._names: dict[str, str] = {}
        self._messages: Sequence[Message] = ()
        self._first = 0

    @property
    def chosen(self) -> Message | None:
        """The message under the cursor."""
        return self.message(self.cursor) if self.cursor < self.count else None

    def message(self, index: int) -> Message:
        """The message of row `index`."""
        return self._messages[self._rows[index] - self._first]

    def label(self, message: Message) -> str:
        """What a person calls the instance of a message."""
        return self._names.get(message.instance_id, message.instance_id)

    def _hue(self, message: Message) -> Style | None:
        return self.cell_style(self.view.hue(message.instance_id)) if self.view else None

    def watch_view(self, old: View | None, view: View | None) -> None:
        """Add the new messages, or choose them all anew if the filter changed."""
        if view is None:
            return
        state = view.state
        self._messages, self._first = state.messages, state.dropped_messages
        self._names = {i.instance_id: i.label for i in state.instances}
        narrowing = frozenset(view.by_id) if view.narrowed else None
        restarted = old is not None and old.state.reordered != state.reordered
        if narrowing != self._narrowing or restarted:
            self._narrowing, self._rows, self._seen = narrowing, [], 0
        anchor = self._rows[self.cursor] if self.cursor < len(self._rows) else 0
        self._take(narrowing)
        self._keep_cursor(anchor)
        self.border_title = Content(f"Timeline {fmt.count(len(self._rows))}")
        self.border_subtitle = Content("" if self.follow else "G: newest")
        self.show_rows(len(self._rows))

    def _take(self, ids: frozenset[str] | None) -> None:
        """Drop the rows that left the window, add the ones that came."""
        del self._rows[: bisect_left(self._rows, self._first)]
        start = max(self._seen, self._first)
        new = enumerate(self._messages[start - self._first :], start)
        self._rows += [row for row, m in new if ids is None or m.instance_id in ids]
        self._seen = self._first + len(self._messages)

    def _keep_cursor(self, anchor: int) -> None:
        if self.follow or not self._rows:
            return
        index = bisect_left(self._rows, anchor)
        self.set_reactive(LineView.cursor, min(index, len(self._rows) - 1))

    def nothing(self) -> str:
        """What is waited for."""
        return "no message yet" if self.view and self.view.state.caught_up else ""

    def row(self, index: int) -> list[Segment]:
        """One message on one line: when, whose, which way, what, and what it took."""
        message = self.message(index)
        width = self.row_width
        most = next(cells for least, cells in METRICS if width >= least)
        metrics = _metrics(message, most)
        room = max(0, width - 8 - 2 - NAME_WIDTH - 3 - (most + 2 if metrics else 0))
        text = " ".join((message.content or message.text or "").split())
        arrow = ARROWS.get(message.direction or "", "·")
        inbound = message.direction == "inbound"
        return [
            Segment(fmt.clock(message.time_s), self.cell_style("muted")),
            Segment("  "),
            Segment(fit(self.label(message), NAME_WIDTH), self._hue(message)),
            Segment(f" {arrow} ", self.cell_style("good" if inbound else "accent")),
            Segment(fit(text, room)),
            Segment(fit(metrics, most + 2, right=True), self.cell_style("muted")),
        ]


def _metrics(message: Message, most: int) -> str:
    """What a reply took, as much of it as fits: time before tokens before cost."""
    parts = [
        fmt.duration(message.response_time_s) if message.response_time_s is not None else "",
        f"{fmt.tokens(message.tokens)} tok" if message.tokens is not None else "",
        fmt.dollars(message.cost_usd) if message.cost_usd is not None else "",
    ]
    texts = ("  ".join(filter(None, parts[:number])) for number in (3, 2, 1))
    return next((text for text in texts if cell_len(text) <= most), "")

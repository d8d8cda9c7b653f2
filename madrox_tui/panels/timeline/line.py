"""Drawing one row of the timeline at any width. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from logging_core.analyse.state import TimelineEvent
from logging_core.records import Message
from logging_core.text import LINE_BREAK
from madrox_tui import format as fmt
from madrox_tui.columns import fit, fit_inner
from madrox_tui.panels.timeline.entries import Day, Gaps, Quiet, Row, Separator, entry_text
from madrox_tui.panels.timeline.outcome import FAILED, Outcome
from madrox_tui.view import View

ARROWS = {"outbound": "→", "inbound": "←"}
TOOK, TOKENS, COST = 5, 9, 7
"""Cells for a reply's time, tokens with unit, and cost."""

MIN_NAME, MAX_NAME = 6, 24
"""The minimum (`fleet` and a blank) and maximum cells for names; in between, as the longest."""

KEPT = 100
"""So many drawn rows are kept: more than most screens have."""

END = 12
"""The most cells for the name of who is at the other end."""


class Layout(NamedTuple):
    """What fits into a width: cells for the clock and the name, and the columns."""

    clock: int
    name: int
    columns: tuple[int, ...]


COLUMNS = ((100, (TOOK, TOKENS, COST)), (66, (TOOK, COST)), (52, (TOOK,)), (0, ()))
"""The columns at the right, with the width they need, widest first."""

LONG_CLOCK = 52
"""The width from which the clock has seconds."""


class Context(NamedTuple):
    """What is needed to draw rows.

    Attributes:
        view: Gives names, colours, and the time that ages are counted to.
        style: Returns a cell style by name.
    """

    view: View
    style: Callable[[str], Style]


class Lines:
    """Draws rows, each of them anew only if it may look different from before."""

    def __init__(self) -> None:
        self._by_id: Mapping[str, str] = {}
        self._names: tuple[tuple[str, str], ...] = ()  # in the order that colours are given in
        self._drawn: dict[int, tuple[object, list[Segment]]] = {}

    def draw(
        self, index: int, row: Row, width: int, context: Context, said: Outcome | None
    ) -> list[Segment]:
        """Return a row as `line` does; `index` is its number."""
        self._name(context.view.names)
        names = self._names, context.view.shown_name_width
        made_of = row, width, said, names, context.style
        drawn = self._drawn.get(index)
        if drawn is None or drawn[0] != made_of:
            if len(self._drawn) >= KEPT:
                self._drawn.clear()
            drawn = self._drawn[index] = made_of, line(row, width, context, said)
        return drawn[1]

    def _name(self, by_id: Mapping[str, str]) -> None:
        """Keep the names, as one object for as long as they are the same."""
        if by_id is not self._by_id:
            self._by_id, names = by_id, tuple(by_id.items())
            if names != self._names:
                self._names = names


def line(row: Row, width: int, context: Context, said: Outcome | None = None) -> list[Segment]:
    """Draw a row in `width` cells; `said` is what became of a request."""
    if isinstance(row, Separator):
        return [Segment(fit(separator(row), width), context.style("muted"))]
    layout = _layout(width, context.view.shown_name_width)
    if isinstance(row, TimelineEvent):
        return _event(row, width, layout, context)
    right, style = _right(row, said, layout, context)
    if not right:
        return _message(row, width, layout, context)
    left = _message(row, width - cell_len(right) - 2, layout, context)
    return [*left, Segment("  "), Segment(right, style)]


def _layout(width: int, name_width: int) -> Layout:
    """Return the layout for a width; names get as much as the longest, and at most two fifths."""
    columns = next(columns for least, columns in COLUMNS if width >= least)
    name = min(MAX_NAME, width * 2 // 5, name_width + 1)
    return Layout(8 if width >= LONG_CLOCK else 5, max(MIN_NAME, name), columns)


def separator(row: Separator) -> str:
    """Return the text of a separator."""
    if isinstance(row, Day):
        day = datetime.fromtimestamp(row.time_s)
        return f"── {day:%a} {day.day} {day:%b %Y} ──"
    if isinstance(row, Quiet):
        return f"··· {_quiet(row.seconds)} quiet ···"
    if isinstance(row, Gaps):
        return "··· above: not every message is loaded yet ···"
    return "··· above: every message, not every event ···"


def _message(message: Message, width: int, layout: Layout, context: Context) -> list[Segment]:
    muted = context.style("muted")
    way = context.style("good" if message.direction == "inbound" else "accent")
    end = _other_end(message, layout, context)
    room = width - layout.clock - 3 - layout.name - 1 - cell_len(end)
    return [
        Segment(fmt.clock(message.time_s)[: layout.clock], muted),
        Segment(f" {ARROWS.get(message.direction or '', '·')} ", way),
        Segment(
            fit_inner(_label(message.instance_id, context.view), layout.name),
            _hue(message, context),
        ),
        Segment(" "),
        Segment(end, muted),
        *_one_line(entry_text(message), max(0, room), muted),
    ]


def _other_end(message: Message, layout: Layout, context: Context) -> str:
    """Return who is at the other end, if that is known, and where there is room for it."""
    if message.parent_id is None or TOOK not in layout.columns:
        return ""
    name = _label(message.parent_id, context.view)
    short = name if cell_len(name) <= END else fit_inner(name, END)
    return f"{'to' if message.direction == 'inbound' else 'from'} {short}: "


def _event(event: TimelineEvent, width: int, layout: Layout, context: Context) -> list[Segment]:
    muted = context.style("muted")
    name = _label(event.instance_id, context.view) if event.instance_id else "fleet"
    glyph, style = (FAILED, context.style("bad")) if event.is_error else ("·", muted)
    return [
        Segment(fmt.clock(event.time_s)[: layout.clock], muted),
        Segment(f" {glyph} ", style),
        Segment(fit_inner(name, layout.name), muted),
        Segment(" "),
        *_one_line(event.text, max(0, width - layout.clock - layout.name - 4), muted, style),
    ]


def _right(
    message: Message, said: Outcome | None, layout: Layout, context: Context
) -> tuple[str, Style]:
    """Return the columns at the right: what a reply took, or what became of a request.

    Empty if none of them is known: the text gets that room.
    """
    if said is not None:
        return said.text if layout.columns else said.short, context.style(said.style)
    texts = facts(message)
    if not any(texts[column] for column in layout.columns):
        return "", context.style("muted")
    cells = [fit(texts[column], column, right=True) for column in layout.columns]
    return "  ".join(cells), context.style("muted")


def facts(message: Message) -> dict[int, str]:
    """Return what a reply took, by column; `''` where unknown."""
    return {TOOK: _took(message), TOKENS: _tokens(message), COST: _cost(message)}


def _took(message: Message) -> str:
    return "" if message.response_time_s is None else fmt.duration(message.response_time_s)


def _tokens(message: Message) -> str:
    return "" if message.tokens is None else f"{fmt.tokens(message.tokens)} tok"


def _cost(message: Message) -> str:
    return "" if message.cost_usd is None else fmt.dollars(message.cost_usd)


def _label(instance_id: str, view: View) -> str:
    return view.names.get(instance_id, instance_id)


def _hue(message: Message, context: Context) -> Style:
    return context.style(context.view.hue(message.instance_id))


def _one_line(text: str, room: int, mark: Style, style: Style | None = None) -> Iterator[Segment]:
    """Fit a text to exactly `room` cells on one line; newlines become dim marks."""
    beginning = text[: 4 * room + 64].strip()
    parts = [part for line in beginning.split("\n") if (part := " ".join(line.split()))]
    cut = len(text.rstrip()) > len(beginning)
    for number, part in enumerate(parts):
        if number:
            if room < 4:
                cut = True
                break
            yield Segment(f" {LINE_BREAK} ", mark)
            room -= 3
        cells = cell_len(part)
        if cells > room:
            yield Segment(fit(part, room), style)
            return
        yield Segment(part, style)
        room -= cells
    if cut and room:
        yield Segment(set_cell_size("…", room), style)
    elif room:
        yield Segment(" " * room)


def _quiet(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"

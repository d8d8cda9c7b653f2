"""Drawing one row of the timeline at any width. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from logging_core.analyse.state import State, TimelineEvent
from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.columns import fit, fit_inner
from madrox_tui.timeline.entries import Day, EventsEnd, Quiet, Row, Separator, entry_text
from madrox_tui.view import View

ARROWS = {"outbound": "→", "inbound": "←"}
NEWLINE = "↵"
OPEN = "◷"
TOOK, TOKENS, COST = 5, 9, 7
"""Cells for a reply's time, tokens with unit, and cost."""

MIN_NAME, MAX_NAME = 6, 24
"""The minimum (`fleet` and a blank) and maximum cells for names; in between, as the longest."""


class Layout(NamedTuple):
    """What fits into a width: cells for the clock and the name, and the columns."""

    clock: int
    name: int
    columns: tuple[int, ...]


COLUMNS = ((100, (TOOK, TOKENS, COST)), (66, (TOOK, COST)), (52, (TOOK,)), (0, ()))
"""The columns at the right, with the width they need, widest first."""

LONG_CLOCK = 52
"""The width from which the clock has seconds."""


OpenSince: TypeAlias = dict[tuple[str, str], float | None]
"""When each open request was sent, by instance and message id."""


class Context(NamedTuple):
    """What is needed to draw rows.

    Attributes:
        view: Gives names, colours, and the time that ages are counted to.
        open_since: The open requests.
        style: Returns a cell style by name.
    """

    view: View
    open_since: OpenSince
    style: Callable[[str], Style]


def open_since(view: View) -> OpenSince:
    """Return the requests without a reply of the instances shown."""
    return {
        (instance.instance_id, request.message_id): request.since_s
        for instance in view.instances
        for request in instance.open_requests
    }


def is_open(message: Message, since: OpenSince) -> bool:
    """Return whether a message is a request that has no reply yet."""
    if message.direction != "outbound" or message.message_id is None:
        return False
    return (message.instance_id, message.message_id) in since


def line(row: Row, width: int, context: Context) -> list[Segment]:
    """Draw a row in `width` cells."""
    if isinstance(row, Day | Quiet | EventsEnd):
        return [Segment(fit(separator(row), width), context.style("muted"))]
    layout = _layout(width, context.view.label_width)
    if isinstance(row, TimelineEvent):
        return _event(row, width, layout, context)
    return _message(row, width, layout, context)


def _layout(width: int, label_width: int) -> Layout:
    """Return the layout for a width; names get as much as the longest, and at most two fifths."""
    columns = next(columns for least, columns in COLUMNS if width >= least)
    name = min(MAX_NAME, width * 2 // 5, label_width + 1)
    return Layout(8 if width >= LONG_CLOCK else 5, max(MIN_NAME, name), columns)


def separator(row: Separator) -> str:
    """Return the text of a separator."""
    if isinstance(row, Day):
        day = datetime.fromtimestamp(row.time_s)
        return f"── {day:%a} {day.day} {day:%b %Y} ──"
    if isinstance(row, Quiet):
        return f"··· {_quiet(row.seconds)} quiet ···"
    return "··· above: every message, not every event ···"


def _message(message: Message, width: int, layout: Layout, context: Context) -> list[Segment]:
    inbound = message.direction == "inbound"
    right, style = _right(message, layout, context)
    room = width - layout.clock - 3 - layout.name - 1 - (cell_len(right) + 2 if right else 0)
    segments = [
        Segment(fmt.clock(message.time_s)[: layout.clock], context.style("muted")),
        Segment(
            f" {ARROWS.get(message.direction or '', '·')} ",
            context.style("good" if inbound else "accent"),
        ),
        Segment(
            fit_inner(_label(message.instance_id, context.view), layout.name),
            _hue(message, context),
        ),
        Segment(" "),
        *_one_line(entry_text(message), max(0, room), context.style("muted")),
    ]
    return [*segments, Segment("  "), Segment(right, style)] if right else segments


def _event(event: TimelineEvent, width: int, layout: Layout, context: Context) -> list[Segment]:
    muted = context.style("muted")
    name = _label(event.instance_id, context.view) if event.instance_id else "fleet"
    glyph, style = ("✗", context.style("bad")) if event.is_error else ("·", muted)
    return [
        Segment(fmt.clock(event.time_s)[: layout.clock], muted),
        Segment(f" {glyph} ", style),
        Segment(fit_inner(name, layout.name), muted),
        Segment(" "),
        *_one_line(event.text, max(0, width - layout.clock - layout.name - 4), muted, style),
    ]


def _right(message: Message, layout: Layout, context: Context) -> tuple[str, Style]:
    """Return the columns at the right: what a reply took, or how long a request has been open.

    Empty if none of them is known: the text gets that room.
    """
    if age := _open_for(message, context.view, context.open_since):
        instance = context.view.by_id.get(message.instance_id)
        stuck = instance is not None and instance.state is State.STUCK
        text = f"{OPEN} open {age}" if layout.columns else f"{OPEN} {age}"
        return text, context.style("bad" if stuck else "warn")
    texts = facts(message)
    if not any(texts[column] for column in layout.columns):
        return "", context.style("muted")
    cells = [fit(texts[column], column, right=True) for column in layout.columns]
    return "  ".join(cells), context.style("muted")


def open_text(message: Message, view: View, since: OpenSince) -> str:
    """Say how long a request has been open; `''` if it is not."""
    age = _open_for(message, view, since)
    return f"{OPEN} open {age}" if age else ""


def _open_for(message: Message, view: View, since: OpenSince) -> str:
    if not is_open(message, since):
        return ""
    since_s = since[message.instance_id, message.message_id or ""]
    return fmt.age(None if since_s is None else view.state.at_s - since_s)


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
    return view.labels.get(instance_id, instance_id)


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
            yield Segment(f" {NEWLINE} ", mark)
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

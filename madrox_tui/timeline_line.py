"""How one row of the timeline looks at any width. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from logging_core.analyse.state import State, TimelineEvent
from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.columns import fit, fit_inner
from madrox_tui.timeline_rows import Day, Quiet, Row, said
from madrox_tui.view import View

ARROWS = {"outbound": "→", "inbound": "←"}
NEWLINE = "↵"
OPEN = "◷"
TOOK, TOKENS, COST = 5, 9, 7
"""Cells of what a reply took: time, tokens with their unit, dollars."""


class Layout(NamedTuple):
    """What fits into a width: cells of the clock and of the name, and which columns."""

    clock: int
    name: int
    columns: tuple[int, ...]


LAYOUTS = (
    (150, Layout(8, 18, (TOOK, TOKENS, COST))),
    (100, Layout(8, 14, (TOOK, TOKENS, COST))),
    (74, Layout(8, 12, (TOOK, COST))),
    (52, Layout(8, 12, (TOOK,))),
    (0, Layout(5, 8, ())),
)
"""From which width on."""


class Look(NamedTuple):
    """What rows are drawn with.

    Attributes:
        view: Names, colours, and the moment that ages are counted from.
        open_since: When each open request was sent, by instance and message id.
        style: The style of a cell, by name.
    """

    view: View
    open_since: dict[tuple[str, str], float | None]
    style: Callable[[str], Style]


def open_since(view: View) -> dict[tuple[str, str], float | None]:
    """The requests without a reply of the instances that are shown."""
    return {
        (instance.instance_id, request.message_id): request.since_s
        for instance in view.instances
        for request in instance.open_requests
    }


def is_open(message: Message, since: dict[tuple[str, str], float | None]) -> bool:
    """Whether a message is a request that has no reply yet."""
    if message.direction != "outbound" or message.message_id is None:
        return False
    return (message.instance_id, message.message_id) in since


def line(row: Row, width: int, look: Look) -> list[Segment]:
    """A row in `width` cells."""
    muted = look.style("muted")
    if isinstance(row, Day):
        day = datetime.fromtimestamp(row.time_s)
        return [Segment(fit(f"── {day:%a} {day.day} {day:%b %Y} ──", width), muted)]
    if isinstance(row, Quiet):
        return [Segment(fit(f"··· {_quiet(row.seconds)} quiet ···", width), muted)]
    layout = next(layout for least, layout in LAYOUTS if width >= least)
    if isinstance(row, TimelineEvent):
        return _event(row, width, layout, look)
    return _message(row, width, layout, look)


def _message(message: Message, width: int, layout: Layout, look: Look) -> list[Segment]:
    inbound = message.direction == "inbound"
    right, style = _right(message, layout, look)
    room = width - layout.clock - 3 - layout.name - 1 - (cell_len(right) + 2 if right else 0)
    segments = [
        Segment(fmt.clock(message.time_s)[: layout.clock], look.style("muted")),
        Segment(
            f" {ARROWS.get(message.direction or '', '·')} ",
            look.style("good" if inbound else "accent"),
        ),
        Segment(
            fit_inner(_label(message.instance_id, look.view), layout.name), _hue(message, look)
        ),
        Segment(" "),
        *_one_line(said(message), max(0, room), look.style("muted")),
    ]
    return [*segments, Segment("  "), Segment(right, style)] if right else segments


def _event(event: TimelineEvent, width: int, layout: Layout, look: Look) -> list[Segment]:
    muted = look.style("muted")
    name = _label(event.instance_id, look.view) if event.instance_id else "fleet"
    glyph, style = ("✗", look.style("bad")) if event.is_error else ("·", muted)
    return [
        Segment(fmt.clock(event.time_s)[: layout.clock], muted),
        Segment(f" {glyph} ", style),
        Segment(fit_inner(name, layout.name), muted),
        Segment(" "),
        *_one_line(event.text, max(0, width - layout.clock - layout.name - 4), muted, style),
    ]


def _right(message: Message, layout: Layout, look: Look) -> tuple[str, Style]:
    """The columns at the right: what a reply took, or for how long a request has been open.

    Empty where none of them says anything: that room belongs to the text.
    """
    if is_open(message, look.open_since):
        since_s = look.open_since[message.instance_id, message.message_id or ""]
        age = fmt.age(None if since_s is None else look.view.state.at_s - since_s)
        instance = look.view.by_id.get(message.instance_id)
        stuck = instance is not None and instance.state is State.STUCK
        return f"{OPEN} open {age}", look.style("bad" if stuck else "warn")
    texts = {TOOK: _took(message), TOKENS: _tokens(message), COST: _cost(message)}
    if not any(texts[column] for column in layout.columns):
        return "", look.style("muted")
    cells = [fit(texts[column], column, right=True) for column in layout.columns]
    return "  ".join(cells), look.style("muted")


def _took(message: Message) -> str:
    return "" if message.response_time_s is None else fmt.duration(message.response_time_s)


def _tokens(message: Message) -> str:
    return "" if message.tokens is None else f"{fmt.tokens(message.tokens)} tok"


def _cost(message: Message) -> str:
    return "" if message.cost_usd is None else fmt.dollars(message.cost_usd)


def _label(instance_id: str, view: View) -> str:
    return view.labels.get(instance_id, instance_id)


def _hue(message: Message, look: Look) -> Style:
    return look.style(look.view.hue(message.instance_id))


def _one_line(text: str, room: int, mark: Style, style: Style | None = None) -> Iterator[Segment]:
    """As much of a text as fits on one line, in exactly `room` cells; newlines are dim marks."""
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

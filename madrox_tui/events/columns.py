"""The columns of a list of audit events, and what is the same in all of its rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.cells import cell_len

from logging_core.event_types import EXCHANGE
from logging_core.records import AuditEvent
from madrox_tui import format as fmt
from madrox_tui.columns import Cell, Column
from madrox_tui.events.query import EventOrder, EventQuery
from madrox_tui.events.requests import MAX_CHARS, Requests

NEWEST = EventOrder.NEWEST.value
_MIN_WIDTH = 10
_UNPRICED = "unpriced"


class EventCells:
    """Formats the cells of some events.

    Args:
        events: The events.
        names: Instance names by id.
        requests: What was asked, as far as it is known.
    """

    def __init__(
        self,
        events: Sequence[AuditEvent] = (),
        names: Mapping[str, str] | None = None,
        requests: Requests | None = None,
    ) -> None:
        self._events = events
        self._names = names or {}
        self._requests = requests or Requests()
        self._instance = self._same(self._whose)
        self._kind = self._same(_kind)
        self._cost = self._same(_cost)
        self._day = self._same(_day)

    def title(self, query: EventQuery) -> str:
        """Return a title for the list: its query's, and what is the same in all of its rows."""
        window = [f"last {query.window}"] if query.window else []
        return " · ".join([query.title, *window, *self._said(query)])

    def _said(self, query: EventQuery) -> Iterator[str]:
        if self._instance not in {None, query.title, fmt.UNKNOWN}:
            yield str(self._instance)
        if self._kind not in {None, query.title, EXCHANGE}:
            yield str(self._kind)
        if self._cost == _UNPRICED and not query.unpriced:
            yield _UNPRICED
        if self._day not in {None, fmt.UNKNOWN}:
            yield str(self._day)

    def columns(self) -> list[Column[AuditEvent]]:
        """Return the columns that tell the events apart, as wide as their content.

        The key of a column that they can be listed by is the value of that order.
        """
        events = self._events
        asked = any(map(self._requests.text, events))
        told = {
            "INSTANCE": self._instance is None,
            "EVENT": self._kind is None,
            "TOKENS": any(event.tokens is not None for event in events),
            "COST": self._cost not in {fmt.UNKNOWN, _UNPRICED},
            "TOOK": any(event.response_time_s is not None for event in events),
            "MESSAGE": any(event.message_id for event in events),
            "ERROR": any(event.error or event.suspect for event in events),
        }
        columns = [
            Column("TIME", 8 if self._day else 19, _clock if self._day else _moment, key=NEWEST),
            Column(
                "INSTANCE", _MIN_WIDTH, self._whose, 1, self._growth(1, self._whose), inner=True
            ),
            Column("EVENT", _MIN_WIDTH, _kind, 6, self._growth(8, _kind)),
            Column("TOKENS", 7, _tokens, 4, right=True, key=EventOrder.LARGEST.value),
            Column("COST", 8, _cost, 2, right=True, key=EventOrder.DEAREST.value),
            Column("TOOK", 5, _took, 3, right=True, key=EventOrder.SLOWEST.value),
            Column(
                "REQUEST" if asked else "MESSAGE",
                _MIN_WIDTH,
                self._asked,
                7,
                self._growth(8, self._asked, MAX_CHARS),
            ),
            Column("ERROR", 12, _error, 5, ((9, 80),)),
        ]
        return [c for c in columns if told.get(c.title, True)]

    def _growth(
        self, priority: float, cell: Callable[[AuditEvent], Cell], most: int = 24
    ) -> tuple[tuple[float, int]]:
        longest = max((cell_len(cell(event)[0]) for event in self._events), default=0)
        return ((priority, min(max(_MIN_WIDTH, longest), most)),)

    def _same(self, cell: Callable[[AuditEvent], Cell]) -> str | None:
        """Return what a cell says in all rows; `None` if it is not the same."""
        texts = {cell(event)[0] for event in self._events}
        return texts.pop() if len(texts) == 1 else None

    def _whose(self, event: AuditEvent) -> Cell:
        if event.instance_id is None:
            return fmt.UNKNOWN, "muted"
        return self._names.get(event.instance_id, event.instance_id), ""

    def _asked(self, event: AuditEvent) -> Cell:
        """What was asked; where that is not known, the id of the message."""
        text = self._requests.text(event)
        return (text, "") if text else (event.message_id or fmt.UNKNOWN, "muted")


def _moment(event: AuditEvent) -> Cell:
    return fmt.moment(event.time_s), "muted"


def _clock(event: AuditEvent) -> Cell:
    return fmt.clock(event.time_s), "muted"


def _day(event: AuditEvent) -> Cell:
    return (fmt.UNKNOWN if event.time_s is None else fmt.day(event.time_s)), ""


def _kind(event: AuditEvent) -> Cell:
    return event.event_type, "muted"


def _tokens(event: AuditEvent) -> Cell:
    return fmt.tokens(event.tokens), ""


def _took(event: AuditEvent) -> Cell:
    return fmt.duration(event.response_time_s), ""


def _cost(event: AuditEvent) -> Cell:
    if event.cost_usd is None:
        return (_UNPRICED if event.event_type == EXCHANGE else fmt.UNKNOWN), "muted"
    return fmt.dollars(event.cost_usd), ""


def _error(event: AuditEvent) -> Cell:
    text = event.error or ""
    if event.suspect:
        text = f"{text} {fmt.suspect(event.suspect)}".strip()
    return text.replace("\n", " "), "bad" if event.error else "warn"

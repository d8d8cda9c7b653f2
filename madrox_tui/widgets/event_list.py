"""A list of audit events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType

from logging_core.records import AuditEvent
from madrox_tui import format as fmt
from madrox_tui.columns import Cell, Column, Table
from madrox_tui.events_export import events_export
from madrox_tui.exchanges import EXCHANGE, Events
from madrox_tui.export import Export
from madrox_tui.widgets.line_view import LineView

_MIN_WIDTH = 10


class EventList(LineView):
    """Shows events in the order given: time, instance, what it took, and errors.

    Args:
        names: Instance names by id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open message", show=False, id="rows.open"),
    ]
    header_rows = 1

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self.shown = Events()
        """The events shown."""
        self._read = False
        self._names = names
        self._table = Table(_columns(Events(), names))

    def show_events(self, shown: Events) -> None:
        """Replace the events shown."""
        self.shown, self._read = shown, True
        self._table = Table(_columns(shown, self._names))
        self.show_rows(len(shown.rows))

    def header(self, _line: int) -> list[Segment]:
        """Draw the headings."""
        return self._table.at(self.row_width).header(self.cell_style("head"))

    def row(self, index: int) -> list[Segment]:
        """Draw one event."""
        event = self.shown.rows[index]
        return self._table.at(self.row_width).row(event, self.cell_style)

    def export(self) -> Export:
        """Export the events listed; times are ISO 8601 with their offset."""
        return events_export(self.shown, self._names)

    def nothing(self) -> str:
        """Say why the list is empty."""
        if not self._read:
            return "reading the audit trail"
        if self.shown.more:
            return "none among the newest events: older ones were not searched"
        return "not in the audit trail: look in orchestrator.log, or the audit file was deleted"

    def _follows_end(self) -> bool:
        return False


def _columns(shown: Events, names: Mapping[str, str]) -> list[Column[AuditEvent]]:
    """Return the columns in which any of these events has a value, as wide as their content."""

    def named(event: AuditEvent) -> Cell:
        if event.instance_id is None:
            return fmt.UNKNOWN, "muted"
        return names.get(event.instance_id, event.instance_id), ""

    events = shown.rows
    whose = _longest(named(event)[0] for event in events)
    kind = _longest(event.event_type for event in events)
    message = _longest((event.message_id or "" for event in events), most=36)
    told = {
        "TOKENS": any(event.tokens is not None for event in events),
        "COST": any(_cost(event)[0] != fmt.UNKNOWN for event in events),
        "TOOK": any(event.response_time_s is not None for event in events),
        "MESSAGE": any(event.message_id for event in events),
        "ERROR": any(event.error or event.suspect for event in events),
    }
    columns = [
        Column("TIME", 19, lambda e: (fmt.moment(e.time_s), "muted")),
        Column("INSTANCE", _MIN_WIDTH, named, 1, ((1, whose),), inner=True),
        Column("EVENT", _MIN_WIDTH, _event, 6, ((8, kind),)),
        Column("TOKENS", 6, lambda e: (fmt.tokens(e.tokens), ""), right=True, priority=4),
        Column("COST", 8, _cost, right=True, priority=2),
        Column("TOOK", 5, lambda e: (fmt.duration(e.response_time_s), ""), right=True, priority=3),
        Column("MESSAGE", _MIN_WIDTH, _message, 7, ((8, message),)),
        Column("ERROR", 12, _error, 5, ((9, 80),)),
    ]
    return [column for column in columns if told.get(column.title, True)]


def _longest(texts: Iterable[str], most: int = 24) -> int:
    return min(max(_MIN_WIDTH, max(map(cell_len, texts), default=0)), most)


def _message(event: AuditEvent) -> Cell:
    return event.message_id or fmt.UNKNOWN, "muted"


def _event(event: AuditEvent) -> Cell:
    return event.event_type, "muted"


def _cost(event: AuditEvent) -> Cell:
    if event.cost_usd is None:
        return ("unpriced" if event.event_type == EXCHANGE else fmt.UNKNOWN), "muted"
    return fmt.dollars(event.cost_usd), ""


def _error(event: AuditEvent) -> Cell:
    text = event.error or ""
    if event.suspect:
        text = f"{text} {fmt.suspect(event.suspect)}".strip()
    return text.replace("\n", " "), "bad" if event.error else "warn"

"""A list of audit events."""

from __future__ import annotations

from collections.abc import Mapping

from rich.segment import Segment

from logging_core.records import AuditEvent
from madrox_tui import format as fmt
from madrox_tui.columns import Cell, Column, Table
from madrox_tui.exchanges import EXCHANGE, Events, events_export
from madrox_tui.export import Export
from madrox_tui.widgets.line_view import LineView


class EventList(LineView):
    """Shows events, newest first: when, whose, what it took, and what went wrong.

    Args:
        names: What to call instances, by id.
    """

    header_rows = 1

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self.shown = Events()
        """The events that are shown."""
        self._read = False
        self._names = names
        self._table = Table(self._columns())

    def show_events(self, shown: Events) -> None:
        """Show these events from now on."""
        self.shown, self._read = shown, True
        self.show_rows(len(shown.newest_first))

    def header(self, _line: int) -> list[Segment]:
        """The headings."""
        return self._table.at(self.row_width).header(self.cell_style("head"))

    def row(self, index: int) -> list[Segment]:
        """One event."""
        event = self.shown.newest_first[index]
        return self._table.at(self.row_width).row(event, self.cell_style)

    def export(self) -> Export:
        """The events that are listed, as values; times are ISO 8601 with their offset."""
        return events_export(self.shown, self._names)

    def nothing(self) -> str:
        """What is waited for."""
        if not self._read:
            return "reading the audit trail"
        if self.shown.more:
            return "none among the newest events: the audit trail goes on before them"
        return "not in the audit trail: it may stand in orchestrator.log, or its file is gone"

    def _follows_end(self) -> bool:
        return False

    def _columns(self) -> list[Column[AuditEvent]]:
        return [
            Column("TIME", 19, lambda e: (fmt.moment(e.time_s), "muted")),
            Column("INSTANCE", 10, self._named, elastic=True, most=24, priority=1),
            Column("EVENT", 16, _event, priority=6, elastic=True, most=24),
            Column("TOKENS", 6, lambda e: (fmt.tokens(e.tokens), ""), right=True, priority=4),
            Column("COST", 8, _cost, right=True, priority=2),
            Column(
                "TOOK", 5, lambda e: (fmt.duration(e.response_time_s), ""), right=True, priority=3
            ),
            Column("MESSAGE", 12, lambda e: (e.message_id or "–", "muted"), priority=7),
            Column("ERROR", 12, _error, priority=5, elastic=True, most=80),
        ]

    def _named(self, event: AuditEvent) -> Cell:
        if event.instance_id is None:
            return "–", "muted"
        return self._names.get(event.instance_id, event.instance_id), ""


def _event(event: AuditEvent) -> Cell:
    return event.event_type, "muted"


def _cost(event: AuditEvent) -> Cell:
    if event.cost_usd is None:
        return ("unpriced" if event.event_type == EXCHANGE else fmt.UNKNOWN), "muted"
    return fmt.dollars(event.cost_usd), ""


def _error(event: AuditEvent) -> Cell:
    text = event.error or ""
    if event.suspect:
        text = f"{text} odd: {', '.join(event.suspect)}".strip()
    return text.replace("\n", " "), "bad" if event.error else "warn"

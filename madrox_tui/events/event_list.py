"""A list of audit events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from logging_core.records import AuditEvent
from madrox_tui.columns import Fitted, Table
from madrox_tui.events.columns import EventCells
from madrox_tui.events.export import events_export
from madrox_tui.events.query import EventOrder, EventQuery, Events
from madrox_tui.events.requests import Requests
from madrox_tui.export import Export
from madrox_tui.key_names import at_once
from madrox_tui.widgets.line_view import LineView

MARK = "▾"
"""At the heading of what they are listed by: what is newest, or most, comes first."""

FURTHER = "without what is further down: scroll there to load it"
"""Said of events that are not listed yet."""


class EventList(LineView):
    """Shows events in the order given: time, instance, what it took, what was asked, and errors.

    What is the same in all rows is in the title instead.

    Args:
        names: What instances are called on the screen, by id.
        labels: Their labels, by id, for the export.
        requests: What was asked, as far as it is known.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding("enter", "choose", "Open message", show=False, id="rows.open"),
        )
    ]
    header_rows = 1

    class OrderWanted(Message):
        """A click on a heading: list them by it.

        Attributes:
            order: How.
        """

        def __init__(self, order: EventOrder) -> None:
            super().__init__()
            self.order = order

    def __init__(
        self, names: Mapping[str, str], labels: Mapping[str, str], requests: Requests
    ) -> None:
        super().__init__()
        self.shown = Events()
        """The events shown."""
        self._read = False
        self._is_counted = True
        self._order = EventOrder.NEWEST
        self._names = names
        self._labels = labels
        self._requests = requests
        self._cells = EventCells()
        self._table = Table(self._cells.columns())

    def title(self, query: EventQuery) -> str:
        """Return a title for the events of a query, as far as they are shown."""
        return self._cells.title(query)

    def order_after(self, order: EventOrder) -> EventOrder:
        """Return the next order: by the first column from there on that has values."""
        orders = list(EventOrder)
        here = orders.index(order) + 1
        later = (*orders[here:], *orders[:here])
        return next((order for order in later if order.value in self._table.keys), order)

    def show_events(self, shown: Events, query: EventQuery) -> None:
        """Replace the events shown; in another order, the first of them is selected."""
        if query.order is not self._order:
            self._order, self.cursor = query.order, 0
        self.shown, self._read, self._is_counted = shown, True, query.is_counted
        self._cells = EventCells(shown.rows, self._names, self._requests)
        self._table = Table(self._cells.columns())
        self.show_rows(len(shown.rows))

    def header(self, _line: int) -> list[Segment]:
        """Draw the headings; the column that they are listed by is marked."""
        return self._fitted.header(self.cell_style("head"), self._order.value, MARK)

    def row(self, index: int) -> list[Segment]:
        """Draw one event."""
        return self._fitted.row(self.shown.rows[index], self.cell_style)

    @property
    def _fitted(self) -> Fitted[AuditEvent]:
        return self._table.at(self.row_width, self._order.value)

    def on_click(self, event: events.Click) -> None:
        """Ask for another order on a click on a heading.

        Textual also calls the base class's handler, which handles clicks on rows.
        """
        at = self.place_of(event)
        place = None if at is None or at.y >= self.header_rows else self._fitted.column_at(at.x)
        if place is not None and place[0].key:
            self.post_message(self.OrderWanted(EventOrder(place[0].key)))

    def whole_text(self, index: int) -> str:
        """Return a row's text and the id of its message, which a request stands in place of."""
        return f"{self.row_text(index)}\n{self.shown.rows[index].message_id or ''}"

    @property
    def find_note(self) -> str:
        """A search covers what is listed, and so does an export."""
        return FURTHER if self.shown.more else ""

    def export(self) -> Export:
        """Export the events listed; times are ISO 8601 with their offset."""
        return events_export(self.shown, self._labels, self.find_note)

    def nothing(self) -> str:
        """Say why the list is empty."""
        if not self._read:
            return "reading the audit trail"
        if not self._is_counted:
            return "none: nothing was counted here"
        if self.shown.more:
            return "none among the newest events: older ones were not searched"
        return "not in the audit trail: look in orchestrator.log, or the audit file was deleted"

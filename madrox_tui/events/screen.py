"""The audit events behind a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from logging_core.analyse.state import FleetState
from logging_core.event_types import EXCHANGE
from logging_core.records import AuditEvent
from madrox_tui import format as fmt
from madrox_tui.events.event_list import EventList
from madrox_tui.events.halves import event_entry
from madrox_tui.events.query import EventOrder, EventQuery, Events, EventSource, with_happened
from madrox_tui.events.requests import Requests
from madrox_tui.key_names import CLOSES, KeysInForce, overlay_keys, pressing, side_by_side
from madrox_tui.panels.timeline.entries import Entry
from madrox_tui.panels.timeline.message_screen import MessageScreen
from madrox_tui.panels.timeline.pairs import asks
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.line_view import LineView

PAGE = 200
"""Events read at first; doubled whenever the cursor nears the end of the list."""


class EventsScreen(Dialog[None]):
    """Lists events, over the panels; further ones load near the end of the list.

    Args:
        query: Selects the events.
        source: Reads them.
        keys: The keys in force.
        names: What instances are called on the screen, by id.
        state: The fleet: errors that are not in the audit trail, and requests, are in it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSES,
        Binding("s", "sort", "Sort by next column", id="audit.sort"),
    ]

    def __init__(
        self,
        query: EventQuery,
        source: EventSource,
        keys: KeysInForce,
        names: Mapping[str, str],
        state: FleetState,
    ) -> None:
        super().__init__()
        self._happened = state.events
        self._wanted = query
        self._source = source
        self._keys = keys
        self._names = names
        self._spawned = {one.instance_id: one.spawned_s for one in state.instances}
        labels = {one.instance_id: one.label for one in state.instances}
        self._list = EventList(names, labels, Requests(state.messages, self._spawned))
        self._asked = 0

    def compose(self) -> ComposeResult:
        """A frame with the list in it."""
        with Vertical(classes="dialog -tall") as dialog:
            dialog.border_title = Content(self._wanted.title)
            yield self._list

    def on_mount(self) -> None:
        """Read the first events, and more when the cursor nears the end."""
        self._read(PAGE)
        self.watch(self._list, "cursor", self._moved, init=False)

    def action_sort(self) -> None:
        """List them by the next column."""
        self._list_by(self._list.order_after(self._wanted.order))

    @on(EventList.OrderWanted)
    def _order_wanted(self, event: EventList.OrderWanted) -> None:
        self._list_by(event.order)

    def _list_by(self, order: EventOrder) -> None:
        if self._wanted.can_be_ranked and order is not self._wanted.order:
            self._wanted, self._asked = replace(self._wanted, order=order), 0
            self._read(PAGE)

    def _moved(self, cursor: int) -> None:
        shown = self._list.shown
        if shown.more and cursor >= len(shown.rows) - PAGE // 4:
            self._read(2 * max(PAGE, len(shown.rows)))

    def _read(self, most: int) -> None:
        if most > self._asked:
            self._asked = most
            self._load(most)

    @work(group="rows", exclusive=True)
    async def _load(self, most: int) -> None:
        audited = await self._source.events(self._wanted, most)
        found = with_happened(audited, self._wanted, self._happened, most)
        self._list.show_events(found, self._wanted)
        dialog = self.query_one(".dialog")
        dialog.border_title = Content(self._list.title(self._wanted))
        number, opens = Content(_counted(found, self._wanted)), pressing("enter", "Enter opens")
        sorts = [self._keys.press("audit.sort", " sorts")] if self._can_sort else []
        dialog.border_subtitle = side_by_side(number, opens, *sorts, overlay_keys(self._keys))

    @property
    def _can_sort(self) -> bool:
        order = self._wanted.order
        return self._wanted.can_be_ranked and self._list.order_after(order) is not order

    async def open_row(self, view: LineView) -> None:
        """Open what an event is about."""
        self._open(self._list.shown.rows[view.cursor])

    @work(group="open", exclusive=True)
    async def _open(self, event: AuditEvent) -> None:
        spawned = self._spawned.get(event.instance_id or "", ())
        halves: Sequence[Entry] = await self._source.halves(event, spawned)
        if event.error is not None or not halves:
            halves = event_entry(event), *filter(asks, halves)
        entry, *other = halves
        label = self._names.get(entry.instance_id, entry.instance_id or "fleet")
        if self.is_current:
            request = next(iter(other), None)
            self.app.push_screen(
                MessageScreen(
                    entry,
                    label,
                    self._keys,
                    other=request,
                    names=self._names,
                    lines=self._source,
                )
            )


def _counted(found: Events, wanted: EventQuery) -> str:
    number = len(found.rows)
    thing = "exchange" if wanted.event_type == EXCHANGE else "event"
    counted = f"{number:,} {fmt.plural(number, thing)}"
    return f"the {wanted.order.value} {counted}" if found.more else counted

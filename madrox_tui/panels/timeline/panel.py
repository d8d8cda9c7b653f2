"""Panel 3: the messages of all instances, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.export import Export
from madrox_tui.key_names import KeysInForce, at_once
from madrox_tui.panels.timeline.entries import Day, Entry
from madrox_tui.panels.timeline.held import Wanted
from madrox_tui.panels.timeline.message_source import MessageSource
from madrox_tui.panels.timeline.news import News
from madrox_tui.panels.timeline.outcome import Beside
from madrox_tui.panels.timeline.paged_list import PagedList
from madrox_tui.panels.timeline.pairs import asks
from madrox_tui.scope import Scope
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView


class TimelinePanel(PagedList):
    """Messages of the instances shown, newest at the bottom; older ones load on scrolling up.

    Args:
        keys: The keys in force.
        source: Reads messages older than those in the state; `None` for none.
        since_s: Only messages at or after this time are shown; `None` for all.
    """

    HELP = (
        "Messages to (→) and from (←) the instances, newest at the bottom, with errors (✗) and "
        "other events (·) between them. Scrolling up loads older messages."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding("enter", "choose", "Message", id="timeline.open", tooltip="Open message"),
            Binding(
                "p",
                "other_half",
                "Other half",
                id="timeline.other_half",
                tooltip="Go to matching request / reply",
            ),
            Binding("e", "problem", "Problem", id="timeline.problem", tooltip="Go to next problem"),
            Binding("E", "events", "Events", id="timeline.events", tooltip="Toggle events"),
        )
    ]

    def __init__(
        self,
        keys: KeysInForce,
        source: MessageSource | None = None,
        *,
        since_s: float | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(source, id=id)
        self.entitle("Timeline")
        self.set_reactive(LineView.follow, True)
        self._keys = keys
        self._since_s = since_s
        self._events = True
        self._news = News()

    @property
    def selected_scope(self) -> Scope | None:
        """The instance of the row under the cursor; `None` if it is nobody's."""
        instance_id = self.chosen.instance_id if self.chosen else ""
        return Scope(instance_id) if self.view and instance_id in self.view.labels else None

    def beside(self, entry: Entry) -> Beside:
        """Return the other half of a message or event, or why there is none among the rows."""
        index = self._rows.index(entry)
        if index is None:
            return Beside()
        return self._outcomes.beside(index, has_older=self._older.are_there)

    def export(self) -> Export:
        """Export the loaded messages and events."""
        from madrox_tui.panels.timeline.export import timeline_export

        labels = self.view.labels if self.view else {}
        note = "without what is newer" if self._rows.is_cut else ""
        if self._older.are_there:  # above, there may be gaps between messages
            _, floor_s = self._rows.floor()
            whole = f"complete from {fmt.moment(floor_s)} on: scroll up to load what is older"
            note = ", ".join(filter(None, [note, whole]))
        return timeline_export(tuple(self._rows.rows), labels, note)

    # --- what is shown -------------------------------------------------------

    def show_at(self, at_s: float | None) -> None:
        """Go to the last message before a time, whatever was selected; `None`: to the newest."""
        del at_s  # the view of that time ends there
        self.action_last()

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Add what is new, or rebuild all rows if the filter changed."""
        if view is None:
            return
        self._older.view = view
        if not view.is_later(before):
            self._outcomes.update(view)
            self._show(view)
            return
        self._outcomes.view = view
        if self._outcomes.has_open:
            self.refresh_changed()  # the ages of open requests
        self._entitle()
        self._want_older()

    def watch_follow(self, follow: bool) -> None:
        """Reset the count of new messages when following."""
        if follow and self.view is not None:
            self._news.see(self.view.state)
        self._entitle()

    def _show(self, view: View) -> None:
        wanted = Wanted(frozenset(view.by_id) if view.narrowed else None, self._events)
        place = self._place()
        added = self._rows.update(view.state, wanted, self._older.known, following=self.follow)
        if added is None:
            self._begin_anew()
            self._show_at(place)
            self._return_to(place)
        else:
            self.show_rows(len(self._rows.rows))
        self._news.count(view.state, wanted, added, all_seen=self.follow)
        self._entitle()
        self._want_older()

    def _entitle(self) -> None:
        new = f"  {fmt.count(self._news.number)} new" if self._news.number else ""
        whom = self.view.narrowed_to if self.view is not None else ""
        subtitle = "" if self.follow else self._keys.press("line.last", ": newest")
        more = "+" if self._older.are_there or self._rows.is_cut else ""
        number = f"{fmt.count(self._rows.messages)}{more}"
        hidden = "" if self._events else "  events hidden"
        self.entitle(f"Timeline {number}{self._day}{new}{whom}{hidden}", subtitle)

    @property
    def _day(self) -> str:
        """The day of the row at the top, if neither that row nor the clock tells it."""
        first = self.scroll_offset.y
        top = self._rows.rows[first] if first < len(self._rows.rows) else None
        if self.view is None or top is None or top.time_s is None or isinstance(top, Day):
            return ""
        day = fmt.day(top.time_s)
        return "" if day == fmt.day(self.view.state.at_s) else f"  {day}"

    def nothing(self) -> str:
        """Say what the panel is waiting for."""
        view = self.view
        if view is None or not (view.state.caught_up or view.state.waiting):
            return ""
        if view.missing is not None:
            return view.missing
        since_s = self._since_s
        when = "yet" if since_s is None else f"since {fmt.since(since_s, view.state.at_s)}"
        if not (view.narrowed and view.state.instances):
            return f"no messages {when}: each appears as instances/*/communication.jsonl records it"
        if view.instances:
            return f"no messages {when} of the instances that match the filter"
        return view.nobody(self._keys)

    # --- keys ----------------------------------------------------------------

    def action_events(self) -> None:
        """Toggle events."""
        self._events = not self._events
        if self.view is not None:
            self._show(self.view)

    def tell_no_message(self) -> None:
        """Say why a key does nothing where the cursor is on a separator."""
        if self.count:
            self.notify("this row is no message", markup=False)

    def action_other_half(self) -> None:
        """Go to the reply of a request, or to the request of a reply, also if it is not loaded."""
        entry = self.chosen
        index = self._rows.other_half(self.cursor) if entry else None
        if index is not None:
            self._move_to(index)
        elif entry is None:
            self.tell_no_message()
        else:
            self.notify(self.beside(entry).alone, markup=False)
            is_lost = asks(entry) and self._outcomes.of(self.cursor) is not None
            if entry.message_id is not None and not is_lost:
                self._seek_half(entry)

    @work(group="half", exclusive=True)
    async def _seek_half(self, entry: Entry) -> None:
        step, are_halves = (1 if asks(entry) else -1), self._rows.are_halves

        def holding(page: Sequence[Message]) -> list[int]:
            pairs = ((entry, one) if step > 0 else (one, entry) for one in page)
            return [place for place, pair in enumerate(pairs) if are_halves(*pair)]

        if not self._older.go_on(step):
            return
        if not await self._go_beyond(step, holding, of=entry.instance_id):
            what = "reply" if step > 0 else "request"
            self.notify(f"its {what} is not among the messages", markup=False)

    def action_problem(self) -> None:
        """Go to the next error, stuck request or suspect message, wrapping at the end."""
        count = self.count
        rows = (index % count for index in range(self.cursor + 1, self.cursor + 1 + count))
        index = next((i for i in rows if self._outcomes.is_problem(i)), None)
        if index is None:
            note = self._older.note
            self.notify(f"no problems in the loaded rows{note and f', {note}'}", markup=False)
        else:
            self._move_to(index)

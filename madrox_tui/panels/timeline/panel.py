"""Panel 3: the messages of all instances, in order."""

from __future__ import annotations

import math
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.export import Export
from madrox_tui.key_names import KeysInForce, at_once
from madrox_tui.panels.timeline.entries import Day, Entry
from madrox_tui.panels.timeline.entry_list import EntryList
from madrox_tui.panels.timeline.held import Wanted
from madrox_tui.panels.timeline.message_source import MessageSource, Span
from madrox_tui.panels.timeline.news import News
from madrox_tui.panels.timeline.older import OlderMessages
from madrox_tui.panels.timeline.outcome import Beside
from madrox_tui.panels.timeline.place import FIRST, Place, PlaceKeeper
from madrox_tui.scope import Scope
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView


class TimelinePanel(EntryList):
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
        super().__init__(id=id)
        self.entitle("Timeline")
        self.set_reactive(LineView.follow, True)
        self._keys = keys
        self._since_s = since_s
        self._older = OlderMessages(self._rows, source)
        self._events = True
        self._jumped_from: tuple[int, int] | None = None  # cursor and top, while nobody moves on
        self._news = News()
        self._keeper = PlaceKeeper()
        self._is_searching = False

    @property
    def follows_end(self) -> bool:
        """The newest message is the last one, unless it was let go for older ones."""
        return not self._rows.is_cut

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

    @property
    def find_note(self) -> str:
        """A search covers what is loaded first."""
        return "searching what is not loaded" if self._is_searching else self._older.beyond

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
            self._older.begin_anew()
            self._show_at(place)
            self._return_to(place)
        else:
            self.show_rows(len(self._rows.rows))
        self._news.count(view.state, wanted, added, all_seen=self.follow)
        self._entitle()
        self._want_older()

    def _place(self) -> Place | None:
        """Return what is looked at; `None` if that is the end, whatever is there."""
        if self.follow:
            return None
        return self._keeper.place(self._rows, self.cursor, self.scroll_offset.y, self.size.height)

    def _show_at(self, place: Place | None) -> None:
        """Show the rows, keeping cursor and scroll position on the same entries."""
        if place is not None:
            self.set_reactive(LineView.cursor, self._rows.find(place.at_cursor))
        self.show_rows(len(self._rows.rows))
        if place is not None:
            top = self._rows.find(place.seen) - place.line
            self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self._keeper.keep(place, self.cursor, self.scroll_offset.y)

    def _return_to(self, place: Place | None) -> None:
        """Read what was looked at if it is not loaded any more."""
        time_s = None if place is None else place.seen.time_s
        if time_s is not None and self._older.jump_to(time_s - 1):
            self._jumped_from = self._spot

    def _entitle(self) -> None:
        new = f"  {fmt.count(self._news.number)} new" if self._news.number else ""
        whom = self.view.narrowed_to if self.view is not None else ""
        subtitle = "" if self.follow else self._keys.press("line.last", ": newest")
        more = "+" if self._older.are_there or self._rows.is_cut else ""
        number = f"{fmt.count(self._rows.messages)}{more}"
        self.entitle(f"Timeline {number}{self._day}{new}{whom}", subtitle)

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

    # --- older messages ------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Prefetch messages when scrolled near the first one loaded, or the last one."""
        super().watch_scroll_y(old_value, new_value)
        self._entitle()
        self._want_older()

    def _want_older(self) -> None:
        place = self.scroll_offset.y, self.size.height
        if self._older.is_due(*place, following=self.follow):
            self._older.begin(*place, following=self.follow)
            self._read_older()

    @work(group="older")
    async def _read_older(self) -> None:
        try:
            page = await self._older.read()
        except OSError as error:
            self.notify(f"cannot read older messages: {error}", severity="error", markup=False)
            page = []
        if page is not None and self._older.is_wanted:
            self._take_in(page)
        self._want_older()

    def _take_in(self, page: list[Message] | Span) -> None:
        stays = self._jumped_from == self._spot
        if self._older.is_jumping and not stays:
            self._older.begin_anew()
            return
        place = self._place()
        self._older.take_in(page)
        self._show_at(place)
        self._entitle()
        if self._older.is_jumping:
            self._jumped_from = None
            self._recount()
        elif stays:
            self._jumped_from = self._spot

    @property
    def _spot(self) -> tuple[int, int]:
        return self.cursor, self.scroll_offset.y

    # --- keys ----------------------------------------------------------------

    def action_first(self) -> None:
        """Go to the first message of all, which is read if it is not loaded."""
        super().action_first()
        if self._older.jump_to(-math.inf):
            self._keeper.keep(FIRST, *self._spot)
            self._jumped_from = self._spot
            self._want_older()

    async def action_find_next(self, step: int) -> None:
        """Go to the next or previous match, and on to those that are not loaded."""
        rows = self.find_again(self.found.text) if self.found.text else ()
        if rows and any((row - self._here) * step > 0 for row in rows):
            await super().action_find_next(step)
        elif self.found.text and self._older.go_on(step):
            self._find_beyond(step)
        elif self.found.text and not rows and self._older.go_on(-step):
            self._find_beyond(-step)
        else:
            await super().action_find_next(step)

    @work(group="find", exclusive=True)
    async def _find_beyond(self, step: int) -> None:
        from madrox_tui.panels.timeline.find import holding

        view, text, spot = self.view, self.found.text, self._spot
        self._tell_searching(True)
        try:
            found = await self._older.search(
                step, lambda page: holding(page, text, view, _nothing) if view else ()
            )
        except OSError as error:
            self.notify(f"cannot read other messages: {error}", severity="error", markup=False)
            return
        finally:
            self._tell_searching(False)
        if self.found.text != text or self._spot != spot:
            return
        if found is None:
            await super().action_find_next(step)
        elif self._older.jump_to((found.time_s or 0.0) - (1 if step < 0 else 0)):
            self.follow = False
            self._keeper.keep(Place(found, found, self.size.height // 2), *spot)
            self._jumped_from = spot
            self._want_older()

    def _tell_searching(self, is_searching: bool) -> None:
        self._is_searching = is_searching
        self.post_message(self.FindChanged(self, self.found))

    def action_last(self) -> None:
        """Go to the newest row, also if it was let go, and follow."""
        if self._rows.is_cut:
            self._rows.begin_anew()
            self._older.begin_anew()
            self.show_rows(len(self._rows.rows))
        super().action_last()

    def action_events(self) -> None:
        """Toggle events."""
        self._events = not self._events
        if self.view is not None:
            self._show(self.view)

    def action_other_half(self) -> None:
        """Go to the reply of a request, or to the request of a reply."""
        index = self._rows.other_half(self.cursor) if self.chosen else None
        if index is not None:
            self._move_to(index)
        elif self.chosen:
            self.notify(self.beside(self.chosen).alone, markup=False)

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


def _nothing(_row: int) -> None:
    """Of messages that are not loaded it is not known what became of them."""

"""The entries of a history that is too long to be loaded as a whole, and the ways in it."""

from __future__ import annotations

import math

from textual import work

from madrox_tui.find import Found
from madrox_tui.panels.timeline.entry_list import EntryList
from madrox_tui.panels.timeline.message_source import MessageSource, Span
from madrox_tui.panels.timeline.older import Holding, OlderMessages
from madrox_tui.panels.timeline.place import Place, PlaceKeeper
from madrox_tui.widgets.line_view import LineView


class PagedList(EntryList):
    """Reads what somebody comes near to, or goes to; what is looked at keeps its place.

    Args:
        source: Reads messages that are not in the state; `None` for none.
    """

    def __init__(
        self,
        source: MessageSource | None,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._older = OlderMessages(self._rows, source)
        self._keeper = PlaceKeeper()
        self._jumped_from: tuple[int, int] | None = None  # cursor and top, while nobody moves on
        self._goes_first = False
        self._sought: tuple[str, int] | None = None  # what is searched, and which way

    @property
    def follows_end(self) -> bool:
        """The newest message is the last one, unless it was let go for older ones."""
        return not self._rows.is_cut

    @property
    def find_note(self) -> str:
        """A search covers what is loaded first."""
        return "searching what is not loaded" if self._sought else self._older.beyond

    def _entitle(self) -> None:
        """Update the border title. Subclasses override it."""

    # --- places ----------------------------------------------------------------

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

    # --- what is read ------------------------------------------------------

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
            page = self._older.skip()
        if page is not None and self._older.is_wanted:
            self._take_in(page)
        self._want_older()

    def _take_in(self, page: Span) -> None:
        stays = self._jumped_from == self._spot
        if self._older.is_jumping and not (stays or self._is_near_first):
            self._begin_anew()
            return
        place = None if self._is_near_first else self._place()
        self._older.take_in(page, self.scroll_offset.y, self.size.height)
        self._show_at(place)
        self._entitle()
        if self._older.is_jumping:
            self._jumped_from, self._goes_first = None, False
            self._recount()
        elif stays:
            self._jumped_from = self._spot

    def _begin_anew(self) -> None:
        """Go nowhere that is still to be read: the rows were made anew, or somebody moved on."""
        self._older.begin_anew()
        self._goes_first = False

    @property
    def _is_near_first(self) -> bool:
        """Whether the first message is gone to, and nobody has gone to the newest since."""
        return self._goes_first and not self.follow

    @property
    def _spot(self) -> tuple[int, int]:
        return self.cursor, self.scroll_offset.y

    # --- keys ----------------------------------------------------------------

    def action_first(self) -> None:
        """Go to the first message of all, which is read if it is not loaded."""
        super().action_first()
        self._goes_first = self._older.jump_to(-math.inf)
        if self._goes_first:
            self._jumped_from = self._spot
            self._want_older()

    def action_last(self) -> None:
        """Go to the newest row, also if it was let go, and follow."""
        if self._rows.is_cut:
            self._rows.begin_anew()
            self._begin_anew()
            self.show_rows(len(self._rows.rows))
        self._goes_first = False
        super().action_last()

    async def action_find_next(self, step: int) -> None:
        """Go to the next or previous match, and on to those that are not loaded."""
        rows = self.find_again(self.found.text) if self.found.text else ()
        if rows and any((row - self._here) * step > 0 for row in rows):
            await super().action_find_next(step)
        elif self.found.text and self._older.go_on(step):
            self._seek(step)
        elif self.found.text and not rows and self._older.go_on(-step):
            self._seek(-step)
        else:
            await super().action_find_next(step)

    @work(group="find", exclusive=True)
    async def _find_beyond(self, step: int) -> None:
        from madrox_tui.panels.timeline.find import holding

        view, text = self.view, self.found.text
        try:
            is_there = await self._go_beyond(
                step, lambda page: holding(page, text, view, _nothing) if view else ()
            )
        finally:
            self._end_search(text, step)
        if not is_there:
            await super().action_find_next(step)

    async def _go_beyond(self, step: int, holding: Holding, *, of: str | None = None) -> bool:
        """Go to what is wanted of what is not loaded; see `OlderMessages.search`.

        Returns:
            Whether that is known to be there, or nobody waits for it any more.
        """
        text, place = self.found.text, self._place()

        def is_awaited() -> bool:  # rows may have moved the place meanwhile
            return self.found.text == text and self._place() == place

        try:
            found = await self._older.search(step, holding, is_awaited, of=of)
        except OSError as error:
            self.notify(f"cannot read other messages: {error}", severity="error", markup=False)
            return True
        if not is_awaited():
            return True
        if found is None:
            return False
        if self._older.jump_to(found.at_s - (1 if step < 0 else 0)):
            self.follow = False
            place = Place(found.message, found.message, self.size.height // 2)
            self._keeper.keep(place, *self._spot)
            self._jumped_from = self._spot
            self._want_older()
        return True

    def _seek(self, step: int) -> None:
        """Search what is not loaded, unless that is under way."""
        sought = self.found.text, step
        if self._sought != sought:
            self._sought = sought
            self.post_message(self.FindChanged(self, self.found))
            self._find_beyond(step)

    def _end_search(self, text: str, step: int) -> None:
        """Note that a search has ended, if no other has taken its place."""
        if self._sought == (text, step):
            self._sought = None
            self.post_message(self.FindChanged(self, self.found))

    def watch_found(self, found: Found) -> None:
        """Stop searching what is not loaded when the search ends."""
        super().watch_found(found)
        if not found.text:
            self._sought = None  # the worker may not have begun
            self.workers.cancel_group(self, "find")


def _nothing(_row: int) -> None:
    """Of messages that are not loaded it is not known what became of them."""

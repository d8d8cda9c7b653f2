"""Messages that are not loaded: whether there are any, and when to read some. Pure."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, TypeAlias

from logging_core.records import Message
from madrox_tui.panels.timeline.held import Known
from madrox_tui.panels.timeline.message_source import PAGE, MessageSource, Span
from madrox_tui.panels.timeline.repeats import Repeats
from madrox_tui.panels.timeline.rows import TimelineRows
from madrox_tui.view import View

NEAR = 100
"""Messages are prefetched when fewer rows than this are left above, or below."""

SEARCHED = 20 * PAGE
"""About so many messages are read at once to search them."""

Holding: TypeAlias = Callable[[Sequence[Message]], Sequence[int]]
"""Which of some messages are wanted: their places, ascending."""


class Found(NamedTuple):
    """A message that was searched for.

    Attributes:
        message: The message.
        at_s: By which time it has its place, or from when on the state holds it.
    """

    message: Message
    at_s: float


class OlderMessages:
    """Reads the pages before the first row loaded, one at a time, as somebody comes near it.

    And those after the last one, where the rows do not go on to the newest.

    Args:
        rows: The rows of the timeline.
        source: Reads messages older than those in the state; `None` for none.

    Attributes:
        view: What is shown; `None` before anything is.
        is_wanted: Whether what is read belongs to the rows, which were not made anew meanwhile.
        is_jumping: Whether what is read takes the place of the rows.
    """

    def __init__(self, rows: TimelineRows, source: MessageSource | None) -> None:
        self.view: View | None = None
        self._rows = rows
        self._source = source
        self.is_wanted = False
        self._is_reading = False
        self._span: tuple[float, float] | None = None  # of what is read that is not just older
        self._jump_s: float | None = None
        self.is_jumping = False

    @property
    def known(self) -> Known:
        """Which messages the state holds that is shown."""
        view = self.view
        if self._source is None or view is None:
            return Known.ALL
        if not view.is_whole:
            return Known.OF_EACH
        return Known.NEWEST if view.state.dropped_messages else Known.ALL

    @property
    def are_there(self) -> bool:
        """Whether there are older messages that are not loaded, as far as is known."""
        view = self.view
        if view is None or not (view.state.dropped_messages or view.unread):
            return False
        return self._may_be_there

    @property
    def note(self) -> str:
        """Say what a search does not cover; `''` if it covers all messages."""
        sides = [*(["older"] if self.are_there else []), *(["newer"] if self._rows.is_cut else [])]
        if not sides:
            return ""
        way = "up" if sides == ["older"] else "down" if sides == ["newer"] else "there"
        return f"without what is {' or '.join(sides)}: scroll {way} to load it"

    @property
    def beyond(self) -> str:
        """Say where a search may go on; `''` if all messages are loaded."""
        sides = [side for side, step in (("older", -1), ("newer", 1)) if self.go_on(step)]
        return f"goes on in what is {' and '.join(sides)}" if sides else ""

    def go_on(self, step: int) -> bool:
        """Return whether there are messages after the rows (`step` > 0) or before them."""
        return self._rows.is_cut if step > 0 else self.are_there

    async def search(
        self,
        step: int,
        holding: Holding,
        is_awaited: Callable[[], bool],
        *,
        of: str | None = None,
    ) -> Found | None:
        """Return the first message after the rows, or the last one before them, that is wanted.

        Args:
            step: After them (> 0) or before them.
            holding: Returns which of some messages are wanted, ascending.
            is_awaited: Whether somebody still waits for it; else it is not looked for any more.
            of: Whose message it is; `None` if it may be that of anyone shown.

        Raises:
            OSError: A file cannot be read.
        """
        if self._source is None:
            return None
        ids = self._ids if of is None else [of]
        if step < 0:
            before_s = math.nextafter(self._rows.floor()[1], math.inf)
            pages = self._source.pages(before_s, ids)
            return await self._last_in(pages, holding, is_awaited)
        from_s, until_s = self._rows.span_after()
        while from_s < until_s and is_awaited():
            span = await self._source.newer(from_s, until_s, ids, at_once=SEARCHED)
            place = await _first(span.messages, holding)
            if place is not None:
                return Found(span.messages[place], span.times[place])
            from_s = span.until_s
        held = self._rows.held()
        place = await _first(held, holding)
        return None if place is None else Found(held[place], until_s)

    async def _last_in(
        self, pages: AsyncIterator[Span], holding: Holding, is_awaited: Callable[[], bool]
    ) -> Found | None:
        repeats = Repeats(self._rows.rows)  # of the moment they begin at some may be among the rows
        async for page in pages:
            if not is_awaited():
                break
            for place in reversed(holding(page.messages)):
                if repeats.left_out_of(page.messages[place : place + 1]):
                    return Found(page.messages[place], page.times[place])
        return None

    @property
    def _may_be_there(self) -> bool:
        """Whether there is anything older to be read."""
        return self._source is not None and self._rows.floor()[1] != -math.inf

    def begin_anew(self) -> None:
        """Drop the page that is being read, if one is: the rows were made anew."""
        self.is_wanted = False
        self._jump_s = None

    def jump_to(self, time_s: float) -> bool:
        """Read next what was said from a moment on, in place of what is loaded.

        Args:
            time_s: Seconds since the epoch; minus infinity for the first message of all.

        Returns:
            Whether that is to be read: false if it is loaded, or not known not to be.
        """
        begin_s, end_s = self._rows.floor()[1], self._rows.end_s
        if self._source is None or begin_s <= time_s < end_s:
            return False
        self._jump_s = time_s
        return True

    def is_due(self, top: int, height: int, *, following: bool) -> bool:
        """Whether to `read` a page now.

        Args:
            top: The row at the top of the screen.
            height: How many rows the screen shows.
            following: Whether the screen follows the newest row.
        """
        view = self.view
        if self._is_reading or view is None or not view.state.caught_up:
            return False
        if self._jump_s is not None:
            return True
        older = self._is_older_due(top, height, following=following)
        return older or self._is_newer_due(top, height)

    def _is_older_due(self, top: int, height: int, *, following: bool) -> bool:
        if not self._may_be_there:
            return False
        floor, _ = self._rows.floor()
        return len(self._rows.rows) - floor < height or (not following and top - floor < NEAR)

    def _is_newer_due(self, top: int, height: int) -> bool:
        return self._rows.is_cut and len(self._rows.rows) - top - height < NEAR

    def begin(self, top: int, height: int, *, following: bool) -> None:
        """Note that `read` follows: until it ends, no page is due.

        Args:
            top: As for `is_due`, and so are the others.
            height: See there.
            following: See there.
        """
        self._is_reading = True
        self._span, self.is_jumping = None, self._jump_s is not None
        if self._jump_s is not None:
            self.is_wanted, self._span = True, (self._jump_s, self._rows.span_after()[1])
            self._jump_s = None
        elif not self._is_older_due(top, height, following=following):
            self.is_wanted, self._span = True, self._rows.span_after()
        elif self._source is not None and not self.is_wanted:
            self.is_wanted = True
            self._source.start(self._rows.begin_older(), self._ids)

    @property
    def _ids(self) -> list[str] | None:
        view = self.view
        return list(view.by_id) if view is not None and view.narrowed else None

    async def read(self) -> Span | None:
        """Return a page of older messages, or what comes after the rows, or a jump.

        `None` if another start was chosen. An empty page says that there are none.

        Raises:
            OSError: A file cannot be read.
        """
        try:
            if self._source is None:
                return None
            if self._span is None:
                return await self._source.older()
            return await self._source.newer(*self._span, self._ids)
        finally:
            self._is_reading = False

    def skip(self) -> Span:
        """Return what takes the place of what cannot be read."""
        return Span([], *(self._span or (-math.inf, math.inf)))

    def take_in(self, read: Span, top: int, height: int) -> None:
        """Add what was read to the rows.

        Args:
            read: As `read` returned it.
            top: The row at the top of the screen.
            height: How many rows the screen shows.
        """
        span = read._replace(messages=self._happened(read.messages))
        if self._span is None:
            if span.messages or not read.messages:  # else the next page may hold what is wanted
                self._rows.add_older(span, seen_to=top + height + NEAR)
            return
        if self.is_jumping:
            self._rows.begin_at(span)
        else:
            self._rows.add_newer(span, seen_from=max(0, top - NEAR))
        self.is_wanted = False  # the rows may begin elsewhere now

    def _happened(self, messages: list[Message]) -> list[Message]:
        """Return what had been said by the moment that is shown: files may be out of order."""
        moment_s = None if self.view is None else self.view.moment_s
        if moment_s is None:
            return messages
        return [one for one in messages if one.time_s is None or one.time_s <= moment_s]


async def _first(messages: Sequence[Message], holding: Holding) -> int | None:
    """Return where the first one is that is wanted; keys are answered while many are searched."""
    for start in range(0, len(messages), PAGE):
        if found := holding(messages[start : start + PAGE]):
            return start + found[0]
        await asyncio.sleep(0)
    return None

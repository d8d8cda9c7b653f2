"""Messages older than those of the state: whether there are any, and when to read some. Pure."""

from __future__ import annotations

import math

from logging_core.records import Message
from madrox_tui.panels.timeline.message_source import MessageSource
from madrox_tui.panels.timeline.rows import TimelineRows
from madrox_tui.view import View

NEAR = 100
"""Older messages are prefetched when fewer rows than this are left above."""


class OlderMessages:
    """Reads the pages before the first row loaded, one at a time, as somebody comes near it.

    Args:
        rows: The rows of the timeline.
        source: Reads messages older than those in the state; `None` for none.

    Attributes:
        view: What is shown; `None` before anything is.
        is_wanted: Whether what is read belongs before the rows, which were not made anew meanwhile.
    """

    def __init__(self, rows: TimelineRows, source: MessageSource | None) -> None:
        self.view: View | None = None
        self._rows = rows
        self._source = source
        self.is_wanted = False
        self._is_reading = False

    @property
    def are_there(self) -> bool:
        """Whether there are messages that are not loaded, as far as is known."""
        view = self.view
        if view is None or not (view.state.dropped_messages or view.unread):
            return False
        return self._may_be_there

    @property
    def _may_be_there(self) -> bool:
        """Whether there is anything to be read."""
        if self._source is None or self.view is None:
            return False
        if self.view.is_whole and not self.view.state.dropped_messages:
            return False
        return self._rows.floor()[1] != -math.inf

    def begin_anew(self) -> None:
        """Drop the page that is being read, if one is: the rows were made anew."""
        self.is_wanted = False

    def is_due(self, top: int, height: int, *, following: bool) -> bool:
        """Whether to `read` a page now.

        Args:
            top: The row at the top of the screen.
            height: How many rows the screen shows.
            following: Whether the screen follows the newest row.
        """
        view = self.view
        if self._is_reading or self._rows.full or not self._may_be_there:
            return False
        if view is None or not view.state.caught_up:
            return False
        floor, _ = self._rows.floor()
        return len(self._rows.rows) < height or (not following and top - floor < NEAR)

    def begin(self) -> None:
        """Note that `read` follows: until it ends, no page is due."""
        self._is_reading = True
        if self._source is not None and self.view is not None and not self.is_wanted:
            self.is_wanted = True
            _, floor_s = self._rows.floor()
            ids = list(self.view.by_id) if self.view.narrowed else None
            self._source.start(floor_s, ids)

    async def read(self) -> list[Message] | None:
        """Return a page, oldest first, empty at the beginning; `None` if another start was chosen.

        Raises:
            OSError: A file cannot be read.
        """
        try:
            return None if self._source is None else await self._source.older()
        finally:
            self._is_reading = False

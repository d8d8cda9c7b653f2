"""A pane that finds a text in its frame and in all others, and counts where it is."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from textual import work

from madrox_tui.find import Found, holds, next_row
from madrox_tui.panels.pane.replay_view import ReplayView

if TYPE_CHECKING:
    from madrox_tui.panels.pane.hits import Hits

TOLD_S = 0.25
"""How often the count is told while the frames are counted."""


class SearchView(ReplayView):
    """Goes from match to match in its frame, then in the others, all round the recording."""

    _hits: Hits | None = None
    _counting: Hits | None = None  # those that a worker is at
    _counted_to: object = None  # the newest frame when it was asked to count last
    _is_due = False

    async def find_beyond(self, text: str, direction: int) -> int | None:
        """Show the nearest frame after (> 0) or before this one with a new match.

        Args:
            text: The search text; case matters if it has capitals.
            direction: Towards newer frames (> 0), or older ones; at the end of the recording it
                goes on from the other end.

        Returns:
            The number of the matching line, which the frame searched just before does not have;
            `None` if there is none in any frame, and then nothing changes.
        """
        if self._shown is None:
            return None
        async for ref, line in self.source.search(self._shown, text, direction):
            self.playing = False
            self.rewound, self.follow = True, False
            await self._move(ref)
            return line
        return None

    def find_rows(self, text: str) -> Sequence[int]:
        """Return the rows that contain a text; all rows are searched, without decoding colours."""
        return [i for i in range(self.count) if holds(self.row_text(i), text)]

    def lay_out(self) -> None:
        """Rebuild the rows, and count the matches in them."""
        super().lay_out()
        text, at = self.found.text, self.found.at
        if text:
            rows = self.find_rows(text)
            self.found = Found(text, rows, at if at in rows else None)
            self._tell_count()  # the same rows may be other hits

    async def action_find_next(self, step: int) -> None:
        """Go to the next or previous match, continuing in the frames after or before this one."""
        found = self.found
        at = self.scroll_offset.y if found.at is None else found.at
        if found.text and not any((row - at) * step > 0 for row in self.find_rows(found.text)):
            self._find_beyond(step)
        else:
            await super().action_find_next(step)

    @work(group="find", exclusive=True)
    async def _find_beyond(self, step: int) -> None:
        text = self.found.text
        line = await self.find_beyond(text, step)
        if line is None:
            return
        rows = self.find_rows(text)
        at = next_row(rows, self.row_of(line) - 1, 1)
        self.found = Found(text, rows, at)
        if at is not None:
            self.show_row(at)

    # --- how many there are in all frames -------------------------------------

    @property
    def find_count(self) -> str:
        """Which hit of how many in all frames; of those in this frame where that is not known."""
        if self._hits is None:
            return super().find_count
        return self._hits.said(self.found, self._number(self._hits))

    def _number(self, hits: Hits) -> int:
        """Return which of all hits is selected; 0 if that is not known."""
        if not self.found.number or self.found.at is None:
            return 0
        line, _, _ = self._row(self.found.at)
        pane = self._pane_of(line)
        if pane is None or pane.ref.time_s is None:
            return 0
        return hits.number(pane.texts, line.number, pane.ref.time_s)

    def watch_found(self, found: Found) -> None:
        """Count what is looked for in all frames."""
        super().watch_found(found)
        self.count_hits()

    def count_hits(self) -> None:
        """Count the hits in all frames, or in those that came since."""
        text, instance, hits = self.found.text, self._instance, self._hits
        if not text or instance is None:
            self._hits = None
            self.workers.cancel_group(self, "count")
            return
        newest = None if instance.newest_frame is None else instance.newest_frame.place
        if hits is None or (hits.instance_id, hits.text) != (instance.instance_id, text):
            from madrox_tui.panels.pane.hits import Hits

            hits = self._hits = Hits(instance.instance_id, text)
        elif newest == self._counted_to:
            return
        self._counted_to, self._is_due = newest, True
        if self._counting is not hits:
            self._counting = hits
            self._count(hits)

    @work(group="count", exclusive=True)
    async def _count(self, hits: Hits) -> None:
        """Count to the end, and again if it is elsewhere by then."""
        told_s = monotonic()
        try:
            while self._is_due and self._hits is hits:
                self._is_due = False
                async for _ in self.source.count(hits):
                    if monotonic() - told_s >= TOLD_S:
                        told_s = monotonic()
                        self._tell_count()
        finally:
            if self._counting is hits:
                self._counting = None
        self._tell_count()

    def _tell_count(self) -> None:
        self.post_message(self.FindChanged(self, self.found))

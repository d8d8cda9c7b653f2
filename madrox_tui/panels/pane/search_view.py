"""A pane that is searched: in the frame it shows, then in those after or before that."""

from __future__ import annotations

from collections.abc import Sequence

from textual import work

from madrox_tui.find import Found, holds, next_row
from madrox_tui.panels.pane.replay_view import ReplayView


class SearchView(ReplayView):
    """Finds a text in the lines of the frame, and the nearest other frame that has it."""

    async def find_beyond(self, text: str, direction: int) -> int | None:
        """Show the nearest frame after (> 0) or before this one with a new match.

        Args:
            text: The search text; case matters if it has capitals.
            direction: Towards newer frames (> 0), or older ones.

        Returns:
            The number of the matching line, which the frame searched just before does not have;
            `None` if there is none, and then nothing changes.
        """
        if self._shown is None:
            return None
        async for ref, line in self.source.search(self._shown, text, direction):
            self.playing = False
            self.rewound, self.follow = True, False
            await self._move(ref)
            return line
        return None

    @property
    def find_note(self) -> str:
        """A search covers one frame at a time."""
        keys = " ".join(map(self._keys.name, ("line.find_next", "line.find_previous")))
        return f"in this frame · {keys}: also others"

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

    def action_find_next(self, step: int) -> None:
        """Go to the next or previous match, continuing in the frames after or before this one."""
        found = self.found
        at = self.scroll_offset.y if found.at is None else found.at
        if found.text and not any((row - at) * step > 0 for row in self.find_rows(found.text)):
            self._find_beyond(step)
        else:
            super().action_find_next(step)

    @work(group="find", exclusive=True)
    async def _find_beyond(self, step: int) -> None:
        text = self.found.text
        line = await self.find_beyond(text, step)
        if line is None:
            self.notify("no more matches in any frame", markup=False)
            return
        rows = self.find_rows(text)
        at = next_row(rows, self.row_of(line) - 1, 1)
        self.found = Found(text, rows, at)
        if at is not None:
            self.show_row(at)

"""Where a text is in a whole recording. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from logging_core.records import FrameRef
from madrox_tui import format as fmt
from madrox_tui.find import Found, count_text, holds

MAX_HITS = 10_000
"""So many are counted: nobody steps through more, and each takes some memory."""


class Hits:
    """The hits of a search in the frames of an instance, counted from the first frame on.

    A hit is a line with the text. It counts once for as long as it is shown: consecutive frames
    repeat one another.

    Args:
        instance_id: Whose frames.
        text: The search text; case matters if it has capitals.

    Attributes:
        last: The frame that was counted last; `None` before the first.
        frames: How many frames brought a hit.
        is_whole: Whether all frames were counted; newer ones are added as they come.
    """

    def __init__(self, instance_id: str, text: str) -> None:
        self.instance_id = instance_id
        self.text = text
        self.last: FrameRef | None = None
        self.frames = 0
        self.is_whole = False
        self._shown = Counter[str]()  # the hits of the last frame
        self._lines = array("q")  # a checksum of each hit, in order
        self._times = array("d")  # when each came up; the last one's where times run backwards

    def __len__(self) -> int:
        """Return how many hits were counted."""
        return len(self._lines)

    @property
    def is_full(self) -> bool:
        """Whether no more are counted."""
        return len(self) >= MAX_HITS

    def add(self, ref: FrameRef, lines: Sequence[str]) -> None:
        """Count the hits that came up in the next frame."""
        shown, known, before = Counter[str](), self._shown, len(self)
        time_s = max([self._reached_s, *filter(None, [ref.time_s])])
        for line in lines:
            if holds(line, self.text):
                shown[line] += 1
                if shown[line] > known[line]:
                    self._lines.append(hash(line))
                    self._times.append(time_s)
        self.frames += len(self) > before
        self._shown, self.last = shown, ref

    def number(self, lines: Sequence[str], index: int, time_s: float) -> int:
        """Return which of all hits a line of a frame is, from 1; 0 if that is not known.

        Args:
            lines: The lines of the frame.
            index: Which of them.
            time_s: When the frame was captured.
        """
        if not self.is_whole and time_s > self._reached_s:
            return 0
        line, nth = hash(lines[index]), lines[index:].count(lines[index])
        for place in range(bisect_right(self._times, time_s) - 1, -1, -1):
            nth -= self._lines[place] == line
            if not nth:
                return place + 1
        return 0

    def said(self, found: Found, number: int) -> str:
        """Format which hit of how many: `hit 3 of 41 in 12 frames`; `41+` while it is counted.

        Args:
            found: The search in the frame that is shown.
            number: Which hit is selected there; 0 if that is not known.
        """
        more = "" if self.is_whole else "+"
        frames = f"{fmt.count(self.frames)} {fmt.plural(self.frames, 'frame')}"
        total = f"{fmt.count(len(self))}{more} in {frames}"
        if number:
            return f"hit {number} of {total}"
        if self.is_whole and not len(self) and not found.rows:
            return "none in any frame"
        return count_text(found, f"in this frame · {total}")

    @property
    def _reached_s(self) -> float:
        """Until when hits were counted."""
        times = self._times[-1:]
        last_s = self.last.time_s if self.last is not None else None
        return max([0.0, *times, *filter(None, [last_s])])

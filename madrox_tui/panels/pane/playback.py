"""Playback of a recording: the speeds, and when the next frame is due. Pure."""

from __future__ import annotations

from collections.abc import Callable

SPEEDS = (1, 2, 5, 10, 60)
"""Multiples of real time; `<` and `>` step through them."""

MAX_GAP_S = 1.0
"""The longest wait between two frames, however long nothing happened."""

MIN_GAP_S = 1 / 30
"""The shortest time a frame is shown: nobody sees more frames per second."""


class Playback:
    """Decides when the next frame is due.

    Args:
        now: A monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._shown_s = now()
        self._speed = 0

    @property
    def speed(self) -> int:
        """The current multiple of real time."""
        return SPEEDS[self._speed]

    def change_speed(self, steps: int) -> bool:
        """Go `steps` speeds up, or down if negative; return whether that changed anything."""
        before = self._speed
        self._speed = min(max(0, before + steps), len(SPEEDS) - 1)
        return self._speed != before

    def frame_shown(self) -> None:
        """Note that a frame was just shown: the wait for the next one starts now."""
        self._shown_s = self._now()

    def wait_s(self, time_s: float | None, next_s: float | None) -> float:
        """Return the seconds until the next frame is due, at least 0.

        Args:
            time_s: When the frame on the screen was captured; `None` if unknown.
            next_s: When the next one was captured; `None` if unknown.
        """
        gap_s = 0.0 if time_s is None or next_s is None else (next_s - time_s) / self.speed
        gap_s = min(max(gap_s, MIN_GAP_S), MAX_GAP_S)
        return max(0.0, self._shown_s + gap_s - self._now())

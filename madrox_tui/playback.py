"""How a recording is played: which speeds there are, and when the next frame is due. Pure."""

from __future__ import annotations

from collections.abc import Callable

SPEEDS = (1, 2, 5, 10, 60)
"""How many times faster than real; `<` and `>` go through them."""

LONGEST_GAP_S = 1.0
"""A gap between two frames takes no longer than this, however long nothing happened."""

SHORTEST_GAP_S = 1 / 30
"""A frame stays at least this long: more than so many a second nobody sees."""


class Playback:
    """When the next frame is due.

    Args:
        now: A clock that never goes back, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._shown_s = now()
        self._speed = 0

    @property
    def speed(self) -> int:
        """How many times faster than real."""
        return SPEEDS[self._speed]

    def change_speed(self, steps: int) -> None:
        """Go so many speeds up, or down."""
        self._speed = min(max(0, self._speed + steps), len(SPEEDS) - 1)

    def frame_shown(self) -> None:
        """A frame has just been put on the screen: the time until the next one begins."""
        self._shown_s = self._now()

    def wait_s(self, time_s: float | None, next_s: float | None) -> float:
        """Seconds from now until the next frame is due, at least 0.

        Args:
            time_s: When the frame on the screen was captured; `None` if that is unknown.
            next_s: When the next one was.
        """
        gap_s = 0.0 if time_s is None or next_s is None else (next_s - time_s) / self.speed
        gap_s = min(max(gap_s, SHORTEST_GAP_S), LONGEST_GAP_S)
        return max(0.0, self._shown_s + gap_s - self._now())

"""The demo's time: simulated while the history is written, real from then on."""

from __future__ import annotations


class SimulatedClock:
    """The current time of the simulation; call it for seconds since the epoch.

    Args:
        start_s: When the fleet's story begins.
        live_from_s: When the history ends.
        speed: How much faster than real time the fleet works from then on.
    """

    def __init__(self, start_s: float, live_from_s: float, speed: float = 1.0) -> None:
        self.start_s = start_s
        self.live_from_s = live_from_s
        self.now_s = start_s
        self._speed = speed

    def __call__(self) -> float:
        """Return the current time, in seconds since the epoch."""
        return self.now_s

    @property
    def live(self) -> bool:
        """Whether the history is over."""
        return self.now_s >= self.live_from_s

    def paced(self, seconds: float) -> float:
        """Return how long something takes now that takes `seconds` at normal speed."""
        return seconds / self._speed if self.live else seconds

"""When to look again at what could not be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

MAX_S = 30.0
"""What cannot be read is tried again after no more than this, however long that has been so."""

_FIRST_S = 2.0


class Backoff:
    """Logs that could not be read: each is tried again at once, then more and more rarely.

    Args:
        now: Seconds of a clock that only goes forward.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._waits: dict[str, tuple[float, float]] = {}  # when to try again, how long to wait then

    def failed(self, group: str) -> None:
        """A log could not be read."""
        _, wait_s = self._waits.get(group, (0.0, 0.0))
        self._waits[group] = self._now() + wait_s, min(MAX_S, max(_FIRST_S, 2 * wait_s))

    def forget(self, group: str) -> None:
        """A log could be read, or is no more."""
        self._waits.pop(group, None)

    def due(self) -> Iterator[str]:
        """The logs to try again now."""
        now_s = self._now()
        return (group for group, (at_s, _) in self._waits.items() if at_s <= now_s)

"""The earlier states of a fleet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable
from functools import partial
from threading import Event, Lock
from typing import Protocol

from logging_core.analyse.state import FleetState, Group, Usage
from logging_core.threads import in_thread
from madrox_tui import format as fmt


class Past(Protocol):
    """Gives any earlier state of one tree.

    Calls block, and are made one at a time; except `note_gone`, which does not block and may be
    called at any time.
    """

    def prepare(self, progress: Callable[[int], object], *, stop: Event) -> object:
        """Read what was written since the last call; return early once `stop` is set.

        Args:
            progress: Called now and then with the number of records read in this call.
            stop: Ends the call within a fraction of a second.

        Raises:
            OSError: There is no room for it on the disk, or the tree went away half read.
        """

    @property
    def span(self) -> tuple[float, float] | None:
        """The times of the first and the last record, in seconds; `None` if no record has one."""

    def note_gone(self, instance_id: str, at_s: float, /) -> None:
        """Record that an instance had disappeared by `at_s`: states after that omit it."""

    def state_at(self, at_s: float) -> FleetState:
        """Return the fleet as it was at a time, in seconds since the epoch."""

    def usage_at(self, at_s: float, instance_ids: Iterable[str], /) -> Usage:
        """Return the total usage of some instances at that time."""

    def groups_at(
        self, at_s: float, by: str, instance_ids: Collection[str] | None, /
    ) -> tuple[Group, ...]:
        """Sums as of a moment of what instances or events have in common, the dearest first."""


class Closable(Past, Protocol):
    """A past that holds resources."""

    def close(self) -> None:
        """Release them."""


class LazyPast:
    """A past that is made on first use: few users look back, and it needs a temporary file.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], Closable]) -> None:
        self._make = make
        self._made: Closable | None = None
        self._is_closed = False
        self._lock = Lock()  # of these two
        self._gone: deque[tuple[str, float]] = deque()

    def get(self) -> Past:
        """Return the past, which takes its time at first; exceptions are those of `make`.

        One that was closed meanwhile is closed.
        """
        if self._made is None:
            made = self._make()
            with self._lock:
                self._made, is_closed = made, self._is_closed
            if is_closed:
                made.close()
        while self._gone:
            self._made.note_gone(*self._gone.popleft())
        return self._made

    def note_gone(self, instance_id: str, at_s: float) -> None:
        """Remember who is gone until the past is wanted; see `Past.note_gone`."""
        self._gone.append((instance_id, at_s))

    def close(self) -> None:
        """Close the past, if it was made or still is being made."""
        with self._lock:
            made, self._is_closed = self._made, True
        if made is not None:
            made.close()


async def prepare(past: Past, progress: Callable[[int], object]) -> None:
    """Prepare in a thread; on cancellation, tell the thread to stop and wait for it.

    Args:
        past: What to prepare.
        progress: Called on the loop, now and then, with the number of records read so far.

    Raises:
        OSError: There is no room for it on the disk, or the tree went away half read.
    """
    stop = Event()
    loop = asyncio.get_running_loop()

    def tell(records: int) -> None:
        loop.call_soon_threadsafe(progress, records)

    await in_thread(partial(past.prepare, tell, stop=stop), cancel=stop.set)


def why_nothing(
    moment_s: float, first_s: float | None, since_s: float | None, now_s: float
) -> str | None:
    """Say why nothing is known of a moment.

    Args:
        moment_s: The moment, in seconds since the epoch.
        first_s: When the first record is of; `None` if there is none.
        since_s: What happened before is not counted; `None`: all is.
        now_s: The present.

    Returns:
        A text to show in place of what is missing; `None` if nothing is.
    """
    if first_s is not None and moment_s < first_s:
        return f"nothing was logged yet at that time: the first record is of {fmt.moment(first_s)}"
    if since_s is not None and moment_s < since_s:
        return f"before --since {fmt.since(since_s, now_s)}: what happened then is not counted"
    return None

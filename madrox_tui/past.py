"""Earlier moments of the fleet, as the screen needs them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from threading import Event
from typing import Protocol, runtime_checkable

from logging_core.analyse.state import FleetState, Group, Usage
from logging_core.threads import in_thread


class Past(Protocol):
    """Knows any earlier state of one tree.

    Its calls block, and are made one at a time; only `note_gone` does not, and may be at any.
    """

    def prepare(self, *, stop: Event) -> object:
        """Read what has been written since it was last prepared; it ends early once `stop` is set.

        Raises:
            OSError: The tree cannot be read, or there is no room.
        """

    def note_gone(self, instance_id: str, at_s: float, /) -> None:
        """An instance was seen to be gone at a moment: it is in no state after that."""

    def state_at(self, at_s: float) -> FleetState:
        """The fleet as it was at a moment, in seconds since the epoch."""

    def usage_at(self, at_s: float, instance_ids: Iterable[str], /) -> Usage:
        """What some instances added up to then."""

    def groups_at(
        self, at_s: float, by: str, instance_ids: Collection[str] | None, /
    ) -> tuple[Group, ...]:
        """Sums as of a moment of what instances or events have in common, the dearest first."""


class Closable(Past, Protocol):
    """A past that holds something."""

    def close(self) -> None:
        """Let go of it."""


class DeferredPast:
    """A past that is made when somebody first looks back: few do, and it takes a temporary file.

    Args:
        make: Makes it; what it raises, the call that needed it raises.
    """

    def __init__(self, make: Callable[[], Closable]) -> None:
        self._make = make
        self._made: Closable | None = None
        self._gone: list[tuple[str, float]] = []

    def prepare(self, *, stop: Event) -> object:
        """See `Past`."""
        return self._past().prepare(stop=stop)

    def note_gone(self, instance_id: str, at_s: float, /) -> None:
        """See `Past`."""
        if self._made is None:
            self._gone.append((instance_id, at_s))
        else:
            self._made.note_gone(instance_id, at_s)

    def state_at(self, at_s: float) -> FleetState:
        """See `Past`."""
        return self._past().state_at(at_s)

    def usage_at(self, at_s: float, instance_ids: Iterable[str], /) -> Usage:
        """See `Past`."""
        return self._past().usage_at(at_s, instance_ids)

    def groups_at(
        self, at_s: float, by: str, instance_ids: Collection[str] | None, /
    ) -> tuple[Group, ...]:
        """See `Past`."""
        return self._past().groups_at(at_s, by, instance_ids)

    def close(self) -> None:
        """Let go of what it holds, if it was made."""
        if self._made is not None:
            self._made.close()

    def _past(self) -> Closable:
        if self._made is None:
            self._made = self._make()
            for instance_id, at_s in self._gone:
                self._made.note_gone(instance_id, at_s)
            self._gone = []
        return self._made


async def prepare(past: Past) -> None:
    """Prepare in a thread; where that is cancelled, it is told to stop, and waited for.

    Raises:
        OSError: The tree cannot be read, or there is no room.
    """
    stop = Event()
    await in_thread(partial(past.prepare, stop=stop), cancel=stop.set)


@runtime_checkable
class HasMoment(Protocol):
    """A panel whose selected row has a time."""

    @property
    def selected_time_s(self) -> float | None:
        """Seconds since the epoch; `None` if no row with a time is selected."""


@runtime_checkable
class ShowsMoment(Protocol):
    """A panel that reads more than views, and so must be told of time travel."""

    def show_at(self, at_s: float | None, /) -> None:
        """Show a moment; `None`: the newest again."""


@runtime_checkable
class Plays(Protocol):
    """A panel that can play what it shows."""

    def toggle_play(self) -> bool:
        """Play, or pause, if that is what `Space` means there now; whether it was."""

"""Earlier moments of the fleet, as the screen needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from logging_core.analyse.state import FleetState, Usage


class Past(Protocol):
    """Knows any earlier state of one tree; its calls block, and are made one at a time."""

    def prepare(self) -> object:
        """Read what has been written since it was last prepared."""

    def state_at(self, at_s: float) -> FleetState:
        """The fleet as it was at a moment, in seconds since the epoch."""

    def usage_at(self, at_s: float, instance_ids: Iterable[str], /) -> Usage:
        """What some instances added up to then."""


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

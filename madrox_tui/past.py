"""Earlier moments of the fleet, as the screen needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from logging_core.analyse.state import FleetState, InstanceState, Usage


class Past(Protocol):
    """Knows any earlier state of one tree; its calls block, and are made one at a time."""

    def prepare(self) -> object:
        """Read what has been written since it was last prepared."""

    def state_at(self, at_s: float) -> FleetState:
        """The fleet as it was at a moment, in seconds since the epoch."""


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


def sum_of(instances: Iterable[InstanceState]) -> Usage:
    """What instances add up to; the latency of several cannot be told from theirs."""
    usages = [instance.usage for instance in instances]
    if len(usages) == 1:
        return usages[0]
    costs = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    tokens = [usage.tokens for usage in usages if usage.tokens is not None]
    return Usage(
        requests=sum(usage.requests for usage in usages),
        tokens=sum(tokens) if tokens else None,
        cost_usd=sum(costs) if costs else None,
        unpriced=sum(usage.unpriced for usage in usages),
    )

"""What a panel may offer to its screen; each panel offers what makes sense for it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from madrox_tui.scope import Scope


@runtime_checkable
class HasScope(Protocol):
    """A panel whose selected row is about somebody."""

    @property
    def selected_scope(self) -> Scope | None:
        """Whom; `None` if nobody."""


@runtime_checkable
class HasMoment(Protocol):
    """A panel whose selected row has a time."""

    @property
    def selected_time_s(self) -> float | None:
        """Seconds since the epoch; `None` if no row with a time is selected."""


@runtime_checkable
class ShowsMoment(Protocol):
    """A panel that reads more than the view, and so must be told which time to show."""

    def show_at(self, at_s: float | None, /) -> None:
        """Show an earlier time; `None` returns to the newest."""


@runtime_checkable
class Plays(Protocol):
    """A panel that can play what it shows."""

    def toggle_play(self) -> bool:
        """Play or pause if `Space` means that now; return whether it did."""


@runtime_checkable
class Remembers(Protocol):
    """A panel that saves and restores its state."""

    def kept(self) -> dict[str, Any]:
        """Return what to save, as JSON values."""

    def restore(self, kept: dict[str, Any]) -> None:
        """Restore what was saved; it may be anything, and invalid values are ignored."""

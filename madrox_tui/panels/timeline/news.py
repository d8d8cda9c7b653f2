"""How many messages came since the end of the timeline was left. Pure."""

from __future__ import annotations

from logging_core.analyse.state import FleetState
from madrox_tui.panels.timeline.held import Wanted


class News:
    """Counts the messages that are shown below the end that somebody left."""

    def __init__(self) -> None:
        self.number = 0
        """How many came since."""
        self._seen = 0

    def see(self, state: FleetState) -> None:
        """Take all messages of a state for seen."""
        self.number, self._seen = 0, state.dropped_messages + len(state.messages)

    def count(
        self, state: FleetState, wanted: Wanted, added: int | None, *, all_seen: bool
    ) -> None:
        """Count what a newer state has.

        Args:
            state: The fleet.
            wanted: Which of its messages are shown.
            added: How many of these are new in it; `None` if others are shown than before.
            all_seen: Whether the end is still looked at.
        """
        if all_seen:
            self.see(state)
        elif added is None:
            known = max(0, self._seen - state.dropped_messages)
            self.number = sum(map(wanted.holds, state.messages[known:]))
        else:
            self.number += added

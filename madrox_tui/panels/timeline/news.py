"""How many messages came since the end of the timeline was left. Pure."""

from __future__ import annotations

import math

from logging_core.analyse.state import FleetState
from logging_core.records import Message
from madrox_tui.panels.timeline.held import Wanted


class News:
    """Counts the messages that are shown below the end that somebody left.

    Where a tree is read for the first time, that is history, but for what was written since.
    """

    def __init__(self) -> None:
        self.number = 0
        """How many came since."""
        self._left_s = -math.inf
        self._seen = 0
        self._order: int | None = None  # that `_seen` counts in; `None` while history is read

    def see(self, state: FleetState) -> None:
        """Take all messages of a state for seen."""
        self.number, self._left_s = 0, state.at_s
        self._note(state, unseen=0)

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
        elif state.reordered != self._order:
            written = [message for message in state.messages if self._is_since(message, state)]
            self.number = sum(map(wanted.holds, written))
            self._note(state, unseen=len(written))
        elif added is None:
            known = max(0, self._seen - state.dropped_messages)
            self.number = sum(map(wanted.holds, state.messages[known:]))
        else:
            self.number += added

    def _note(self, state: FleetState, *, unseen: int) -> None:
        self._seen = state.dropped_messages + len(state.messages) - unseen
        self._order = state.reordered if state.caught_up else None

    def _is_since(self, message: Message, state: FleetState) -> bool:
        return message.time_s is not None and self._left_s < message.time_s <= state.at_s

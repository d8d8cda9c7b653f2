"""The glyph and style of each state, the same in every panel."""

from __future__ import annotations

from typing import NamedTuple

from logging_core.analyse.state import State


class Look(NamedTuple):
    """A state's glyph, cell style and rank in the default order."""

    glyph: str
    style: str
    rank: int


LOOKS = {
    State.WAITING: Look("?", "warn", 0),
    State.STUCK: Look("▲", "bad", 1),
    State.ERROR: Look("✗", "bad", 2),
    State.BUSY: Look("●", "good", 3),
    State.INITIALIZING: Look("◌", "accent", 3),
    State.SUSPENDED: Look("‖", "warn", 4),
    State.IDLE: Look("○", "", 5),
    State.UNKNOWN: Look("-", "muted", 6),
    State.TERMINATED: Look("·", "muted", 7),
}
"""Ranks: those that need you first, then working, suspended, idle, unknown, terminated."""

NEEDS_YOU = frozenset({State.WAITING, State.STUCK, State.ERROR})
"""The states that need a person's attention."""

APPEARS = (
    "What a LoggingManager writes there appears by itself; madrox-top --demo shows a made-up fleet."
)
"""Said of a tree in which there is nothing."""

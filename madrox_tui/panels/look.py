"""How a state looks, the same in every panel."""

from __future__ import annotations

from typing import NamedTuple

from logging_core.analyse.state import State


class Look(NamedTuple):
    """Sign, cell style and place in the default order of a state."""

    glyph: str
    style: str
    rank: int


LOOKS = {
    State.WAITING: Look("?", "warn", 0),
    State.STUCK: Look("▲", "bad", 0),
    State.ERROR: Look("✗", "bad", 1),
    State.BUSY: Look("●", "good", 2),
    State.INITIALIZING: Look("◌", "accent", 2),
    State.IDLE: Look("○", "", 2),
    State.SUSPENDED: Look("‖", "warn", 2),
    State.UNKNOWN: Look("-", "muted", 3),
    State.TERMINATED: Look("·", "muted", 4),
}
"""Ranks: waiting, stuck and error need you, then the living, the unknown, the gone."""

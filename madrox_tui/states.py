"""How each state looks, the same in every panel, and what it means."""

from __future__ import annotations

from typing import NamedTuple

from logging_core.analyse.state import State


class Look(NamedTuple):
    """A state's glyph, cell style, rank in the default order, and meaning.

    The meaning is to be formatted with `stuck_after_s`, the setting of that name.
    """

    glyph: str
    style: str
    rank: int
    meaning: str


LOOKS = {
    State.WAITING: Look(
        "?",
        "warn",
        0,
        "its pane ends in what only a person can answer: a permission, [y/N], a login, a limit",
    ),
    State.STUCK: Look(
        "▲",
        "bad",
        1,
        "a request has been open for more than {stuck_after_s:g} s, "
        "and the pane has not changed for as long",
    ),
    State.ERROR: Look("✗", "bad", 2, "its last event is an error"),
    State.BUSY: Look("●", "good", 3, "a request is open"),
    State.INITIALIZING: Look("◌", "accent", 3, "spawned, not yet ready"),
    State.SUSPENDED: Look("‖", "warn", 4, "suspended, and not resumed since"),
    State.IDLE: Look("○", "", 5, "no request is open"),
    State.UNKNOWN: Look("-", "muted", 6, "its directory exists, but nothing in it tells the state"),
    State.TERMINATED: Look("·", "muted", 7, "shut down"),
}
"""In the order in which states are counted and instances listed: those that need you first, then
working, suspended, idle, unknown, terminated."""

NEEDS_YOU = frozenset({State.WAITING, State.STUCK, State.ERROR})
"""The states that need a person's attention."""

"""What the glyphs and headings on the screen mean, for the help screen. Pure."""

from __future__ import annotations

from typing import NamedTuple

from logging_core.text import LINE_BREAK
from madrox_tui.panels.instances.rows import BRANCH, FOLDED
from madrox_tui.panels.pane.scrubber import MARK
from madrox_tui.panels.timeline.line import ARROWS
from madrox_tui.panels.timeline.outcome import ENDED, FAILED, OPEN
from madrox_tui.plot import ESTIMATED, LEVELS
from madrox_tui.states import LOOKS
from madrox_tui.view import ACTIVITY_MINUTES
from madrox_tui.widgets.marks import MORE_LEFT, MORE_RIGHT


class Sign(NamedTuple):
    """Something on the screen, its cell style, and what it means."""

    text: str
    style: str
    meaning: str


HEADINGS = (
    Sign("FOR", "head", "how long it has been in that state"),
    Sign(
        "OPEN", "head", "age of the oldest request without a reply, after their number if several"
    ),
    Sign("SEEN", "head", "how long ago it was last active"),
    Sign(
        f"LAST {ACTIVITY_MINUTES}m", "head", "records per minute, up to the busiest of any instance"
    ),
    Sign("WHY", "head", "what it was asked or said last, else why it is in that state"),
)
"""Headings of the instances panel that do not speak for themselves."""

SIGNS = (
    Sign(f"{BRANCH} {FOLDED} +3", "", "a branch of the tree; folded, and with 3 in it"),
    Sign("$1.50+", "", "at least that much: some exchanges have no recorded cost"),
    Sign("unpriced", "", "exchanges without a recorded cost"),
    Sign(" ".join(ARROWS.values()), "accent", "a message to an instance, and one from it"),
    Sign(LINE_BREAK, "muted", "a line break"),
    Sign(f"{OPEN} open 5m", "warn", "no reply for that long"),
    Sign(f"{FAILED} failed", "bad", "a request failed, so long after it was sent"),
    Sign(ENDED, "warn", "a request had no reply when its instance was terminated or spawned again"),
    Sign(f"{OPEN} at 14:05", "accent", "all panels show that moment"),
    Sign(f"{MORE_LEFT} {MORE_RIGHT}", "muted", "the row goes on: scroll sideways"),
    Sign(
        f"{LEVELS[2:5]}{MARK}{LEVELS[1:3]}",
        "accent",
        "how much a pane changed when, and the frame shown",
    ),
    Sign(f"{ESTIMATED}1.2s {LEVELS[1:5]} 9s", "accent", "about how many replies took how long"),
)
"""What else is drawn."""


def legend(stuck_after_s: float) -> list[Sign]:
    """Return the states, the headings, and the other signs.

    Args:
        stuck_after_s: The setting of that name.
    """
    states = (
        Sign(
            f"{look.glyph} {state.value}",
            look.style,
            look.meaning.format(stuck_after_s=stuck_after_s),
        )
        for state, look in LOOKS.items()
    )
    return [*states, *HEADINGS, *SIGNS]

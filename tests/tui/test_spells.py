"""The log of who needed somebody: when that began and ended, and how."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from fleets import NOW_S, instance, view
from logging_core.analyse.state import InstanceState, OpenRequest, State
from madrox_tui.changes.spells import Spell, SpellLog

ASKED_S = NOW_S - 300


def atlas(state: State, since_s: float | None, reason: str = "", **more: Any) -> InstanceState:
    return msgspec.structs.replace(
        instance("a1", "atlas", state, reason=reason), since_s=since_s, **more
    )


WAITS = atlas(State.WAITING, ASKED_S, "Overwrite? [y/N]", pane_changed_s=ASKED_S)
STUCK = atlas(State.STUCK, ASKED_S, "request m-1 open", pane_changed_s=ASKED_S - 120)
FAILED = atlas(State.ERROR, ASKED_S, "tmux session lost")
RESTS = atlas(State.IDLE, NOW_S - 900, "ready")


def seen(*states: InstanceState | None, most: int = 9) -> SpellLog:
    """A log that saw an instance so, one view a second up to the present."""
    log = SpellLog(most)
    for place, state in enumerate(states):
        shown = [instance("z9"), *([state] if state else [])]
        log.look(view(shown, at_s=NOW_S + 1 + place - len(states)))
    return log


def spells(*states: InstanceState | None) -> list[Spell]:
    return seen(*states).between(0.0, math.inf)


@pytest.mark.parametrize(
    ("before", "after", "until_s", "end"),
    [
        (
            WAITS,
            atlas(State.BUSY, ASKED_S - 60, pane_changed_s=ASKED_S + 200),
            ASKED_S + 200,
            "answered",
        ),
        (
            WAITS,
            atlas(State.IDLE, ASKED_S + 250, "reply m-1", pane_changed_s=ASKED_S + 200),
            ASKED_S + 200,
            "answered",
        ),
        (
            WAITS,
            atlas(State.BUSY, ASKED_S + 40, pane_changed_s=ASKED_S),
            ASKED_S + 40,
            "answered",
        ),
        (WAITS, atlas(State.TERMINATED, ASKED_S + 90), ASKED_S + 90, "terminated"),
        (WAITS, atlas(State.ERROR, ASKED_S + 90, "lost"), ASKED_S + 90, "failed"),
        (WAITS, None, NOW_S, "deleted"),
        (WAITS, atlas(State.UNKNOWN, None), NOW_S, "answered"),
        (STUCK, atlas(State.IDLE, ASKED_S + 180, "reply m-1"), ASKED_S + 180, "replied"),
        (
            STUCK,
            atlas(State.BUSY, ASKED_S - 240, pane_changed_s=ASKED_S + 30),
            ASKED_S + 30,
            "went on",
        ),
        (STUCK, msgspec.structs.replace(WAITS, since_s=ASKED_S + 30), ASKED_S + 30, "asked"),
        (FAILED, atlas(State.BUSY, ASKED_S + 100), ASKED_S + 100, "back"),
        (FAILED, atlas(State.ERROR, ASKED_S + 100, "disk full"), ASKED_S + 100, "failed"),
        (FAILED, atlas(State.BUSY, NOW_S + 500), NOW_S, "back"),
    ],
)
def test_how_it_ended(
    before: InstanceState, after: InstanceState | None, until_s: float, end: str
) -> None:
    """With the time of the next state, or of the pane's change; never later than it was seen."""
    (spell,) = spells(RESTS, before, after)
    assert (spell.instance_id, spell.label) == ("a1", "atlas")
    assert (spell.state, spell.reason) == (before.state, before.reason)
    assert (spell.since_s, spell.until_s, spell.end) == (ASKED_S, until_s, end)


def test_what_goes_on_is_not_logged() -> None:
    """Neither who needs somebody still, though the pane moves, nor who never did."""
    moved = msgspec.structs.replace(WAITS, since_s=ASKED_S + 60, pane_changed_s=ASKED_S + 60)
    assert spells(RESTS, WAITS, moved, moved) == []
    assert spells(RESTS, atlas(State.BUSY, NOW_S - 1), RESTS) == []
    more = msgspec.structs.replace(STUCK, reason="request m-1 open, 1 more")
    assert spells(STUCK, more) == []


def test_the_moving_pane_does_not_answer() -> None:
    """A question has been open since it was first shown; its end is a later change."""
    moved = msgspec.structs.replace(WAITS, since_s=ASKED_S + 60, pane_changed_s=ASKED_S + 60)
    answered = atlas(State.BUSY, ASKED_S + 90, pane_changed_s=ASKED_S + 60)
    (spell,) = spells(WAITS, moved, answered)
    assert (spell.since_s, spell.until_s) == (ASKED_S, ASKED_S + 90)


def test_another_question_is_another_spell() -> None:
    """The first one is answered when the next one is there."""
    other = msgspec.structs.replace(
        WAITS, reason="Log in?", since_s=ASKED_S + 60, pane_changed_s=ASKED_S + 60
    )
    first, *more = spells(WAITS, other)
    assert (first.reason, first.until_s, first.end) == (WAITS.reason, ASKED_S + 60, "answered")
    assert more == []


def test_a_question_that_the_pane_still_shows_was_not_answered() -> None:
    """A record may hide it until the next capture: that is one spell, not two."""
    hidden = atlas(State.IDLE, ASKED_S + 100, pane_changed_s=ASKED_S)
    assert spells(WAITS, hidden, WAITS) == []
    (spell,) = spells(WAITS, hidden, WAITS, atlas(State.IDLE, ASKED_S + 200))
    assert (spell.since_s, spell.until_s) == (ASKED_S, ASKED_S + 200)
    again = msgspec.structs.replace(WAITS, since_s=ASKED_S + 150)
    assert len(spells(WAITS, hidden, again)) == 1


def test_what_is_read_at_first_is_no_news() -> None:
    """While the tree is read, states come and go that are long past."""
    log = SpellLog()
    reading = msgspec.structs.replace(view([WAITS]), unread="reading history")
    log.look(reading)
    known_from = [log.from_s]
    log.look(view([RESTS], at_s=NOW_S + 5))
    known_from.append(log.from_s)
    assert log.between(0.0, math.inf) == []
    log.look(view([WAITS], at_s=NOW_S + 6))
    log.look(msgspec.structs.replace(view([RESTS]), unread="reading history"))
    log.look(view([RESTS], at_s=NOW_S + 8))
    assert log.between(0.0, math.inf) == []
    assert [*known_from, log.from_s] == [None, NOW_S + 5, NOW_S + 8]


def test_only_the_newest_are_kept() -> None:
    """A day of questions takes no more memory than an hour; the last to end comes first."""
    states: list[InstanceState | None] = []
    for number in range(20):
        at_s = ASKED_S + 10 * number
        states.append(atlas(State.WAITING, at_s, f"question {number}?", pane_changed_s=at_s))
        states.append(atlas(State.IDLE, at_s + 5))
    log = seen(*states, most=5)
    assert [s.reason for s in log.between(0.0, math.inf)] == [
        f"question {n}?" for n in range(19, 14, -1)
    ]
    assert [s.reason for s in log.between(ASKED_S + 185, math.inf)] == ["question 19?"]


def test_what_is_no_longer_kept_is_not_denied() -> None:
    """All that ended later than the last one that was let go of is known."""
    log = SpellLog(2)
    log.look(view([RESTS], at_s=ASKED_S))
    for at in (10, 20, 30):
        log.look(view([atlas(State.ERROR, ASKED_S + at, f"no {at}")], at_s=ASKED_S + at + 1))
        log.look(view([atlas(State.IDLE, ASKED_S + at + 5, "ready")], at_s=ASKED_S + at + 6))
    assert [spell.reason for spell in log.between(0.0, math.inf)] == ["no 30", "no 20"]
    assert log.from_s == ASKED_S + 15


def test_what_hung_is_said_in_words() -> None:
    """The request that was open, not its id."""
    asked = OpenRequest("m-1", NOW_S - 400, "Draw the plan.")
    (spell,) = spells(msgspec.structs.replace(STUCK, open_requests=(asked,)), RESTS)
    assert spell.reason == "Draw the plan."


def test_who_fails_while_it_hangs_hangs_once() -> None:
    """An error hides a request that stays open: the time in which it hangs is one, not many."""
    failures = [atlas(State.ERROR, ASKED_S + at_s, f"failure {at_s}") for at_s in (100, 200)]
    more = msgspec.structs.replace(STUCK, reason="request m-1 open, 8 more")
    again = (STUCK, failures[0], STUCK, failures[1], more)
    assert [s.reason for s in spells(*again)] == ["failure 200", "failure 100"]
    replied = spells(*again, atlas(State.IDLE, ASKED_S + 280, "reply m-1"))
    assert [(s.state, s.since_s, s.end) for s in replied if s.state is State.STUCK] == [
        (State.STUCK, ASKED_S, "replied")
    ]

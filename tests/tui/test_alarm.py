"""When a person is called."""

from __future__ import annotations

from fleets import NOW_S, instance, view
from logging_core.analyse.state import InstanceState, State
from madrox_tui.panels.instances.alarm import Alarm

RESTS = instance("a1", "atlas", State.IDLE)
WAITS = instance("a1", "atlas", State.WAITING, since=30, reason="Go on? [y/N]")
HANGS = instance("a1", "atlas", State.STUCK, since=90)
FAILED = instance("a1", "atlas", State.ERROR, since=5, reason="no reply")


def called(*states: InstanceState) -> list[bool]:
    """Whether a person is called at each of these, one view after the other."""
    alarm, views = Alarm(), [view([state], at_s=NOW_S + at) for at, state in enumerate(states)]
    return [bool(alarm.news(one)) for one in views]


def test_a_person_is_called_when_somebody_begins_to_need_one() -> None:
    """Once, and not for what was so at the start."""
    assert called(RESTS, WAITS, WAITS, RESTS) == [False, True, False, False]
    assert called(WAITS, WAITS) == [False, False]


def test_nobody_is_called_twice_for_one_need() -> None:
    """A record may hide a question until the next capture, and an error a request that hangs."""
    assert called(RESTS, WAITS, RESTS, WAITS, RESTS, WAITS) == [False, True, *[False] * 4]
    assert called(RESTS, HANGS, RESTS, FAILED, RESTS, HANGS) == [
        *(False, True, False, True, False, False)
    ]
    again = instance("a1", "atlas", State.WAITING, since=2, reason="Go on? [y/N]")
    assert called(RESTS, WAITS, RESTS, again) == [False, True, False, True]

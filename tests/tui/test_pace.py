"""How often a busy tree is looked at and shown."""

from __future__ import annotations

import pytest

from madrox_tui.feed.pace import (
    MANY_PER_S,
    MAX_REST_S,
    MIN_REST_S,
    PARTS_S,
    SHARE,
    Pace,
)


class Machine:
    """A clock and a processor that tests move."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.used_s = 5.0
        self.pace = Pace(lambda: self.now_s, lambda: self.used_s)

    def look(self, cost_s: float, events_per_s: float = MANY_PER_S) -> float:
        """A look that keeps one core busy, and the rest after it; how long that is."""
        self.now_s += cost_s
        self.used_s += cost_s
        rest_s = self.pace.rest_s(events_per_s)
        self.now_s += rest_s
        return rest_s


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_what_a_person_can_follow_is_shown_at_once(machine: Machine) -> None:
    """However long a look took: there is no rest below so many events a second."""
    assert machine.look(10.0, MANY_PER_S - 1) == 0.0


def test_cheap_looks_follow_each_other_at_a_rate_that_can_be_read(machine: Machine) -> None:
    """Many events on a fast machine: four views a second."""
    assert machine.look(0.001) == MIN_REST_S


@pytest.mark.parametrize("cost_s", [0.2, 0.3, 0.4])
def test_looks_take_their_share_of_a_core(machine: Machine, cost_s: float) -> None:
    """The dearer they are, the longer the rest."""
    began_s, used_s = machine.now_s, machine.used_s
    for _ in range(10):
        machine.look(cost_s)
    assert (machine.used_s - used_s) / (machine.now_s - began_s) == pytest.approx(SHARE)


def test_what_is_painted_during_a_rest_counts_too(machine: Machine) -> None:
    """The next rest is longer by what it takes to earn that."""
    plain_s = machine.look(0.2)
    machine.used_s += 0.1
    assert machine.look(0.2) == pytest.approx(plain_s + 0.1 / SHARE)


def test_no_rest_is_longer_than_a_person_would_wait(machine: Machine) -> None:
    """On the slowest machine as well, and after it the account begins anew."""
    assert machine.look(60.0) == MAX_REST_S
    assert machine.look(0.001) == MIN_REST_S


def test_quiet_time_is_not_saved_up(machine: Machine) -> None:
    """After an hour without events the first burst rests as any other, the second in full."""
    machine.look(0.001, 0.0)
    machine.now_s += 3600
    assert machine.look(0.3) == MIN_REST_S
    assert machine.look(0.3) == pytest.approx(0.3 / SHARE - 0.3)


def test_parts_of_the_history_are_shown_now_and_then(machine: Machine) -> None:
    """The first at once; while much happens they wait for the whole, if it comes soon."""
    assert machine.pace.wants_part(0.0)
    machine.pace.shown()
    assert not machine.pace.wants_part(0.0)
    machine.now_s += PARTS_S
    assert machine.pace.wants_part(0.0)
    assert not machine.pace.wants_part(MANY_PER_S)
    machine.now_s += MAX_REST_S
    assert machine.pace.wants_part(MANY_PER_S)


def test_ages_are_shown_every_tick_unless_views_come_anyway(machine: Machine) -> None:
    """And soon again once these end, whatever the rate is still said to be."""
    machine.pace.shown()
    assert machine.pace.wants_tick(1.0, 0.0)
    assert not machine.pace.wants_tick(1.0, MANY_PER_S)
    machine.now_s += 1.0 + MAX_REST_S
    assert machine.pace.wants_tick(1.0, MANY_PER_S)

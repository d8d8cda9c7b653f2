"""How often a busy tree is looked at and shown."""

from __future__ import annotations

import pytest

from madrox_tui.feed.pace import FOLLOWED, MANY, MANY_PER_S, PARTS_S, Pace

FEW_PER_S = 10.0
"""What a person can follow."""


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


def test_what_happens_after_a_quiet_while_is_shown_at_once(machine: Machine) -> None:
    """Looks that take as much as quiet time saves up at most have no rest after them."""
    machine.now_s += 3600
    for _ in range(20):
        assert machine.look(FOLLOWED.saved_s / 20, FEW_PER_S) == 0.0
    assert machine.look(0.09, FEW_PER_S) + machine.look(0.09, FEW_PER_S) > 0.0


def test_a_fleet_that_works_all_the_time_takes_its_share_of_a_core(machine: Machine) -> None:
    """Of ten updates a second some are then shown together, 0.3 s late at most."""
    while machine.look(0.015, FEW_PER_S) == 0.0:
        pass
    began_s, used_s = machine.now_s, machine.used_s
    for _ in range(100):
        machine.now_s += 0.1  # until the next update
        rest_s = machine.look(0.015, FEW_PER_S)
        assert rest_s <= 0.3
    assert (machine.used_s - used_s) / (machine.now_s - began_s) == pytest.approx(
        FOLLOWED.share, rel=0.02
    )


def test_a_fleet_that_begins_to_work_takes_hardly_more(machine: Machine) -> None:
    """What quiet time saved up shows the first updates at once, and is used up soon."""
    machine.now_s += 3600
    began_s, used_s = machine.now_s, machine.used_s
    while machine.now_s < began_s + 20.0:
        machine.now_s += 0.1
        machine.look(0.02, FEW_PER_S)
    assert (machine.used_s - used_s) / (machine.now_s - began_s) < FOLLOWED.share + 0.02


def test_no_rest_where_a_person_can_follow_is_one_to_notice(machine: Machine) -> None:
    """Of a fleet on a slow machine as well, and the account begins anew after it."""
    while machine.look(0.09, FEW_PER_S) == 0.0:
        pass
    assert 0.0 < machine.look(0.09, FEW_PER_S) <= 0.3
    machine.now_s += 1.0
    assert machine.look(0.01, FEW_PER_S) == 0.0


def test_events_that_no_rest_would_join_are_shown_at_once(machine: Machine) -> None:
    """Two a second, for long and however dear: each would only be shown later by itself."""
    for _ in range(200):
        machine.now_s += 0.4
        assert machine.look(0.1, 2.0) == 0.0


def test_what_is_done_once_is_not_paid_for_by_what_comes_after(machine: Machine) -> None:
    """A whole history that was read, or keys that were typed, leave the first updates at once."""
    assert machine.look(60.0, FEW_PER_S) == 0.0
    for _ in range(10):
        assert machine.look(0.02, FEW_PER_S) == 0.0


def test_cheap_looks_follow_each_other_at_a_rate_that_can_be_read(machine: Machine) -> None:
    """Many events on a fast machine: four views a second."""
    assert machine.look(0.001) == 0.25


@pytest.mark.parametrize("cost_s", [0.2, 0.3, 0.4])
def test_looks_take_their_share_of_a_core(machine: Machine, cost_s: float) -> None:
    """The dearer they are, the longer the rest."""
    began_s, used_s = machine.now_s, machine.used_s
    for _ in range(10):
        machine.look(cost_s)
    assert (machine.used_s - used_s) / (machine.now_s - began_s) == pytest.approx(MANY.share)


def test_what_is_painted_during_a_rest_counts_too(machine: Machine) -> None:
    """The next rest is longer by what it takes to earn that."""
    plain_s = machine.look(0.2)
    machine.used_s += 0.1
    assert machine.look(0.2) == pytest.approx(plain_s + 0.1 / MANY.share)


def test_no_rest_is_longer_than_a_person_would_wait(machine: Machine) -> None:
    """On the slowest machine as well, and after it the account begins anew."""
    assert machine.look(60.0) == MANY.longest_s
    assert machine.look(0.001) == MANY.shortest_s


def test_quiet_time_is_not_saved_up_for_a_flood(machine: Machine) -> None:
    """After an hour without events the first burst rests as any other, the second in full."""
    machine.look(0.001, 0.0)
    machine.now_s += 3600
    assert machine.look(0.3) == MANY.shortest_s
    assert machine.look(0.3) == pytest.approx(0.3 / MANY.share - 0.3)


def test_parts_of_the_history_are_shown_now_and_then(machine: Machine) -> None:
    """The first at once; while much happens they wait for the whole, if it comes soon."""
    assert machine.pace.wants_part(0.0)
    machine.pace.shown()
    assert not machine.pace.wants_part(0.0)
    machine.now_s += PARTS_S
    assert machine.pace.wants_part(0.0)
    assert not machine.pace.wants_part(MANY_PER_S)
    machine.now_s += MANY.longest_s
    assert machine.pace.wants_part(MANY_PER_S)


def test_ages_are_shown_every_tick_unless_views_come_anyway(machine: Machine) -> None:
    """A tick after the last view; where many events come the next view is waited for."""
    machine.pace.shown()
    assert machine.pace.till_tick_s(1.0, FEW_PER_S) == 1.0
    assert machine.pace.till_tick_s(1.0, MANY_PER_S) == 1.0 + MANY.longest_s
    machine.now_s += 1.0
    assert machine.pace.till_tick_s(1.0, FEW_PER_S) == 0.0
    machine.pace.shown()
    assert machine.pace.till_tick_s(1.0, FEW_PER_S) == 1.0

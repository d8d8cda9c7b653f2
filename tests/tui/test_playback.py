"""When the next frame of a replay is due."""

from __future__ import annotations

import pytest

from madrox_tui.panels.pane.playback import MAX_GAP_S, MIN_GAP_S, SPEEDS, Playback


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_real_speed(clock: Clock) -> None:
    """Frames come at the distance in which they were captured."""
    playback = Playback(clock)
    assert playback.wait_s(10.0, 10.5) == pytest.approx(0.5)


def test_gaps_are_shortened(clock: Clock) -> None:
    """However long nothing happened, the next frame comes within a second."""
    assert Playback(clock).wait_s(10.0, 5_000.0) == MAX_GAP_S


def test_faster_and_slower(clock: Clock) -> None:
    """The speeds are 1, 2, 5, 10 and 60 times real; there is nothing beyond them."""
    playback = Playback(clock)
    seen = [playback.speed]
    for _ in range(6):
        playback.change_speed(1)
        seen.append(playback.speed)
    assert seen == [*SPEEDS, 60, 60]
    assert playback.wait_s(0.0, 30.0) == pytest.approx(0.5)
    playback.change_speed(-9)
    assert playback.speed == 1


def test_reading_counts_as_waiting(clock: Clock) -> None:
    """The time spent reading the next frame counts towards the wait."""
    playback = Playback(clock)
    playback.frame_shown()
    clock.now_s += 0.3
    assert playback.wait_s(0.0, 0.8) == pytest.approx(0.5)
    clock.now_s += 5
    assert playback.wait_s(0.0, 0.8) == 0.0


@pytest.mark.parametrize("times", [(None, 5.0), (5.0, None), (5.0, 4.0), (5.0, 5.0)])
def test_times_that_make_no_sense(clock: Clock, times: tuple[float | None, float | None]) -> None:
    """After unknown or backward times the next frame comes soon, but not faster than the limit."""
    assert Playback(clock).wait_s(*times) == pytest.approx(MIN_GAP_S)

"""Where in a recording the user wants to go, and finding the frame."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from logging_core.analyse.state import InstanceState
from logging_core.records import FrameRef
from madrox_tui import format as fmt
from madrox_tui.panels.pane.frame_source import FrameSource


class GoalKind(Enum):
    """How a goal is specified."""

    NEWEST = auto()
    FIRST = auto()
    STEP = auto()
    DIFFERING = auto()
    MOMENT = auto()


class Goal(NamedTuple):
    """A frame to go to.

    Attributes:
        kind: How it is specified.
        amount: For `STEP` the number of frames, for `DIFFERING` the direction, for `MOMENT`
            seconds since the epoch.
        start: Where to go first; `None` to begin at the frame on the screen.
    """

    kind: GoalKind
    amount: float = 0.0
    start: Goal | None = None

    @property
    def is_relative(self) -> bool:
        """Whether it depends on the frame on the screen."""
        return self.kind in {GoalKind.STEP, GoalKind.DIFFERING}

    def then(self, later: Goal) -> Goal:
        """Merge with a later goal that arrives before this one is reached."""
        if not later.is_relative:
            return later
        if self.kind is later.kind is GoalKind.STEP:
            return self._replace(amount=self.amount + later.amount)
        return later._replace(start=self.start if self.is_relative else self)


def facts(ref: FrameRef, now_s: float) -> Iterator[str]:
    """Yield a frame's time of day, its age, and whether it is suspect."""
    yield fmt.clock(ref.time_s)
    if ref.time_s is not None:
        yield f"{fmt.age(now_s - ref.time_s)} ago"
    if ref.suspect:
        yield fmt.suspect(ref.suspect)


class Reached(NamedTuple):
    """How far the way to a goal led.

    Attributes:
        ref: The frame there; `None` if there is none, or it is already shown.
        rest: The steps that lead beyond the last frame; `None` if there are none.
    """

    ref: FrameRef | None
    rest: Goal | None = None


async def reach(
    goal: Goal, source: FrameSource, instance: InstanceState, here: FrameRef | None
) -> Reached:
    """Find the frame of a goal.

    Args:
        goal: Where to go.
        source: Where frames come from.
        instance: The instance whose frames are shown.
        here: The frame on the screen; without one, what is next is the first.
    """
    if goal.kind is GoalKind.NEWEST:
        return Reached(instance.newest_frame or await source.newest(instance.instance_id))
    if goal.is_relative and here is not None:
        return await _walk(goal, source, here)
    if goal.is_relative and goal.amount < 0:
        return Reached(None)
    if goal.is_relative or goal.kind is GoalKind.FIRST:
        return Reached(await source.first(instance.instance_id))
    return Reached(await source.at(instance.instance_id, goal.amount))


async def _walk(goal: Goal, source: FrameSource, here: FrameRef) -> Reached:
    amount = int(goal.amount)
    if amount == 0:
        return Reached(None)
    if goal.kind is GoalKind.DIFFERING:
        step = await source.differing(here, amount)
        return Reached(None if step is None else step.ref)
    step = await source.step(here, amount)
    if step is None:
        return Reached(None)
    left = amount - step.steps
    return Reached(step.ref, Goal(GoalKind.STEP, left) if left > 0 else None)

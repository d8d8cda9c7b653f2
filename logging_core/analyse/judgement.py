"""What one instance is doing at a moment: what its records prove, and what its pane shows then."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from logging_core.analyse.activity import FUTURE_S
from logging_core.analyse.evidence import Evidence, Verdict
from logging_core.analyse.facts import PaneChange
from logging_core.analyse.prompts import Pattern, find_question
from logging_core.analyse.state import OpenRequest, State, Usage
from logging_core.wall_clock import latest_reading, same_reading_until_s

_MAY_WAIT = frozenset({State.INITIALIZING, State.BUSY, State.IDLE, State.ERROR, State.UNKNOWN})


class Around(NamedTuple):
    """What an instance's state depends on besides the records about it.

    Attributes:
        now_s: The moment.
        stuck_after_s: See `FleetModel`.
        usage: What an instance's exchanges add up to.
        is_known: Whether there is an instance of this id.
        spawned_s: When each life of an instance began.
        prompts: See `FleetModel`.
    """

    now_s: float
    stuck_after_s: float
    usage: Callable[[str], Usage]
    is_known: Callable[[str], bool]
    spawned_s: Callable[[str], tuple[float, ...]]
    prompts: Sequence[Pattern]


class Judgement(NamedTuple):
    """A verdict, and how long it holds if no record comes.

    Attributes:
        verdict: What it is doing.
        until_s: The last moment at which that is so.
    """

    verdict: Verdict
    until_s: float


def judge(
    evidence: Evidence,
    pane: PaneChange,
    still_open: tuple[OpenRequest, ...],
    instance_type: str | None,
    around: Around,
) -> Judgement:
    """What an instance is doing.

    Args:
        evidence: What its records prove.
        pane: What its pane shows, and since when.
        still_open: Its requests, as `Evidence.still_open` gave them.
        instance_type: Which program asks in its pane, if that is known.
        around: The moment, and how to judge.
    """
    verdict = evidence.judge(still_open)
    question = None
    if verdict.state in _MAY_WAIT and not evidence.has_ended:
        question = _question(evidence, pane, instance_type, around.prompts)
    if question is not None:
        return Judgement(Verdict(State.WAITING, question, pane.changed_s), math.inf)
    if verdict.state is not State.BUSY:
        return Judgement(verdict, math.inf)
    stuck_s = _stuck_s(still_open, pane, around)
    if around.now_s <= stuck_s:
        return Judgement(verdict, stuck_s)
    seen = "pane unchanged" if pane.newest is not None else "no pane to be seen"
    until_s = _stuck_until_s(still_open, pane, around.now_s)
    return Judgement(Verdict(State.STUCK, f"{verdict.reason}, {seen}", stuck_s), until_s)


def _question(
    evidence: Evidence, pane: PaneChange, instance_type: str | None, prompts: Sequence[Pattern]
) -> str | None:
    """What the pane asks a person, if nothing newer shows that it was answered."""
    frame = pane.newest
    if frame is None or (frame.time_s is not None and evidence.went_on(frame.time_s)):
        return None
    return find_question(pane.tail.decode(), instance_type, prompts)


def _stuck_s(still_open: tuple[OpenRequest, ...], pane: PaneChange, around: Around) -> float:
    """The last moment at which it counts as busy still."""
    oldest_s = still_open[0].since_s
    if oldest_s is None:
        return math.inf
    changed_s = pane.changed_s
    if changed_s is None or changed_s > around.now_s + FUTURE_S:
        changed_s = oldest_s
    return max(oldest_s, latest_reading(changed_s, around.now_s)) + around.stuck_after_s


def _stuck_until_s(still_open: tuple[OpenRequest, ...], pane: PaneChange, now_s: float) -> float:
    """The last moment at which none of what makes it stuck may be younger than it seems."""
    times = (*(request.since_s for request in still_open), pane.changed_s)
    known = [time_s for time_s in times if time_s is not None and time_s <= now_s]
    return min(same_reading_until_s(time_s, now_s) for time_s in known)

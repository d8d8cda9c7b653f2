"""A log of the times in which instances needed somebody, of those that ended. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from logging_core.analyse.state import InstanceState, State
from madrox_tui.panels.instances.reasons import why
from madrox_tui.states import NEEDS_YOU
from madrox_tui.view import View

MAX_SPELLS = 1_000
"""So many of the newest are kept."""

_GOES_ON = {State.WAITING: "answered", State.STUCK: "went on", State.ERROR: "back"}


class Spell(msgspec.Struct, frozen=True, gc=False):
    """A time in which an instance needed somebody.

    Attributes:
        instance_id: Which one.
        label: What a person calls it.
        state: In which state it was.
        reason: Why: what it asked, what was asked of it, or the error.
        since_s: Since when; `None`: unknown.
        until_s: Until when.
        end: How that ended, in a word or two: `answered`.
    """

    instance_id: str
    label: str
    state: State
    reason: str
    since_s: float | None
    until_s: float
    end: str


def goes_on(begun: InstanceState, now: InstanceState) -> bool:
    """Return whether one still needs somebody; another question or another error is another need.

    Args:
        begun: The instance when it needed somebody.
        now: The instance.
    """
    if begun.state is not now.state:
        return False
    return begun.state is State.STUCK or begun.reason == now.reason


class SpellLog:
    """Compares views with the ones before, and keeps the newest spells that ended.

    Attributes:
        from_s: Since when all of them are known; `None` while the tree is read for the first time.
    """

    def __init__(self, most: int = MAX_SPELLS) -> None:
        self.from_s: float | None = None
        self._spells: deque[Spell] = deque(maxlen=most)
        self._instances: Sequence[InstanceState] = ()
        self._known: dict[str, InstanceState] = {}
        self._begun: dict[str, InstanceState] = {}  # who needs somebody, as it was at first

    def look(self, view: View) -> None:
        """Take in the next live view."""
        if not view.is_read:
            self.from_s, self._instances = None, ()
            self._known.clear()
            self._begun.clear()
            return
        state, instances = view.state, view.state.instances
        if self.from_s is None:
            self.from_s = state.at_s
        if instances is self._instances:
            return
        self._instances = instances
        for instance in instances:
            if self._known.get(instance.instance_id) is not instance:
                self._follow(instance, state.at_s)
        if len(self._known) > len(instances):
            for gone in self._known.keys() - {i.instance_id for i in instances}:
                self._end(self._known.pop(gone), None, state.at_s)

    def between(self, since_s: float, until_s: float) -> list[Spell]:
        """Return those that ended after a moment, up to another; the one that ended last first."""
        found = [spell for spell in self._spells if since_s < spell.until_s <= until_s]
        return sorted(found, key=lambda spell: spell.until_s, reverse=True)

    def _follow(self, instance: InstanceState, at_s: float) -> None:
        before, begun = (d.get(instance.instance_id) for d in (self._known, self._begun))
        self._known[instance.instance_id] = instance
        if before is not None and begun is not None and not goes_on(begun, instance):
            self._end(before, instance, at_s)
            begun = None
        if begun is None and instance.state in NEEDS_YOU:
            self._begun[instance.instance_id] = self._resumed(instance)

    def _end(self, before: InstanceState, after: InstanceState | None, at_s: float) -> None:
        """Log the end of a spell, if the instance was in one."""
        begun = self._begun.pop(before.instance_id, None)
        if begun is not None:
            if len(self._spells) == self._spells.maxlen and self.from_s is not None:
                self.from_s = max(self.from_s, self._spells[0].until_s)
            self._spells.append(
                Spell(
                    begun.instance_id,
                    before.label,
                    begun.state,
                    why(before),
                    begun.since_s,
                    _ended_s(before, after, at_s),
                    _how_ended(before, after),
                )
            )

    def _resumed(self, instance: InstanceState) -> InstanceState:
        """How the spell began; one that only seemed to end goes on.

        An error hides a request that stays open, and any record what a pane still asks.
        """
        who, state = instance.instance_id, instance.state
        alike = (s for s in reversed(self._spells) if (s.instance_id, s.state) == (who, state))
        last = next(alike, None)
        if last is None or instance.since_s is None or instance.since_s > last.until_s:
            return instance
        if state is not State.STUCK and last.reason != why(instance):
            return instance
        self._spells.remove(last)
        return msgspec.structs.replace(instance, since_s=last.since_s)


def _ended_s(before: InstanceState, after: InstanceState | None, at_s: float) -> float:
    """When a state ended: with the next one, or when the pane changed; at the latest now."""
    if after is None:
        return at_s
    changed_s = after.pane_changed_s if after.pane_changed_s != before.pane_changed_s else None
    earliest_s = before.since_s or 0.0
    known = [t for t in (after.since_s, changed_s) if t is not None and t > earliest_s]
    return min([*known, at_s])


def _how_ended(before: InstanceState, after: InstanceState | None) -> str:
    if after is None:
        return "deleted"
    if after.state is State.TERMINATED:
        return "terminated"
    if after.state is State.ERROR:
        return "failed"
    if before.state is State.STUCK and after.state is State.WAITING:
        return "asked"
    if before.state is State.STUCK and after.reason.startswith("reply"):
        return "replied"
    return _GOES_ON[before.state]

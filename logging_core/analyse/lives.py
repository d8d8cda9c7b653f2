"""The lives of instances: who is spawned again may call another message by the same id."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from logging_core.analyse.columns import Columns

MAX_LIVES = 4_096
"""So many of an instance's newest lives are told apart; what was before is one, once that is known:
who is spawned so often may be told of otherwise by who follows it than by who reads it later."""

MAX_SHOWN = 64
"""Of so many of the newest it is shown when they began."""


class Lives:
    """When each instance was spawned.

    What happens at that very moment is of the life before, whichever of the two is read first.
    """

    __slots__ = ("_spawned",)

    def __init__(self) -> None:
        self._spawned: dict[str | None, array[float]] = {}

    def begin(self, instance_id: str | None, at_s: float) -> bool:
        """An instance was spawned; told of twice, that is one life, and false the second time."""
        spawned = self._spawned.get(instance_id)
        if spawned is None:
            spawned = self._spawned[instance_id] = array("d")
        place = bisect_left(spawned, at_s)
        if place < len(spawned) and spawned[place] == at_s:
            return False
        spawned.insert(place, at_s)
        if len(spawned) <= MAX_LIVES:
            return True
        del spawned[0]
        return place > 0

    def begun_s(self, instance_id: str | None, at_s: float | None) -> float:
        """When the life began that a moment is in; minus infinity if no spawn before is known."""
        return life_begin_s(self._spawned.get(instance_id, ()), at_s)

    def ended_s(self, instance_id: str | None, at_s: float | None) -> float:
        """When the life after it began; infinity if no spawn after it is known."""
        return life_end_s(self._spawned.get(instance_id, ()), at_s)

    def spawned_s(self, instance_id: str | None) -> tuple[float, ...]:
        """When each of an instance's newest lives began, oldest first."""
        return tuple(self._spawned.get(instance_id, ())[-MAX_SHOWN:])

    def split(self, instance_id: str | None, exchanges: Columns) -> Iterator[tuple[float, Columns]]:
        """An instance's exchanges by life: when that began, and those of it in their order."""
        spawned = self._spawned.get(instance_id)
        if spawned is None or min(exchanges.times, default=math.inf) > spawned[-1]:
            yield -math.inf if spawned is None else spawned[-1], exchanges
            return
        rows: dict[float, list[int]] = {}
        for row, time_s in enumerate(exchanges.times):
            rows.setdefault(self.begun_s(instance_id, time_s), []).append(row)
        for begun_s, chosen in rows.items():
            yield begun_s, exchanges.only(chosen)


def life_end_s(spawned: Sequence[float], at_s: float | None) -> float:
    """When the life after the one that a moment is in began; infinity if none is known.

    Args:
        spawned: When each life began, ascending.
        at_s: The moment; `None` if unknown.
    """
    place = len(spawned) if at_s is None else bisect_left(spawned, at_s)
    return spawned[place] if place < len(spawned) else math.inf


def life_begin_s(spawned: Sequence[float], at_s: float | None) -> float:
    """When the life began that a moment is in; minus infinity if no spawn before is known."""
    place = 0 if at_s is None else bisect_left(spawned, at_s)
    return spawned[place - 1] if place else -math.inf

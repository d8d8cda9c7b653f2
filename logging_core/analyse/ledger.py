"""The exchanges: which of them count, and what these add up to."""

from __future__ import annotations

import math
from collections.abc import Callable

from logging_core.analyse.columns import Columns, by_instance
from logging_core.analyse.lives import Lives
from logging_core.analyse.seen import Seen
from logging_core.analyse.sums import Sums
from logging_core.event_types import EXCHANGE, SPAWN
from logging_core.exchanges import Exchanges
from logging_core.records import AuditEvent

MAX_PENDING = 1 << 14
"""So many exchanges may wait to be summed: the more at once, the less each one costs, and the more
memory is lost, as what was taken by their texts is not given back."""


class Ledger:
    """Sums the exchanges that count: each once, and those since a moment only.

    Args:
        since_s: That moment; minus infinity: all count.
        by_time: See `Sums`.

    Attributes:
        lives: When each instance was spawned.
        seen: The exchanges that were counted.
        sums: What these and all else add up to, once they are settled.
    """

    __slots__ = ("_pending", "_since_s", "lives", "seen", "sums")

    def __init__(self, *, since_s: float, by_time: bool) -> None:
        self._since_s = since_s
        self._pending = Exchanges()
        self.lives = Lives()
        self.seen = Seen()
        self.sums = Sums(by_time=by_time)

    def note_life(self, event: AuditEvent) -> None:
        """Take in that an instance was spawned, if that is what an event tells."""
        at_s, instance_id = event.time_s, event.instance_id
        if event.event_type != SPAWN or at_s is None:
            return
        begun_s = self.lives.begun_s(instance_id, at_s)
        if self.lives.begin(instance_id, at_s):
            self.seen.split_life(instance_id, begun_s, at_s)

    def count(self, event: AuditEvent, at_s: float | None) -> None:
        """Count an event that was decoded singly; of an exchange, those before must be settled."""
        if event.event_type != EXCHANGE:
            self.sums.events.add(event.event_type, event.instance_id, at_s)
            return
        self.sums.events.add(EXCHANGE, event.instance_id)
        if self.seen.is_new(event, self.lives.begun_s(event.instance_id, at_s)):
            self.sums.add(event, at_s)

    def wait(self, exchanges: Exchanges) -> bool:
        """Have exchanges in bulk wait to be summed; whether it is time to `settle` them."""
        self._pending.extend(exchanges)
        return len(self._pending) >= MAX_PENDING

    def settle(self, tell: Callable[[str | None, Columns], object]) -> None:
        """Sum the exchanges that wait for it.

        Args:
            tell: Is given all those of each instance before these are summed.
        """
        if not self._pending.times:
            return
        pending, self._pending = self._pending, Exchanges()
        counted: list[tuple[str | None, Columns]] = []
        for whose, some in by_instance(pending):
            tell(whose, some)
            counted.append((whose, self._settle_of(whose, some)))
        if sum(len(columns) for _, columns in counted) == len(pending):
            # In the order of the file.
            self.sums.add_up(pending.instance_ids, Columns.of_all(pending))
        else:
            everyones, instance_ids = Columns(), list[str | None]()
            for whose, columns in counted:
                everyones.extend(columns)
                instance_ids += [whose] * len(columns)
            self.sums.add_up(instance_ids, everyones)

    def _settle_of(self, instance_id: str | None, exchanges: Columns) -> Columns:
        """Sum those of one instance; which of them count."""
        recent = self._recent(exchanges)
        if len(recent):
            self.sums.events.add(EXCHANGE, instance_id, times=len(recent))
        lives = self.lives.split(instance_id, recent)
        counted, *others = [self.seen.new_of(instance_id, part, s) for s, part in lives]
        for other in others:
            counted.extend(other)
        self.sums.extend(instance_id, counted)
        return counted

    def _recent(self, exchanges: Columns) -> Columns:
        """Those that count by their time."""
        if self._since_s == -math.inf:
            return exchanges
        times = enumerate(exchanges.times)
        return exchanges.only([row for row, time_s in times if time_s >= self._since_s])

"""What audit events add up to: requests, tokens, cost and response times."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable

from logging_core.analyse.columns import Columns, Numbers
from logging_core.analyse.latency import SCALE_BITS, LatencySketch, exact_sum
from logging_core.analyse.recent import Recent
from logging_core.analyse.state import Usage
from logging_core.records import AuditEvent

EXCHANGE = "message_exchange"
"""The event type that is counted; all others are passed over."""

RECENT_IDS = 1_024
"""So many message ids of an instance are remembered at least, to count a repeated one once."""

MAX_IDS = 1 << 15
"""So many are remembered of all together: of a thousand instances, 32 of each."""

MAX_PAST_LIVES = 256
"""Of so many lives besides the newest of each instance ids are remembered."""

_BATCH = 4_096
_PICO = 10**12  # sums are shown in whole picodollars: what decimal arithmetic would give


class Tally:
    """The sums of some exchanges. Takes in batches, and merges with other tallies."""

    __slots__ = (
        "_cost",
        "_costs",
        "_latency",
        "_priced",
        "_requests",
        "_sized",
        "_tokens",
        "_usage",
    )

    def __init__(self) -> None:
        self._requests = 0
        self._priced = 0
        self._cost = 0  # as `exact_sum` has it
        self._costs = array("d")  # those not in it yet: the more at once, the less each one costs
        self._sized = 0
        self._tokens = 0
        self._latency = LatencySketch()
        self._usage: Usage | None = None  # the sums so far, if they were asked for

    def extend(self, said: Numbers) -> None:
        """Count exchanges; whether they were counted before is the caller's business."""
        self._usage = None
        self._requests += said.requests
        self._priced += len(said.costs)
        self._costs.extend(said.costs)
        self._sized += len(said.tokens)
        self._tokens += sum(said.tokens)
        self._latency.extend(said.seconds)
        if len(self._costs) >= _BATCH:
            self.sum_up()

    def include(self, more: Numbers | Tally) -> None:
        """Count exchanges, or what they add up to."""
        if isinstance(more, Tally):
            self.merge(more)
        elif more.requests:
            self.extend(more)

    def merge(self, other: Tally) -> None:
        """Add the sums of `other`, which stays as it is."""
        self._usage = None
        other.sum_up()
        self._requests += other._requests
        self._priced += other._priced
        self._cost += other._cost
        self._sized += other._sized
        self._tokens += other._tokens
        self._latency.merge(other._latency)

    def usage(self) -> Usage:
        """The sums so far; the same object until more is counted."""
        if self._usage is None:
            self.sum_up()
            pico = (self._cost * _PICO + (1 << SCALE_BITS - 1)) >> SCALE_BITS
            self._usage = Usage(
                requests=self._requests,
                tokens=self._tokens if self._sized else None,
                cost_usd=pico / _PICO if self._priced else None,
                unpriced=self._requests - self._priced,
                latency=self._latency.latency(),
            )
        return self._usage

    def sum_up(self) -> None:
        """Keep only the sum of the costs; more of them may come."""
        if self._costs:
            self._cost += exact_sum(self._costs)
            self._costs = array("d")


class Summary:
    """The sums of all exchanges, and of each instance's.

    An exchange whose message id its instance had before in the same life counts once, as far back
    as the newest `recent_ids` ids of the instance reach, or of very many instances its share of
    `MAX_IDS`. One without an id always counts.
    """

    __slots__ = ("_coming", "_newest_s", "_past", "_recent", "_recent_ids", "_tallies", "_total")

    def __init__(self, *, recent_ids: int = RECENT_IDS) -> None:
        self._recent_ids = recent_ids
        self._total = Tally()
        self._tallies: dict[str | None, Tally] = {}
        self._recent: dict[tuple[str | None, float], Recent] = {}  # by life
        self._newest_s: dict[str | None, float] = {}  # when the newest life of each began
        self._past: dict[tuple[str | None, float], None] = {}  # the other lives
        self._coming: list[AuditEvent] = []  # summed in batches: a third of the cost

    def add(self, event: AuditEvent, begun_s: float = -math.inf) -> bool:
        """Count an event; false if it is no exchange, or one that was counted before.

        Args:
            event: The event.
            begun_s: When the life began that it is of.
        """
        if event.event_type != EXCHANGE:
            return False
        recent = self._recent_of(event.instance_id, begun_s)
        recent.oldest_s = min(recent.oldest_s, -math.inf if event.time_s is None else event.time_s)
        if self._is_repeated(recent, event.message_id):
            return False
        self._coming.append(event)
        if len(self._coming) >= _BATCH:
            self.settle()
        return True

    def extend(
        self, instance_id: str | None, exchanges: Columns, begun_s: float = -math.inf
    ) -> Columns:
        """Count many exchanges of one life of an instance, but not in the total.

        Returns:
            Those that were counted, which a repeated one is not; `add_up` is to get them.
        """
        recent = self._recent_of(instance_id, begun_s)
        recent.oldest_s = min(recent.oldest_s, min(exchanges.times, default=math.inf))
        ids = exchanges.message_ids
        if not recent.add_new(ids):
            unseen = [row for row, i in enumerate(ids) if not self._is_repeated(recent, i)]
            exchanges = exchanges.only(unseen)
        self._tally(instance_id).extend(exchanges.numbers())
        return exchanges

    def split_life(self, instance_id: str | None, begun_s: float, at_s: float) -> None:
        """A life was two, as a spawn shows that is read after what came later: an older file's.

        Args:
            instance_id: Whose.
            begun_s: When the life began.
            at_s: When it ended, and the next one began.
        """
        recent = self._recent.get((instance_id, begun_s))
        if recent is not None and recent.oldest_s > at_s:
            del self._recent[instance_id, begun_s]
            self._remember(instance_id, at_s, recent)

    def add_up(self, exchanges: Columns) -> None:
        """Count in the total what `extend` counted of all instances."""
        self._total.extend(exchanges.numbers())

    def merge(self, other: Summary) -> None:
        """Add what `other` counted in other files; it must not have counted the same events."""
        self.settle()
        other.settle()
        self._total.merge(other._total)
        for instance_id, tally in other._tallies.items():
            self._tally(instance_id).merge(tally)

    def total(self) -> Usage:
        """All exchanges, those of no instance included."""
        self.settle()
        return self._total.usage()

    def usage_of(self, instance_ids: Iterable[str | None]) -> Usage:
        """The exchanges of some instances together; each must be named once, `None` is nobody."""
        self.settle()
        chosen = [self._tallies[i] for i in instance_ids if i in self._tallies]
        if len(chosen) == 1:
            return chosen[0].usage()
        together = Tally()
        for tally in chosen:
            together.merge(tally)
        return together.usage()

    def settle(self) -> None:
        """Sum what waits for it; the sums that are asked for do this by themselves."""
        if not self._coming:
            return
        by_instance: defaultdict[str | None, list[AuditEvent]] = defaultdict(list)
        for event in self._coming:
            by_instance[event.instance_id].append(event)
        for instance_id, events in by_instance.items():
            self._tally(instance_id).extend(Numbers.of_events(events))
        self._total.extend(Numbers.of_events(self._coming))
        self._coming = []

    def _tally(self, instance_id: str | None) -> Tally:
        tally = self._tallies.get(instance_id)
        if tally is None:
            tally = self._tallies[instance_id] = Tally()
        return tally

    def _recent_of(self, instance_id: str | None, begun_s: float) -> Recent:
        recent = self._recent.get((instance_id, begun_s))
        if recent is None:
            recent = Recent(self._recent_ids)
            self._remember(instance_id, begun_s, recent)
        recent.window = min(self._recent_ids, max(1, MAX_IDS // len(self._recent)))
        return recent

    def _remember(self, instance_id: str | None, begun_s: float, recent: Recent) -> None:
        """Know the ids of one more life, and forget those of the past one known for longest."""
        self._recent[instance_id, begun_s] = recent
        newest_s = self._newest_s.setdefault(instance_id, begun_s)
        if newest_s == begun_s:
            return
        self._newest_s[instance_id] = max(newest_s, begun_s)
        self._past[instance_id, min(newest_s, begun_s)] = None
        if len(self._past) > MAX_PAST_LIVES:
            past = next(iter(self._past))
            del self._past[past]
            self._recent.pop(past, None)

    @staticmethod
    def _is_repeated(recent: Recent, message_id: str | None) -> bool:
        if message_id is None:
            return False
        if message_id in recent:
            return True
        recent.add(message_id)
        return False

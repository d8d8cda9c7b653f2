"""What audit events add up to: requests, tokens, cost and response times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from logging_core.analyse.latency import LatencySketch
from logging_core.analyse.recent import Recent
from logging_core.analyse.state import Usage
from logging_core.records import AuditEvent

EXCHANGE = "message_exchange"
"""The event type that is counted; all others are passed over."""

RECENT_IDS = 1_024
"""So many message ids of each instance are remembered at least, to count a repeated one once."""

MOST_COST_USD = 1e9
MOST_TOKENS = 10**15
MOST_RESPONSE_S = 1e9

_BATCH = 4_096
_PICO = 10**12  # sums of whole picodollars: what decimal arithmetic would give, in any order


class Tally:
    """The sums of some exchanges. Takes in batches, and merges with other tallies.

    A number counts if it is known, not negative and believable (up to `MOST_COST_USD`,
    `MOST_TOKENS`, `MOST_RESPONSE_S`), so that no sum is ever infinite.
    """

    __slots__ = ("_cost_pico", "_latency", "_priced", "_requests", "_sized", "_tokens")

    def __init__(self) -> None:
        self._requests = 0
        self._priced = 0
        self._cost_pico = 0
        self._sized = 0
        self._tokens = 0
        self._latency = LatencySketch()

    def extend(self, exchanges: Sequence[AuditEvent]) -> None:
        """Count exchanges; whether they were counted before is the caller's business."""
        costs = [
            e.cost_usd
            for e in exchanges
            if e.cost_usd is not None and 0 <= e.cost_usd <= MOST_COST_USD
        ]
        tokens = [
            e.tokens for e in exchanges if e.tokens is not None and 0 <= e.tokens <= MOST_TOKENS
        ]
        self._requests += len(exchanges)
        self._priced += len(costs)
        self._cost_pico += sum(round(cost * _PICO) for cost in costs)
        self._sized += len(tokens)
        self._tokens += sum(tokens)
        self._latency.extend(
            [
                e.response_time_s
                for e in exchanges
                if e.response_time_s is not None and 0 <= e.response_time_s <= MOST_RESPONSE_S
            ]
        )

    def merge(self, other: Tally) -> None:
        """Add the sums of `other`, which stays as it is."""
        self._requests += other._requests
        self._priced += other._priced
        self._cost_pico += other._cost_pico
        self._sized += other._sized
        self._tokens += other._tokens
        self._latency.merge(other._latency)

    def usage(self) -> Usage:
        """The sums so far."""
        return Usage(
            requests=self._requests,
            tokens=self._tokens if self._sized else None,
            cost_usd=self._cost_pico / _PICO if self._priced else None,
            unpriced=self._requests - self._priced,
            latency=self._latency.latency(),
        )


class Summary:
    """The sums of all exchanges, and of each instance's.

    An exchange whose message id its instance had before counts once, as far back as the newest
    `recent_ids` ids of the instance reach. One without an id always counts.
    """

    def __init__(self, *, recent_ids: int = RECENT_IDS) -> None:
        self._recent_ids = recent_ids
        self._total = Tally()
        self._tallies: dict[str | None, Tally] = {}
        self._recent: dict[str | None, Recent[bool]] = {}
        self._coming: list[AuditEvent] = []  # summed in batches: a third of the cost

    def add(self, event: AuditEvent) -> bool:
        """Count an event; false if it is no exchange, or one that was counted before."""
        if event.event_type != EXCHANGE or self._is_repeated(event):
            return False
        self._coming.append(event)
        if len(self._coming) >= _BATCH:
            self._settle()
        return True

    def merge(self, other: Summary) -> None:
        """Add what `other` counted in other files; it must not have counted the same events."""
        self._settle()
        other._settle()
        self._total.merge(other._total)
        for instance_id, tally in other._tallies.items():
            self._tally(instance_id).merge(tally)

    def forget(self, instance_id: str) -> None:
        """Begin anew for an instance whose directory was deleted; the total keeps its share."""
        self._settle()
        self._tallies.pop(instance_id, None)
        self._recent.pop(instance_id, None)

    def total(self) -> Usage:
        """All exchanges, those of no instance included."""
        self._settle()
        return self._total.usage()

    def usage_of(self, instance_ids: Iterable[str]) -> Usage:
        """The exchanges of some instances together; each must be named once."""
        self._settle()
        chosen = [self._tallies[i] for i in instance_ids if i in self._tallies]
        if len(chosen) == 1:
            return chosen[0].usage()
        together = Tally()
        for tally in chosen:
            together.merge(tally)
        return together.usage()

    def _settle(self) -> None:
        if not self._coming:
            return
        by_instance: defaultdict[str | None, list[AuditEvent]] = defaultdict(list)
        for event in self._coming:
            by_instance[event.instance_id].append(event)
        for instance_id, events in by_instance.items():
            self._tally(instance_id).extend(events)
        self._total.extend(self._coming)
        self._coming = []

    def _tally(self, instance_id: str | None) -> Tally:
        tally = self._tallies.get(instance_id)
        if tally is None:
            tally = self._tallies[instance_id] = Tally()
        return tally

    def _is_repeated(self, event: AuditEvent) -> bool:
        if event.message_id is None:
            return False
        recent = self._recent.get(event.instance_id)
        if recent is None:
            recent = self._recent[event.instance_id] = Recent(self._recent_ids)
        if recent.get(event.message_id):
            return True
        recent.put(event.message_id, True)
        return False

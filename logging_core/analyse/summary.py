"""What audit events add up to: requests, tokens, cost and response times."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from logging_core.analyse.latency import SCALE_BITS, LatencySketch, exact_sum
from logging_core.analyse.recent import Recent
from logging_core.analyse.state import Usage
from logging_core.records import AuditEvent, Exchange

EXCHANGE = "message_exchange"
"""The event type that is counted; all others are passed over."""

RECENT_IDS = 1_024
"""So many message ids of each instance are remembered at least, to count a repeated one once."""

MOST_COST_USD = 1e9
MOST_TOKENS = 10**15
MOST_RESPONSE_S = 1e9

_BATCH = 4_096
_PICO = 10**12  # sums are shown in whole picodollars: what decimal arithmetic would give


class Numbers(NamedTuple):
    """What some exchanges say; those that do not say a number are missing in its list."""

    requests: int
    tokens: Sequence[int]
    costs: Sequence[float]
    seconds: Sequence[float]

    @classmethod
    def of_events(cls, events: Sequence[AuditEvent]) -> Self:
        """Of exchanges that were decoded singly.

        A number counts if it is known, not negative and believable (up to `MOST_COST_USD`,
        `MOST_TOKENS`, `MOST_RESPONSE_S`), so that no sum is ever infinite.
        """
        return cls(
            len(events),
            [e.tokens for e in events if e.tokens is not None and 0 <= e.tokens <= MOST_TOKENS],
            [
                e.cost_usd
                for e in events
                if e.cost_usd is not None and 0 <= e.cost_usd <= MOST_COST_USD
            ],
            [
                e.response_time_s
                for e in events
                if e.response_time_s is not None and 0 <= e.response_time_s <= MOST_RESPONSE_S
            ],
        )

    @classmethod
    def of_exchanges(cls, exchanges: Sequence[Exchange]) -> Self:
        """Of exchanges that were decoded in bulk, whose numbers are all believable."""
        details = [exchange.details for exchange in exchanges]
        return cls(
            len(details),
            [t for d in details if (t := d.tokens) is not None],
            [c for d in details if (c := d.cost) is not None],
            [s for d in details if (s := d.response_time_seconds) is not None],
        )


class Tally:
    """The sums of some exchanges. Takes in batches, and merges with other tallies."""

    __slots__ = ("_cost", "_latency", "_priced", "_requests", "_sized", "_tokens")

    def __init__(self) -> None:
        self._requests = 0
        self._priced = 0
        self._cost = 0  # as `exact_sum` has it
        self._sized = 0
        self._tokens = 0
        self._latency = LatencySketch()

    def extend(self, said: Numbers) -> None:
        """Count exchanges; whether they were counted before is the caller's business."""
        self._requests += said.requests
        self._priced += len(said.costs)
        self._cost += exact_sum(said.costs)
        self._sized += len(said.tokens)
        self._tokens += sum(said.tokens)
        self._latency.extend(said.seconds)

    def merge(self, other: Tally) -> None:
        """Add the sums of `other`, which stays as it is."""
        self._requests += other._requests
        self._priced += other._priced
        self._cost += other._cost
        self._sized += other._sized
        self._tokens += other._tokens
        self._latency.merge(other._latency)

    def usage(self) -> Usage:
        """The sums so far."""
        pico = (self._cost * _PICO + (1 << SCALE_BITS - 1)) >> SCALE_BITS
        return Usage(
            requests=self._requests,
            tokens=self._tokens if self._sized else None,
            cost_usd=pico / _PICO if self._priced else None,
            unpriced=self._requests - self._priced,
            latency=self._latency.latency(),
        )


class Coming:
    """Exchanges decoded in bulk that wait to be summed: kept as numbers, not as objects."""

    __slots__ = ("costs", "requests", "seconds", "tokens")

    def __init__(self) -> None:
        self.requests = 0
        self.tokens = array("q")
        self.costs = array("d")
        self.seconds = array("d")

    def extend(self, exchanges: Sequence[Exchange]) -> None:
        """Take exchanges in."""
        said = Numbers.of_exchanges(exchanges)
        self.requests += said.requests
        self.tokens.extend(said.tokens)
        self.costs.extend(said.costs)
        self.seconds.extend(said.seconds)

    def numbers(self) -> Numbers:
        """What they say."""
        return Numbers(self.requests, self.tokens, self.costs, self.seconds)


class Summary:
    """The sums of all exchanges, and of each instance's.

    An exchange whose message id its instance had before counts once, as far back as the newest
    `recent_ids` ids of the instance reach. One without an id always counts.
    """

    __slots__ = ("_bulk", "_coming", "_recent", "_recent_ids", "_tallies", "_total")

    def __init__(self, *, recent_ids: int = RECENT_IDS) -> None:
        self._recent_ids = recent_ids
        self._total = Tally()
        self._tallies: dict[str | None, Tally] = {}
        self._recent: dict[str | None, Recent[bool]] = {}
        self._bulk: defaultdict[str | None, Coming] = defaultdict(Coming)
        self._coming: list[AuditEvent] = []  # summed in batches: a third of the cost

    def add(self, event: AuditEvent) -> bool:
        """Count an event; false if it is no exchange, or one that was counted before."""
        if event.event_type != EXCHANGE:
            return False
        if self._is_repeated(self._recent_of(event.instance_id), event.message_id):
            return False
        self._coming.append(event)
        if len(self._coming) >= _BATCH:
            self.settle()
        return True

    def extend(
        self, exchanges: Mapping[str | None, list[Exchange]]
    ) -> dict[str | None, list[Exchange]]:
        """Count many exchanges by instance, those of each in file order.

        Returns:
            Those that were counted, which a repeated one is not.
        """
        counted = {}
        for instance_id, its in exchanges.items():
            unseen = counted[instance_id] = self._unseen(instance_id, its)
            coming = self._bulk[instance_id]
            coming.extend(unseen)
            if coming.requests >= _BATCH:
                self._sum(instance_id)
        return counted

    def _sum(self, instance_id: str | None) -> None:
        said = self._bulk.pop(instance_id).numbers()
        self._tally(instance_id).extend(said)
        self._total.extend(said)

    def _unseen(self, instance_id: str | None, exchanges: list[Exchange]) -> list[Exchange]:
        ids = [message_id for e in exchanges if (message_id := e.details.message_id) is not None]
        recent = self._recent_of(instance_id)
        if recent.has_none_of(ids):
            recent.put_all(dict.fromkeys(ids, True))
            return exchanges
        return [e for e in exchanges if not self._is_repeated(recent, e.details.message_id)]

    def merge(self, other: Summary) -> None:
        """Add what `other` counted in other files; it must not have counted the same events."""
        self.settle()
        other.settle()
        self._total.merge(other._total)
        for instance_id, tally in other._tallies.items():
            self._tally(instance_id).merge(tally)

    def forget(self, instance_id: str) -> None:
        """Begin anew for an instance whose directory was deleted; the total keeps its share."""
        self.settle()
        self._tallies.pop(instance_id, None)
        self._recent.pop(instance_id, None)

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
        for bulk_id in [*self._bulk]:
            self._sum(bulk_id)
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

    def _recent_of(self, instance_id: str | None) -> Recent[bool]:
        recent = self._recent.get(instance_id)
        if recent is None:
            recent = self._recent[instance_id] = Recent(self._recent_ids)
        return recent

    @staticmethod
    def _is_repeated(recent: Recent[bool], message_id: str | None) -> bool:
        if message_id is None:
            return False
        if recent.get(message_id):
            return True
        recent.put(message_id, True)
        return False

"""What audit events add up to: requests, tokens, cost and response times."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Self

from logging_core.analyse.columns import Columns, Numbers
from logging_core.analyse.latency import SCALE_BITS, LatencySketch, exact_sum
from logging_core.analyse.state import Usage
from logging_core.records import AuditEvent

_BATCH = 4_096
_PICO = 10**12  # sums are shown in whole picodollars: what decimal arithmetic would give


class Tally:
    """The sums of some exchanges. Takes in batches, and merges with other tallies.

    Args:
        latency: What response times are added to, still empty; `None`: a sketch as usual.
    """

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

    def __init__(self, latency: LatencySketch | None = None) -> None:
        self._requests = 0
        self._priced = 0
        self._cost = 0  # as `exact_sum` has it
        self._costs = array("d")  # those not in it yet: the more at once, the less each one costs
        self._sized = 0
        self._tokens = 0
        self._latency = LatencySketch() if latency is None else latency
        self._usage: Usage | None = None  # the sums so far, if they were asked for

    @classmethod
    def of(
        cls,
        *,
        requests: int,
        tokens: int,
        sized: int,
        cost: int,
        priced: int,
        latency: LatencySketch,
    ) -> Self:
        """Sums that are known.

        Args:
            requests: How many exchanges.
            tokens: Of those whose tokens are known.
            sized: How many these are.
            cost: Of those whose cost is known, as `exact_sum` has it.
            priced: How many these are.
            latency: Their response times.
        """
        self = cls(latency)
        self._requests, self._tokens, self._sized = requests, tokens, sized
        self._cost, self._priced = cost, priced
        return self

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

    @classmethod
    def together(cls, tallies: Sequence[Tally]) -> Tally:
        """What some add up to, merged in their order; the same object if it is only one."""
        if len(tallies) == 1:
            return tallies[0]
        merged = cls()
        for tally in tallies:
            merged.merge(tally)
        return merged

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


class Totals:
    """The sums of all exchanges, and of each instance's."""

    __slots__ = ("_coming", "_tallies", "_total")

    def __init__(self) -> None:
        self._total = Tally()
        self._tallies: dict[str | None, Tally] = {}
        self._coming: list[AuditEvent] = []  # summed in batches: a third of the cost

    def add(self, exchange: AuditEvent) -> None:
        """Count an exchange that was decoded singly."""
        self._coming.append(exchange)
        if len(self._coming) >= _BATCH:
            self.settle()

    def extend(self, instance_id: str | None, exchanges: Columns) -> None:
        """Count many exchanges of one instance, but not in the total."""
        self._tally(instance_id).extend(exchanges.numbers())

    def add_up(self, exchanges: Columns) -> None:
        """Count in the total what `extend` counted of all instances."""
        self._total.extend(exchanges.numbers())

    def total(self) -> Tally:
        """All exchanges, those of no instance included."""
        self.settle()
        return self._total

    def of(self, instance_ids: Iterable[str | None]) -> Tally:
        """The exchanges of some instances; each must be named once, `None` is nobody."""
        self.settle()
        return Tally.together([self._tallies[i] for i in instance_ids if i in self._tallies])

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

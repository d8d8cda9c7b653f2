"""Exchanges that were decoded in bulk, column by column: what sums are made of, without objects."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Self, TypeVar

from logging_core.records import AuditEvent, Exchange

MOST_COST_USD = 1e9
MOST_TOKENS = 10**15
MOST_RESPONSE_S = 1e9

UNKNOWN = -1
"""What stands in a column of numbers for one that an exchange does not say."""

N = TypeVar("N", int, float)

_whose = attrgetter("instance_id")


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


class Columns:
    """Exchanges in file order, each column of the same length.

    Every number is believable, see `ExchangeDetails`, or `UNKNOWN`.

    Attributes:
        message_ids: Their ids; `None` where there is none.
        timestamps: As `Exchange.timestamp`.
        tokens: Whole numbers.
        costs: US dollars.
        seconds: Response times.
    """

    __slots__ = ("costs", "message_ids", "seconds", "timestamps", "tokens")

    def __init__(self) -> None:
        self.message_ids: list[str | None] = []
        self.timestamps: list[str] = []
        self.tokens = array("q")
        self.costs = array("d")
        self.seconds = array("d")

    @classmethod
    def of(cls, exchanges: Iterable[Exchange]) -> Self:
        """Exchanges by column."""
        self = cls()
        exchanges = list(exchanges)
        details = [exchange.details for exchange in exchanges]
        self.timestamps = [exchange.timestamp for exchange in exchanges]
        self.message_ids = [said.message_id for said in details]
        self.tokens = _as_array("q", [said.tokens for said in details])
        self.costs = _as_array("d", [said.cost for said in details])
        self.seconds = _as_array("d", [said.response_time_seconds for said in details])
        return self

    def __len__(self) -> int:
        return len(self.timestamps)

    def take(self, other: Columns, rows: slice) -> None:
        """Append some rows of `other`."""
        self.message_ids += other.message_ids[rows]
        self.timestamps += other.timestamps[rows]
        self.tokens += other.tokens[rows]
        self.costs += other.costs[rows]
        self.seconds += other.seconds[rows]

    def only(self, rows: Collection[int]) -> Columns:
        """Some rows, in the order given; the same object if they are all."""
        if len(rows) == len(self):
            return self
        chosen = Columns()
        chosen.message_ids = [self.message_ids[row] for row in rows]
        chosen.timestamps = [self.timestamps[row] for row in rows]
        chosen.tokens = array("q", [self.tokens[row] for row in rows])
        chosen.costs = array("d", [self.costs[row] for row in rows])
        chosen.seconds = array("d", [self.seconds[row] for row in rows])
        return chosen

    def numbers(self) -> Numbers:
        """What they say together."""
        return Numbers(len(self), known(self.tokens), known(self.costs), known(self.seconds))


def known(values: array[N]) -> Sequence[N]:
    """Those of a column that are not `UNKNOWN`."""
    return [value for value in values if value >= 0] if UNKNOWN in values else values


def _as_array(kind: str, values: Sequence[Any]) -> array[Any]:
    try:
        return array(kind, values)  # quicker than to look for a `None` first
    except TypeError:
        return array(kind, [UNKNOWN if value is None else value for value in values])


def by_instance(exchanges: Sequence[Exchange]) -> Iterator[tuple[str | None, Columns, slice]]:
    """Each instance once, columns that hold its exchanges among others', and which rows are its.

    Exchanges of one instance keep their order.
    """
    nobodys: list[Exchange] = []
    if None in [exchange.instance_id for exchange in exchanges]:
        nobodys = [exchange for exchange in exchanges if exchange.instance_id is None]
        exchanges = [exchange for exchange in exchanges if exchange.instance_id is not None]
    ordered = sorted(exchanges, key=_whose)
    columns = Columns.of(ordered)
    ids: list[str] = [_whose(exchange) for exchange in ordered]
    start = 0
    while start < len(ids):
        stop = bisect_right(ids, ids[start], start)
        yield ids[start], columns, slice(start, stop)
        start = stop
    if nobodys:
        yield None, Columns.of(nobodys), slice(None)

"""Exchanges that were decoded in bulk, column by column: what sums are made of, without objects."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Self, TypeVar

from logging_core.analyse.rows import Rows
from logging_core.exchanges import UNKNOWN, Exchanges
from logging_core.records import AuditEvent

MAX_COST_USD = 1e9
MAX_TOKENS = 10**15
MAX_RESPONSE_S = 1e9

KINDS = "Iqdd"
"""The columns of `Rows` of exchanges, 36 bytes each: the number of the instance, and tokens, costs
and seconds as in `Columns`."""

WHOSE = 0
"""The first of these."""

N = TypeVar("N", int, float)


class Numbers(NamedTuple):
    """What some exchanges say; those that do not say a number are missing in its list."""

    requests: int
    tokens: Sequence[int]
    costs: Sequence[float]
    seconds: Sequence[float]

    @classmethod
    def of_events(cls, events: Sequence[AuditEvent]) -> Self:
        """Of exchanges that were decoded singly.

        A number counts if it is known, not negative and believable (up to `MAX_COST_USD`,
        `MAX_TOKENS`, `MAX_RESPONSE_S`), so that no sum is ever infinite.
        """
        return cls(
            len(events),
            [e.tokens for e in events if e.tokens is not None and 0 <= e.tokens <= MAX_TOKENS],
            [
                e.cost_usd
                for e in events
                if e.cost_usd is not None and 0 <= e.cost_usd <= MAX_COST_USD
            ],
            [
                e.response_time_s
                for e in events
                if e.response_time_s is not None and 0 <= e.response_time_s <= MAX_RESPONSE_S
            ],
        )

    @classmethod
    def of_rows(cls, rows: Rows) -> Self:
        """Of exchanges in `Rows`."""
        return cls.of_some(rows, 0, len(rows))

    @classmethod
    def of_some(cls, rows: Rows, start: int, stop: int) -> Self:
        """Of those from one row to before another."""
        _, tokens, costs, seconds = rows.columns
        return cls(
            stop - start,
            known(tokens[start:stop]),
            known(costs[start:stop]),
            known(seconds[start:stop]),
        )


class Columns:
    """Exchanges in file order, each column of the same length.

    Every number is believable, see `Exchanges`, or `UNKNOWN`.

    Attributes:
        message_ids: Their ids; `None` where there is none.
        times: As `Exchanges.times`.
        tokens: Whole numbers.
        costs: US dollars.
        seconds: Response times.
    """

    __slots__ = ("costs", "message_ids", "seconds", "times", "tokens")

    def __init__(self) -> None:
        self.message_ids: list[str | None] = []
        self.times = array("d")
        self.tokens = array("q")
        self.costs = array("d")
        self.seconds = array("d")

    @classmethod
    def of(cls, exchanges: Exchanges | Columns, rows: Collection[int]) -> Self:
        """Some rows of exchanges, in the order given."""
        self = cls()
        self.message_ids = [exchanges.message_ids[row] for row in rows]
        self.times = array("d", [exchanges.times[row] for row in rows])
        self.tokens = array("q", [exchanges.tokens[row] for row in rows])
        self.costs = array("d", [exchanges.costs[row] for row in rows])
        self.seconds = array("d", [exchanges.seconds[row] for row in rows])
        return self

    @classmethod
    def of_all(cls, exchanges: Exchanges) -> Self:
        """All exchanges, whosever: the same columns, not copies of them."""
        self = cls()
        self.message_ids, self.times = exchanges.message_ids, exchanges.times
        self.tokens, self.costs = exchanges.tokens, exchanges.costs
        self.seconds = exchanges.seconds
        return self

    def extend(self, more: Columns) -> None:
        """Append those of `more`."""
        self.message_ids += more.message_ids
        self.times += more.times
        self.tokens += more.tokens
        self.costs += more.costs
        self.seconds += more.seconds

    def __len__(self) -> int:
        return len(self.times)

    def only(self, rows: Collection[int]) -> Columns:
        """Some rows, in the order given; the same object if they are all."""
        if len(rows) == len(self):
            return self
        return Columns.of(self, rows)

    def numbers(self) -> Numbers:
        """What they say together."""
        return Numbers(len(self), known(self.tokens), known(self.costs), known(self.seconds))

    def rows(self, whose: array[int]) -> Rows:
        """Them by time, each with the number of its instance, without their ids."""
        return Rows.of(self.times, whose, self.tokens, self.costs, self.seconds)


def known(values: array[N]) -> Sequence[N]:
    """Those of a column that are not `UNKNOWN`."""
    return [value for value in values if value >= 0] if UNKNOWN in values else values


def by_instance(exchanges: Exchanges) -> Iterator[tuple[str | None, Columns]]:
    """Each instance once, and its exchanges in their order."""
    rows: defaultdict[str | None, list[int]] = defaultdict(list)
    for row, instance_id in enumerate(exchanges.instance_ids):
        rows[instance_id].append(row)
    for instance_id, chosen in rows.items():
        yield instance_id, Columns.of(exchanges, chosen)

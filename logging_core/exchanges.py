"""Exchanges of the audit trail in bulk: by column, as a record of each would cost too much."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, TypeAlias

import msgspec

UNKNOWN = -1
"""What stands in a column of numbers for one that an exchange does not say."""

if TYPE_CHECKING:
    Floats: TypeAlias = array[float]
    Ints: TypeAlias = array[int]
else:
    Floats = Ints = array  # which can be subscripted from Python 3.12 on


class Exchanges(msgspec.Struct, gc=False):
    """Many `message_exchange` events in bulk, by column: only what sums are made of.

    All columns are of one length. A number is finite and not negative, or -1 where an exchange does
    not say. Nothing in a column is an object that the garbage collector would have to look at.

    Attributes:
        instance_ids: Whose; `None` where the line says nobody.
        message_ids: Their ids; `None` where there is none.
        times: When, in seconds since the epoch.
        tokens: Whole numbers.
        costs: US dollars.
        seconds: Response times.
    """

    instance_ids: list[str | None] = []
    message_ids: list[str | None] = []
    times: Floats = msgspec.field(default_factory=lambda: array("d"))
    tokens: Ints = msgspec.field(default_factory=lambda: array("q"))
    costs: Floats = msgspec.field(default_factory=lambda: array("d"))
    seconds: Floats = msgspec.field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.times)

    def extend(self, more: Exchanges) -> None:
        """Append those of `more`."""
        self.instance_ids += more.instance_ids
        self.message_ids += more.message_ids
        self.times += more.times
        self.tokens += more.tokens
        self.costs += more.costs
        self.seconds += more.seconds


class AuditBlock(msgspec.Struct, frozen=True, gc=False):
    """Exchanges of one stretch of one audit file, in file order.

    Attributes:
        path: The file, relative to the root.
        exchanges: What it holds; its texts are safe to show.
    """

    path: str
    exchanges: Exchanges

"""How rows are sorted: unknown values come last in either direction. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class SortKey(msgspec.Struct, Generic[T], frozen=True):
    """What rows are sorted by.

    Attributes:
        value: Returns it of an item; `None` if unknown.
        largest_first: The direction unless it is reversed.
    """

    value: Callable[[T], float | str | None]
    largest_first: bool = True

    def mark(self, *, reverse: bool) -> str:
        """Return the sign of the direction: `▾` if the largest is first."""
        return "▾" if self.largest_first != reverse else "▴"

    def sort(self, items: Iterable[T], *, reverse: bool) -> list[T]:
        """Sort items; equal ones stay in the given order, and so do those without a value."""
        everything = list(items)
        known = [(value, i) for i in everything if (value := self.value(i)) is not None]
        unknown = [i for i in everything if self.value(i) is None]
        # Python's sort is stable in reverse, too.
        known.sort(key=lambda pair: pair[0], reverse=self.largest_first != reverse)
        return [i for _, i in known] + unknown

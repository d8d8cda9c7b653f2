"""What all instances said or did, merged by time, in a list that only grows at its end."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Generic, TypeVar

from logging_core.analyse.state import Window

T = TypeVar("T")


class Timeline(Generic[T]):
    """The newest items (messages, or events), oldest first.

    The items of a file keep its order: one whose time runs backwards, or cannot be
    read, stands where the one before it stands. Once everything in the tree has been read, rows
    keep their places for good, and an item that comes late goes to the end. Until then, rows
    that were handed out may move, and `reordered` says so.

    Args:
        limit: How many items are kept.

    Attributes:
        reordered: Grows whenever rows that were handed out before have other places now.
    """

    __slots__ = ("_clocks", "_coming", "_cut", "_items", "_limit", "_loose", "reordered")

    def __init__(self, limit: int) -> None:
        self.reordered = 0
        self._limit = limit
        self._clear()

    def _clear(self) -> None:
        self._clocks: dict[str, float] = {}
        self._coming: list[tuple[float, T]] = []
        self._items: list[T] = []
        self._loose: list[float] = []  # times of the items at the end that may still move
        self._cut = 0

    def clear(self) -> None:
        """Forget everything."""
        self._clear()
        self.reordered += 1

    def add(self, item: T, time_s: float | None, *, file: str) -> None:
        """Take an item in; `settle` shows it.

        Args:
            item: What was said or done.
            time_s: When; `None` is as the one before it.
            file: What tells its file from the others.
        """
        clock = self._clocks.get(file, -math.inf)
        if time_s is not None and time_s > clock:
            clock = self._clocks[file] = time_s
        self._coming.append((clock, item))

    def settle(self, *, caught_up: bool) -> None:
        """Merge what was added; with `caught_up`, all rows keep their places from now on."""
        if self._coming:
            self._coming.sort(key=itemgetter(0))
            self._merge()
            self._coming = []
            self._trim()
        if caught_up:
            self._loose = []

    @property
    def dropped(self) -> int:
        """How many older items are no longer in `items`."""
        return self._cut + self._start

    @property
    def items(self) -> Window[T]:
        """The newest items; what is added later does not change it."""
        return Window(self._items, self._start)

    @property
    def _start(self) -> int:
        return max(0, len(self._items) - self._limit)

    def _merge(self) -> None:
        if self._loose and self._coming[0][0] < self._loose[-1]:
            fixed = len(self._items) - len(self._loose)
            pairs = [*zip(self._loose, self._items[fixed:], strict=True), *self._coming]
            pairs.sort(key=itemgetter(0))
            # A new list: windows that were handed out share the old one.
            self._items = self._items[:fixed] + [item for _, item in pairs]
            self._loose = [time_s for time_s, _ in pairs]
            self.reordered += 1
        else:
            self._items.extend(item for _, item in self._coming)
            self._loose.extend(time_s for time_s, _ in self._coming)

    def _trim(self) -> None:
        if len(self._items) > 2 * self._limit:
            cut = self._start
            self._items = self._items[cut:]
            self._loose = self._loose[max(0, len(self._loose) - self._limit) :]
            self._cut += cut

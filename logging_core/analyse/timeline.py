"""What all instances said or did, merged by time, in a list that only grows at its end."""

from __future__ import annotations

import math
from array import array
from operator import itemgetter
from typing import Generic, NamedTuple, Protocol, TypeVar

from logging_core.analyse.window import Window

MAX_CHARACTERS = 8 << 20
"""The texts of the items kept have so many at most, but for a single item."""


class _Item(Protocol):
    @property
    def time_s(self) -> float | None: ...


T = TypeVar("T", bound=_Item)


class _Retold(NamedTuple, Generic[T]):
    """What takes the place of an item of some time, when that is, and how long its text."""

    was_s: float
    time_s: float
    better: T
    weight: int


class Timeline(Generic[T]):
    """The newest items (messages, or events), oldest first.

    The items of a file keep its order: one whose time runs backwards, or cannot be
    read, stands where the one before it stands. Once everything in the tree has been read, rows
    keep their places for good, and an item that comes late goes to the end. Until then, rows
    that were handed out may move, and `reordered` says so.

    Args:
        limit: How many items are kept.

    Attributes:
        reordered: Grows whenever rows that were handed out before have other places now, or say
            something else.
        dropped_until_s: The latest time of those that are no longer in `items`; minus infinity if
            none of them has one. Where clocks jumped, it may be far later than the first item's.
    """

    __slots__ = (
        "_clocks",
        "_coming",
        "_cut",
        "_first",
        "_items",
        "_limit",
        "_loose",
        "_retold",
        "_weight",
        "_weights",
        "dropped_until_s",
        "reordered",
    )

    def __init__(self, limit: int) -> None:
        self.reordered = 0
        self._limit = limit
        self._clear()

    def _clear(self) -> None:
        self._clocks: dict[str, float] = {}
        self._coming: list[tuple[float, T, int]] = []
        self._items: list[T] = []
        self._weights = array("q")  # of the items
        self._retold: dict[T, list[_Retold[T]]] = {}
        self._loose: list[float] = []  # times of the items at the end that may still move
        self._first = 0  # of the items that are kept
        self._weight = 0  # of those
        self._cut = 0
        self.dropped_until_s = -math.inf

    def clear(self) -> None:
        """Forget everything."""
        self._clear()
        self.reordered += 1

    def add(self, item: T, time_s: float | None, *, file: str, text: str) -> None:
        """Take an item in; `settle` shows it.

        Args:
            item: What was said or done.
            time_s: When; `None` is as the one before it.
            file: What tells its file from the others.
            text: The longest text in it, by which it is known how large it is.
        """
        self._coming.append((self.pass_by(file, time_s), item, len(text)))

    def pass_by(self, file: str, time_s: float | None) -> float:
        """An item of a file is none of its own here; those after it stand no earlier.

        Returns:
            Where it would stand.
        """
        clock = self._clocks.get(file, -math.inf)
        if time_s is not None and time_s > clock:
            clock = self._clocks[file] = time_s
        return clock

    def retell(
        self, item: T, better: T, was_s: float | None, time_s: float | None, *, text: str
    ) -> None:
        """Put an item in the place of an equal one; `settle` shows it.

        Args:
            item: What was added before; if it is no longer kept, nothing happens.
            better: What takes its place.
            was_s: With which time it was added.
            time_s: When that was: it stands there, unless its row keeps its place for good, or
                stands where the one before it in its file does.
            text: As for `add`.
        """
        retold = _Retold(_time(was_s), _time(time_s), better, len(text))
        self._retold.setdefault(item, []).append(retold)

    def settle(self, *, caught_up: bool) -> None:
        """Merge what was added; with `caught_up`, all rows keep their places from now on."""
        if self._retold:
            self._replace()
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
        return self._cut + self._first

    @property
    def items(self) -> Window[T]:
        """The newest items; what is added later does not change it."""
        return Window(self._items, self._first)

    def _merge(self) -> None:
        if self._loose and self._coming[0][0] < self._loose[-1]:
            fixed = len(self._items) - len(self._loose)
            loose = zip(self._loose, self._items[fixed:], self._weights[fixed:], strict=True)
            rows = sorted([*loose, *self._coming], key=itemgetter(0))
            # A new list: windows that were handed out share the old one.
            self._items = self._items[:fixed] + [item for _, item, _ in rows]
            self._weights = self._weights[:fixed] + array("q", [weight for _, _, weight in rows])
            self._loose = [time_s for time_s, _, _ in rows]
            self._first, self._weight = 0, sum(self._weights)
            self.reordered += 1
        else:
            self._items.extend(item for _, item, _ in self._coming)
            self._weights.extend(weight for _, _, weight in self._coming)
            self._loose.extend(time_s for time_s, _, _ in self._coming)
            self._weight += sum(weight for _, _, weight in self._coming)

    def _replace(self) -> None:
        """Put what was told anew in the place of what it was."""
        self._put_in_place(self._coming)
        rows = list(zip(self._all_times(), self._items, self._weights, strict=True))
        if not self._put_in_place(rows):
            self._retold.clear()
            return
        fixed = len(rows) - len(self._loose)
        rows[fixed:] = sorted(rows[fixed:], key=itemgetter(0))
        # New lists: windows that were handed out share the old one.
        self._items = [item for _, item, _ in rows]
        self._weights = array("q", [weight for _, _, weight in rows])
        self._loose = [time_s for time_s, _, _ in rows[fixed:]]
        self._weight = sum(self._weights[self._first :])
        self._retold.clear()
        self.reordered += 1

    def _all_times(self) -> list[float]:
        return [*[-math.inf] * (len(self._items) - len(self._loose)), *self._loose]

    def _put_in_place(self, rows: list[tuple[float, T, int]]) -> bool:
        """Replace what was told anew in `rows`, of equal ones the last; whether there was any."""
        found = False
        for place in range(len(rows) - 1, -1, -1):
            if not self._retold:
                break
            while retold := self._retold.get(rows[place][1]):  # what is told anew may be again
                at_s, item, _ = rows[place]
                was_s, time_s, better, weight = retold.pop()
                rows[place] = (time_s if at_s == was_s else at_s, better, weight)
                found = True
                if not retold:
                    del self._retold[item]
        return found

    def _trim(self) -> None:
        """Let go of what is too much; the list itself is made anew only now and then."""
        last = len(self._items) - 1
        while last - self._first >= self._limit or (
            self._weight > MAX_CHARACTERS and self._first < last
        ):
            self._weight -= self._weights[self._first]
            dropped_s = _time(self._items[self._first].time_s)
            self.dropped_until_s = max(self.dropped_until_s, dropped_s)
            self._first += 1
        if self._first > self._limit // 4:
            self._cut += self._first
            self._items = self._items[self._first :]
            self._weights = self._weights[self._first :]
            self._loose = self._loose[max(0, len(self._loose) - len(self._items)) :]
            self._first = 0


def _time(time_s: float | None) -> float:
    return -math.inf if time_s is None else time_s

"""What stands between the entries of the timeline: days and silences. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Day, Entry, EventsEnd, Quiet, Row

QUIET_S = 600.0
"""A longer silence gets a row of its own."""

Item: TypeAlias = Entry | EventsEnd
"""What days and silences come between."""


def merged(messages: Iterable[Message], others: Iterator[Item]) -> Iterator[Item]:
    """Merge both by time. An entry without a time stays behind its predecessor.

    Args:
        messages: In their order.
        others: What else there is: of one moment events come first, and messages last.
    """
    other = next(others, None)
    for message in messages:
        while other is not None and _is_first(other, message):
            yield other
            other = next(others, None)
        yield message
    if other is not None:
        yield other
        yield from others


def _is_first(other: Item, message: Message) -> bool:
    if other.time_s is None or message.time_s is None:
        return other.time_s is None
    if isinstance(other, Message):
        return other.time_s < message.time_s
    return other.time_s <= message.time_s


class Spacer:
    """Inserts days and silences between entries.

    Where times run backwards, a silence is counted from the latest time before it; an entry of the
    future tells of none. So none is told that is only a clock's jump.

    Args:
        last_s: The time of the entry before the first one; `None` if there is none.
        now_s: What is later by more than a silence is of the future.

    Attributes:
        now_s: As given; to be kept up to date.
    """

    def __init__(self, last_s: float | None, now_s: float) -> None:
        self.now_s = now_s
        self._latest_s = math.inf if last_s is None else last_s
        self._midnight_s = -math.inf
        self._next_midnight_s = -math.inf if last_s is None else self._turn_to(last_s)

    def spaced(self, items: Iterable[Item], *, quiet: bool = True) -> Iterator[Row]:
        """Yield the items with separators between them.

        Args:
            items: In their order.
            quiet: Whether silences are among them: none is known where entries are missing.
        """
        for item in items:
            if item.time_s is not None:
                if quiet and item.time_s <= self.now_s + QUIET_S:
                    yield from self._silence(item.time_s)
                yield from self._day(item.time_s)
            yield item

    def _silence(self, time_s: float) -> Iterator[Row]:
        if time_s - self._latest_s > QUIET_S:
            yield Quiet(time_s, time_s - self._latest_s)
        self._latest_s = time_s if math.isinf(self._latest_s) else max(self._latest_s, time_s)

    def _day(self, time_s: float) -> Iterator[Row]:
        if not self._midnight_s <= time_s < self._next_midnight_s:
            self._turn_to(time_s)
            yield Day(time_s)

    def _turn_to(self, time_s: float) -> float:
        midnight = datetime.fromtimestamp(time_s).replace(hour=0, minute=0, second=0, microsecond=0)
        self._midnight_s = midnight.timestamp()
        self._next_midnight_s = (midnight + timedelta(days=1)).timestamp()
        return self._next_midnight_s

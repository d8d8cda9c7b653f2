"""Messages in pages, as those of files are, for tests."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Self

from logging_core.records import Message, Problem


class PagedMessages:
    """All messages that were ever written.

    Args:
        messages: In their order.

    Attributes:
        reads: How many pages were asked for.
        times: Of the messages of the last page.
    """

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.problems: list[Problem] = []
        self.reads = 0
        self.times: list[float] = []
        self._left: list[Message] = []
        self._ids: Collection[str] | None = None

    def open(self, instance_ids: Collection[str] | None) -> Self:
        """Page from now on only those of some instances; `None` for all."""
        self._ids = instance_ids
        return self

    def start_before(self, time_s: float) -> None:
        """Begin with the last one before a time."""
        wanted = (m for m in self.messages if self._ids is None or m.instance_id in self._ids)
        self._left = [m for m in wanted if (m.time_s or 0) < time_s]

    def begins_s(self) -> float | None:
        """When the first of those that are wanted was written."""
        wanted = (m for m in self.messages if self._ids is None or m.instance_id in self._ids)
        return min((m.time_s for m in wanted if m.time_s is not None), default=None)

    def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
        """Return the newest of those that are left, oldest first."""
        self.reads += 1
        from_s = -math.inf if since_s is None else since_s
        page = [m for m in self._left if (m.time_s or 0) >= from_s][-count:]
        self._left = self._left[: len(self._left) - len(page)]
        self.times = [message.time_s or 0 for message in page]
        return page

"""The requests of one instance that have no reply yet."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from logging_core.analyse.facts import moment_s
from logging_core.analyse.recent import Recent
from logging_core.analyse.state import OpenRequest

MOST_OPEN = 1_000
"""So many open requests of one instance are kept; the oldest give way."""

RECENT_REPLIES = 64


class Requests:
    """Opened by a `message_sent`, closed by a reply or an exchange with the same message id.

    The two stand in different files, so the reply may come first: what was closed lately is
    remembered, and a request that is not newer than its reply does not open.
    """

    __slots__ = ("_closed", "_late_ids", "_late_times", "_open")

    def __init__(self) -> None:
        self._open: dict[str, OpenRequest] = {}
        self._closed: Recent[float] = Recent(RECENT_REPLIES)
        self._late_ids: list[str | None] = []
        self._late_times = array("d")

    def open(self, message_id: str, at_s: float | None) -> None:
        """A request was sent; one that is open already keeps its time."""
        self._remember()
        closed_s = self._closed.get(message_id)
        if closed_s is not None and (at_s is None or at_s <= closed_s):
            return
        if message_id not in self._open:
            self._open[message_id] = OpenRequest(message_id, at_s)
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]

    def close(self, message_id: str, at_s: float | None) -> None:
        """A request was answered; an answer older than the request is to an earlier one."""
        at_s = math.inf if at_s is None else at_s
        self._closed.put(message_id, at_s)
        request = self._open.get(message_id)
        if request is not None and (request.since_s is None or request.since_s <= at_s):
            del self._open[message_id]

    def answer(self, message_id: str, at_s: float | None) -> None:
        """A reply stands after the request in its own file: whatever its time, it is the answer."""
        request = self._open.get(message_id)
        if at_s is not None and request is not None and request.since_s is not None:
            at_s = max(at_s, request.since_s)  # a clock that is put back comes between them
        self.close(message_id, at_s)

    def close_all(self, message_ids: Sequence[str | None], timestamps: Sequence[str]) -> None:
        """Requests were answered by exchanges that were decoded in bulk, in file order."""
        if self._open:
            for message_id, timestamp in zip(message_ids, timestamps, strict=True):
                if message_id in self._open:
                    self.close(message_id, moment_s(timestamp))
        if len(message_ids) < RECENT_REPLIES:
            self._remember()
        newest = slice(-RECENT_REPLIES, None)
        self._late_ids = [*message_ids[newest]]
        self._late_times = array("d", map(moment_s, timestamps[newest]))

    def left(self) -> list[OpenRequest]:
        """What is open, in the order in which it was read."""
        return list(self._open.values())

    def _remember(self) -> None:
        """Note the newest answers that came in bulk: only now does it matter."""
        for message_id, at_s in zip(self._late_ids, self._late_times, strict=True):
            if message_id is not None:
                self._closed.put(message_id, at_s)
        self._late_ids, self._late_times = [], array("d")

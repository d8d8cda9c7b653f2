"""The requests of one instance that have no reply yet."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from zlib import crc32

from logging_core.analyse.state import OpenRequest

MAX_OPEN = 1_000
"""A request of an instance after which so many were sent is not open any more: nobody waits for it.
That does not depend on how many of these were answered, as the answers may be read later."""

RECENT_REPLIES = 64
"""So many answers of one instance are remembered at least, and twice as many at most.

A request that is read after its answer, and after more of them, is taken to be open: only who
begins with the ends of logs reads requests after answers.
"""

RECENT_FAILURES = 1_024
"""The same of failed requests. A reply stands after its request in the instance's own file, too; a
failure only in the audit trail, of which all may have been read before."""


class Ends:
    """When requests ended last, of the newest ones; in order, and small: there are thousands.

    Args:
        least: How many are remembered at least; twice as many at most.
    """

    __slots__ = ("_least", "_sums", "_times")

    def __init__(self, least: int) -> None:
        self._least = least
        self._sums = array("I")  # checksums of the ids
        self._times = array("d")

    def add(self, message_id: str, at_s: float) -> None:
        """A request ended, maybe not for the first time."""
        place = self._place(message_id)
        if place is not None:
            self._times[place] = max(self._times[place], at_s)
            return
        self._sums.append(_sum(message_id))
        self._times.append(at_s)
        if len(self._sums) >= 2 * self._least:
            del self._sums[: self._least], self._times[: self._least]

    def begin(self, message_ids: Sequence[str | None], times: Sequence[float]) -> bool:
        """Remember some ends, in file order, where none are known; whether that could be done.

        It costs a part of adding one after the other, which has to be done where one id has ended
        twice.
        """
        sums = array(
            "I", [_sum(message_id) for message_id in message_ids if message_id is not None]
        )
        if self._sums or len(set(sums)) < len(message_ids):
            return False
        self._sums, self._times = sums, array("d", times)
        return True

    def replace(self, message_ids: Sequence[str | None], times: array[float]) -> None:
        """Forget all but the newest of these, which are in file order."""
        newest = slice(-self._least, None)
        ids = [message_id or "" for message_id in message_ids[newest]]
        self._sums = array("I", map(crc32, map(str.encode, ids)))
        self._times = times[newest]

    def of(self, message_id: str) -> float | None:
        """Return when a request ended last; `None` if that is not known."""
        place = self._place(message_id)
        return None if place is None else self._times[place]

    def _place(self, message_id: str) -> int | None:
        if not self._sums:
            return None
        # As bytes: an array makes a number of each item that it compares.
        sums, wanted = self._sums.tobytes(), array("I", [_sum(message_id)]).tobytes()
        at, size = sums.rfind(wanted), self._sums.itemsize
        while at >= 0 and at % size:  # it begins inside of another one
            at = sums.rfind(wanted, 0, at + size - 1)
        return at // size if at >= 0 else None


class Requests:
    """Opened by a `message_sent`; closed by a reply, an exchange or a failure with the same id.

    These stand in different files, so the end may come first: what was closed lately is
    remembered, and a request that is not newer than its end does not open. Whoever is spawned
    again may call another request by the same id, so that of one id several may be open: which of
    them belong to a life that has ended is for others to tell.
    """

    __slots__ = ("_answered", "_failed", "_numbers", "_open", "_sent")

    def __init__(self) -> None:
        self._sent = 0
        self._open: dict[int, OpenRequest] = {}  # by their numbers, in file order
        self._numbers: dict[str, list[int]] = {}  # by message id
        self._answered = Ends(RECENT_REPLIES)
        self._failed = Ends(RECENT_FAILURES)

    def open(self, message_id: str, at_s: float | None, text: str = "") -> None:
        """A request was sent, maybe not for the first time."""
        self._sent += 1
        if self._open:
            self._give_up()
        ends = (self._answered.of(message_id), self._failed.of(message_id))
        if any(end_s is not None and (at_s is None or at_s <= end_s) for end_s in ends):
            return
        self._open[self._sent] = OpenRequest(message_id, at_s, text)
        self._numbers.setdefault(message_id, []).append(self._sent)

    def close(self, message_id: str, at_s: float | None, *, failed: bool = False) -> None:
        """A request was answered, or failed; an end older than the request is of an earlier one."""
        at_s = math.inf if at_s is None else at_s
        (self._failed if failed else self._answered).add(message_id, at_s)
        left = []
        for number in self._numbers.pop(message_id, ()):
            if _since_s(self._open[number]) <= at_s:
                del self._open[number]
            else:
                left.append(number)
        if left:
            self._numbers[message_id] = left

    def answer(self, message_id: str, at_s: float | None) -> None:
        """A reply stands after the request in its own file: whatever its time, it is the answer."""
        asked = [_since_s(self._open[number]) for number in self._numbers.get(message_id, ())]
        if at_s is not None and asked:
            at_s = max(at_s, *asked)  # a clock that is put back comes between them
        self.close(message_id, at_s)

    def close_all(self, message_ids: Sequence[str | None], times: array[float]) -> None:
        """Requests were answered by exchanges that were decoded in bulk, in file order."""
        few = len(message_ids) < RECENT_REPLIES
        if few and not self._open and self._answered.begin(message_ids, times):
            return
        if few or self._open:
            for message_id, time_s in zip(message_ids, times, strict=True):
                if message_id is not None and (few or message_id in self._numbers):
                    self.close(message_id, time_s)
        if not few:
            self._answered.replace(message_ids, times)

    def left(self) -> list[OpenRequest]:
        """What is open, in the order in which it was read."""
        return list(self._open.values())

    def _give_up(self) -> None:
        """Let go of the request after which `MAX_OPEN` were sent."""
        request = self._open.pop(self._sent - MAX_OPEN, None)
        if request is not None:
            numbers = self._numbers[request.message_id]
            numbers.remove(self._sent - MAX_OPEN)
            if not numbers:
                del self._numbers[request.message_id]


def _sum(message_id: str) -> int:
    """What an id is known by: that two of a hundred are alike is not to be expected."""
    return crc32(message_id.encode("utf-8", "surrogatepass"))


def _since_s(request: OpenRequest) -> float:
    """When it was sent; of an unknown moment any answer is later."""
    return -math.inf if request.since_s is None else request.since_s

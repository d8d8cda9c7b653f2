"""Messages of the past, page by page backwards, without reading what nobody scrolls to."""

from __future__ import annotations

import heapq
import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from logging_core.arguments import ids_of, moment, whole_number
from logging_core.codec.decode import decode_message
from logging_core.read.backwards import DISORDER_S, decoded, lines_of
from logging_core.read.lines import Line
from logging_core.read.listing import parts_of
from logging_core.read.log import problem
from logging_core.read.message_search import end_of, end_of_head
from logging_core.read.names import directories_of, shown_name
from logging_core.read.part_bytes import MovedError
from logging_core.records import Message, Problem
from logging_core.tree import expand_user, log_of

_MAX_LOOKED_AT = 100_000
_MAX_TIMELESS = 1000  # in a row: then they have the time of the one after them
_WITNESSES, _FEW_WITNESSES = 16, 3
_TRIES = 3

Timed = tuple[float, Message]


class MessagePages:
    """The messages of many instances merged by time, the newest page first.

    Inside one file the order stays; a message without a time has that of the one before it, and so
    has one whose time is far earlier than those before and after it. Each page goes on where the
    last one ended, so it costs its own size, not that of the files. What is written later belongs
    to no page. Lines that are no messages are left out: `follow()` reports them. So are files that
    cannot be read: see `problems`. All calls block.

    Args:
        root: Of the tree.
        instance_ids: Whose, as records give them, or by directory: many, or one. `None` for all
            that are there.
        raw: Leave texts unsanitised.

    Raises:
        TypeError: `instance_ids` are no ids.
        ValueError: `root` is in the home of nobody.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        instance_ids: Iterable[str] | None = None,
        *,
        raw: bool = False,
    ) -> None:
        self._root = expand_user(root)
        self._raw = raw
        self._instance_ids = None
        if instance_ids is not None:
            self._instance_ids = ids_of("instance_ids", instance_ids)
        self._problems: dict[str, Problem] = {}
        self.start_before(None)

    def start_before(self, time_s: float | None) -> None:
        """Begin anew: the next page is the newest one before a moment; `None` for the newest.

        Args:
            time_s: Seconds since the epoch.

        Raises:
            ValueError: `time_s` is no time.
        """
        before_s = math.inf if time_s is None else moment("time_s", time_s)
        names = directories_of(self._root, self._instance_ids)
        self._streams = [self._of(name, before_s) for name in names]
        self._heap: list[tuple[float, int, Message]] | None = None
        self._times: list[float] = []

    @property
    def times(self) -> list[float]:
        """By which time each message of the last page has its place: they never fall.

        It is that of the message unless clocks jumped; `start_before` and `older` go by it.
        """
        return self._times

    @property
    def problems(self) -> list[Problem]:
        """Which files were left out so far, or read in part, and why; one for each."""
        return list(self._problems.values())

    def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
        """The next `count` messages older than all so far, oldest first; fewer at the beginning.

        Args:
            count: How many.
            since_s: None of before that, in seconds since the epoch; `None` for all.

        Raises:
            ValueError: `count` is no whole number, or negative, or `since_s` is no time.
        """
        count = whole_number("count", count)
        from_s = -math.inf if since_s is None else moment("since_s", since_s)
        if self._heap is None:
            self._heap = []
            for number in range(len(self._streams)):
                self._push(self._heap, number)
        page: list[Timed] = []
        while self._heap and len(page) < count and -self._heap[0][0] >= from_s:
            before_s, number, message = heapq.heappop(self._heap)
            page.append((-before_s, message))
            self._push(self._heap, -number)
        page.reverse()
        self._times = [time_s for time_s, _ in page]
        return [message for _, message in page]

    def begins_s(self) -> float | None:
        """About when the first message was written, in seconds since the epoch.

        The earliest time in the first lines of each log: no message is much earlier. `None` if
        there is none.
        """
        names = directories_of(self._root, self._instance_ids)
        return min((time_s for name in names for time_s in self._first_times(name)), default=None)

    def line_of(self, message: Message) -> bytes | None:
        """The line that a message was read from, as it stands in its file, without its newline.

        Args:
            message: As these pages, or `follow()`, gave it.

        Returns:
            At most 1 MiB of it; `None` if it is not found, as where its file is gone.
        """
        decode = partial(decode_message, instance_id=message.instance_id, raw=self._raw)
        time_s = math.inf if message.time_s is None else message.time_s
        for name in directories_of(self._root, [message.instance_id]):
            group = log_of(name, "communication")
            for line in islice(self._lines(group, time_s), _MAX_LOOKED_AT):
                found = decoded(line, decode)
                if found == message:
                    return line.data
                if isinstance(found, str) or found.time_s is None or time_s == math.inf:
                    continue
                if found.time_s < time_s - DISORDER_S:
                    break
        return None

    def _push(self, heap: list[tuple[float, int, Message]], number: int) -> None:
        for time_s, message in islice(self._streams[number], 1):
            heapq.heappush(heap, (-time_s, -number, message))

    # --- one instance --------------------------------------------------------

    def _of(self, name: str, before_s: float) -> Iterator[Timed]:
        """One instance's messages before a moment; their times never rise.

        A file that is gone may be there in another shape, as compressed: then it is read on there.
        """
        last_s, given = before_s, 0  # of that time so many were given
        for tries_left in reversed(range(_TRIES)):
            until_s = math.nextafter(last_s, math.inf) if given else before_s
            skipped = given
            try:
                for time_s, message in self._newest_first(name, until_s, gone_too=not tries_left):
                    if skipped and time_s == last_s:
                        skipped -= 1
                        continue
                    given = given + 1 if given and time_s == last_s else 1
                    last_s = time_s
                    yield time_s, message
            except MovedError:
                continue
            return

    def _newest_first(self, name: str, before_s: float, *, gone_too: bool) -> Iterator[Timed]:
        """See `_of`; raises `MovedError`, unless what is gone is to be left out."""
        group = log_of(name, "communication")
        shown = name if self._raw else shown_name(name)
        decode = partial(decode_message, instance_id=shown, raw=self._raw)
        latest_s, timeless = math.inf, list[Message]()
        for time_s, message in _believed(self._messages(group, before_s, decode, gone_too)):
            timeless.append(message)
            if time_s is None and len(timeless) < _MAX_TIMELESS:
                continue
            latest_s = latest_s if time_s is None else time_s
            if latest_s < before_s or before_s == math.inf:
                yield from ((latest_s, earlier) for earlier in timeless)
            timeless.clear()
        if before_s == math.inf or latest_s < before_s:
            yield from ((min(latest_s, 0.0), earlier) for earlier in timeless)

    def _messages(
        self,
        group: str,
        before_s: float,
        decode: Callable[[bytes], Message | str],
        gone_too: bool,
    ) -> Iterator[Message]:
        for line in self._lines(group, before_s, gone_too=gone_too):
            message = decoded(line, decode)
            if not isinstance(message, str):
                yield message

    def _lines(self, group: str, before_s: float, *, gone_too: bool = True) -> Iterator[Line]:
        """The lines of all parts, the newest first."""
        relist = partial(parts_of, self._root, group)
        find_end = partial(end_of, before_s=before_s)
        for part in reversed(relist()):
            yield from lines_of(
                self._root, part, relist, self._note, gone_too=gone_too, find_end=find_end
            )

    def _first_times(self, name: str) -> Iterator[float]:
        """The times of the first lines of one instance, the newest first."""
        relist = partial(parts_of, self._root, log_of(name, "communication"))
        decode = partial(decode_message, instance_id=name, raw=self._raw)
        for part in relist()[:1]:
            for line in lines_of(
                self._root, part, relist, self._note, gone_too=True, find_end=end_of_head
            ):
                message = decoded(line, decode)
                if isinstance(message, Message) and message.time_s is not None:
                    yield message.time_s

    def _note(self, path: str, reason: str) -> None:
        self._problems[path] = problem(path, reason)


def _believed(messages: Iterator[Message]) -> Iterator[tuple[float | None, Message]]:
    """Messages of one file, newest first, each with a time no later than those after it have.

    It has none if its own is mistaken: far earlier than that of the message after it, and than
    most of those right before it, which are not themselves far later than that after it.
    """
    latest_s, older = math.inf, deque[Message]()
    while (message := older.popleft() if older else next(messages, None)) is not None:
        time_s = message.time_s
        if time_s is not None and time_s < latest_s - DISORDER_S:
            # The newest of each file is asked for at once, so there may be thousands of them.
            number = _WITNESSES if latest_s < math.inf else _FEW_WITNESSES
            older.extend(islice(messages, max(0, number - len(older))))
            times = [one.time_s for one in older if one.time_s is not None]
            between = sum(time_s + DISORDER_S < one_s < latest_s + DISORDER_S for one_s in times)
            if 2 * between > len(times):
                time_s = None
        if time_s is not None:
            latest_s = time_s = min(latest_s, time_s)
        yield time_s, message

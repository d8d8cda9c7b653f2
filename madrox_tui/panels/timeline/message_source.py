"""Messages older than those in the fleet's state, read page by page in a thread."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from logging_core.analyse.state import TimelineEvent
from logging_core.event_types import SPOKEN
from logging_core.records import Message, Problem
from logging_core.threads import in_thread

PAGE = 500
"""Messages per page."""

MOST = 4
"""Of a time with more than so many pages only the beginning is read at once."""

_FIRST_SPAN_S, _LEAST_SPAN_S = 600.0, 0.01


class Written(NamedTuple):
    """The line that a message was read from.

    Attributes:
        data: The line as it stands in its file.
        repeated: The keys that are in it twice, safe to show; the last value counts.
    """

    data: bytes
    repeated: tuple[str, ...]


class Span(NamedTuple):
    """All messages of some time.

    Each has its place by a time that may be another than its own where clocks jumped.

    Attributes:
        messages: Oldest first.
        from_s: Since when, in seconds since the epoch; minus infinity for the first of all.
        until_s: Up to before when.
        times: By which time each has its place, as far as that was asked for; they never fall.
    """

    messages: list[Message]
    from_s: float
    until_s: float
    times: Sequence[float] = ()


class LineSource(Protocol):
    """Finds what messages and errors were read from without blocking the screen."""

    async def line(self, message: Message) -> Written | None:
        """Find the line of a message; `None` if it is no longer there."""
        ...

    async def told(self, error: TimelineEvent) -> TimelineEvent | None:
        """Find all that the audit trail says of an error; `None` if that is not found."""
        ...


class Pages(Protocol):
    """Reads messages backwards from some time. Its methods read files, and block."""

    def start_before(self, time_s: float) -> None:
        """Begin with the newest message before `time_s`, seconds since the epoch."""

    def begins_s(self) -> float | None:
        """Return about when the first message was written; `None` if there is none with a time."""

    @property
    def problems(self) -> Sequence[Problem]:
        """Which files were left out so far, or read in part, and why; one for each."""

    @property
    def times(self) -> Sequence[float]:
        """By which time each message of the last page has its place; they never fall."""

    def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
        """Return the next `count` older messages, oldest first; empty when there are no more.

        Args:
            count: How many.
            since_s: None of before that, in seconds since the epoch; `None` for all.
        """


class MessageSource:
    """Reads older pages, one at a time, from a start that may change during a read.

    Args:
        open_pages: Opens the messages of some instances; of all for `None`.
    """

    def __init__(self, open_pages: Callable[[Collection[str] | None], Pages]) -> None:
        self._open_pages = open_pages
        self._turn = asyncio.Lock()
        self._begin: tuple[float, Collection[str] | None] | None = None
        self._pages: Pages | None = None
        self._problems: dict[str, Problem] = {}
        self._span_s = _FIRST_SPAN_S

    @property
    def problems(self) -> list[Problem]:
        """Which files could not be read, or only in part, and why; the latest of each."""
        return list(self._problems.values())

    def start(self, before_s: float, instance_ids: Collection[str] | None = None) -> None:
        """Restart before a time; a page still being read for the previous start is dropped.

        Args:
            before_s: Seconds since the epoch.
            instance_ids: Only messages of these instances; `None` for all.
        """
        self._begin = (before_s, instance_ids)
        self._pages = None

    async def older(self) -> Span | None:
        """Return the next older page: all from when it begins on that no page had.

        Empty when there are no older messages; `None` if `start` was called meanwhile, or never.

        Raises:
            OSError: A file cannot be read.
        """
        async with self._turn:
            begin = self._begin
            if begin is None:
                return None
            pages, page = await in_thread(partial(self._read, self._pages, *begin))
            self._problems.update((problem.path, problem) for problem in pages.problems)
            if begin is not self._begin:
                return None
            self._pages = pages
            return page

    async def pages(
        self, before_s: float, instance_ids: Collection[str] | None = None
    ) -> AsyncIterator[Span]:
        """Yield pages before a time, the newest first, whatever `older` is at.

        Args:
            before_s: Seconds since the epoch.
            instance_ids: Only messages of these instances; `None` for all.

        Raises:
            OSError: A file cannot be read.
        """
        pages: Pages | None = None
        while True:
            async with self._turn:
                pages, page = await in_thread(partial(self._read, pages, before_s, instance_ids))
            if not page.messages:
                return
            yield page

    async def newer(
        self,
        from_s: float,
        until_s: float,
        instance_ids: Collection[str] | None = None,
        *,
        at_once: int | None = None,
    ) -> Span:
        """Return the messages since a moment: about a page, or all up to another moment.

        Args:
            from_s: Seconds since the epoch; minus infinity for the first of all.
            until_s: No message at or after this one is returned.
            instance_ids: Only messages of these instances; `None` for all.
            at_once: About how many; `None` for a page.

        Raises:
            OSError: A file cannot be read.
        """
        async with self._turn:
            read = partial(self._read_newer, from_s, until_s, instance_ids, at_once or PAGE)
            return await in_thread(read)

    def _read_newer(
        self, from_s: float, until_s: float, instance_ids: Collection[str] | None, at_once: int
    ) -> Span:
        """Try shorter and longer times until one has about a page: files are read backwards."""
        begin_s = from_s
        if begin_s == -math.inf:
            first_s = self._open_pages(instance_ids).begins_s()
            begin_s = until_s if first_s is None else first_s
        too_long_s = math.inf
        while True:
            end_s = min(until_s, begin_s + self._span_s)
            most = MOST * at_once if self._span_s > _LEAST_SPAN_S else None
            found = self._read_back(from_s, end_s, instance_ids, most)
            if found is None:
                too_long_s = self._span_s
                self._span_s /= 4
            elif (
                end_s < until_s
                and len(found.messages) < at_once // 2
                and self._span_s * 4 < too_long_s
            ):
                self._span_s *= 4
            else:
                return found

    def _read_back(
        self, from_s: float, until_s: float, instance_ids: Collection[str] | None, most: int | None
    ) -> Span | None:
        """Return all of some time; `None` if there are more than `most`."""
        messages: list[Message] = []  # the newest first
        times: list[float] = []
        pages, page = self._read(None, until_s, instance_ids, from_s)
        while page.messages:
            messages.extend(reversed(page.messages))
            times.extend(reversed(page.times))
            if most is not None and len(messages) > most:
                return None
            pages, page = self._read(pages, until_s, instance_ids, from_s)
        return Span(messages[::-1], from_s, until_s, times[::-1])

    def _read(
        self,
        pages: Pages | None,
        before_s: float,
        instance_ids: Collection[str] | None,
        from_s: float = -math.inf,
    ) -> tuple[Pages, Span]:
        """Return the next page; it is of all time if there are no more."""
        if pages is None:
            pages = self._open_pages(instance_ids)
            pages.start_before(before_s)
        since_s = None if from_s == -math.inf else from_s
        while page := pages.older(PAGE, since_s=since_s):
            timed = zip(page, pages.times, strict=True)
            spoken = [(one, time_s) for one, time_s in timed if one.event_type in SPOKEN]
            if spoken:
                times = [time_s for _, time_s in spoken]
                return pages, Span([one for one, _ in spoken], times[0], before_s, times)
        return pages, Span([], -math.inf, before_s)

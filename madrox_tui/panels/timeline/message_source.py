"""Messages older than those in the fleet's state, read page by page in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from logging_core.analyse.state import TimelineEvent
from logging_core.event_types import SPOKEN
from logging_core.records import Message, Problem
from logging_core.threads import in_thread

PAGE = 500
"""Messages per page."""


class Written(NamedTuple):
    """The line that a message was read from.

    Attributes:
        data: The line as it stands in its file.
        repeated: The keys that are in it twice, safe to show; the last value counts.
    """

    data: bytes
    repeated: tuple[str, ...]


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

    @property
    def problems(self) -> Sequence[Problem]:
        """Which files were left out so far, or read in part, and why; one for each."""

    def older(self, count: int) -> list[Message]:
        """Return the next `count` older messages, oldest first; empty when there are no more."""


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

    async def older(self) -> list[Message] | None:
        """Return the next older page, oldest first.

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

    async def between(
        self, from_s: float, until_s: float, instance_ids: Collection[str] | None = None
    ) -> list[Message]:
        """Return the messages from one moment to before another, oldest first.

        Args:
            from_s: Seconds since the epoch.
            until_s: The same.
            instance_ids: Only messages of these instances; `None` for all.

        Raises:
            OSError: A file cannot be read.
        """
        async with self._turn:
            return await in_thread(partial(self._read_back, from_s, until_s, instance_ids))

    def _read_back(
        self, from_s: float, until_s: float, instance_ids: Collection[str] | None
    ) -> list[Message]:
        found: list[Message] = []  # the newest first
        pages, page = self._read(None, until_s, instance_ids)
        while page:
            for message in reversed(page):
                if message.time_s is not None and message.time_s < from_s:
                    return found[::-1]
                found.append(message)
            pages, page = self._read(pages, until_s, instance_ids)
        return found[::-1]

    def _read(
        self, pages: Pages | None, before_s: float, instance_ids: Collection[str] | None
    ) -> tuple[Pages, list[Message]]:
        if pages is None:
            pages = self._open_pages(instance_ids)
            pages.start_before(before_s)
        while page := pages.older(PAGE):
            if spoken := [message for message in page if message.event_type in SPOKEN]:
                return pages, spoken
        return pages, []

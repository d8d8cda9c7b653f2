"""Messages that are read from a temporary file on access."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast, overload

from logging_core.history.spill import Page, Spill
from logging_core.records import Message

MESSAGES_A_PAGE = 256

_CACHED_PAGES = 16


class StoredMessages(Sequence[Message]):
    """The messages of one state, oldest first; immutable, like the state.

    Args:
        spill: Where they are stored.
        pages: All messages, `MESSAGES_A_PAGE` to a page but for the last.
        start: Index of the state's first message among all.
        stop: One past the index of the last.
    """

    def __init__(self, spill: Spill, pages: list[Page], start: int, stop: int) -> None:
        self._spill = spill
        self._pages = pages
        self._start = start
        self._stop = stop
        self._cache: OrderedDict[int, list[Message]] = OrderedDict()

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> list[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | list[Message]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = index + (len(self) if index < 0 else 0)
        if not 0 <= number < len(self):
            raise IndexError(index)
        page, place = divmod(self._start + number, MESSAGES_A_PAGE)
        return self._page(page)[place]

    def _page(self, number: int) -> list[Message]:
        page = self._cache.get(number)
        if page is None:
            page = cast("list[Message]", self._spill.read(self._pages[number]).entries())
            self._cache[number] = page
            while len(self._cache) > _CACHED_PAGES:
                self._cache.popitem(last=False)
        return page

"""Messages that are read from a temporary file when someone looks at them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast, overload

from logging_core.records import Message
from logging_core.spill import Page, Spill

MESSAGES_A_PAGE = 256

_MOST_PAGES = 16  # held in memory at a time


class StoredMessages(Sequence[Message]):
    """Messages of one state, oldest first: immutable, like the state.

    Args:
        spill: Where they are.
        pages: Of all messages, `MESSAGES_A_PAGE` in each but the last.
        start: The number of the first, among all.
        stop: One past the last.
    """

    def __init__(self, spill: Spill, pages: list[Page], start: int, stop: int) -> None:
        self._spill = spill
        self._pages = pages
        self._start = start
        self._stop = stop
        self._held: OrderedDict[int, list[Message]] = OrderedDict()

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
        held = self._held.get(number)
        if held is None:
            held = cast("list[Message]", self._spill.get_entries(self._pages[number]))
            self._held[number] = held
            while len(self._held) > _MOST_PAGES:
                self._held.popitem(last=False)
        return held

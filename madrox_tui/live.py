"""A tree as it is now: every record that there is and that comes, folded into a fleet model."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec

from logging_core.analyse.fleet import FleetModel
from logging_core.cache import WORTH_KEEPING, FleetCache, is_rewritten
from logging_core.read.follow import follow_on
from logging_core.read.reader import TreeReader
from logging_core.records import Batch

HISTORY_BYTES = 256 * 1024
"""How much of the end of each log (audit apart) is read at the start, if there are few."""

LEAST_HISTORY_BYTES = 16 * 1024
"""The same if there are many."""

_HISTORY_IN_ALL = 16 << 20  # more messages than the timeline keeps
_FIRST_LOOKS = 8
_FIRST_S = 0.06  # a screen that shows most is better than one that shows all later

KEEP_S = 600.0
"""So often what was summed is kept for the next start, if there is much of it."""


class LiveFleet:
    """Follows a tree. What was kept of it by an earlier run is not read again.

    Args:
        root: The log tree; need not exist yet.
        options: Of the `FleetModel`.
        poll: Do without change notifications.
        cache: Where sums are kept from one run to the next; `None`: nowhere.
        monotonic: Seconds that only ever grow.

    Attributes:
        model: What the records amount to. Another object after a tree turned out to have been
            rewritten since it was summed.
    """

    def __init__(
        self,
        root: Path,
        options: dict[str, Any],
        *,
        poll: bool,
        cache: FleetCache | None,
        monotonic: Callable[[], float],
    ) -> None:
        self.model = FleetModel(**options)
        self._root = root
        self._options = options
        self._poll = poll
        self._cache = cache
        self._monotonic = monotonic
        self._reader = self._read_ends()
        self._first: Batch | None = None
        self._doubt = False
        self._new = 0
        self._keep_from_s = monotonic()

    def begin(self) -> Batch:
        """Take the first look; blocking. What it brings is folded into the model already.

        Before there is a screen, this takes a fraction of what it takes while one is being made.
        """
        kept = None if self._cache is None else self._cache.load(**self._options)
        if kept is not None:
            self._reader = TreeReader(self._root, cursor=kept.cursor, blocks=True)
            self.model, self._doubt = kept.model, True
        until_s = self._monotonic() + _FIRST_S
        first, looks = self._look(None), 1
        while not first.caught_up and looks < _FIRST_LOOKS and self._monotonic() < until_s:
            first, looks = self._look(()), looks + 1
        self._first = first
        return first

    def _look(self, dirty: Collection[Path] | None) -> Batch:
        batch = self._reader.poll(dirty)
        if self._doubt and is_rewritten(batch):
            self._begin_anew()
            batch = self._reader.poll()
        self.take(batch)
        return batch

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """What comes, look by look; each is to be given to `take`."""
        void = False
        async with aclosing(self._follow()) as batches:
            async for batch in batches:
                void = self._doubt and is_rewritten(batch)
                if void:
                    break
                if batch is not self._first:
                    yield batch
                self._doubt = self._doubt and not batch.caught_up
        if not void:
            return
        self._begin_anew()
        is_first = True
        async with aclosing(self._follow()) as batches:
            async for batch in batches:
                yield msgspec.structs.replace(batch, reset=True) if is_first else batch
                is_first = False

    def _begin_anew(self) -> None:
        """Forget what was kept: the tree is no longer what it was."""
        self.model, self._first, self._doubt = FleetModel(**self._options), None, False
        self._reader = self._read_ends()

    def _read_ends(self) -> TreeReader:
        return TreeReader(self._root, history_bytes=history_bytes(self._root), blocks=True)

    def _follow(self) -> AsyncGenerator[Batch, None]:
        return follow_on(self._reader, self._root, first=self._first, poll=self._poll)

    def take(self, batch: Batch) -> None:
        """Fold a batch into the model, and keep the sums where it is time; blocking."""
        self.model.apply(batch)
        self._new += count_records(batch)
        due = self._monotonic() >= self._keep_from_s
        if self._cache is not None and due and batch.caught_up and self._new >= WORTH_KEEPING:
            self._cache.save(self.model, batch.cursor)
            self._new, self._keep_from_s = 0, self._monotonic() + KEEP_S


def history_bytes(root: Path) -> int:
    """How much of the end of each log to read at the start: the less, the more there are."""
    try:
        with os.scandir(root / "instances") as entries:
            instances = sum(1 for _ in entries)
    except OSError:
        instances = 0
    return max(LEAST_HISTORY_BYTES, min(HISTORY_BYTES, _HISTORY_IN_ALL // max(1, instances)))


def count_records(batch: Batch) -> int:
    """How many records a batch has, those in blocks included."""
    return len(batch.records) + sum(len(block.exchanges) for block in batch.blocks)

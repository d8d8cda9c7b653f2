"""A tree as it is now: every record that there is and that comes, folded into a fleet model."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
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

LEAST_HISTORY_BYTES = 4 * 1024
"""The same if there are many."""

_HISTORY_IN_ALL = 4 << 20  # more messages than the timeline keeps

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
        self._doubt = False
        self._new = 0
        self._keep_from_s = monotonic()

    def look_ahead(self, enough: Callable[[], bool]) -> int:
        """Read what there is, blocking, until it is all read or `enough` says so.

        Returns:
            How many looks were taken, each folded into the model.
        """
        reader, looks = self._open(), 0
        while True:
            batch = reader.poll(None if not looks else ())
            if self._is_void(batch):
                reader, looks = self._begin_anew(), 0
                continue
            self.model.apply(batch)
            looks += 1
            if batch.caught_up or enough():
                return looks

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """What is there and what comes, look by look; each is to be given to `take`."""
        void = False
        async with aclosing(self._follow(await asyncio.to_thread(self._open))) as batches:
            async for batch in batches:
                void = self._is_void(batch)
                if void:
                    break
                yield batch
                self._doubt = self._doubt and not batch.caught_up
        if not void:
            return
        is_first = True
        async with aclosing(self._follow(self._begin_anew())) as batches:
            async for batch in batches:
                yield msgspec.structs.replace(batch, reset=True) if is_first else batch
                is_first = False

    def _open(self) -> TreeReader:
        """Take up what was kept; else begin with the ends of the logs."""
        kept = None if self._cache is None else self._cache.load(**self._options)
        if kept is None:
            return self._read_ends()
        self.model, self._doubt = kept.model, True
        return TreeReader(self._root, cursor=kept.cursor, blocks=True)

    def _is_void(self, batch: Batch) -> bool:
        """Whether what was kept is of a tree that is no longer what it was."""
        return self._doubt and is_rewritten(batch)

    def _begin_anew(self) -> TreeReader:
        self.model, self._doubt = FleetModel(**self._options), False
        return self._read_ends()

    def _read_ends(self) -> TreeReader:
        return TreeReader(self._root, history_bytes=history_bytes(self._root), blocks=True)

    def _follow(self, reader: TreeReader) -> AsyncGenerator[Batch, None]:
        return follow_on(reader, self._root, poll=self._poll)

    def take(self, batch: Batch) -> None:
        """Fold a batch into the model, and keep the sums where it is time; blocking."""
        self.model.apply(batch)
        self._new += batch.count
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

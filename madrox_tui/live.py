"""A tree as it is now: every record that there is and that comes, folded into a fleet model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec

from logging_core.cache import WORTH_KEEPING, FleetCache
from logging_core.read.follow import follow_on
from logging_core.read.reader import TreeReader
from logging_core.records import Batch
from madrox_tui.opening import OpenedFleet

KEEP_S = 600.0
"""So often what was summed is kept for the next start, if there is much of it."""


class LiveFleet(OpenedFleet):
    """Follows a tree. What was kept of it by an earlier run is not read again.

    Args:
        root: The log tree; need not exist yet.
        options: Of the `FleetModel`.
        poll: Do without change notifications.
        cache: Where sums are kept from one run to the next; `None`: nowhere.
        monotonic: Seconds that only ever grow.
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
        super().__init__(root, options, cache)
        self._poll = poll
        self._monotonic = monotonic
        self._new = 0
        self._keep_from_s = monotonic()

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

    def take(self, batch: Batch) -> None:
        """Fold a batch into the model, and keep the sums where it is time; blocking."""
        self.model.apply(batch)
        self._new += batch.count
        due = self._monotonic() >= self._keep_from_s
        if self._cache is not None and due and batch.caught_up and self._new >= WORTH_KEEPING:
            self._cache.save(self.model, batch.cursor)
            self._new, self._keep_from_s = 0, self._monotonic() + KEEP_S

    def _follow(self, reader: TreeReader) -> AsyncGenerator[Batch, None]:
        return follow_on(reader, self._root, poll=self._poll)

"""Following a tree: the records there are, and those that come, folded into a fleet model."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from logging_core.analyse.fleet import FleetModel
from logging_core.cache import WORTH_KEEPING, FleetCache, Opened
from logging_core.read.follow import follow_on
from logging_core.read.reader import TreeReader
from logging_core.records import Batch
from logging_core.threads import in_thread
from madrox_tui.feed.opened import AUDIT_BYTES, READING, UNREADABLE, OpenedFleet

KEEP_S = 600.0
"""How often the sums are saved for the next run, if there is much new in them."""

MAX_TRIES = 3
"""How often a whole tree is read again because it changed meanwhile."""


class Summing(Protocol):
    """Reads a whole tree once, in another process; see `logging_core.summing`.

    Attributes:
        share: About how much of it was read so far; 1 is all.
        trouble: Why there is nothing to `load` after `run`, as text to show; `''` if unknown.
    """

    share: float
    trouble: str

    def run(self) -> bool:
        """Read it, blocking; return whether there is something to `load`."""

    def load(self, **options: Any) -> Opened | None:
        """Return its model, and how far it was read; `None` if that failed."""

    def stop(self) -> None:
        """End early."""

    def close(self) -> None:
        """Remove what was read."""


class LiveFleet(OpenedFleet):
    """Follows a tree.

    What an earlier run kept the sums of is not read again. Without these, the ends of the logs are
    shown at once, while another process reads the whole tree, whose model then replaces the first.
    If it cannot, the audit trail is read here: what it costs is not left unknown.

    Args:
        root: The log tree; need not exist yet.
        options: Of the `FleetModel`.
        poll: Do without change notifications.
        cache: Where sums are kept from one run to the next; `None`: nowhere.
        monotonic: A monotonic clock, in seconds.
        summing: Makes what reads the whole tree; `None`: the ends of the logs have to do.
        anew: Called when the model begins anew and knows nothing until the next batch.

    Attributes:
        turn: To be held while `take`, `keep` or the model is used: the model may be replaced.
    """

    def __init__(
        self,
        root: Path,
        options: dict[str, Any],
        *,
        poll: bool,
        cache: FleetCache | None,
        monotonic: Callable[[], float],
        summing: Callable[[], Summing] | None = None,
        anew: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(root, options, cache)
        self._anew = anew
        self.turn = asyncio.Lock()
        self._poll = poll
        self._monotonic = monotonic
        self._make_summing = summing
        self._audit_bytes = None if summing is None else AUDIT_BYTES
        self._beside: _Beside | None = None
        self._has_failed = False
        self._tries = 0
        self._new = 0
        self._keep_from_s = monotonic()

    @property
    def trouble(self) -> str | None:
        """Why sums could not be kept when that was tried last; `None` if they could."""
        return None if self._cache is None else self._cache.trouble

    @property
    def progress(self) -> str | None:
        """As `unread`, with how much of the tree was read, if that is known."""
        percent = 0 if self._beside is None else int(self._beside.share * 100)
        if self.unread != READING or not percent:
            return self.unread
        return f"{READING} {min(percent, 99)}%"

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Yield what each poll of the tree read; each batch is to be given to `take`."""
        reader = await asyncio.to_thread(self._open)
        while True:
            if self._make_summing is None:
                self.unread = None
            self._beside = beside = _Beside(self._make_summing, self._fail)
            following = follow_on(reader, self._root, poll=self._poll, until=beside.summed)
            try:
                async with aclosing(following) as batches:
                    async for batch in batches:
                        if self._is_void(batch):
                            reader = self._begin_anew()
                            break
                        if batch.reset or batch.waiting is not None:
                            await beside.stop()  # it reads what is no longer there
                        if batch.reset:
                            self._has_failed = self.is_whole = False
                            self._tries = 0
                            self.unread = None if self._make_summing is None else READING
                            if beside.summed.done():  # with that: nothing would come of it
                                reader = self._begin_anew()
                                break
                        self.model.is_cut = reader.is_cut
                        yield batch
                        self._doubt = self._doubt and not batch.caught_up
                        self._sum_up(batch, beside)
                    else:
                        reader = await self._take_over(beside.summed.result())
            finally:
                await beside.stop()

    def take(self, batch: Batch) -> None:
        """Fold a batch into the model; blocks."""
        self.model.apply(batch)
        self._new += batch.count

    def wants_keeping(self, batch: Batch) -> bool:
        """Return whether the sums are to be kept for the next run now that a batch was taken."""
        if self._cache is None or self.unread is not None or not batch.caught_up:
            return False
        return self._new >= WORTH_KEEPING and self._monotonic() >= self._keep_from_s

    def keep(self, batch: Batch) -> None:
        """Save the sums up to a batch; blocks, and takes some memory for a moment."""
        if self._cache is not None:
            self._cache.save(self.model, batch.cursor)
            self._new, self._keep_from_s = 0, self._monotonic() + KEEP_S

    def _sum_up(self, batch: Batch, beside: _Beside) -> None:
        """Begin to read the whole tree once the ends of its logs are shown."""
        is_shown = batch.caught_up and batch.waiting is None
        if is_shown and self.unread is not None and not self._has_failed:
            beside.begin()

    async def _take_over(self, summing: Summing | None) -> TreeReader:
        """Replace the model of the ends of the logs by that of the whole tree, if there is one."""
        async with self.turn:
            # Dropped before the other one is loaded: two would take too much memory.
            before, self.model = self.model, FleetModel(**self._options)
            self.model.succeed(before)
            del before
            await in_thread(gc.collect)  # what of it is in cycles would stay beside the other one
            if summing is None:
                return self._read_here(self.unread)
            opened = await in_thread(partial(summing.load, **self._options))
            if opened is not None:
                self._new = WORTH_KEEPING
                return self._go_on(opened)
            # A log was rotated just now.
            self._tries += 1
            if self._tries < MAX_TRIES:
                return self._begin_anew()
            return self._read_here(_not_read("logs were rotated each time that was tried"))

    def _begin_anew(self) -> TreeReader:
        self._anew()
        return super()._begin_anew()

    def _fail(self, why: str) -> bool:
        """Do without the other process; whether its part of the audit trail is to be read here."""
        self._has_failed, self.unread = True, _not_read(why)
        try:
            # Of a tree that is gone, what is known stays on the screen.
            return self.model.is_cut and self._root.is_dir()
        except OSError:
            return False

    def _read_here(self, unread: str | None) -> TreeReader:
        self._audit_bytes = None
        reader = self._begin_anew()
        self._has_failed, self.unread = True, unread
        return reader


def _not_read(why: str) -> str:
    return f"{UNREADABLE}: {why}" if why else UNREADABLE


class _Beside:
    """Reads the whole tree while the ends of its logs are followed.

    Args:
        make: Makes what reads it; `None` if nothing does.
        fail: Called with why if that failed; whether to do something about it.

    Attributes:
        summed: Done once there is something to load; with `None` once there is something to do
            because that failed.
    """

    def __init__(self, make: Callable[[], Summing] | None, fail: Callable[[str], bool]) -> None:
        self.summed: asyncio.Future[Summing | None] = asyncio.get_running_loop().create_future()
        self._make = make
        self._fail = fail
        self._summing: Summing | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def share(self) -> float:
        """About how much of the tree was read so far; 0 before it has begun."""
        return 0.0 if self._summing is None else self._summing.share

    def begin(self) -> None:
        """Begin, unless it has begun."""
        if self._task is None and self._make is not None:
            self._summing = self._make()
            self._task = asyncio.create_task(self._run(self._summing))

    async def stop(self) -> None:
        """End it, and remove what was read; it may begin again."""
        if self._task is not None and self._summing is not None:
            self._task.cancel()
            try:
                await asyncio.wait({self._task})
            finally:  # whoever ends the loop does not wait for us
                self._summing.close()
                self._task = self._summing = None

    async def _run(self, summing: Summing) -> None:
        if await in_thread(summing.run, cancel=summing.stop):
            self.summed.set_result(summing)
        elif self._fail(summing.trouble):
            self.summed.set_result(None)

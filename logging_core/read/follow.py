"""The streaming API: every record of a tree, and then every new one as it is written."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from logging_core.arguments import duration
from logging_core.read.reader import TreeReader
from logging_core.read.watch import Changes, Watch
from logging_core.records import Batch, InstanceSeen
from logging_core.threads import in_thread
from logging_core.tree import expand_user

_AGAIN_S = 0.05
"""What appears in a directory made a moment ago may go unnoticed: it is looked at once more."""

_GATHER_S = 0.05
"""So long it takes to be told of what changed while nobody listened."""

_REST = 2.0
"""A look that found something is followed by a rest of so many times as long as it took. A look at
a hundred files costs nearly the same however much is new in them."""

_MAX_REST_S = 0.1

_TURNS = {0.0: 2, 60.0: 4}
"""In how many sweeps all instances are looked into, by the seconds of silence from which on."""


def follow(
    log_dir: str | os.PathLike[str],
    *,
    cursor: Mapping[str, Any] | None = None,
    history_bytes: int | None = None,
    poll: bool = False,
    raw: bool = False,
    sweep_s: float = 2.0,
    blocks: bool = False,
) -> AsyncGenerator[Batch, None]:
    """Read a log tree, and follow it until the caller stops.

    The first batch comes at once, even if nothing is there. No later one is empty: it has records
    or problems, or says that the tree is now caught up with, appeared, went away or was replaced,
    or that notifications fail, or come again. At most one look at the tree is under way; while the
    caller works on a batch, changes are only remembered by path, so a slow caller gets larger
    batches and loses nothing. After a look that took long, reading rests, for 0.1 s at most: what
    is written meanwhile costs less together.

    To stop, leave the loop and `aclose()` the iterator, or cancel the task.

    Args:
        log_dir: The root of the tree; need not exist yet.
        cursor: `cursor` of a batch from before: go on after it.
        history_bytes: How much of the end of each communication.jsonl, instance.log and
            orchestrator.log is read of what is there at the start: more where not one line of it
            ends in that, up to 1 MiB. 0 for nothing; `None` for all, rotated and compressed parts
            included. Of each pane, any number leaves only the newest capture; `PaneFile` has the
            others. Audit files are always read whole, the newest day first.
        poll: Do without change notifications: new records are seen by the sweeps alone.
        raw: Leave the texts of records as they were written, unsafe to show in a terminal.
        sweep_s: Every so many seconds, more than 0, the files are looked at, which finds what the
            notifications of the operating system missed: with `poll`, and where they fail, all of
            them, else those of half of the instances, the others the next time, and after a minute
            in which nothing new came, a quarter; then rotated parts and metadata, which
            notifications seldom miss, only in every fourth round of these.
        blocks: Give exchanges in bulk, as `Batch.blocks`: five times as fast.

    Yields:
        Batches of records, merged by time inside a batch.

    Raises:
        ValueError: At the call: `cursor` is not a valid cursor, `history_bytes` or `sweep_s` not
            such a number, or `log_dir` is in the home of nobody.
    """
    duration("sweep_s", sweep_s, or_zero=False)
    root = expand_user(log_dir).absolute()
    reader = TreeReader(root, cursor=cursor, raw=raw, history_bytes=history_bytes, blocks=blocks)
    return follow_on(reader, root, poll=poll, sweep_s=sweep_s)


async def follow_on(
    reader: TreeReader,
    root: Path,
    *,
    poll: bool = False,
    sweep_s: float = 2.0,
    until: asyncio.Future[Any] | None = None,
) -> AsyncGenerator[Batch, None]:
    """As `follow`, with a reader that was made before.

    Args:
        reader: Reads; it is closed in the end.
        root: Its tree.
        poll: See `follow`.
        sweep_s: See `follow`.
        until: Ends soon after this is done; `None`: goes on until the caller stops.
    """
    hints = _Hints(root, watched=not poll, sweep_s=sweep_s)
    if until is not None:
        until.add_done_callback(hints.wake)
    last: Batch | None = None
    try:
        told: set[str] = set()
        while until is None or not until.done():
            batch = await hints.look(reader, told)
            if hints.fall_short and batch.waiting is None:
                batch = replace(batch, polling=True)
            if _is_news(batch, last):
                yield batch
            # The first records do not wait for the watch; a sweep finds what it missed.
            appeared = last is None or (last.waiting is not None and batch.waiting is None)
            if batch.reset or appeared:
                await hints.arm()
            else:
                told = await hints.wait(at_once=not batch.caught_up)
            last = batch
    finally:
        await hints.close()
        reader.close()


class _Hints:
    """Decides where to look next, and when.

    Attributes:
        turns: Of the next look; see `TreeReader.poll`.
    """

    def __init__(self, root: Path, *, watched: bool, sweep_s: float) -> None:
        self.turns = 1
        self._watch = Watch(root) if watched else None
        self._changed = asyncio.Event() if self._watch is None else self._watch.changed
        self._sweep_s = sweep_s
        self._swept_s = self._heard_s = self._took_s = asyncio.get_running_loop().time()
        self._rest_until_s = 0.0
        self._again: set[str] = set()

    @property
    def fall_short(self) -> bool:
        """Whether the sweeps alone tell of some changes, though others were asked to."""
        return self._watch is not None and self._watch.falls_short

    async def arm(self) -> None:
        """Watch the directory that is now at the root, and sweep it next."""
        self.turns = 1
        if self._watch is not None:
            await self._watch.start()

    async def look(self, reader: TreeReader, told: set[str]) -> Batch:
        """Look at the tree; watch what is new in it, should nothing else have told."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        batch = await in_thread(partial(reader.poll, told, turns=self.turns))
        if batch.count:
            self._heard_s = loop.time()
            self._rest_until_s = self._heard_s + min(_REST * (self._heard_s - begun_s), _MAX_REST_S)
        if self._watch is not None:
            self._watch.expect(_new_instances(batch))
        return batch

    def wake(self, _: object) -> None:
        """End a `wait` that is under way."""
        self._changed.set()

    async def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            await self._watch.stop()

    async def wait(self, *, at_once: bool) -> set[str]:
        """Sleep until something may have changed, or not if `at_once`; what, as far as was told."""
        loop = asyncio.get_running_loop()
        if not at_once:
            await asyncio.sleep(self._rest_until_s - loop.time())
        is_behind = self._watch is not None and self._watch.listen()
        if not at_once:
            await self._hear(is_behind=is_behind)
        taken = Changes(set(), set(), unsure=False) if self._watch is None else self._watch.take()
        self._took_s = loop.time()
        paths = taken.paths | self._again
        self._again = taken.added
        self.turns = 0
        if taken.unsure or loop.time() - self._swept_s >= self._sweep_s:
            self._swept_s = loop.time()
            self.turns = 1 if taken.unsure else self._turns()
        return paths

    async def _hear(self, *, is_behind: bool) -> None:
        """Sleep until something is told, or a sweep is due.

        Args:
            is_behind: Whether something changed meanwhile that is yet to be told.
        """
        now_s = asyncio.get_running_loop().time()
        if self._changed.is_set():
            if now_s - self._took_s > _GATHER_S:  # much may have changed after that
                await asyncio.sleep(_GATHER_S)
            return
        left_s = self._swept_s + self._sweep_s - now_s
        if self._again:
            left_s = min(left_s, _AGAIN_S)
        if is_behind:
            left_s = max(left_s, _GATHER_S)
        if left_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._changed.wait()

    def _turns(self) -> int:
        """In how many sweeps to look into all instances."""
        if self._watch is None or self._watch.falls_short:
            return 1
        silent_s = asyncio.get_running_loop().time() - self._heard_s
        return max(turns for after_s, turns in _TURNS.items() if silent_s >= after_s)


def _new_instances(batch: Batch) -> Iterator[str]:
    for record in batch.records:
        if not isinstance(record, InstanceSeen):
            return  # they come first
        yield record.instance_id


def _is_news(batch: Batch, last: Batch | None) -> bool:
    """Whether a batch says anything that the one before did not."""
    if last is None or batch.reset:
        return True
    if batch.count or batch.problems or batch.anomalies or batch.readable:
        return True
    now = (batch.waiting, batch.caught_up, batch.polling)
    return now != (last.waiting, last.caught_up, last.polling)

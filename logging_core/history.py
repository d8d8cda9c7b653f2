"""The fleet at any earlier moment.

One pass over the tree sorts its records by time into a temporary file: memory stays flat, and what
happens to the logs later changes nothing. Every `SPACING` records the model is kept as well, so
the state at a moment is the model kept before it plus the few records in between.

The state at `t` is that of a `FleetModel` that was given, in order of time, exactly the records
with a time up to `t`. A record without a time counts with the line before it in its log, or from
the beginning if there is none; `metadata.json` counts from its `created_at` on. That a directory
exists or was deleted has no time and says nothing here: an instance exists from its first record
on. Problems have no time either, and are not in these states.
"""

from __future__ import annotations

import heapq
import math
import threading
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.instance import SPOKEN
from logging_core.analyse.prompts import PATTERNS, Pattern
from logging_core.analyse.state import FleetState, Usage
from logging_core.analyse.summary import EXCHANGE
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent, Batch, InstanceGone, InstanceSeen, Message, Record
from logging_core.spill import Page, Place, Spill
from logging_core.stored import MESSAGES_A_PAGE, StoredMessages

SPACING = 4_096
"""So many records lie between two models that are kept: the most that a state replays."""

MOST_EVENTS = 200
"""So many of the newest events between the messages are in a state."""

_PAGE = 256
_PAGES = SPACING // _PAGE  # between two models

Timed = tuple[float, Record]


class _Order(NamedTuple):
    """Everything prepared, in order of time. Never changed: preparing more makes a new one.

    Attributes:
        pages: Of all records.
        firsts: The time of each page's first record.
        models: The model before every `_PAGES`th page.
        counts: How many messages come before each of these models.
        messages: The messages that count, of each page `MESSAGES_A_PAGE` but for the last.
        message_times: Of each of them.
        generation: Grows whenever a message's place among all may have changed.
    """

    pages: list[Page]
    firsts: array[float]
    models: list[Place]
    counts: list[int]
    messages: list[Page]
    message_times: array[float]
    generation: int


class _Hot(NamedTuple):
    """The model that was asked last, and up to which record of which page it has been given."""

    position: tuple[int, int]
    model: FleetModel


class History:
    """The states of a tree at earlier moments.

    `prepare` and `state_at` may be called from different threads, each from one at a time.

    Args:
        root: The log directory.
        stuck_after_s: See `FleetModel`.
        max_messages: So many of the newest messages up to the moment are in a state.
        since_s: See `FleetModel`.
        prompts: See `FleetModel`.

    Raises:
        OSError: There is no room for temporary files.
    """

    def __init__(
        self,
        root: Path,
        *,
        stuck_after_s: float = 120.0,
        max_messages: int = 20_000,
        since_s: float | None = None,
        prompts: Sequence[Pattern] = PATTERNS,
    ) -> None:
        self._reader = TreeReader(root, tails=True)
        self._max_messages = max_messages
        self._options: dict[str, Any] = {
            "since_s": since_s,
            "stuck_after_s": stuck_after_s,
            "max_messages": 0,  # they are stored by themselves
            "max_events": MOST_EVENTS,
            "prompts": prompts,
            "by_time": False,
        }
        self._since_s = since_s
        self._spill = Spill()
        self._lock = threading.Lock()
        self._last_s: dict[tuple[type, str], float] = {}
        self._order = _Order([], array("d"), [], [], [], array("d"), 0)
        self._hot: _Hot | None = None

    @property
    def span(self) -> tuple[float, float] | None:
        """The first and the last moment that a record tells of; `None` if there is none."""
        pages = self._order.pages
        if not pages or pages[-1].times[-1] == -math.inf:
            return None
        for page in pages:
            known = bisect_right(page.times, -math.inf)
            if known < len(page.times):
                return page.times[known], pages[-1].times[-1]
        return None

    def prepare(self, progress: Callable[[int], object] | None = None) -> None:
        """Read the tree, or what is new in it since the last call; blocking.

        A call that finds something new writes at least one page anew, so call it when somebody
        wants to see the past rather than all the time.

        Args:
            progress: Called now and then with how many records have been read in this call. What
                it raises ends the call; the next one then begins from the start.

        Raises:
            OSError: There is no room for temporary files.
        """
        is_done = False
        try:
            runs = self._read_new(progress)
            if runs:
                self._put_in_place(self._merge(runs))
            is_done = True
        finally:
            if not is_done:  # what was read and not kept must not be missing later
                self._reader.close()
                self._begin_anew()

    def state_at(self, at_s: float) -> FleetState:
        """The fleet at a moment, as far as the records up to it tell; blocking, for milliseconds.

        Args:
            at_s: Seconds since the epoch.
        """
        with self._lock:
            order, state = self._order, self._model_at(at_s).state(at_s)
        stop = bisect_right(order.message_times, at_s)
        start = max(0, stop - self._max_messages)
        return msgspec.structs.replace(
            state,
            messages=StoredMessages(self._spill, order.messages, start, stop),
            dropped_messages=start,
            reordered=order.generation,
            caught_up=True,
        )

    def usage_at(self, at_s: float, instance_ids: Iterable[str]) -> Usage:
        """What some instances had added up to at a moment; see `FleetModel.usage_of`."""
        with self._lock:
            return self._model_at(at_s).usage_of(instance_ids)

    def close(self) -> None:
        """Give the temporary file back; messages of earlier states can no longer be read."""
        self._spill.close()

    # --- preparing -----------------------------------------------------------

    def _read_new(self, progress: Callable[[int], object] | None) -> list[list[Page]]:
        """The records that are new, a run in order of time for each look at the tree."""
        runs: list[list[Page]] = []
        count, caught_up, dirty = 0, False, None
        while not caught_up:
            batch = self._reader.poll(dirty)
            if batch.reset:
                self._begin_anew()
                runs = []
            timed = self._timed(batch)
            if timed:
                runs.append([self._spill.put_records(piece) for piece in _pieces(timed, _PAGE)])
            count += len(timed)
            if progress is not None:
                progress(count)
            caught_up, dirty = batch.caught_up, ()
        return runs

    def _begin_anew(self) -> None:
        self._last_s = {}
        self._put_in_place(_Order([], array("d"), [], [], [], array("d"), self._next()))

    def _timed(self, batch: Batch) -> list[Timed]:
        """The records of a batch that have a time, in order of time."""
        timed = []
        for record in batch.records:
            if isinstance(record, InstanceSeen | InstanceGone):
                continue
            log = (type(record), "")
            if not isinstance(record, AuditEvent):
                log = (type(record), getattr(record, "instance_id", None) or "")
            at_s: float | None = getattr(record, "time_s", getattr(record, "created_s", None))
            if at_s is None:
                at_s = self._last_s.get(log, -math.inf)
            self._last_s[log] = at_s
            timed.append((at_s, _slim(record)))
        timed.sort(key=itemgetter(0))
        return timed

    def _merge(self, runs: list[list[Page]]) -> _Order:
        """What was prepared before, with the new runs merged into its end."""
        old = self._order
        oldest_s = min(run[0].times[0] for run in runs)
        kept = max(0, bisect_right(old.firsts, oldest_s) - 1) // _PAGES
        count = old.counts[kept] if old.counts else 0
        whole = count // MESSAGES_A_PAGE
        is_append = not old.pages or oldest_s >= old.pages[-1].times[-1]
        new = _Order(
            old.pages[: kept * _PAGES],
            old.firsts[: kept * _PAGES],
            old.models[:kept],
            old.counts[:kept],
            old.messages[:whole],
            old.message_times[: whole * MESSAGES_A_PAGE],
            old.generation if is_append else self._next(),
        )
        model = self._load(old.models[kept]) if old.models else self._make()
        spoken: list[Timed] = []
        if count > len(new.message_times):
            page, left = old.messages[whole], count - len(new.message_times)
            spoken = list(zip(page.times, self._spill.get_records(page, left), strict=False))
        sources = [self._read(run) for run in (old.pages[kept * _PAGES :], *runs)]
        self._fold(heapq.merge(*sources, key=itemgetter(0)), model, new, spoken)
        return new

    def _fold(
        self, records: Iterator[Timed], model: FleetModel, new: _Order, spoken: list[Timed]
    ) -> None:
        """Add the records, and the models between them, to the end of `new`."""
        for piece in iter(lambda: list(islice(records, _PAGE)), []):
            if len(new.pages) % _PAGES == 0:
                new.models.append(self._spill.put(model.dump()))
                new.counts.append(len(new.message_times) + len(spoken))
            new.pages.append(self._spill.put_records(piece))
            new.firsts.append(piece[0][0])
            model.apply(Batch(records=tuple(record for _, record in piece)))
            spoken.extend(entry for entry in piece if self._is_shown(*entry))
            while len(spoken) >= MESSAGES_A_PAGE:
                self._keep_messages(new, spoken[:MESSAGES_A_PAGE])
                del spoken[:MESSAGES_A_PAGE]
        if spoken:
            self._keep_messages(new, spoken)

    def _keep_messages(self, new: _Order, spoken: list[Timed]) -> None:
        page = self._spill.put_records(spoken)
        new.messages.append(page)
        new.message_times.extend(page.times)

    def _is_shown(self, at_s: float, record: Record) -> bool:
        if not isinstance(record, Message) or record.event_type not in SPOKEN:
            return False
        return self._since_s is None or at_s >= self._since_s

    def _read(self, pages: Iterable[Page]) -> Iterator[Timed]:
        for page in pages:
            yield from zip(page.times, self._spill.get_records(page), strict=True)

    def _put_in_place(self, order: _Order) -> None:
        with self._lock:
            self._order, self._hot = order, None

    def _next(self) -> int:
        return self._order.generation + 1

    # --- looking back --------------------------------------------------------

    def _model_at(self, at_s: float) -> FleetModel:
        """A model that was given the records up to a moment, and nothing else."""
        order = self._order
        last = bisect_right(order.firsts, at_s) - 1
        if last < 0:
            return self._make()
        stop = (last, bisect_right(order.pages[last].times, at_s))
        first = last // _PAGES
        start, model = (first * _PAGES, 0), None
        if self._hot is not None and start <= self._hot.position <= stop:
            start, model = self._hot.position, self._hot.model
        model = model or self._load(order.models[first])
        for number in range(start[0], last + 1):
            given = start[1] if number == start[0] else 0
            count = stop[1] if number == last else None
            records = self._spill.get_records(order.pages[number], count)
            model.apply(Batch(records=tuple(records[given:])))
        self._hot = _Hot(stop, model)
        return model

    def _make(self) -> FleetModel:
        return FleetModel(**self._options)

    def _load(self, place: Place) -> FleetModel:
        return FleetModel.load(self._spill.get(place), **self._options)


def _pieces(timed: list[Timed], size: int) -> Iterator[list[Timed]]:
    for start in range(0, len(timed), size):
        yield timed[start : start + size]


def _slim(record: Record) -> Record:
    """The record without what no state depends on."""
    if isinstance(record, AuditEvent) and record.event_type == EXCHANGE and record.error is None:
        if "affected_instances" in record.details:
            return record  # whom an ERROR level is about
        return msgspec.structs.replace(record, details={}, extra={})
    return record

"""The fleet at any earlier moment.

One pass over the tree sorts its records by time into a temporary file: memory stays flat, and what
happens to the logs later changes nothing. Every `SPACING` records the model is kept as well, so
the state at a moment is the model kept before it plus the few records in between.

The state at `t` is that of a `FleetModel` that was given, in order of time, exactly the records
with a time up to `t`. A record without a time counts with the line before it in its log, or from
the beginning if there is none; `metadata.json` counts from its `created_at` on. That a directory
exists has no time and says nothing here: an instance exists from its first record on.

When a directory was deleted, no file tells. So its instance is gone from the moment on at which
that was noticed: by whoever calls `note_gone`, else by the second `prepare` that does not find
it. Before that it is in these states, and in all of them if nobody was looking; a record that is
later still brings it back, as it does in a model.

A line that could not be read counts with the record before it in its file, and a clock jump with
its own time. What is wrong with a file as a whole has no time: it is in all states, also in those
of moments at which nothing may have been wrong yet, and so is a bad line before any record. A gap
counts from the moment on at which `prepare` noticed it.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Event
from typing import NamedTuple

import msgspec

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.prompts import PATTERNS, Pattern
from logging_core.analyse.state import FleetState, Usage
from logging_core.gather import Gatherer
from logging_core.order import PAGE, PAGES, Order, Orderer, as_batch
from logging_core.spill import Spill
from logging_core.stored import StoredMessages

MOST_EVENTS = 200
"""So many of the newest events between the messages are in a state."""


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
        now: The clock that says when `prepare` found a directory gone; seconds since the epoch.

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
        now: Callable[[], float] = time.time,
    ) -> None:
        self._max_messages = max_messages
        options = {
            "since_s": since_s,
            "stuck_after_s": stuck_after_s,
            "max_messages": 0,  # they are stored by themselves
            "max_events": MOST_EVENTS,
            "prompts": prompts,
            "by_time": False,
        }
        self._spill = Spill()
        self._orderer = Orderer(self._spill, options, since_s)
        self._gatherer = Gatherer(root, self._spill, PAGE, now=now, on_reset=self._clear)
        self._lock = threading.Lock()
        self._order = Order.nothing(0)
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

    def prepare(
        self, progress: Callable[[int], object] | None = None, *, stop: Event | None = None
    ) -> bool:
        """Read the tree, or what is new in it since the last call; blocking.

        A call that finds something new writes at least one page anew, so call it when somebody
        wants to see the past rather than all the time.

        Args:
            progress: Called now and then with how many records have been read in this call. What
                it raises ends the call; the next one then begins from the start.
            stop: Set it, from any thread, to end the call within a fraction of a second. The
                states stay those of the call before, and the next call goes on where this one was.

        Returns:
            Whether everything is prepared; false if it was stopped.

        Raises:
            OSError: There is no room for temporary files.
        """
        is_kept = False
        try:
            is_done = self._gatherer.gather(progress, stop) and self._put_in_order(stop)
            is_kept = True
        finally:
            if not is_kept:  # what was read and not kept must not be missing later
                self._gatherer.begin_anew()
                self._clear()
        return is_done

    def note_gone(self, instance_id: str, at_s: float) -> None:
        """Somebody else saw that an instance's directory is gone; from any thread.

        From that moment on it is in no state, once that is prepared.

        Args:
            instance_id: Whose.
            at_s: When that was seen, in seconds since the epoch.
        """
        self._gatherer.note_gone(instance_id, at_s)

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

    def _put_in_order(self, stop: Event | None) -> bool:
        """Take over what was gathered; false, and all as it was, if told to stop before."""
        if self._gatherer.runs:
            end = self._spill.end
            order = self._orderer.merge(self._order, self._gatherer.runs, stop)
            if order is None:
                self._spill.cut(end)
                return False
            self._put_in_place(order)
            self._gatherer.runs = []
        return True

    def _clear(self) -> None:
        self._put_in_place(Order.nothing(self._order.generation + 1))

    def _put_in_place(self, order: Order) -> None:
        with self._lock:
            self._order, self._hot = order, None

    # --- looking back --------------------------------------------------------

    def _model_at(self, at_s: float) -> FleetModel:
        """A model that was given the records up to a moment, and nothing else."""
        order = self._order
        last = bisect_right(order.firsts, at_s) - 1
        if last < 0:
            return self._orderer.make()
        stop = (last, bisect_right(order.pages[last].times, at_s))
        first = last // PAGES
        start, model = (first * PAGES, 0), None
        if self._hot is not None and start <= self._hot.position <= stop:
            start, model = self._hot.position, self._hot.model
        model = model or self._orderer.load(order.models[first])
        for number in range(start[0], last + 1):
            given = start[1] if number == start[0] else 0
            count = stop[1] if number == last else None
            entries = self._spill.get_entries(order.pages[number], count)
            model.apply(as_batch(entries[given:]))
        self._hot = _Hot(stop, model)
        return model

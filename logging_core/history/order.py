"""The records of a tree sorted by time, with checkpoints of the model in between."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from operator import attrgetter, itemgetter
from threading import Event
from typing import Any, NamedTuple, Self

from logging_core.analyse.fleet import FleetModel
from logging_core.anomalies import Anomaly
from logging_core.event_types import SPOKEN
from logging_core.history.gather import Runs, Timed
from logging_core.history.spill import Entry, Page, Place, Spill
from logging_core.history.stored_messages import MESSAGES_A_PAGE
from logging_core.records import Batch, Message, Problem, Record

SPACING = 4_096
"""Records between two checkpoints: the most that a state replays."""

PAGE = 256
"""Records per page."""

PAGES = SPACING // PAGE
"""Pages between two checkpoints."""

MAX_RUNS = 256
"""Runs that are merged at once: of each a page is in memory, 80 MB of all."""


class Order(NamedTuple):
    """Everything prepared, sorted by time. Never modified: preparing more makes a new one.

    Attributes:
        pages: All records.
        models: The checkpoint before every `PAGES`th page.
        counts: The number of messages before each checkpoint.
        messages: The messages to show, `MESSAGES_A_PAGE` to a page but for the last.
        message_times: The time of each of these messages.
        generation: Incremented whenever the index of a message may have changed.
    """

    pages: list[Page]
    models: list[Place]
    counts: list[int]
    messages: list[Page]
    message_times: array[float]
    generation: int

    @classmethod
    def nothing(cls, generation: int) -> Self:
        """Return the order of no records."""
        return cls([], [], [], [], array("d"), generation)

    def last_page(self, at_s: float) -> int:
        """Return which page is the last that begins no later than a moment; -1 if none does."""
        return bisect_right(self.pages, at_s, key=attrgetter("first_s")) - 1


def as_batch(entries: Iterable[Entry]) -> Batch:
    """Return the entries as a `Batch`, after which more may come: no row has its place for good."""
    records: list[Record] = []
    problems: list[Problem] = []
    anomalies: list[Anomaly] = []
    for entry in entries:
        if isinstance(entry, Problem):
            problems.append(entry)
        elif isinstance(entry, Anomaly):
            anomalies.append(entry)
        else:
            records.append(entry)
    return Batch(
        records=tuple(records),
        problems=tuple(problems),
        anomalies=tuple(anomalies),
        caught_up=False,
    )


class Orderer:
    """Merges runs of records into one order.

    Args:
        spill: Where records and checkpoints are stored.
        options: Options of the models; messages count from their `since_s`, too.
    """

    def __init__(self, spill: Spill, options: dict[str, Any]) -> None:
        self._spill = spill
        self._options = options
        self._since_s: float | None = options["since_s"]

    def make(self) -> FleetModel:
        """Return an empty model."""
        return FleetModel(**self._options)

    def load(self, place: Place) -> FleetModel:
        """Return the model of a checkpoint."""
        return FleetModel.load(BytesIO(self._spill.get(place)), **self._options)

    def merge(self, old: Order, runs: Runs, stop: Event | None) -> Order | None:
        """Merge new runs into an order, rewriting it from the oldest new record on.

        Args:
            old: The order so far; it is not modified.
            runs: The new runs; at least one.
            stop: Set it, from any thread, to cancel.

        Returns:
            The new order; `None` if cancelled.

        Raises:
            OSError: The temporary file cannot be written.
        """
        oldest_s = min(run[0].first_s for run in runs)
        kept = max(0, old.last_page(oldest_s)) // PAGES
        count = old.counts[kept] if old.counts else 0
        whole = count // MESSAGES_A_PAGE
        is_append = not old.pages or oldest_s >= old.pages[-1].last_s
        new = Order(
            old.pages[: kept * PAGES],
            old.models[:kept],
            old.counts[:kept],
            old.messages[:whole],
            old.message_times[: whole * MESSAGES_A_PAGE],
            old.generation if is_append else old.generation + 1,
        )
        short = self._joined(runs, stop)
        if short is None:
            return None
        model = self.load(old.models[kept]) if old.models else self.make()
        spoken: list[Timed] = []
        if count > len(new.message_times):
            left = count - len(new.message_times)
            spoken = list(islice(self._read([old.messages[whole]]), left))
        for piece in self._merged([old.pages[kept * PAGES :], *short]):
            if _is_set(stop):
                return None
            self._fold(piece, model, new, spoken)
        if spoken:
            self._keep_messages(new, spoken)
        return new

    def _joined(self, runs: Runs, stop: Event | None) -> Runs | None:
        """Return no more than `MAX_RUNS`, made of those next to each other; `None` if cancelled."""
        while len(runs) > MAX_RUNS:
            longer: Runs = []
            for start in range(0, len(runs), MAX_RUNS):
                pages: list[Page] = []
                for piece in self._merged(runs[start : start + MAX_RUNS]):
                    if _is_set(stop):
                        return None
                    pages.append(self._spill.put_entries(piece))
                longer.append(pages)
            runs = longer
        return runs

    def _merged(self, runs: Runs) -> Iterator[list[Timed]]:
        """Yield the records of some runs by time, `PAGE` at once."""
        records = heapq.merge(*map(self._read, runs), key=itemgetter(0))
        return iter(lambda: list(islice(records, PAGE)), [])

    def _fold(self, piece: list[Timed], model: FleetModel, new: Order, spoken: list[Timed]) -> None:
        """Append a page of records to `new`, preceded by a checkpoint if one is due.

        Args:
            piece: The records.
            model: The model before them; they are applied to it.
            new: The order to append to.
            spoken: Messages that wait until they fill a page.
        """
        if len(new.pages) % PAGES == 0:
            kept = BytesIO()
            model.dump(kept)
            new.models.append(self._spill.put(kept.getvalue()))
            new.counts.append(len(new.message_times) + len(spoken))
        new.pages.append(self._spill.put_entries(piece))
        model.apply(as_batch(entry for _, entry in piece))
        spoken.extend(entry for entry in piece if self._is_shown(*entry))
        while len(spoken) >= MESSAGES_A_PAGE:
            self._keep_messages(new, spoken[:MESSAGES_A_PAGE])
            del spoken[:MESSAGES_A_PAGE]

    def _keep_messages(self, new: Order, spoken: list[Timed]) -> None:
        new.messages.append(self._spill.put_entries(spoken))
        new.message_times.extend(at_s for at_s, _ in spoken)

    def _is_shown(self, at_s: float, entry: Entry) -> bool:
        if not isinstance(entry, Message) or entry.event_type not in SPOKEN:
            return False
        return self._since_s is None or at_s >= self._since_s

    def _read(self, pages: Iterable[Page]) -> Iterator[Timed]:
        for page in pages:
            unpacked = self._spill.read(page)
            yield from zip(unpacked.times, unpacked.entries(), strict=True)


def _is_set(stop: Event | None) -> bool:
    return stop is not None and stop.is_set()

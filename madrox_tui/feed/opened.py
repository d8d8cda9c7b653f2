"""Opening a tree: with the sums that an earlier run kept of it, else with the ends of its logs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.prompts import compile_patterns
from logging_core.cache import FleetCache, Opened, is_rewritten
from logging_core.read.reader import TreeReader
from logging_core.records import Batch, LifecycleEvent, Message
from madrox_tui.config import Settings

HISTORY_BYTES = 256 * 1024
"""How much of the end of each log (audit apart) is read at the start, if there are few."""

MIN_HISTORY_BYTES = 4 * 1024
"""The same if there are many."""

AUDIT_BYTES = 8 << 20
"""How much of the end of the audit trail is read at the start, if another process reads it whole:
some 25,000 events, in a quarter of a second."""

MIN_POLLS = 2
"""Polls until a view without a row in the timeline is good enough: the audit trail is read first,
and a long one leaves no room for messages in the first poll."""

READING = "reading history"
"""What `OpenedFleet.unread` says while the beginnings of the logs are still to be read."""

UNREADABLE = "history not read"
"""What it begins with after that failed; what follows says why."""

_ROWS = (Message, LifecycleEvent)
_HISTORY_IN_ALL = 4 << 20  # more messages than the timeline keeps


class OpenedFleet:
    """A fleet model, and the reader that fills it from a tree.

    Args:
        root: The log tree; need not exist yet.
        options: Of the `FleetModel`.
        cache: Where sums are kept from one run to the next; `None`: nowhere.

    Attributes:
        model: What the records amount to; replaced if the tree was rewritten since it was summed.
        is_whole: Whether the whole tree is in the model, not only the ends of its logs.
        unread: What of the tree is still to be read, in words; `None` if nothing is.
    """

    def __init__(self, root: Path, options: dict[str, Any], cache: FleetCache | None) -> None:
        self.model = FleetModel(**options)
        self.is_whole = False
        self.unread: str | None = None
        self._root = root
        self._options = options
        self._cache = cache
        self._audit_bytes: int | None = AUDIT_BYTES
        self._doubt = False

    def read_ahead(self, enough: Callable[[], bool]) -> int:
        """Read the tree into the model, blocking, to its end or until `enough` says so.

        `enough` is not asked before the timeline has a row, or `MIN_POLLS` have found none.

        Returns:
            The number of polls.
        """
        reader, polls, has_rows = self._open(), 0, False
        while True:
            batch = reader.poll(turns=0 if polls else 1)
            if self._is_void(batch):
                reader, polls = self._begin_anew(), 0
                continue
            self.model.apply(batch)
            self.model.is_cut = reader.is_cut
            polls += 1
            has_rows = has_rows or any(isinstance(r, _ROWS) for r in batch.records)
            if batch.caught_up or ((has_rows or polls >= MIN_POLLS) and enough()):
                return polls

    def _open(self) -> TreeReader:
        """Continue from the sums that were kept; else begin with the ends of the logs."""
        kept = None if self._cache is None else self._cache.load(**self._options)
        if kept is None:
            return self._read_ends()
        self._doubt = True
        return self._go_on(kept)

    def _go_on(self, opened: Opened) -> TreeReader:
        """Replace the model by one of the whole tree, and continue reading after it."""
        opened.model.succeed(self.model)
        self.model, self.is_whole, self.unread = opened.model, True, None
        return opened.reader

    def _is_void(self, batch: Batch) -> bool:
        """Return whether the tree was rewritten since its sums were kept."""
        return self._doubt and is_rewritten(batch)

    def _begin_anew(self) -> TreeReader:
        model, self._doubt = FleetModel(**self._options), False
        model.succeed(self.model)
        self.model = model
        return self._read_ends()

    def _read_ends(self) -> TreeReader:
        self.is_whole, self.unread = False, READING
        return TreeReader(
            self._root,
            history_bytes=history_bytes(self._root),
            audit_bytes=self._audit_bytes,
            blocks=True,
        )


def model_options(settings: Settings, since_s: float | None) -> dict[str, Any]:
    """Return the options of a `FleetModel`, or a `History`, that follow from settings.

    Args:
        settings: The user's settings.
        since_s: Count only what happened at or after this moment; `None` for all.
    """
    prompts = compile_patterns(settings.prompts)
    return {"since_s": since_s, "stuck_after_s": settings.stuck_after_s, "prompts": prompts}


def screen_cache(root: Path, since_s: float | None) -> FleetCache | None:
    """Return where the dashboard keeps its sums; nowhere if only a part of the tree counts."""
    return FleetCache(root, "screen") if since_s is None else None


def history_bytes(root: Path) -> int:
    """Return how much of the end of each log to read at first; less where there are more logs."""
    try:
        with os.scandir(root / "instances") as entries:
            instances = sum(1 for _ in entries)
    except OSError:
        instances = 0
    return max(MIN_HISTORY_BYTES, min(HISTORY_BYTES, _HISTORY_IN_ALL // max(1, instances)))

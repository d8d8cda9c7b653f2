"""The first preparation of a history, by a process of its own."""

from __future__ import annotations

import os
import pickle
import selectors
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock
from typing import IO, Any, NamedTuple

from logging_core import child
from logging_core.errors import HistoryError
from logging_core.history.gather import Departed, Gatherer, Reading
from logging_core.history.order import PAGE, Order, Orderer
from logging_core.history.spill import Spill
from logging_core.read.sweep import Sweep
from logging_core.tree import INSTANCE_FILES, FileKind

WORTH_A_PROCESS = 4 << 20
"""A tree of fewer bytes is prepared within a second, so that another process gains nothing."""

_CAPTURES = 8
"""So many bytes of a pane's captures, of which little is kept, are read while one of others is."""

_WAIT_S = 0.05
"""How soon it is noticed that nobody waits any longer."""

_UNUSABLE = pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError
"""What is handed over is not as this process knows it: the program was upgraded meanwhile."""


class Request(NamedTuple):
    """What to prepare.

    Attributes:
        root: The tree.
        options: Of the models.
        noted: See `Departed`.
    """

    root: Path
    options: dict[str, Any]
    noted: list[tuple[float, str]]


class Prepared(NamedTuple):
    """What was prepared.

    Attributes:
        order: All records.
        reading: How far the tree was read.
        taken: How much of what was noted is among the records.
        unconfirmed: See `Departed`.
    """

    order: Order
    reading: Reading
    taken: int
    unconfirmed: set[str]


class Preparing:
    """Prepares a history in another process, which goes on while nobody waits for it.

    Args:
        root: The tree.
        options: Of the models.
        spill: The file, which that process fills: nobody else writes to it meanwhile.

    Attributes:
        count: The number of records read so far.
    """

    def __init__(self, root: Path, options: dict[str, Any], spill: Spill) -> None:
        self.count = 0
        self._root = root
        self._options = options
        self._spill = spill
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._lock = Lock()  # of these two
        self._said = b""
        self._end: int | None = None

    def wait(
        self,
        departed: Departed,
        progress: Callable[[int], object] | None,
        stop: Event | None,
    ) -> Prepared | None:
        """Begin, unless it has begun, and wait until it is done.

        Args:
            departed: What was noted before it begins is told to the process.
            progress: Called now and then with `count`.
            stop: Set it to stop waiting.

        Returns:
            What was prepared; `None` if stopped.

        Raises:
            HistoryError: It is closed.
            OSError: There is no room, on the disk or for another process, or that has failed.
        """
        process = self._process or self._begin(departed)
        told = None
        while stop is None or not stop.is_set():
            if self._has_ended(process):
                code = process.wait()
                self.close()
                return self._take(code)
            if progress is not None and told != self.count:
                told = self.count
                progress(told)
        return None

    def close(self) -> None:
        """End it, from any thread; it does not begin any more."""
        with self._lock:
            process, self._process, self._is_closed = self._process, None, True
        if process is not None:
            process.kill()
            with process:  # which waits for it
                pass

    def _begin(self, departed: Departed) -> subprocess.Popen[bytes]:
        self._spill.hand_over(Request(self._root, self._options, departed.noted()))
        with self._lock:
            if self._is_closed:
                raise HistoryError("the history was closed meanwhile")
            self._process = child.start(__package__, output=self._spill.file)
            return self._process

    def _has_ended(self, process: subprocess.Popen[bytes]) -> bool:
        """Hear what the process says; return whether that was all."""
        if process.stderr is None or not _is_readable(process.stderr):
            return False
        data = os.read(process.stderr.fileno(), 1 << 16)
        *lines, self._said = (self._said + data).split(b"\n")
        for line in lines:
            with suppress(ValueError):  # the interpreter says why it ends, if that is an error
                if line.startswith(b"end "):
                    self._end = int(line[4:])
                else:
                    self.count = int(line)
        return not data

    def _take(self, code: int) -> Prepared:
        if code or self._end is None:
            raise ChildProcessError(f"the process that prepares a history has failed: {code}")
        try:
            prepared: Prepared = self._spill.take_over(self._end)
        except _UNUSABLE as error:
            raise ChildProcessError(f"what was prepared cannot be used: {error}") from error
        return prepared


def _is_readable(pipe: IO[bytes]) -> bool:
    """Wait a moment; return whether there is something to read, or nothing ever will be."""
    with selectors.DefaultSelector() as selector:  # a descriptor may be too large for `select`
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(_WAIT_S))


def is_worth_a_process(root: Path) -> bool:
    """Return whether a tree is so large that preparing it takes much longer than a process does."""
    weight = 0
    for group, parts in Sweep(root).everything().changed.items():
        is_pane = INSTANCE_FILES.get(group.rpartition("/")[2]) is FileKind.PANE
        weight += sum(part.size for part in parts) // (_CAPTURES if is_pane else 1)
    return weight >= WORTH_A_PROCESS


def prepare_whole(
    request: Request, spill: Spill, progress: Callable[[int], object], stop: Event
) -> Prepared | None:
    """Prepare a history from scratch.

    Args:
        request: What to prepare.
        spill: The file, in which nothing is.
        progress: Called now and then with the number of records read so far.
        stop: Set it to end early.

    Returns:
        Everything; `None` if stopped.

    Raises:
        OSError: The file cannot be written.
    """
    gatherer = Gatherer(request.root, spill, PAGE, now=time.time, on_reset=lambda: None)
    for at_s, instance_id in request.noted:
        gatherer.departed.note(instance_id, at_s)
    if not gatherer.gather(progress, stop):
        return None
    order: Order | None = Order.nothing(0)
    if gatherer.runs:
        orderer = Orderer(spill, request.options)
        order = orderer.merge(Order.nothing(0), gatherer.runs, stop)
    if order is None:
        return None
    unconfirmed = gatherer.departed.unconfirmed()
    return Prepared(order, gatherer.reading, len(request.noted), unconfirmed)

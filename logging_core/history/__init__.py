"""The state of the fleet at any earlier moment.

One pass over the tree sorts its records by time into a temporary file: memory stays flat, and later
changes to the logs have no effect. A checkpoint of the model is saved every `SPACING` records, so
the state at a moment is the checkpoint before it plus the few records in between.

The state at `t` is that of a `FleetModel` to which exactly the records with a time up to `t` were
applied, in order of time. A record without a time takes that of the line before it in its log, or
counts from the beginning if there is none; `metadata.json` counts from its `created_at`. An entry
of an instance.log, whose times are whole seconds, counts from when the audit trail tells of the
same, else from the end of its second, but one that an instance was created or is ready from the
beginning. A directory has no time of its own: an instance exists from its first record.

No file records when a directory was deleted. What it told is therefore gone from the moment that
somebody noticed: whoever calls `note_gone`, else the second `prepare` that does not find it. Until
then it is part of the states. An instance that the audit trail tells of is in all of them, as in a
model.

An unreadable line counts from the time of the record before it in its file, and a clock jump from
its own time. A problem with a whole file has no time and is part of every state, even of moments
before it arose; so is an unreadable line before the first record. A gap counts from the moment
that `prepare` noticed it.
"""

from __future__ import annotations

import math
import os
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Event
from types import TracebackType
from typing import Any, Self

import msgspec

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.prompts import PATTERNS, Pattern, compile_patterns
from logging_core.analyse.state import FleetState, Group, Usage
from logging_core.arguments import duration, ids_of, moment, whole_number
from logging_core.errors import HistoryError
from logging_core.history.gather import Gatherer
from logging_core.history.models import Models
from logging_core.history.order import PAGE, Order, Orderer
from logging_core.history.preparing import Preparing, is_worth_a_process
from logging_core.history.spill import Spill
from logging_core.history.stored_messages import StoredMessages
from logging_core.tree import expand_user


class History:
    """The states of a tree at earlier moments; a context manager, which closes it.

    `prepare` and `state_at` may be called from different threads, each from one at a time.

    Of an instance's exchanges with one message id the earliest counts. The dashboard, which reads
    the newest day first, counts the one that it meets first.

    Args:
        root: The log directory.
        stuck_after_s: An instance with a request open for longer, and a pane unchanged for as
            long, is `stuck` and not `busy`. Seconds, 0 or more.
        max_messages: The newest messages before the moment that a state holds, at most.
        since_s: Usage, events and messages count from this moment on, in seconds since the epoch;
            `None`: all. What state an instance is in follows from all records.
        prompts: What a pane ends with that waits for a person, beyond the questions that are
            known: regular expressions by instance type, or by `*` for any. Each is looked for
            anywhere in the pane's last 20 lines, whatever the case. A group named `question` is
            what is shown, else the first line of the match.
        now: The clock for when `prepare` found a directory gone; seconds since the epoch.
        in_subprocess: A process of its own prepares a large tree for the first time: then this one
            needs no memory for it, and its threads do not wait for it. If that process cannot, it
            is done here.

    Raises:
        OSError: The temporary file cannot be created.
        ValueError: A number is none or negative, `prompts` has what is no regular expression, or
            `root` is in the home of nobody.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        stuck_after_s: float = 120.0,
        max_messages: int = 20_000,
        since_s: float | None = None,
        prompts: Mapping[str, Sequence[str]] | Sequence[Pattern] = PATTERNS,
        now: Callable[[], float] = time.time,
        in_subprocess: bool = False,
    ) -> None:
        root = expand_user(root)
        self._max_messages = whole_number("max_messages", max_messages)
        options: dict[str, Any] = {
            "since_s": None if since_s is None else moment("since_s", since_s),
            "stuck_after_s": duration("stuck_after_s", stuck_after_s),
            "max_messages": 0,  # stored separately
            "prompts": compile_patterns(prompts) if isinstance(prompts, Mapping) else prompts,
            "by_time": False,
        }
        is_apart = in_subprocess and is_worth_a_process(root)
        self._spill = Spill()
        self._orderer = Orderer(self._spill, options)
        self._gatherer = Gatherer(root, self._spill, PAGE, now=now, on_reset=self._void)
        self._lock = threading.Lock()
        self._order = Order.nothing(0)
        self._base = self._order  # which what is new is merged into
        self._models = Models(self._spill, self._orderer)
        self._preparing: Preparing | None = None
        if is_apart:
            self._preparing = Preparing(root, options, self._spill)
        self._is_prepared = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def span(self) -> tuple[float, float] | None:
        """The moments from and up to which records count, in seconds; `None` if none has a time."""
        pages = self._order.pages
        known_s = next((page.known_s for page in pages if page.known_s < math.inf), None)
        return None if known_s is None else (known_s, pages[-1].last_s)

    def prepare(
        self, progress: Callable[[int], object] | None = None, *, stop: Event | None = None
    ) -> bool:
        """Read the tree, or what is new in it since the last call; blocks.

        A call that finds anything new rewrites at least one page, so call it when somebody wants
        to see the past, not continuously. Until everything is prepared, the states stay those of
        before. If anything raises, `progress` included, the next call starts from scratch.

        Args:
            progress: Called now and then with the number of records read in this call, or so far
                by the process that does it.
            stop: Set it, from any thread, to end the call within a fraction of a second. The next
                call resumes where this ended.

        Returns:
            Whether everything is prepared; false if stopped.

        Raises:
            HistoryError: It is closed.
            OSError: The temporary file cannot be written, or the tree went away half read.
        """
        self._check_open()
        is_kept, end = False, self._spill.end
        try:
            count = self._take_over(progress, stop)
            is_done = count is not None and self._gatherer.gather(progress, stop, count)
            is_done = is_done and self._put_in_order(stop)
            self._is_prepared = self._is_prepared or is_done
            is_kept = True
        finally:
            if not is_kept:  # records that were read and lost must be read again
                self._gatherer.begin_anew()
                self._void()
                if self._preparing is None:  # else that process writes to the file
                    self._spill.cut(end)
        return is_done

    def note_gone(self, instance_id: str, at_s: float) -> None:
        """Record that an instance's directory was seen to be gone; may be called from any thread.

        After the next `prepare`, states from `at_s` on have of the instance what the audit trail
        tells.

        Args:
            instance_id: The instance.
            at_s: When it was seen, in seconds since the epoch.

        Raises:
            ValueError: `at_s` is no time.
        """
        self._gatherer.departed.note(instance_id, moment("at_s", at_s))

    def state_at(self, at_s: float) -> FleetState:
        """Return the fleet as of `at_s`, from the records up to then; blocks for milliseconds.

        Args:
            at_s: Seconds since the epoch.

        Raises:
            HistoryError: No `prepare` has read the whole tree yet, or it is closed.
            ValueError: `at_s` is no time.
        """
        at_s = moment("at_s", at_s)
        with self._lock:
            order, state = self._order, self._model_at(at_s).state(at_s)
        stop = bisect_right(order.message_times, at_s)
        start = max(0, stop - self._max_messages)
        return msgspec.structs.replace(
            state,
            messages=StoredMessages(self._spill, order.messages, start, stop),
            dropped_messages=start,
            dropped_until_s=order.message_times[start - 1] if start else -math.inf,
            reordered=order.generation,
            caught_up=True,
        )

    def usage_at(self, at_s: float, instance_ids: Iterable[str]) -> Usage:
        """Return what the exchanges of some instances add up to, up to `at_s`.

        Args:
            at_s: Seconds since the epoch.
            instance_ids: Whose: many, or one; those that are not known add nothing.

        Raises:
            HistoryError: As for `state_at`.
            ValueError: `at_s` is no time.
            TypeError: `instance_ids` are no ids.
        """
        at_s, chosen = moment("at_s", at_s), ids_of("instance_ids", instance_ids)
        with self._lock:
            return self._model_at(at_s).usage_of(chosen)

    def groups_at(
        self, at_s: float, by: str, instance_ids: Iterable[str] | None = None
    ) -> tuple[Group, ...]:
        """Return sums of what belongs together, up to `at_s`: the dearest first, else the busiest.

        Args:
            at_s: Seconds since the epoch.
            by: `instance` (labels are ids), `role`, `model` (the type of one whose model is
                unknown), `instance_type`, `parent` (an instance with everyone below it),
                `event_type` or `error`, of which only the number is known, one for each instance
                that an error is about.
            instance_ids: Of these instances only: many, or one. `None`: all, and what is nobody's.

        Raises:
            HistoryError: As for `state_at`.
            ValueError: `by` is none of these, or `at_s` is no time.
            TypeError: `instance_ids` are no ids.
        """
        at_s = moment("at_s", at_s)
        chosen = None if instance_ids is None else ids_of("instance_ids", instance_ids)
        with self._lock:
            return self._model_at(at_s).groups(by, chosen)

    def close(self) -> None:
        """Delete the temporary file; messages of states returned before can no longer be read."""
        self._spill.close()
        if self._preparing is not None:
            self._preparing.close()

    def _check_open(self) -> None:
        if self._spill.closed:
            raise HistoryError("the history is closed: make another one")

    # --- preparing -----------------------------------------------------------

    def _take_over(
        self, progress: Callable[[int], object] | None, stop: Event | None
    ) -> int | None:
        """Wait for what another process prepares; return how many records, `None` if stopped."""
        if self._preparing is None:
            return 0
        try:
            prepared = self._preparing.wait(self._gatherer.departed, progress, stop)
        except OSError:  # if there is no room, the same will be said of it here
            self._preparing.close()  # else it may go on, and write to the file as well
            self._preparing = None
            self._spill.cut(0)
            self._gatherer.reading.is_underway = True  # the tree was there: it is not an empty one
            return 0
        if prepared is None:
            return None
        self._gatherer.go_on(prepared.reading, prepared.taken, prepared.unconfirmed)
        self._put_in_place(prepared.order._replace(generation=self._order.generation))
        count, self._preparing = self._preparing.count, None
        return count

    def _put_in_order(self, stop: Event | None) -> bool:
        """Merge the gathered runs; if stopped, return false and change nothing."""
        order = self._base
        if self._gatherer.runs:
            end = self._spill.end
            merged = self._orderer.merge(order, self._gatherer.runs, stop)
            if merged is None:
                self._spill.cut(end)
                return False
            order, self._gatherer.runs = merged, []
        self._put_in_place(order)
        return True

    def _void(self) -> None:
        """Let what is read from now on take the place of all before, once it is in order."""
        self._base = Order.nothing(self._order.generation + 1)

    def _put_in_place(self, order: Order) -> None:
        with self._lock:
            self._base = self._order = order

    # --- looking back --------------------------------------------------------

    def _model_at(self, at_s: float) -> FleetModel:
        """Return a model to which exactly the records up to `at_s` were applied."""
        self._check_open()
        if not self._is_prepared:
            raise HistoryError("the history is not prepared: call prepare() first")
        return self._models.at(self._order, at_s)

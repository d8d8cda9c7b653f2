"""The fleet model: batches of records in, one frozen `FleetState` out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import is_not
from typing import IO, Any, Self

import msgspec

from logging_core.analyse import memento
from logging_core.analyse.fleet_tables import FleetTables
from logging_core.analyse.fold import Fold
from logging_core.analyse.judgement import Around
from logging_core.analyse.prompts import PATTERNS, Pattern
from logging_core.analyse.state import FleetState, InstanceState, Usage
from logging_core.analyse.tree_sums import TreeSums
from logging_core.records import Batch


class FleetModel(FleetTables):
    """Folds records into the state of the fleet; what it adds up to, `FleetTables` tells.

    `apply` and `state` are called by one thread at a time; the states handed out are frozen and
    may be read by any. A call of `state` costs little more than the instances that changed.

    Args:
        since_s: Usage, events and messages count from this moment on; `None`: all. What state
            an instance is in follows from all records.
        stuck_after_s: A request open for longer, with a pane unchanged for as long, is stuck.
        max_messages: So many of the newest messages are kept, or fewer if they are long: their
            texts have 8 M characters at most.
        max_events: So many of the newest events between them are kept, with the same limit.
        prompts: What a pane that waits for a person ends with.
        by_time: Keep what `series`, `usage_in` and `groups_in` tell; a report on one moment does
            without.

    Attributes:
        since_s: As given.
        is_cut: Whether it was given the newest audit events only, as whoever gives them says.
    """

    def __init__(
        self,
        *,
        since_s: float | None = None,
        stuck_after_s: float = 120.0,
        max_messages: int = 3_000,
        max_events: int = 5_000,
        prompts: Sequence[Pattern] = PATTERNS,
        by_time: bool = True,
    ) -> None:
        super().__init__(
            Fold(
                since_s=-math.inf if since_s is None else since_s,
                max_messages=max_messages,
                max_events=max_events,
                by_time=by_time,
            )
        )
        self.since_s = since_s
        self.is_cut = False
        self._stuck_after_s = stuck_after_s
        self._prompts = prompts
        self._frozen: tuple[InstanceState, ...] = ()
        self._last = FleetState(at_s=math.inf)
        self._same_until_s = -math.inf

    def apply(self, batch: Batch) -> None:
        """Take in what one look at the tree brought."""
        self._fold.take(batch)
        self._same_until_s = -math.inf

    @property
    def waiting(self) -> str | None:
        """See `FleetState`."""
        return self._fold.waiting

    def holds_at(self, now_s: float) -> bool:
        """Whether `state` gives what it gave last, but for the moment: then it costs nothing."""
        return self._last.at_s <= now_s <= self._same_until_s

    def state(self, now_s: float) -> FleetState:
        """The fleet as it is known, at the moment `now_s`: states that depend on time are of then.

        Args:
            now_s: Seconds since the epoch.
        """
        if self.holds_at(now_s):
            self._last = msgspec.structs.replace(self._last, at_s=now_s)
            return self._last
        self._fold.settle()
        self._last = FleetState(
            at_s=now_s,
            instances=self._freeze(now_s),
            usage=self._fold.sums.totals.total().usage(),
            errors=self._fold.errors,
            joint_errors=self._fold.joint_errors,
            audit_events=self._fold.sums.events.total,
            messages=self._fold.timeline.items,
            dropped_messages=self._fold.timeline.dropped,
            dropped_until_s=self._fold.timeline.dropped_until_s,
            reordered=self._generation,
            events=self._fold.happened.events.items,
            dropped_events=self._fold.happened.events.dropped,
            problems=self._fold.problems.count,
            anomalies=self._fold.anomalies.count,
            waiting=self._fold.waiting,
            caught_up=self._fold.caught_up,
            polling=self._fold.polling,
        )
        known = (i for i in self._fold.instances.values() if i.is_known)
        self._same_until_s = min((i.same_until_s for i in known), default=math.inf)
        return self._last

    def dump(self, file: IO[bytes]) -> None:
        """Write everything that was taken in, for `load`; the options are not part of it.

        Raises:
            OSError: It cannot be written.
        """
        memento.dump(self._fold.remembered(), file)

    @classmethod
    def load(cls, file: IO[bytes], **options: Any) -> Self:
        """The model that `dump` was called on: it gives the same states now and later.

        Args:
            file: What `dump` wrote, up to its end.
            options: Those of the model; `since_s`, `max_messages` and `by_time` as they were.

        Raises:
            ValueError: It holds no model, is damaged, or of another version.
            OSError: It cannot be read.
        """
        model = cls(**options)
        model._fold.recall(memento.load(file))
        return model

    def change_reader(self) -> None:
        """Another reader goes on, and will tell itself which files cannot be read."""
        self._fold.problems.forget_files()
        self._same_until_s = -math.inf

    def summed(self, tree: str, part: str, at_s: float) -> TreeSums:
        """What was taken in adds up to: it is no copy, so nothing more may be applied.

        Args:
            tree: See `TreeSums`, as for the others.
            part: The part.
            at_s: The moment.
        """
        fold = self._fold
        fold.settle()
        fold.sums.totals.settle()
        said = {instance_id: known.identity for instance_id, known in self._known().items()}
        return TreeSums(tree, part, at_s, fold.sums, fold.errors, said)

    def succeed(self, other: FleetModel) -> None:
        """Take the place of another model: rows that it handed out have other places here."""
        timeline = self._fold.timeline
        timeline.reordered = max(timeline.reordered, other._generation + 1)

    @property
    def _generation(self) -> int:
        return self._fold.timeline.reordered + self._fold.happened.events.reordered

    # --- state ---------------------------------------------------------------

    def _freeze(self, now_s: float) -> tuple[InstanceState, ...]:
        self._fold.touch_children()
        around = Around(
            now_s,
            self._stuck_after_s,
            self._usage,
            self._is_known,
            self._fold.ledger.lives.spawned_s,
            self._prompts,
        )
        states = [i.state(around) for i in self._fold.instances.values() if i.is_known]
        states.sort(key=_by_creation)
        if len(states) != len(self._frozen) or any(map(is_not, states, self._frozen)):
            self._frozen = tuple(states)
        return self._frozen

    def _usage(self, instance_id: str) -> Usage:
        return self._fold.sums.totals.of((instance_id,)).usage()

    def _is_known(self, instance_id: str) -> bool:
        instance = self._fold.instances.get(instance_id)
        return instance is not None and instance.is_known


def _by_creation(state: InstanceState) -> tuple[bool, float, str]:
    return state.created_s is None, state.created_s or 0.0, state.instance_id

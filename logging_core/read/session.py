"""The logs of one root directory and how far each was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import chain, starmap
from pathlib import Path
from typing import Any, TypeVar

from logging_core.read.backoff import Backoff
from logging_core.read.cursor import Cursor
from logging_core.read.files import Part
from logging_core.read.listing import parts_of
from logging_core.read.log import Found, Log, problem
from logging_core.read.log_factory import LogFactory, kind_of
from logging_core.read.merge import merge_by_time
from logging_core.read.names import shown_name
from logging_core.read.reached import Reached
from logging_core.read.sweep import Look, Sweep
from logging_core.read.tail import TURN
from logging_core.records import Batch, InstanceGone, InstanceSeen
from logging_core.tree import AUDIT, INSTANCE_FILES, INSTANCES, FileKind

BATCH = 3 << 19
"""Of what was there before, about so many bytes are read at one look; one `TURN` of each log."""

_LOGS = 400
"""And so many logs."""

_MORE = 6
"""Of what is new, so many times as much: each look costs those who show it something."""

_URGENT = {FileKind.METADATA: 0, FileKind.AUDIT: 1, FileKind.COMMUNICATION: 2}
_NOT_URGENT = 3
# What a log is, by its path: each look asks that of thousands.
_AUDIT, _MESSAGES = f"{AUDIT}/", "/communication.jsonl"

T = TypeVar("T")


class VoidError(Exception):
    """A directory that was gone is back: what is in it was handed out before."""


class Session:
    """Reads one root directory.

    Args:
        root: The directory.
        factory: Makes the readers of its logs.
        history: As `history_bytes` of `TreeReader`.
        audit: As `audit_bytes`.
        cursor: See `TreeReader`; `None`: from the start.

    Attributes:
        is_cut: See `TreeReader`.
    """

    def __init__(
        self,
        root: Path,
        factory: LogFactory,
        history: int | None,
        audit: int | None,
        cursor: Cursor | None,
    ) -> None:
        self.is_cut = False
        self._root = root
        self._factory = factory
        self._history = history
        self._audit = audit  # what is left of it
        self._is_resumed = cursor is not None
        self._is_first = True
        self._is_abreast = False  # everything that was there at the start has been read
        self._logs: dict[str, Log] = {}
        self._parts: dict[str, tuple[Part, ...]] = {}
        self._queue: dict[str, None] = {}  # logs with something to read, in order
        self._spent: dict[str, int] = {}  # bytes read of those of them that are begun
        self._old: set[str] = set()  # logs that were there at the start and are not begun
        self._backoff = Backoff()
        self._held: set[str] = set()
        self._reached = Reached(cursor)
        self._sweep = Sweep(root, self._reached.directories)
        self._ahead: Look | None = None  # what the first look is to find

    @property
    def cursor(self) -> dict[str, Any]:
        """How far everything was read: see `Batch.cursor`."""
        return self._reached.cursor

    @property
    def share(self) -> float:
        """See `TreeReader`."""
        sizes = {group: _size(parts) for group, parts in self._parts.items()}
        left = sum(max(0, sizes.get(g, 0) - self._spent.get(g, 0)) for g in self._queue)
        return 1 - left / max(1, sum(sizes.values()))

    def is_whole(self) -> bool:
        """Whether everything is there that the cursor says was read; see `TreeReader`."""
        self._ahead = self._sweep.everything()
        return self._reached.is_in(self._ahead.changed) and not self._sweep.has_missed

    def look(self, told: Collection[str], turns: int) -> Batch:
        """Read what is new; see `TreeReader.poll`.

        Raises:
            VoidError: Everything is to be read anew; a session that did not read before never does.
        """
        due: Iterable[str] = ()
        if self._ahead is not None:
            look, self._ahead = self._ahead, None
        elif turns or self._is_first:
            look = self._sweep.everything(told, turns=1 if self._is_first else turns)
            due = self._backoff.due()
        else:
            look = self._sweep.around(told)
        unread = {g: parts for g, parts in look.changed.items() if g not in self._logs}
        if self._reached.is_back(self._root, unread):
            raise VoidError
        self._reached.report(look.seen)
        self._note(look)
        self._queue.update(dict.fromkeys(due))
        found = self._read()
        self._is_first = False
        self._is_abreast = self._is_abreast or self._is_caught_up()
        for name in look.gone:
            found += self._forget(name)
        shown = self._factory.shown
        return Batch(
            records=(
                *(InstanceSeen(instance_id=shown(name)) for name in look.seen),
                *merge_by_time(one.records for one in found),
                *(InstanceGone(instance_id=shown(name)) for name in look.gone),
            ),
            problems=(*starmap(problem, look.problems), *_all(one.problems for one in found)),
            readable=(*map(shown_name, look.readable), *_all(one.readable for one in found)),
            caught_up=self._is_caught_up(),
            cursor=self.cursor,
            blocks=_all(one.blocks for one in found),
            anomalies=_all(one.anomalies for one in found),
        )

    def _is_caught_up(self) -> bool:
        """Return whether everything that the last sweep saw has been handed out."""
        return not self._queue and not self._held

    # --- which logs ----------------------------------------------------------

    def _note(self, look: Look) -> None:
        """Put what changed into the queue: of what changed last first, the most telling first."""
        self._parts.update(look.changed)
        if self._is_first and not self._is_resumed:
            self._old.update(look.changed)
            days = [parts for group, parts in look.changed.items() if group.startswith(_AUDIT)]
            self.is_cut = self._audit is not None and _exceed(days, self._audit)
        newest: defaultdict[str, int] = defaultdict(int)
        for group, parts in look.changed.items():
            directory = _directory(group)
            for part in parts:
                newest[directory] = max(newest[directory], part.mtime_ns)
        ranks = [(-newest[_directory(g)], _urgency(g), g) for g in look.changed]
        for _, _, group in sorted(ranks):
            if group in self._logs or not self._reached.is_as_left(group, self._parts[group]):
                self._queue[group] = None

    def _log(self, group: str) -> Log:
        log = self._logs.get(group)
        if log is None:
            history = self._history_of(group) if group in self._old else None
            self._old.discard(group)
            log = self._factory.make(group, history, is_resumed=self._is_resumed)
            self._logs[group] = log
            positions = self._reached.of(group)
            if positions is not None:
                log.resume(positions)
        return log

    def _history_of(self, group: str) -> int | None:
        """How much of the end of a log is wanted; the newest audit day is to be asked of first."""
        if not group.startswith(_AUDIT):
            return self._history
        history = self._audit
        if history is not None:
            self._audit = max(0, history - _size(self._parts[group]))
        return history

    def _forget(self, directory: str) -> list[Found]:
        """Drop what is known of an instance's files; what waited in them for the rest of itself."""
        last: list[Found] = []
        self._reached.forget(directory)
        for name in INSTANCE_FILES:
            group = f"{INSTANCES}/{directory}/{name}"
            log = self._logs.pop(group, None)
            last += [] if log is None else [log.poll((), tuple, 0)]
            self._parts.pop(group, None)
            self._queue.pop(group, None)
            self._spent.pop(group, None)
            self._old.discard(group)
            self._backoff.forget(group)
            self._held.discard(group)
        return last

    # --- reading -------------------------------------------------------------

    def _read(self) -> list[Found]:
        """Give each log of the queue a turn, as far as the look's bytes reach.

        Of the audit days, the newest ones first: none before those after it are read. Where all
        that was there is read, the requests come before what closes them, of which only the newest
        are remembered.
        """
        taken: list[tuple[str, Found]] = []
        for group in self._held - self._queue.keys():
            taken.append((group, self._log(group).rest()))
            self._take(*taken[-1])
        left, logs = (BATCH * _MORE, _LOGS * _MORE) if self._is_abreast else (BATCH, _LOGS)
        requests: dict[str, None] = {}
        if self._history is None and not self._is_abreast:
            requests = {group: None for group in self._queue if group.endswith(_MESSAGES)}
            left -= self._give_turns(list(requests)[:logs], left, taken)
        days: list[str] = []
        if requests.keys().isdisjoint(self._queue):
            days = sorted((g for g in self._queue if g.startswith(_AUDIT)), reverse=True)
        others = [g for g in self._queue if not g.startswith(_AUDIT) and g not in requests]
        # The sums of a month do not keep today's messages waiting.
        part = left // 2 if others else left
        left -= self._give_turns(days[:logs], part, taken, one_by_one=True)
        self._give_turns(others[:logs], left, taken)
        # In an order of its own: it must not show in which one the files were read.
        return [found for _, found in sorted(taken, key=lambda pair: (_urgency(pair[0]), pair[0]))]

    def _give_turns(
        self,
        groups: Iterable[str],
        left: int,
        taken: list[tuple[str, Found]],
        *,
        one_by_one: bool = False,
    ) -> int:
        """Read logs in turn, about `left` bytes of all; how many that were.

        With `one_by_one` none is begun before the one before it is read to its end.
        """
        spent = 0
        for group in groups:
            if spent >= left:
                break
            del self._queue[group]
            relist = partial(parts_of, self._root, group)
            found = self._log(group).poll(self._parts[group], relist, TURN)
            spent += found.spent
            if found.failed:
                self._backoff.failed(group)
            else:
                self._backoff.forget(group)
            taken.append((group, found))
            self._take(group, found)
            if one_by_one and not found.drained:
                break
        return spent

    def _take(self, group: str, found: Found) -> None:
        """Note how far a log was read."""
        self._reached.note(group, self._log(group).positions())
        if found.drained:
            self._spent.pop(group, None)
        else:
            self._queue[group] = None
            self._spent[group] = self._spent.get(group, 0) + found.spent
        if found.held:
            self._held.add(group)
        else:
            self._held.discard(group)


def _all(lists: Iterable[Sequence[T]]) -> tuple[T, ...]:
    return tuple(chain.from_iterable(lists))


def _urgency(group: str) -> int:
    return _URGENT.get(kind_of(group), _NOT_URGENT)


def _exceed(days: Sequence[Sequence[Part]], most: int) -> bool:
    """Whether the ends of some audit days, of so many bytes, are not all of them."""
    is_packed = any(part.log.compressed for parts in days for part in parts)
    return is_packed or sum(map(_size, days)) > most


def _size(parts: Iterable[Part]) -> int:
    """How many bytes the files of a log have on the disk."""
    return sum(part.size for part in parts)


def _directory(group: str) -> str:
    return group.rpartition("/")[0]

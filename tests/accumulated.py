"""What is made of all that a reader tells, held against what a reader who comes last makes of it.

Equal is everything that can be. What the tree does not hold any more only the first reader knows:
that, and that alone, is taken from what it was told.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from happenings import NUMBER, number_at
from msgspec.structs import replace
from views import View, in_any_order, plain, seen

from builders import TreeBuilder
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.grouping import GROUPINGS
from logging_core.analyse.happened import LIFE
from logging_core.anomalies import Anomaly
from logging_core.cache import FleetCache, read_fleet
from logging_core.exchanges import AuditBlock, Exchanges
from logging_core.fleet_summary import BY_TREE, FleetSummary
from logging_core.read.reader import TreeReader
from logging_core.records import (
    Batch,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    Problem,
    Record,
)
from reading import read

Piece: TypeAlias = tuple[object, ...]
"""What tells a record from others: its kind, and the numbers in it."""


_ELSEWHERE = frozenset({"AuditEvent", "Exchange", "OrchestratorEvent"})
"""What tells of an instance, and is not in its directory."""

_COUNTED = frozenset({*_ELSEWHERE, "Message", "LifecycleEvent", "Problem"})
"""Told twice, it is there twice. A frame is told anew as it grows; the rest is no record."""


_UNREADABLE = "a file that cannot be read"
"""When it can be read, that is no problem any more."""


class Accumulated:
    """A model of what a reader tells, looked at now and then.

    Args:
        blocks: Whether it is told in bulk.
    """

    def __init__(self, root: Path, *, blocks: bool) -> None:
        self._root = root
        self._blocks = blocks
        self._batches: list[Batch] = []
        self._model = FleetModel()

    def take(self, batch: Batch, now_s: float) -> None:
        """What one look brought."""
        if batch.reset:
            self._batches.clear()
        self._batches.append(batch)
        self._model.apply(batch)
        self._model.state(now_s)

    def keep(self) -> None:
        """Go on with what was kept of the model."""
        file = BytesIO()
        self._model.dump(file)
        file.seek(0)
        self._model = FleetModel.load(file)
        self._model.change_reader()

    def check(self, now_s: float) -> None:
        """It tells what one tells to whom all is read now."""
        fresh = read(TreeReader(self._root, blocks=self._blocks))
        expected = FleetModel()
        for batch in _joined(self._batches, fresh):
            expected.apply(batch)
        expected.apply(Batch())  # all is read
        homes = set(_homes([*self._batches, *fresh]))
        found, wanted = (_view(model, now_s, homes) for model in (self._model, expected))
        different = {
            key: (found.get(key), wanted.get(key))
            for key in found.keys() | wanted.keys()
            if found.get(key) != wanted.get(key)
        }
        assert not different, different


class Summary:
    """What a tree is summed up to, again and again; what was read for it is kept."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._cache = FleetCache(root, "test", root.with_name("cache"))

    def check(self, now_s: float, *, all_readable: bool) -> None:
        """It is what it would be if nothing was kept, unless there is what may not be read now."""
        if self._root.exists():
            kept, anew = (read_fleet(self._root, cache) for cache in (self._cache, None))
            assert not all_readable or _sums(kept, now_s) == _sums(anew, now_s)


def _sums(model: FleetModel, now_s: float) -> View:
    """All that a summary tells."""
    summary = FleetSummary(model.summed("here", "", now_s))
    view: View = {by: plain(summary.groups(by)) for by in (*GROUPINGS, BY_TREE)}
    view["errors"], view["instances"] = summary.errors, summary.instances
    slots = summary.series(from_s=TreeBuilder.epoch(0), to_s=now_s)
    return view | {"usage": plain([summary.usage()]), "series": plain(slots)}


def _joined(told: list[Batch], fresh: list[Batch]) -> Iterator[Batch]:
    """What the tree holds, after what only those who were told before can know.

    That is what is no longer there, and that something was there twice or is gone. What is kept of
    an instance whose directory is gone depends on what other logs had told of it by then. And lines
    that came after their entry had been told are records of their own to those who were told it.
    """
    before = Counter(piece for batch in told for piece in _pieces(batch))
    there = Counter(piece for batch in fresh for piece in _pieces(batch))
    in_both = before & there
    in_order = _ELSEWHERE if any("InstanceGone" in piece for piece in before) else ()
    numbers = {number for piece in before for number in piece[1:]}

    def is_lost(piece: Piece) -> bool:
        if piece[0] in in_order:
            return True
        if piece[0] not in _COUNTED:
            return piece[0] != _UNREADABLE and piece not in there
        in_both[piece] -= 1
        return in_both[piece] < 0

    def is_told(piece: Piece) -> bool:
        if piece in before:
            return piece[0] not in in_order
        return numbers.isdisjoint(piece[1:])

    yield from (_only(batch, is_lost) for batch in told)
    yield from (_only(batch, is_told) for batch in fresh)


def _homes(batches: list[Batch]) -> Iterator[str]:
    """Yield those that have, or had, a directory."""
    records = (record for batch in batches for record in batch.records)
    yield from (record.instance_id for record in records if isinstance(record, InstanceSeen))


def _view(model: FleetModel, now_s: float, homes: Collection[str]) -> View:
    """All that a model tells, but for under which name a file was found, and what it may lack.

    The audit trail alone tells of the life of those who had no directory when it was read: with
    those who have one now, that depends on when it was.
    """
    state, view = model.state(now_s), in_any_order(seen(model, now_s))
    view["events"] = [
        row for row in view["events"] if row[1] not in homes or row[2] not in LIFE.values()
    ]
    problems, anomalies = state.problems, state.anomalies
    view["problems"] = problems.unreadable_lines, problems.unreadable_files
    view["anomalies"] = anomalies.clock_jumps, anomalies.torn, anomalies.lossy, anomalies.links
    for one in state.instances:
        newest = one.newest_frame
        view[one.instance_id, "newest_frame"] = newest and replace(newest, path="")
    return view


def _pieces(batch: Batch) -> Iterator[Piece]:
    """All that a batch tells of what was written."""
    yield from (_piece_of(record) for record in batch.records)
    yield from (_problem_of(problem) for problem in batch.problems)
    yield from (_odd_of(anomaly) for anomaly in batch.anomalies)
    for block in batch.blocks:
        yield from (("Exchange", number_at(at_s)) for at_s in block.exchanges.times)


def _piece_of(record: Record) -> Piece:
    if isinstance(record, InstanceSeen | InstanceGone):
        return type(record).__name__, record.instance_id
    if isinstance(record, FrameRef):
        return "FrameRef", number_at(record.time_s)
    return type(record).__name__, *_numbers_in(repr(record))


def _problem_of(problem: Problem) -> Piece:
    if problem.offset is None:
        return ("Gap" if problem.is_gap else _UNREADABLE,)
    return "Problem", *_numbers_in(problem.line)


def _odd_of(anomaly: Anomaly) -> Piece:
    return anomaly.kind, anomaly.time_s


def _numbers_in(text: str) -> list[int]:
    return [int(number) for number in dict.fromkeys(NUMBER.findall(text))]


def _only(batch: Batch, wanted: Callable[[Piece], bool]) -> Batch:
    """A batch without what is not wanted."""
    return replace(
        batch,
        records=tuple(r for r in batch.records if wanted(_piece_of(r))),
        problems=tuple(p for p in batch.problems if wanted(_problem_of(p))),
        anomalies=tuple(a for a in batch.anomalies if wanted(_odd_of(a))),
        blocks=tuple(filter(_has_any, (_only_of(block, wanted) for block in batch.blocks))),
        caught_up=False,
    )


def _has_any(block: AuditBlock) -> bool:
    return len(block.exchanges) > 0


def _only_of(block: AuditBlock, wanted: Callable[[Piece], bool]) -> AuditBlock:
    exchanges = block.exchanges
    rows = [n for n, at_s in enumerate(exchanges.times) if wanted(("Exchange", number_at(at_s)))]
    kept = Exchanges(
        instance_ids=[exchanges.instance_ids[n] for n in rows],
        message_ids=[exchanges.message_ids[n] for n in rows],
        times=array("d", [exchanges.times[n] for n in rows]),
        tokens=array("q", [exchanges.tokens[n] for n in rows]),
        costs=array("d", [exchanges.costs[n] for n in rows]),
        seconds=array("d", [exchanges.seconds[n] for n in rows]),
    )
    return replace(block, exchanges=kept)

"""The logs of one root directory and how far each was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from logging_core.anomalies import Anomaly
from logging_core.codec.decode import decode_audit, decode_message
from logging_core.codec.entries import LifecycleEntries, OrchestratorEntries, Stray
from logging_core.read.audit_log import AuditLog
from logging_core.read.cursor import Cursor
from logging_core.read.entry_log import EntryLog
from logging_core.read.files import Part
from logging_core.read.json_lines import JsonLines
from logging_core.read.logs import Found, Log, problem
from logging_core.read.metadata_file import MetadataFile
from logging_core.read.names import shown_name
from logging_core.read.pane_log import PaneLog
from logging_core.read.retries import Retries
from logging_core.read.sweep import AUDIT, Look, Sweep
from logging_core.read.tail import TURN
from logging_core.records import AuditBlock, InstanceGone, InstanceSeen, Problem, Record
from logging_core.tree import INSTANCE_FILES, FileKind, local_path, portable_path

BATCH = 3 << 19
"""Of what was there before, about so many bytes are read at one look; one `TURN` of each log."""

_LOGS = 400
"""And so many logs."""

_MORE = 6
"""Of what is new, so many times as much: each look costs those who show it something."""

_URGENT = {FileKind.METADATA: 0, FileKind.AUDIT: 1, FileKind.COMMUNICATION: 2}
_NOT_URGENT = 3


class Findings(msgspec.Struct):
    """What one look brought.

    Attributes:
        seen: Instances that are new.
        streams: Records, of each log in file order.
        blocks: Exchanges in bulk.
        gone: Instances that are no more.
        problems: What could not be read.
        anomalies: Clock jumps and gaps.
    """

    seen: list[InstanceSeen]
    streams: list[Sequence[Record]] = msgspec.field(default_factory=list)
    blocks: list[AuditBlock] = msgspec.field(default_factory=list)
    gone: list[InstanceGone] = msgspec.field(default_factory=list)
    problems: list[Problem] = msgspec.field(default_factory=list)
    anomalies: list[Anomaly] = msgspec.field(default_factory=list)


class Session:
    """Reads one root directory. Arguments as of `TreeReader`."""

    def __init__(
        self,
        root: Path,
        *,
        cursor: Cursor | None,
        raw: bool,
        history: int | None,
        blocks: bool = False,
        tails: bool = False,
    ) -> None:
        self._root = root
        self._raw = raw
        self._blocks = blocks
        self._tails = tails
        self._history = history
        self._is_resumed = cursor is not None
        self._begin_at: dict[str, Mapping[str, list[int]]] = {}  # of logs that are not begun
        self._first = True
        self._is_abreast = False  # everything that was there at the start has been read
        self._sweep = Sweep(root)
        self._logs: dict[str, Log] = {}
        self._parts: dict[str, tuple[Part, ...]] = {}
        self._queue: dict[str, None] = {}  # logs with something to read, in order
        self._old: set[str] = set()  # logs that were there at the start and are not begun
        self._retries = Retries()
        self._held: set[str] = set()
        # What the cursor says, in its own words: it is asked for at every look.
        self._positions: dict[str, dict[str, list[int]]] = {}
        self._reported: dict[str, None] = {}
        if cursor is not None:
            self._reported = dict.fromkeys(cursor.instances)
            self._sweep.instances.update(dict.fromkeys(map(local_path, self._reported), 0))
            self._begin_at = dict(cursor.logs)
            self._positions.update({group: dict(at) for group, at in cursor.logs.items()})

    @property
    def caught_up(self) -> bool:
        """Whether everything that the last sweep saw has been handed out."""
        return not self._queue and not self._held

    @property
    def cursor(self) -> Cursor:
        """How far everything was read."""
        return Cursor(self._positions, self._reported)

    def look(self, dirty: Collection[Path] | None, turns: int) -> Findings:
        """Read what is new; see `TreeReader.poll`."""
        if dirty is None or self._first:
            look = self._sweep.everything(turns=1 if self._first else turns)
        else:
            look = self._sweep.around(dirty)
        findings = Findings([InstanceSeen(instance_id=self._shown(name)) for name in look.seen])
        self._reported.update(dict.fromkeys(map(portable_path, look.seen)))
        findings.problems.extend(problem(path, reason) for path, reason in look.problems)
        self._note(look, retry=dirty is None or self._first)
        self._read(findings)
        self._first = False
        self._is_abreast = self._is_abreast or self.caught_up
        for name in look.gone:
            self._forget(name)
            findings.gone.append(InstanceGone(instance_id=self._shown(name)))
        return findings

    # --- which logs ----------------------------------------------------------

    def _note(self, look: Look, *, retry: bool) -> None:
        """Put what changed into the queue: of what changed last first, the most telling first."""
        self._parts.update(look.changed)
        if self._first and not self._is_resumed:
            self._old.update(look.changed)
        newest: defaultdict[str, int] = defaultdict(int)
        for group, parts in look.changed.items():
            directory = _directory(group)
            newest[directory] = max([newest[directory], *(part.mtime_ns for part in parts)])

        def rank(group: str) -> tuple[int, int, str]:
            return -newest[_directory(group)], _urgency(group), group

        for group in sorted(look.changed, key=rank):
            self._queue[group] = None
        if retry:
            self._queue.update(dict.fromkeys(self._retries.due()))

    def _log(self, group: str) -> Log:
        log = self._logs.get(group)
        if log is None:
            log = self._logs[group] = self._make(group)
            positions = self._begin_at.pop(portable_path(group), None)
            if positions is not None:
                log.resume({local_path(path): at for path, at in positions.items()})
        return log

    def _make(self, group: str) -> Log:
        kind = _kind(group)
        if kind is FileKind.AUDIT:
            audit_log = AuditLog if self._blocks else JsonLines
            return audit_log(self._root, partial(decode_audit, raw=self._raw))
        instance_id = self._shown(group.split("/")[-2]) if "/" in group else ""
        history = self._history if group in self._old else None
        self._old.discard(group)
        if kind is FileKind.METADATA:
            return MetadataFile(self._root, instance_id, raw=self._raw)
        if kind is FileKind.PANE:
            return PaneLog(
                self._root, instance_id, newest_only=history is not None, tails=self._tails
            )
        if kind is FileKind.COMMUNICATION:
            decode = partial(decode_message, instance_id=instance_id, raw=self._raw)
            return JsonLines(self._root, decode, history)
        stray = Stray.REFUSE if history is None else Stray.DROP
        if self._is_resumed:
            stray = Stray.JOIN
        if kind is FileKind.INSTANCE:
            lifecycle = LifecycleEntries(instance_id, raw=self._raw, stray=stray)
            return EntryLog(self._root, lifecycle, history)
        entries = OrchestratorEntries(raw=self._raw, stray=stray)
        return EntryLog(self._root, entries, history)

    def _forget(self, directory: str) -> None:
        """Drop what is known of an instance's files."""
        prefix = f"instances/{directory}/"
        self._reported.pop(portable_path(directory), None)
        for group in [group for group in self._parts if group.startswith(prefix)]:
            self._logs.pop(group, None)
            self._parts.pop(group, None)
            self._queue.pop(group, None)
            self._old.discard(group)
            self._retries.forget(group)
            self._held.discard(group)
        reported = portable_path(prefix)
        for group in [group for group in self._positions if group.startswith(reported)]:
            del self._positions[group]

    def _shown(self, directory: str) -> str:
        return directory if self._raw else shown_name(directory)

    # --- reading -------------------------------------------------------------

    def _read(self, findings: Findings) -> None:
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
            requests = dict.fromkeys(filter(_has_requests, self._queue))
            left -= self._give_turns(list(requests)[:logs], left, taken)
        days: list[str] = []
        if requests.keys().isdisjoint(self._queue):
            days = sorted(filter(_is_audit, self._queue), reverse=True)
        others = [g for g in self._queue if not _is_audit(g) and g not in requests]
        # The sums of a month do not keep today's messages waiting.
        part = left // 2 if others else left
        left -= self._give_turns(days[:logs], part, taken, one_by_one=True)
        self._give_turns(others[:logs], left, taken)
        # In an order of its own: it must not show in which one the files were read.
        for _, found in sorted(taken, key=lambda pair: (_urgency(pair[0]), pair[0])):
            findings.streams.append(found.records)
            findings.blocks.extend(found.blocks)
            findings.problems.extend(found.problems)
            findings.anomalies.extend(found.anomalies)

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
            relist = partial(self._sweep.parts, group)
            found = self._log(group).poll(self._parts[group], relist, TURN)
            spent += found.spent
            if found.failed:
                self._retries.failed(group)
            else:
                self._retries.forget(group)
            taken.append((group, found))
            self._take(group, found)
            if one_by_one and not found.drained:
                break
        return spent

    def _take(self, group: str, found: Found) -> None:
        """Note how far a log was read."""
        positions = self._log(group).positions()
        self._positions[portable_path(group)] = {
            portable_path(path): at for path, at in positions.items()
        }
        if not found.drained:
            self._queue[group] = None
        if found.held:
            self._held.add(group)
        else:
            self._held.discard(group)


def _urgency(group: str) -> int:
    return _URGENT.get(_kind(group), _NOT_URGENT)


def _directory(group: str) -> str:
    return group.rpartition("/")[0]


def _is_audit(group: str) -> bool:
    return group.startswith(f"{AUDIT}/")


def _has_requests(group: str) -> bool:
    return _kind(group) is FileKind.COMMUNICATION


def _kind(group: str) -> FileKind:
    if _is_audit(group):
        return FileKind.AUDIT
    return INSTANCE_FILES.get(group.rpartition("/")[2], FileKind.ORCHESTRATOR)

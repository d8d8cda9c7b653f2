"""Which reports are about one and the same error, and how that is told best.

Reports of different files reach the model in any order, so nothing here depends on it: what an
error is called, when it was and whom it is about follows from all that tell of it.
"""

from __future__ import annotations

import enum
import math
from bisect import bisect_left, insort
from collections.abc import Collection, Sequence
from sys import intern
from typing import NamedTuple

import msgspec

from logging_core.analyse.error_kinds import error_kind
from logging_core.analyse.errors import (
    SAME_S,
    first_line,
    gist_of,
    in_one_form,
    is_failed_end,
)
from logging_core.analyse.state import TimelineEvent
from logging_core.records import AuditEvent, OrchestratorEvent

MAX_REPORTS = 4_096
"""So many of an instance's newest errors are remembered: of a long log that is read after another,
each error must be known from there. What tells of an older one counts as another."""


class ErrorSource(enum.IntEnum):
    """Where an error is reported, a power of two: of several the greatest calls it by its name."""

    END = 1
    ORCHESTRATOR = 2
    INSTANCE = 4
    AUDIT = 8


class Incident(msgspec.Struct, frozen=True, gc=False):
    """One error, by what is known of it.

    Attributes:
        at_s: When; `None` if unknown. As the audit trail tells, else as the first that does; an
            end in an error only if nothing else does.
        kind: Of which kind of errors it is: see `error_kind`.
        whom: The instances that it is about; of none it is the fleet's.
        sources: Where it is reported: a sum of `ErrorSource`.
        first_s: The first time that is told, as for `at_s`.
        last_s: The last one.
        said: Checksums of what the reports say.
        row: Its row; `None` if it is one of the older errors.
    """

    at_s: float | None
    kind: str
    whom: tuple[str, ...]
    sources: int
    first_s: float
    last_s: float
    said: tuple[int, ...]
    row: TimelineEvent | None


class IncidentChange(NamedTuple):
    """What a report changes.

    Attributes:
        before: The error as it was told; `None` if it is new.
        after: As it is told now.
        apart: What an instance.log says besides, in a row of its own; mostly `None`.
    """

    before: Incident | None
    after: Incident
    apart: TimelineEvent | None = None

    @property
    def newly(self) -> Collection[str]:
        """For which instances it is an error more."""
        if self.before is None:
            return self.after.whom
        return [one for one in self.after.whom if one not in self.before.whom]

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is to be counted elsewhere from now on."""
        return self.before is not None and _place(self.before) != _place(self.after)


class LastErrors:
    """The last error that each source tells of.

    What it says is what the audit trail says last, unless another tells of another error since: of
    one that is told in other words, or later by more than reports of one error are apart.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, str]] = {}

    def add(self, source: ErrorSource, at_s: float | None, text: str) -> None:
        """An error was reported."""
        told = (-math.inf if at_s is None else at_s, text)
        number = int(source)
        self._last[number] = max(told, self._last.get(number, told))

    @property
    def text(self) -> str | None:
        """What the last one says; `None` if there was none."""
        last: tuple[float, str] | None = None
        for source in sorted(self._last, reverse=True):
            told = self._last[source]
            if last is None or (told > last and not _is_once_more(source, told, last)):
                last = told
        return None if last is None else last[1]


def _is_once_more(source: int, told: tuple[float, str], last: tuple[float, str]) -> bool:
    """Whether what one source tells last is what is known better from another."""
    is_alike = source == ErrorSource.END or gist_of(told[1]) == gist_of(last[1])
    return is_alike and told[0] - last[0] <= SAME_S


class Reports:
    """Tells which reports are of an error that was reported before.

    Those of one error are about the same instance, no more than `SAME_S` apart, and stand in
    different files and say the same; or one is the end of the instance in an error, which is none
    of its own then. What a line says is what follows its last `: `, so that `Instance a failed: out
    of memory` says the same as `out of memory`.

    Each has a row, which the methods take: it is of the instance (`""`: the fleet as a whole), the
    moment (`None`: unknown, then it counts as new) and the text of the report; and whom it is
    about.

    Args:
        max_rows: Of so many of the newest errors of all, at least, the rows are kept: an older one
            stays as it was told first.
    """

    __slots__ = ("_max_rows", "_recent", "_rows", "_rows_from_s")

    def __init__(self, max_rows: int) -> None:
        self._recent: dict[str, list[Incident]] = {}  # of each instance, by time
        self._max_rows = max(1, max_rows)
        self._rows = 0
        self._rows_from_s = -math.inf

    def take_audit(
        self, event: AuditEvent, row: TimelineEvent, whom: Collection[str]
    ) -> IncidentChange:
        """An audit event, which must report an error."""
        return self._take(row, source_of(event), (row.text,), whom)

    def take_log(
        self, event: OrchestratorEvent, row: TimelineEvent, whom: Collection[str]
    ) -> IncidentChange:
        """The same of an entry of `orchestrator.log`, which has a traceback at times."""
        raised = (event.exception or "").rstrip().rpartition("\n")[2]
        texts = (event.text, event.error, raised)
        said = [in_one_form(text) for text in texts if text]
        return self._take(row, ErrorSource.ORCHESTRATOR, said, whom)

    def take_entry(self, row: TimelineEvent) -> IncidentChange:
        """The same of an entry of the instance's instance.log."""
        return self._take(row, ErrorSource.INSTANCE, (row.text,), (row.instance_id,))

    def _take(
        self, row: TimelineEvent, source: ErrorSource, texts: Collection[str], whom: Collection[str]
    ) -> IncidentChange:
        at_s, said = row.time_s, tuple(map(gist_of, texts))
        time_s = -math.inf if at_s is None else at_s
        recent = self._recent.setdefault(row.instance_id, [])
        place = None if at_s is None else _find(recent, time_s, source, said)
        known = None if place is None else recent[place]
        # What a lesser report calls it does not matter, and costs as much as all else here.
        is_named = known is None or known.sources < source
        kind = intern(error_kind(row.text)) if is_named else ""
        told = Incident(at_s, kind, tuple(sorted(whom)), int(source), time_s, time_s, said, row)
        if known is None or place is None:
            if at_s is not None:
                self._remember(recent, told)
            return IncidentChange(None, told)
        change = _together(known, told)
        if change.after.first_s == known.first_s:
            recent[place] = change.after
        else:
            del recent[place]
            insort(recent, change.after, key=_first_s)
        return change

    def _remember(self, recent: list[Incident], told: Incident) -> None:
        is_old = told.first_s < self._rows_from_s
        insort(recent, msgspec.structs.replace(told, row=None) if is_old else told, key=_first_s)
        del recent[:-MAX_REPORTS]
        self._rows += not is_old
        if self._rows >= 2 * self._max_rows:
            self._forget_rows()

    def _forget_rows(self) -> None:
        times = sorted(e.first_s for of in self._recent.values() for e in of if e.row is not None)
        self._rows = min(len(times), self._max_rows)
        before_s, self._rows_from_s = self._rows_from_s, times[-self._rows]
        for recent in self._recent.values():
            start = bisect_left(recent, before_s, key=_first_s)
            stop = bisect_left(recent, self._rows_from_s, key=_first_s)
            recent[start:stop] = [
                msgspec.structs.replace(told, row=None) for told in recent[start:stop]
            ]


def source_of(event: AuditEvent) -> ErrorSource:
    """Whether an audit event tells of an error, or is an end in one."""
    return ErrorSource.END if is_failed_end(event) else ErrorSource.AUDIT


def _find(
    recent: Sequence[Incident], at_s: float, source: ErrorSource, said: Collection[int]
) -> int | None:
    """Which of the known errors a report tells of: one that says the same, else an end, or any."""
    end: int | None = None
    for place in range(bisect_left(recent, at_s - SAME_S, key=_first_s), len(recent)):
        known = recent[place]
        if known.first_s > at_s + SAME_S:
            break
        if known.sources & source or known.last_s - at_s > SAME_S:
            continue
        if any(gist in known.said for gist in said):
            return place
        if end is None and ErrorSource.END in (known.sources, source):
            end = place
    return end


def _together(known: Incident, told: Incident) -> IncidentChange:
    """One error out of two: what is known, and what one report more tells."""
    best, other = (told, known) if told.sources > known.sources else (known, told)
    if other.sources == ErrorSource.END:
        first_s, last_s, at_s = best.first_s, best.last_s, best.at_s
    else:
        first_s, last_s = min(known.first_s, told.first_s), max(known.last_s, told.last_s)
        at_s = best.at_s if best.sources & ErrorSource.AUDIT else first_s
    row, apart = _row_of(best, other, at_s) if known.row is not None else (None, None)
    after = Incident(
        at_s,
        best.kind,
        known.whom if known.whom == told.whom else tuple(sorted({*known.whom, *told.whom})),
        known.sources | told.sources,
        first_s,
        last_s,
        known.said if known.said == told.said else (*known.said, *told.said),
        row,
    )
    return IncidentChange(known, after, apart)


def _row_of(
    best: Incident, other: Incident, at_s: float | None
) -> tuple[TimelineEvent | None, TimelineEvent | None]:
    """The row of an error, and one of what an instance.log says that is not in it."""
    if best.row is None or other.row is None:
        return best.row, None
    row = best.row
    if row.time_s != at_s:
        row = msgspec.structs.replace(row, time_s=at_s)
    if not (best.sources & ErrorSource.AUDIT and other.sources & ErrorSource.INSTANCE):
        return row, None
    if first_line(other.row.text) != first_line(best.row.text):
        return row, msgspec.structs.replace(other.row, time_s=at_s, counts=False)
    # Which may have a traceback.
    return msgspec.structs.replace(row, text=other.row.text, suspect=other.row.suspect), None


def _place(told: Incident) -> tuple[float | None, str, tuple[str, ...]]:
    """Where an error is counted."""
    return told.at_s, told.kind, told.whom


def _first_s(told: Incident) -> float:
    return told.first_s

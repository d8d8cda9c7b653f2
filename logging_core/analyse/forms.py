"""What a fleet model, and its sums, are made of where they are written down."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from logging_core.analyse.activity import Activity
from logging_core.analyse.cells import Cells
from logging_core.analyse.counts import Counts
from logging_core.analyse.day import Day
from logging_core.analyse.evidence import Evidence, ProofKind
from logging_core.analyse.facts import Creation, PaneChange, Sayings
from logging_core.analyse.happened import Happened
from logging_core.analyse.hours import Hours
from logging_core.analyse.identity import Identity
from logging_core.analyse.instance import Instance
from logging_core.analyse.latency import LatencySketch
from logging_core.analyse.ledger import Ledger
from logging_core.analyse.lives import Lives
from logging_core.analyse.moments import Moments
from logging_core.analyse.older import Older
from logging_core.analyse.problems import AnomalyTally, ProblemTally
from logging_core.analyse.recent import Recent
from logging_core.analyse.reports import Incident, LastErrors, Reports
from logging_core.analyse.requests import Ends, Requests
from logging_core.analyse.rows import Rows
from logging_core.analyse.seen import Seen
from logging_core.analyse.series import Series
from logging_core.analyse.state import (
    AnomalyCount,
    FileAnomalies,
    OpenRequest,
    ProblemCount,
    TimelineEvent,
)
from logging_core.analyse.summary import Tally, Totals
from logging_core.analyse.sums import Sums
from logging_core.analyse.timeline import Timeline
from logging_core.analyse.tree_sums import TreeSums
from logging_core.anomalies import Anomaly
from logging_core.exchanges import Exchanges
from logging_core.records import FrameRef, Message, Problem

_VERSION = 14
_SUMS_VERSION = 2

_SUMMED: tuple[type, ...] = (
    Cells,
    Counts,
    Day,
    Hours,
    Identity,
    LatencySketch,
    Older,
    Rows,
    Series,
    Sums,
    Tally,
    Totals,
    TreeSums,
)
"""What sums are made of."""

OBJECTS: tuple[type, ...] = (
    *_SUMMED,
    Activity,
    AnomalyTally,
    Creation,
    Ends,
    Evidence,
    Happened,
    Instance,
    LastErrors,
    Ledger,
    Lives,
    Moments,
    PaneChange,
    ProblemTally,
    Recent,
    Reports,
    Requests,
    Sayings,
    Seen,
    Timeline,
)
STRUCTS: tuple[type[msgspec.Struct], ...] = (
    FrameRef,
    Message,
    FileAnomalies,
    Anomaly,
    AnomalyCount,
    OpenRequest,
    Problem,
    ProblemCount,
    TimelineEvent,
    Incident,
)
MADE_ANEW: dict[type, dict[str, Callable[[], Any]]] = {
    Instance: {"_frozen": lambda: None, "_fresh": lambda: (math.inf, -math.inf)},
    Ledger: {"_pending": Exchanges},
    Older: {"_asked": dict, "_whose": tuple},
    Day: {"_hours": lambda: None, "_some": lambda: None},
    Tally: {"_usage": lambda: None},
}


def _fields(kind: type) -> list[str]:
    """The fields of a class that are written."""
    slots: tuple[str, ...] = kind.__dict__["__slots__"]
    return sorted(set(slots) - MADE_ANEW.get(kind, {}).keys())


FIELDS_OF = {kind: _fields(kind) for kind in OBJECTS}
PLACES: dict[type, int] = {kind: n for kinds in (OBJECTS, STRUCTS) for n, kind in enumerate(kinds)}


def _form(version: int, kinds: Iterable[type], *more: object) -> int:
    """The number of a form, which differs if a class of it has other fields."""
    fields = [(kind.__name__, FIELDS_OF[kind]) for kind in kinds]
    return zlib.crc32(repr([version, fields, *more]).encode())


MODEL = _form(
    _VERSION,
    OBJECTS,
    [(kind.__name__, kind.__struct_fields__) for kind in STRUCTS],
    [(kind.name, kind.value) for kind in ProofKind],
)
"""The form of a fleet model, which nobody else reads."""

SUMS = _form(_SUMS_VERSION, _SUMMED)
"""The form of its sums, which others read: what else a model is made of has no part in it."""

"""Write a Madrox orchestrator's log tree without losing a record, and read it back.

Reader and writer are imported on first use: an agent that only logs does not pay for the reader,
nor a dashboard for the writer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.config import LoggingConfig
from logging_core.errors import (
    HistoryError,
    InvalidInstanceIdError,
    LogDirError,
    MadroxLogError,
)
from logging_core.exchanges import AuditBlock, Exchanges
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
    Problem,
    Record,
)
from logging_core.tree import LogTree

if TYPE_CHECKING:
    from logging_core.analyse.state import (
        AnomalyCount,
        FileAnomalies,
        FleetState,
        Group,
        InstanceState,
        Latency,
        OpenRequest,
        ProblemCount,
        Slot,
        State,
        TimelineEvent,
        Usage,
    )
    from logging_core.fleet_summary import FleetSummary
    from logging_core.history import History
    from logging_core.manager import InstanceManager, LoggingManager
    from logging_core.query import LogQuery, summarize
    from logging_core.read.follow import follow
    from logging_core.read.messages import MessagePages
    from logging_core.read.panes import PaneFile
    from logging_core.write.handle import InstanceHandle
    from logging_core.write.loggers import InstanceAdapter

__version__ = "0.1.0"

__all__ = [
    "Anomaly",
    "AnomalyCount",
    "AnomalyKind",
    "AuditBlock",
    "AuditEvent",
    "Batch",
    "Exchanges",
    "FileAnomalies",
    "FleetState",
    "FleetSummary",
    "FrameRef",
    "Group",
    "History",
    "HistoryError",
    "InstanceAdapter",
    "InstanceGone",
    "InstanceHandle",
    "InstanceManager",
    "InstanceSeen",
    "InstanceState",
    "InvalidInstanceIdError",
    "Latency",
    "LifecycleEvent",
    "LogDirError",
    "LogQuery",
    "LogTree",
    "LoggingConfig",
    "LoggingManager",
    "MadroxLogError",
    "Message",
    "MessagePages",
    "Metadata",
    "OpenRequest",
    "OrchestratorEvent",
    "PaneFile",
    "Problem",
    "ProblemCount",
    "Record",
    "Slot",
    "State",
    "TimelineEvent",
    "Usage",
    "follow",
    "summarize",
]

_LAZY = {
    "FleetState": "logging_core.analyse.state",
    "FleetSummary": "logging_core.fleet_summary",
    "Group": "logging_core.analyse.state",
    "History": "logging_core.history",
    "InstanceAdapter": "logging_core.write.loggers",
    "InstanceHandle": "logging_core.write.handle",
    "InstanceManager": "logging_core.manager",
    "InstanceState": "logging_core.analyse.state",
    "Latency": "logging_core.analyse.state",
    "LogQuery": "logging_core.query",
    "LoggingManager": "logging_core.manager",
    "MessagePages": "logging_core.read.messages",
    "FileAnomalies": "logging_core.analyse.state",
    "AnomalyCount": "logging_core.analyse.state",
    "OpenRequest": "logging_core.analyse.state",
    "PaneFile": "logging_core.read.panes",
    "ProblemCount": "logging_core.analyse.state",
    "Slot": "logging_core.analyse.state",
    "State": "logging_core.analyse.state",
    "TimelineEvent": "logging_core.analyse.state",
    "Usage": "logging_core.analyse.state",
    "follow": "logging_core.read.follow",
    "summarize": "logging_core.query",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

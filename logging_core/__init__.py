"""Write a Madrox orchestrator's log tree without losing a record, and read it back.

Reader and writer are imported on first use: an agent that only logs does not pay for the reader,
nor a dashboard for the writer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from logging_core.config import LoggingConfig
from logging_core.errors import InvalidInstanceIdError, LogDirError, MadroxLogError
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
    from logging_core.history import History
    from logging_core.manager import InstanceManager, LoggingManager
    from logging_core.read.follow import follow
    from logging_core.read.messages import MessagePages
    from logging_core.read.panes import PaneFile
    from logging_core.write.handle import InstanceHandle

__version__ = "0.1.0"

__all__ = [
    "AuditEvent",
    "Batch",
    "FrameRef",
    "History",
    "InstanceGone",
    "InstanceHandle",
    "InstanceManager",
    "InstanceSeen",
    "InvalidInstanceIdError",
    "LifecycleEvent",
    "LogDirError",
    "LogTree",
    "LoggingConfig",
    "LoggingManager",
    "MadroxLogError",
    "Message",
    "MessagePages",
    "Metadata",
    "OrchestratorEvent",
    "PaneFile",
    "Problem",
    "Record",
    "follow",
]

_LAZY = {
    "History": "logging_core.history",
    "InstanceHandle": "logging_core.write.handle",
    "InstanceManager": "logging_core.manager",
    "LoggingManager": "logging_core.manager",
    "MessagePages": "logging_core.read.messages",
    "PaneFile": "logging_core.read.panes",
    "follow": "logging_core.read.follow",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)

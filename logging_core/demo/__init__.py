"""A simulated fleet of eight coding agents that build a payments service.

It writes through `LoggingManager` only, as an orchestrator does: an hour of history at once, then
live. At the end of the history one instance is stuck, one waits for a person's permission, one
died of an error, one is terminated, and the others work.

`demo_tree()` runs it in a child process; `write_history()` writes only the history, in this one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging_core.demo.process import demo_tree
    from logging_core.demo.simulation import write_history

__all__ = ["demo_tree", "write_history"]

_HOMES = {"demo_tree": "logging_core.demo.process", "write_history": "logging_core.demo.simulation"}


def __getattr__(name: str) -> object:
    """Import lazily: the parent process does not need the simulation, nor the child `process`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

"""The loggers that all managers of a process share, and whose handlers are on them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from logging_core.write.forks import Forkable
from logging_core.write.handlers import TreeHandler

ORCHESTRATOR = "orchestrator"
AUDIT = "orchestrator.audit"


class Handlers:
    """The handlers of one manager.

    Args:
        level: Minimum level of the records that `orchestrator` logs.
        orchestrator: Its handlers on `orchestrator`.
        audit: Its handler on `orchestrator.audit`.
        closing: Close their files.
    """

    def __init__(
        self,
        level: int,
        orchestrator: Sequence[TreeHandler],
        audit: TreeHandler,
        closing: Sequence[Callable[[], object]],
    ) -> None:
        self._level = level
        self._orchestrator = orchestrator
        self._audit = audit
        self._closing = closing

    def close_files(self) -> None:
        """Close the files that they write to; the next record reopens them."""
        for close in self._closing:
            close()

    def put_on(self) -> None:
        """Put them in the place of those of another manager; handlers of a user stay."""
        orchestrator, audit = logging.getLogger(ORCHESTRATOR), logging.getLogger(AUDIT)
        _replace(orchestrator, self._orchestrator)
        _replace(audit, [self._audit])
        orchestrator.setLevel(self._level or 1)  # 0 would mean the level of the root logger
        audit.setLevel(logging.DEBUG)
        audit.propagate = False


class SharedLoggers(Forkable):
    """Gives the shared loggers the handlers of the newest manager that is not closed.

    When the last one is closed its handlers stay: a record that comes later is not lost. Those of a
    manager that is not the newest have their files closed, so that managers that nobody closed hold
    no descriptors.
    """

    def __init__(self) -> None:
        super().__init__()
        self._open: list[Handlers] = []
        self.after_fork()

    def after_fork(self) -> None:
        """Renew the lock, which a thread that the child lacks may hold."""
        self._lock = threading.RLock()

    def attach(self, handlers: Handlers) -> None:
        """Put the handlers of a new manager on the loggers."""
        with self._lock:
            for others in self._open[-1:]:
                others.close_files()
            self._open.append(handlers)
            handlers.put_on()

    def detach(self, handlers: Handlers) -> None:
        """Give the loggers back to the manager before, if there is one; idempotent."""
        with self._lock:
            if handlers not in self._open:
                return
            was_newest = self._open[-1] is handlers
            self._open.remove(handlers)
            if was_newest and self._open:
                self._open[-1].put_on()


SHARED_LOGGERS = SharedLoggers()


def _replace(logger: logging.Logger, handlers: Sequence[TreeHandler]) -> None:
    """Replace our handlers at once, so that no record of another thread finds none."""
    users = [handler for handler in logger.handlers if not isinstance(handler, TreeHandler)]
    logger.handlers = [*users, *handlers]

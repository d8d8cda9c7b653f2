"""The loggers that all managers of a process share, and whose handlers are on them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from logging_core.write.forks import Forkable
from logging_core.write.handlers import TreeHandler

ORCHESTRATOR = "orchestrator"
AUDIT = "orchestrator.audit"

_RESTORED = (
    "Loggers were disabled or lost their handlers, as by logging.config without "
    "disable_existing_loggers=False; they are back, but records since then are missing"
)


class ManagerHandlers:
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

    def are_on(self) -> bool:
        """Return whether records reach them: no other code disabled or replaced anything."""
        return _is_on(ORCHESTRATOR, self._orchestrator) and _is_on(AUDIT, [self._audit])

    def put_back(self) -> None:
        """Make records reach them again; levels stay as other code has set them."""
        for name, logger in list(logging.root.manager.loggerDict.items()):
            if f"{name}.".startswith(f"{ORCHESTRATOR}.") and isinstance(logger, logging.Logger):
                logger.disabled = False
        _replace(logging.getLogger(ORCHESTRATOR), self._orchestrator)
        _replace(logging.getLogger(AUDIT), [self._audit])


class SharedLoggers(Forkable):
    """Gives the shared loggers the handlers of the newest manager that is not closed.

    When the last one is closed its handlers stay: a record that comes later is not lost. Those of a
    manager that is not the newest have their files closed, so that managers that nobody closed hold
    no descriptors.
    """

    def __init__(self) -> None:
        super().__init__()
        self._open: list[ManagerHandlers] = []
        self._current: ManagerHandlers | None = None

    def attach(self, handlers: ManagerHandlers) -> None:
        """Put the handlers of a new manager on the loggers."""
        with self._lock:
            for others in self._open[-1:]:
                others.close_files()
            self._open.append(handlers)
            self._put_on(handlers)

    def detach(self, handlers: ManagerHandlers) -> None:
        """Give the loggers back to the manager before, if there is one; idempotent."""
        with self._lock:
            if handlers not in self._open:
                return
            was_newest = self._open[-1] is handlers
            self._open.remove(handlers)
            if was_newest and self._open:
                self._put_on(self._open[-1])

    def restore(self) -> None:
        """Undo what keeps records from the tree, and log a warning; free if there is nothing.

        `logging.config`, for one, disables all loggers that it is not told of, and takes the
        handlers from the others.
        """
        current = self._current
        if current is None or current.are_on():
            return
        with self._lock:
            current.put_back()
        logging.getLogger(ORCHESTRATOR).warning(_RESTORED)

    def _put_on(self, handlers: ManagerHandlers) -> None:
        self._current = handlers
        handlers.put_on()


SHARED_LOGGERS = SharedLoggers()


def _is_on(name: str, handlers: Sequence[TreeHandler]) -> bool:
    logger = logging.getLogger(name)
    return not logger.disabled and all(handler in logger.handlers for handler in handlers)


def _replace(logger: logging.Logger, handlers: Sequence[TreeHandler]) -> None:
    """Replace our handlers at once, so that no record of another thread finds none."""
    users = [handler for handler in logger.handlers if not isinstance(handler, TreeHandler)]
    logger.handlers = [*users, *handlers]

"""The orchestrator's doors: `LoggingManager` writes a tree, `InstanceManager` also queries it.

This module joins writer and reader; the reader is imported on the first query.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, Unpack

from logging_core.config import FurtherOptions, LoggingConfig, LoggingOptions, check_config
from logging_core.query import Queries
from logging_core.tree import LogTree, check_instance_id
from logging_core.write.forks import Forkable
from logging_core.write.handles import Handles
from logging_core.write.writer import TreeWriter

if TYPE_CHECKING:
    from logging_core.write.handle import InstanceFacts, InstanceHandle


class LoggingManager(TreeWriter):
    """Writes the log tree of an orchestrator; a drop-in for its own logging class.

    Every record is one `write` of one whole line (or capture) to an append-only file, so several
    threads and processes may write the same tree. The two global loggers `orchestrator` and
    `orchestrator.audit` write to the tree of the newest manager that is not closed (see `close`);
    handlers that a user adds to them, or to an instance's logger, get every record, including
    those of the methods below.

    Args:
        log_dir: Root of the tree; else `LOG_DIR` of the environment, else `/tmp/madrox_logs`.
        log_level: Name or number; else `LOG_LEVEL`, else `INFO`.
        config: All options at once; the environment is then not read. Other arguments override it.
        clock: Seconds since the epoch; every timestamp comes from it.
        options: Any other option of `LoggingConfig` by name.

    Attributes:
        log_dir: Root of the tree, absolute.
        instances_dir: Parent of the instance directories.
        audit_dir: Directory of the audit files.
        log_level: Minimum level for `orchestrator.log` and `instance.log`, as a number.
        orchestrator_logger: The standard logger `orchestrator`; records of its children
            (`orchestrator.*`) reach `orchestrator.log` too.
        audit_logger: The standard logger `orchestrator.audit`; its records become audit events,
            with `event_type`, `instance_id` and `details` taken from `extra=`.

    Raises:
        LogDirError: The tree cannot be created or written, or other users can write to it.
        ValueError: The value of an option is invalid.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        log_level: str | int | None = None,
        *,
        config: LoggingConfig | None = None,
        clock: Callable[[], float] = time.time,
        **options: Unpack[FurtherOptions],
    ) -> None:
        given: LoggingOptions = {"log_dir": log_dir, "log_level": log_level, **options}
        check_config(config, LoggingConfig, "LoggingConfig.load(...) for a dict")
        load = LoggingConfig.load if config is None else config.with_options
        self._handles = Handles()
        super().__init__(load(**given), clock)

    def instance(
        self,
        instance_id: str,
        instance_name: str | None = None,
        *,
        make_id: Callable[[], str] | None = None,
        role: str | None = None,
        instance_type: str | None = None,
        model: str | None = None,
        parent_instance_id: str | None = None,
        tmux_session: str | None = None,
    ) -> InstanceHandle:
        """Return a handle with one method per event of an instance, each writing all its records.

        It is the same handle each time until the instance's end is written or the manager is
        closed: who asks for it again shares its totals and open requests. A name, a role or the
        like that is given later replaces the one before.

        Args:
            instance_id: Its id.
            instance_name: Its name; `None` keeps the one in the tree.
            make_id: Makes ids for messages sent without one; `None`: as before, at first UUIDs.
            role: As for `get_instance_logger`, and so are the others.
            instance_type: `claude`, `codex`, …
            model: The model's name.
            parent_instance_id: The instance that spawned it.
            tmux_session: The tmux session that it runs in.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
        """
        from logging_core.write.handle import InstanceHandle

        check_instance_id(instance_id)
        facts: InstanceFacts = {
            "role": role,
            "instance_type": instance_type,
            "model": model,
            "parent_instance_id": parent_instance_id,
            "tmux_session": tmux_session,
        }
        handle = self._handles.living(instance_id)
        if handle is None:
            clock = self._stamps.clock
            new = InstanceHandle(self, clock, instance_id, instance_name, make_id=make_id, **facts)
            handle = self._handles.add(new)
            if handle is new:
                return new
        handle.learn(instance_name, make_id=make_id, **facts)
        return handle

    def cleanup_instance_logs(self, instance_id: str) -> None:
        """Delete an instance's directory; if it is a symbolic link, only the link.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
            OSError: It could not be deleted.
        """
        super().cleanup_instance_logs(instance_id)
        self._handles.forget_ended(instance_id)

    def close(self) -> None:
        """Close every file, and give the global loggers to the manager before; idempotent.

        Nothing is lost after that: a later record of any kind reopens its file. The global loggers
        then write to the newest manager that is not closed, or to the last one if all are closed.
        """
        self._handles.clear()
        super().close()

    def get_instance_logs(
        self, instance_id: str, log_type: str = "instance", tail: int = 100
    ) -> list[str]:
        """Return the last lines of an instance's log: see `LogQuery.get_instance_logs`."""
        from logging_core.read.raw import read_tail_lines

        return read_tail_lines(self._tree, instance_id, log_type, tail)

    def get_all_instance_ids(self) -> list[str]:
        """Return the ids of all instances that have a directory, sorted."""
        from logging_core.read.raw import list_instance_ids

        return list_instance_ids(self._tree)


class InstanceManager(Queries, Forkable):
    """The query API of an orchestrator, and on demand its writer; a context manager.

    It writes nothing, and deletes nothing, before `logging_manager` is asked for. To query a tree
    that somebody else writes, use `LogQuery`.

    Args:
        config: Options of `LoggingConfig` by name, such as `log_dir` and `log_level`; missing ones
            come from the environment, then from the defaults. Other keys are ignored, but one that
            looks like a mistyped option gives a warning.

    Raises:
        ValueError: The value of an option is invalid.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._config = LoggingConfig.load(config)
        self._writer: LoggingManager | None = None
        Queries.__init__(self, LogTree(self._config.log_dir.absolute()))
        Forkable.__init__(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    @property
    def logging_manager(self) -> LoggingManager:
        """What writes the tree; made, and the tree with it, when it is first asked for.

        Raises:
            LogDirError: The tree cannot be created or written, or other users can write to it.
        """
        with self._lock:
            if self._writer is None:
                self._writer = LoggingManager(config=self._config)
            return self._writer

    def close(self) -> None:
        """Close the writer, if there is one; idempotent. Queries still work."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()

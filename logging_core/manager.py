"""The public API: `LoggingManager` writes the tree, `InstanceManager` queries it.

This module joins writer and reader; the reader is imported on the first query.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Unpack

from logging_core.config import FurtherOptions, LoggingConfig, LoggingOptions
from logging_core.tree import LogTree
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
        load = LoggingConfig.load if config is None else config.with_options
        super().__init__(load(**given), clock)

    def instance(
        self,
        instance_id: str,
        instance_name: str | None = None,
        *,
        make_id: Callable[[], str] | None = None,
        **facts: Unpack[InstanceFacts],
    ) -> InstanceHandle:
        """Return a handle with one method per event of an instance, each writing all its records.

        Args:
            instance_id: Its id.
            instance_name: Its name; `None` keeps the one in the tree.
            make_id: Makes ids for messages sent without one; `None`: UUIDs.
            facts: `role`, `instance_type`, `model`, `parent_instance_id`, `tmux_session`, as for
                `get_instance_logger`.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
        """
        from logging_core.write.handle import InstanceHandle

        return InstanceHandle(
            self, self._stamps.clock, instance_id, instance_name, make_id=make_id, **facts
        )

    def get_instance_logs(
        self, instance_id: str, log_type: str = "instance", tail: int = 100
    ) -> list[str]:
        """Return the last lines of an instance's log, oldest first, without their newlines.

        Args:
            instance_id: The instance.
            log_type: `instance`, `communication` or `tmux_output`.
            tail: Number of lines; 0: all, including rotated and compressed files. Of a compressed
                file no more than the first 64 MiB of its content are read; a warning is logged
                if there is more.

        Raises:
            ValueError: The id or the log type is invalid, or `tail` is negative.
            OSError: A file of the log cannot be read.
        """
        from logging_core.read.query import read_tail_lines

        return read_tail_lines(self._tree, instance_id, log_type, tail)

    def get_all_instance_ids(self) -> list[str]:
        """Return the ids of all instances that have a directory, sorted."""
        from logging_core.read.query import list_instances

        return [str(entry["instance_id"]) for entry in list_instances(self._tree)]


class InstanceManager:
    """The query API of an orchestrator, on the tree that `logging_manager` writes.

    Args:
        config: Options of `LoggingConfig` by name, such as `log_dir` and `log_level`; missing ones
            come from the environment, then from the defaults. Other keys are ignored.

    Attributes:
        logging_manager: Writes the tree.

    Raises:
        LogDirError: The tree cannot be created or written, or other users can write to it.
        ValueError: The value of an option is invalid.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self.logging_manager = LoggingManager(config=LoggingConfig.load(config))
        self._tree = LogTree(self.logging_manager.log_dir)

    async def get_instance_logs(
        self, instance_id: str, log_type: str = "instance", tail: int = 100
    ) -> list[str]:
        """Return the last lines of an instance's log: see `LoggingManager.get_instance_logs`."""
        import asyncio

        return await asyncio.to_thread(
            self.logging_manager.get_instance_logs, instance_id, log_type, tail
        )

    async def get_audit_logs(
        self, since: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return the newest audit entries, oldest first, as dicts exactly as written.

        A file that cannot be read is left out, and a warning is logged.

        Args:
            since: ISO 8601 time, local if it has no offset; only entries at or after it.
            limit: Maximum number of entries.

        Raises:
            ValueError: `since` is not a time, or `limit` is negative.
        """
        import asyncio

        from logging_core.read.query import read_audit

        return await asyncio.to_thread(read_audit, self._tree, since, limit)

    async def list_logged_instances(self) -> list[dict[str, Any]]:
        """Return the metadata of every instance with a directory, including terminated ones."""
        import asyncio

        from logging_core.read.query import list_instances

        return await asyncio.to_thread(list_instances, self._tree)

"""The query API: reads a tree, and never writes to it.

What reads is imported on the first query: an orchestrator that only logs does not pay for it.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from logging_core.config import find_log_dir
from logging_core.errors import LogDirError
from logging_core.tree import LogTree


class Queries:
    """What can be asked about a tree; each query runs in a thread of its own.

    Of a tree that does not exist (yet) there is nothing.

    Args:
        tree: The tree.
    """

    def __init__(self, tree: LogTree) -> None:
        self._tree = tree

    async def get_instance_logs(
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
            TypeError: `tail` is no whole number.
            OSError: A file of the log cannot be read.
        """
        import asyncio

        from logging_core.read.raw import read_tail_lines

        return await asyncio.to_thread(read_tail_lines, self._tree, instance_id, log_type, tail)

    async def get_audit_logs(
        self, since: str | datetime | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return the newest audit entries, oldest first, as dicts exactly as written.

        The newest are those with the latest timestamps, which is also their order; equal ones
        stay as they were written. Several writers may put lines of one file out of order: by up to
        an hour and 256 entries that has no effect, but an entry farther out of order counts where
        it stands. One without a readable timestamp stays behind the one before it. Timestamps
        without an offset do not tell apart the two passes of the hour that is repeated in autumn.

        A file that cannot be read is left out, and a warning is logged.

        Args:
            since: Only entries at or after this moment: a `datetime` or ISO 8601 text, local if it
                has no offset. `None`: all.
            limit: Maximum number of entries.

        Raises:
            ValueError: `since` is not a time, or `limit` is negative.
            TypeError: `limit` is no whole number.
        """
        import asyncio

        from logging_core.read.raw import read_audit

        return await asyncio.to_thread(read_audit, self._tree, since, limit)

    async def list_logged_instances(self) -> list[dict[str, Any]]:
        """Return the metadata of every instance with a directory, including terminated ones."""
        import asyncio

        from logging_core.read.raw import list_instances

        return await asyncio.to_thread(list_instances, self._tree)

    async def get_all_instance_ids(self) -> list[str]:
        """Return the ids of all instances that have a directory, sorted."""
        import asyncio

        from logging_core.read.raw import list_instance_ids

        return await asyncio.to_thread(list_instance_ids, self._tree)


class LogQuery(Queries):
    """Asks a tree that somebody else writes; writes nothing, and deletes nothing.

    Args:
        log_dir: Root of the tree; else `LOG_DIR` of the environment, else `/tmp/madrox_logs`.

    Attributes:
        log_dir: Root of the tree, absolute.

    Raises:
        LogDirError: It is not a directory that can be read.
        ValueError: It is in the home directory of a user who has none.
    """

    def __init__(self, log_dir: str | os.PathLike[str] | None = None) -> None:
        self.log_dir = find_log_dir(log_dir).absolute()
        try:
            os.scandir(self.log_dir).close()
        except OSError as error:
            shown = repr(str(self.log_dir))
            raise LogDirError(
                f"cannot read logs in {shown}: {error.strerror}; set LOG_DIR or log_dir= to the "
                "directory with instances/ in it"
            ) from error
        super().__init__(LogTree(self.log_dir))

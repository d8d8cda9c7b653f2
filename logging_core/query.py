"""The query API: reads a tree, and never writes to it.

What reads is imported on the first query: an orchestrator that only logs does not pay for it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logging_core.config import find_log_dir
from logging_core.errors import LogDirError
from logging_core.tree import LogTree, expand_user

if TYPE_CHECKING:
    from logging_core.fleet_summary import FleetSummary


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
        self.log_dir = _readable(log_dir)
        super().__init__(LogTree(self.log_dir))


def summarize(
    log_dir: str | os.PathLike[str] | None,
    tree: str,
    *,
    part: str = "",
    cache_dir: str | os.PathLike[str] | None = None,
    now: Callable[[], float] = time.time,
) -> FleetSummary:
    """Return what a tree adds up to, to be merged with others; reads all of it, and blocks.

    Args:
        log_dir: Root of the tree; `None`: as for `LogQuery`.
        tree: What the tree is called, as by the name of its machine: 1 to 128 characters of
            `[A-Za-z0-9._-]`, the first not a dot. No two trees that are merged may have one name.
        part: What is in this directory if it is only a part of the tree, as after some of its
            files were moved to another one: a name like that of a tree. What is in two parts is
            counted twice.
        cache_dir: A directory to keep what was read in, so that the next call with the same tree
            reads only what is new; nobody else may write to it. `None`: everything is read.
        now: The clock, in seconds since the epoch. What was written before it is looked at counts.

    Raises:
        LogDirError: `log_dir` is not a directory that can be read, or not until all of it was.
        ValueError: A name is none.
    """
    from logging_core.analyse.tree_sums import check_name
    from logging_core.cache import FleetCache, read_fleet
    from logging_core.fleet_summary import FleetSummary

    check_name("tree", tree)
    if part != "":
        check_name("part", part)
    root, at_s = _readable(log_dir), now()
    cache = None if cache_dir is None else FleetCache(root, "summary", expand_user(cache_dir))
    model = read_fleet(root, cache, max_messages=1, max_events=1)
    if model.waiting is not None:
        raise LogDirError(f"{model.waiting}: try again once all of it can be read")
    return FleetSummary(model.summed(tree, part, at_s))


def _readable(log_dir: str | os.PathLike[str] | None) -> Path:
    """Return where a tree is, absolute.

    Raises:
        LogDirError: It is not a directory that can be read.
        ValueError: It is in the home directory of a user who has none.
    """
    root = find_log_dir(log_dir).absolute()
    try:
        os.scandir(root).close()
    except OSError as error:
        raise LogDirError(
            f"cannot read logs in {str(root)!r}: {error.strerror}; set LOG_DIR or log_dir= to the "
            "directory with instances/ in it"
        ) from error
    return root

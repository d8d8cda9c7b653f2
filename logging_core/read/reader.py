"""Everything that is new in a tree, one look after the other."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from logging_core.arguments import whole_number
from logging_core.read.cursor import Cursor
from logging_core.read.session import Session
from logging_core.records import Batch, Record
from logging_core.text import safe_line


class TreeReader:
    """Reads a tree and what is added to it; blocking, but bounded in work.

    No descriptor is open between two looks.

    Args:
        root: The log directory; need not exist yet.
        cursor: Of another reader's batch: go on after it.
        raw: Leave the texts of records unsanitised.
        history_bytes: How much of the end of each communication.jsonl, instance.log and
            orchestrator.log the first look reads: more where not one line of it ends in that, up
            to 1 MiB. 0 for nothing; `None` for all, rotated and compressed parts included. Of each
            pane, any number leaves only the newest capture; `PaneFile` has the others. Audit files
            are always read whole, the newest day first.
        blocks: Give exchanges in bulk, as `Batch.blocks`: five times as fast.
        tails: Give every frame its `tail`, not only the newest of each file.

    Raises:
        ValueError: `cursor` is none, or `history_bytes` no number of bytes.
    """

    def __init__(
        self,
        root: Path,
        *,
        cursor: Mapping[str, Any] | None = None,
        raw: bool = False,
        history_bytes: int | None = None,
        blocks: bool = False,
        tails: bool = False,
    ) -> None:
        self._root = root
        self._raw = raw
        self._history = None
        if history_bytes is not None:
            self._history = whole_number("history_bytes", history_bytes)
        self._blocks = blocks
        self._tails = tails
        self._root_id: tuple[int, int] | None = None
        self._session = self._begin(None if cursor is None else Cursor.parse(cursor))

    def poll(self, dirty: Collection[Path] | None = None, *, turns: int = 1) -> Batch:
        """Look for what is new.

        Args:
            dirty: Paths that may have changed: only these are looked at. `None` for a sweep of
                the whole tree, which the first look is in any case.
            turns: How many sweeps it takes until each instance known before was looked into.

        Returns:
            What was found. While it is not `caught_up` there is more to be had at once.
        """
        waiting, root_id = _find_root(self._root, was_there=self._root_id is not None)
        if root_id is None:
            return Batch(waiting=waiting, cursor=self._session.cursor.to_json())
        reset = self._root_id not in {None, root_id}
        if reset:
            self._session = self._begin(None)
        self._root_id = root_id
        found = self._session.look(dirty, turns)
        return Batch(
            records=(*found.seen, *merge_by_time(found.streams), *found.gone),
            problems=tuple(found.problems),
            caught_up=self._session.caught_up,
            reset=reset,
            cursor=self._session.cursor.to_json(),
            blocks=tuple(found.blocks),
            anomalies=tuple(found.anomalies),
        )

    def close(self) -> None:
        """Forget everything; a later `poll` begins anew."""
        self._root_id = None
        self._session = self._begin(None)

    def _begin(self, cursor: Cursor | None) -> Session:
        return Session(
            self._root,
            cursor=cursor,
            raw=self._raw,
            history=self._history,
            blocks=self._blocks,
            tails=self._tails,
        )


def merge_by_time(streams: Iterable[Sequence[Record]]) -> list[Record]:
    """One list by time. Inside a stream the order stays; no time means that of the one before."""
    timed: list[tuple[float, Record]] = []
    for stream in streams:
        latest_s = -math.inf
        for record in stream:
            time_s: float | None = getattr(record, "time_s", None)
            if time_s is not None and time_s > latest_s:
                latest_s = time_s
            timed.append((latest_s, record))
    timed.sort(key=itemgetter(0))
    return [record for _, record in timed]


def _find_root(root: Path, *, was_there: bool) -> tuple[str | None, tuple[int, int] | None]:
    """Which directory the root is; else why it cannot be read, for people."""
    shown = safe_line(str(root))
    try:
        fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            os.stat(".", dir_fd=fd)  # listing a directory is one right, looking into it another
        finally:
            os.close(fd)
    except FileNotFoundError:
        return f"{shown} {'is gone' if was_there else 'does not exist yet'}", None
    except NotADirectoryError:
        return f"{shown} is not a directory", None
    except OSError as error:
        return f"{shown} cannot be read: {str(error.strerror).lower()}", None
    return None, (status.st_dev, status.st_ino)

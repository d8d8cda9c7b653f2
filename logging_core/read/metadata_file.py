"""The `metadata.json` of one instance."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from logging_core.codec.decode import decode_metadata
from logging_core.read.files import Part, open_regular
from logging_core.read.log import Found, Log, problem
from logging_core.read.names import shown_name
from logging_core.read.tail import Relist

MAX_METADATA = 1 << 20
"""A larger `metadata.json` is none."""

_NO_TROUBLE = ("", "")


class MetadataFile(Log):
    """One `metadata.json`, read whole whenever it changes.

    Some writers write it in place, so one that cannot be read is looked at a second time before
    that is a problem.

    Args:
        root: Of the tree.
        instance_id: Whose, safe to show.
        raw: Leave texts unsanitised.
    """

    __slots__ = ("_doubted", "_failing", "_instance_id", "_raw", "_read", "_root")

    def __init__(self, root: Path, instance_id: str, *, raw: bool) -> None:
        self._root = root
        self._instance_id = instance_id
        self._raw = raw
        self._read: dict[str, list[int]] = {}
        self._doubted: list[int] = []
        self._failing = _NO_TROUBLE

    def poll(self, parts: Sequence[Part], relist: Relist, budget: int) -> Found:
        """See `Log`."""
        found = Found()
        if not parts:
            self._recover(found)
        for part in parts:
            mark = [part.dev, part.ino, part.size, part.mtime_ns]
            if self._read.get(part.path) == mark:
                continue
            try:
                with open_regular(str(self._root / part.path)) as fd:
                    data = os.pread(fd, MAX_METADATA, 0)
            except OSError as error:
                self._fail(part.path, error.strerror or str(error), found)
                continue
            found.spent += len(data)
            metadata = decode_metadata(data, self._instance_id, raw=self._raw)
            if not isinstance(metadata, str):
                found.records.append(metadata)
            elif self._doubted != mark:
                self._doubted = mark
                found.drained = False
                continue
            else:
                found.problems.append(problem(part.path, metadata, offset=0, line=data))
            self._recover(found)
            self._read = {part.path: mark}
        return found

    def positions(self) -> dict[str, list[int]]:
        """See `Log`."""
        return dict(self._read)

    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """See `Log`."""
        self._read = {path: list(mark) for path, mark in positions.items()}

    def _fail(self, path: str, reason: str, found: Found) -> None:
        found.failed = True
        if self._failing != (path, reason):
            self._failing = (path, reason)
            found.problems.append(problem(path, reason))

    def _recover(self, found: Found) -> None:
        """It can be read, or is gone."""
        if self._failing != _NO_TROUBLE:
            found.readable.append(shown_name(self._failing[0]))
            self._failing = _NO_TROUBLE

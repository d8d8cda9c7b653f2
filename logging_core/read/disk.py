"""What a log tree takes on the disk, and which of its files grow."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from logging_core.read.files import FileId
from logging_core.tree import INSTANCES, classify

OTHER = "other"
"""The kind of files that are no log of ours."""

MAX_FILES = 200_000
"""So many files are looked at; more are left out, and it is said so."""

MAX_DEPTH = 8
"""Directories deeper below the root than this are left out as well."""


class FileSize(NamedTuple):
    """One file when it was looked at: its path relative to the root, as it is, and its bytes."""

    path: str
    size: int


class DiskUse(msgspec.Struct, frozen=True, eq=False):
    """What a tree takes on the disk at one moment.

    Attributes:
        at_s: When it was measured.
        size: The bytes that its files hold.
        allocated: The bytes that the disk gives for them: less of a file with holes.
        by_kind: `size` by kind of file: a `FileKind`, or `OTHER`.
        by_instance: `size` by instance, named as its directory is.
        files: Every file.
        complete: Everything was looked at: no limit was met, and no directory was closed to us.
    """

    at_s: float
    size: int = 0
    allocated: int = 0
    by_kind: Mapping[str, int] = msgspec.field(default_factory=dict)
    by_instance: Mapping[str, int] = msgspec.field(default_factory=dict)
    files: Mapping[FileId, FileSize] = msgspec.field(default_factory=dict)
    complete: bool = True


class Growth(NamedTuple):
    """How fast a file grows: its path relative to the root, as it is."""

    path: str
    bytes_per_minute: float


def measure_disk(root: Path, *, now_s: float, most_files: int = MAX_FILES) -> DiskUse:
    """Look at every file below a root; a file with two names counts once.

    Links are not followed, and nothing is opened but directories. A tree that is not there takes
    nothing.

    Args:
        root: Of the tree.
        now_s: The moment, seconds since the epoch.
        most_files: Look at so many files at most.
    """
    walk = _Walk(most_files)
    kinds: Counter[str] = Counter()
    instances: Counter[str] = Counter()
    files: dict[FileId, FileSize] = {}
    allocated = 0
    for path, status in walk.files(root):
        if (status.st_dev, status.st_ino) in files:
            continue
        files[status.st_dev, status.st_ino] = FileSize(path, status.st_size)
        allocated += status.st_blocks * 512
        log = classify(path)
        kinds[log.kind if log else OTHER] += status.st_size
        parts = path.split("/", 2)
        if len(parts) == 3 and parts[0] == INSTANCES:
            instances[parts[1]] += status.st_size
    return DiskUse(
        at_s=now_s,
        size=kinds.total(),
        allocated=allocated,
        by_kind=dict(kinds.most_common()),
        by_instance=dict(instances.most_common()),
        files=files,
        complete=walk.complete,
    )


def growth(before: DiskUse, after: DiskUse) -> tuple[Growth, ...]:
    """Which files grew between two looks, the fastest first.

    A file that has become shorter was written anew: what it holds now is new. One that was only
    renamed did not grow.
    """
    minutes = (after.at_s - before.at_s) / 60
    if minutes <= 0:
        return ()
    grown = []
    for file_id, (path, size) in after.files.items():
        known = before.files.get(file_id)
        more = size - known.size if known is not None and size >= known.size else size
        if more:
            grown.append(Growth(path, more / minutes))
    return tuple(sorted(grown, key=lambda one: (-one.bytes_per_minute, one.path)))


class _Walk:
    """Goes through the directories of a tree, as far as the limits allow."""

    def __init__(self, most_files: int) -> None:
        self.complete = True
        self._left = most_files

    def files(self, root: Path) -> Iterator[tuple[str, os.stat_result]]:
        """Every regular file: its path relative to the root, and its status."""
        coming = [("", 0)]
        while coming:
            directory, depth = coming.pop()
            for name, status in self._list(root / directory):
                if stat.S_ISDIR(status.st_mode):
                    self._descend(coming, f"{directory}{name}/", depth)
                elif stat.S_ISREG(status.st_mode):
                    if not self._left:
                        self.complete = False
                        return
                    self._left -= 1
                    yield f"{directory}{name}", status

    def _list(self, directory: Path) -> Iterator[tuple[str, os.stat_result]]:
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # deleted since it was listed
                        yield entry.name, entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError:
            self.complete = False

    def _descend(self, coming: list[tuple[str, int]], directory: str, depth: int) -> None:
        if depth < MAX_DEPTH:
            coming.append((directory, depth + 1))
        else:
            self.complete = False

"""The query API on a tree: blocking functions that read the ends of files, not the whole."""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from logging_core.codec.decode import strip_line
from logging_core.codec.lenient import load_object
from logging_core.codec.times import parse_time
from logging_core.read.backwards import MovedError, newest_lines
from logging_core.read.files import Part, open_regular
from logging_core.read.metadata_file import MOST_METADATA
from logging_core.read.sweep import AUDIT, Sweep, instance_directories
from logging_core.tree import LOG_TYPES, LogTree, check_instance_id, portable_path

_TRIES = 3
DISORDER_S = 3700.0
"""Lines of one file may be out of order by so much: local time repeats an hour in autumn."""

_SPARE = 1000
"""So many more lines of a compressed audit file are kept, as some may be no entries."""

T = TypeVar("T")


def read_tail_lines(tree: LogTree, instance_id: str, log_type: str, tail: int) -> list[str]:
    """The newest lines of one of an instance's logs, oldest first, without their newlines.

    Args:
        tree: Where.
        instance_id: Whose; of one that is not there, there are no lines.
        log_type: `instance`, `communication` or `tmux_output`.
        tail: How many; 0 for all. Rotated and compressed parts count.

    Raises:
        ValueError: The id or the type is none, or `tail` is negative.
        OSError: A file cannot be read.
    """
    check_instance_id(instance_id)
    if log_type not in LOG_TYPES:
        raise ValueError(f"unknown log type {log_type!r}: use one of {', '.join(LOG_TYPES)}")
    if tail < 0:
        raise ValueError(f"tail is {tail}: use how many lines, or 0 for all")
    group = f"instances/{instance_id}/{LOG_TYPES[log_type]}"
    most = tail or None

    def read(parts: tuple[Part, ...]) -> list[bytes]:
        lines: list[bytes] = []
        for part in reversed(parts):
            left = None if most is None else most - len(lines)
            if left == 0:
                break
            lines.extend(islice(newest_lines(tree.root, part, left), left))
        return lines

    newest_first = _retry(lambda: read(Sweep(tree.root).parts(group)))
    return [line.removesuffix(b"\r").decode("utf-8", "replace") for line in reversed(newest_first)]


def read_audit(tree: LogTree, since: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest audit entries, oldest first, as dicts just as they were written.

    When an entry was written is what its timestamp says, whatever the name of its file. Lines that
    are no entries are left out; an entry without a readable time counts as of the one before it.

    Args:
        tree: Where.
        since: ISO time: only entries at or after it. Without an offset it is local.
        limit: How many at most.

    Raises:
        ValueError: `since` is no time, or `limit` is negative.
        OSError: A file cannot be read.
    """
    since_s = -math.inf
    if since is not None:
        parsed = parse_time(since)
        if parsed is None:
            raise ValueError(f"since is {since!r}: use an ISO time such as 2025-10-03T00:00:00")
        since_s = parsed
    if limit < 0:
        raise ValueError(f"limit is {limit}: use how many entries at most")

    def read() -> list[dict[str, Any]]:
        days = sorted(Sweep(tree.root).groups(AUDIT).items())
        parts = [part for _, parts in days for part in parts]
        most = limit + _SPARE
        streams = [_newest_entries(tree.root, part, since_s, most) for part in parts]
        return list(islice(_newest_first(streams), limit))

    return _retry(read)[::-1]


def list_instances(tree: LogTree) -> list[dict[str, Any]]:
    """The metadata of every instance with a directory, as written, by id.

    Of one without readable metadata it is `instance_id` and `log_directory`, and `None` for
    `instance_name` and `created_at`. `instance_id` is the directory's name in any case, as
    `portable_path` writes it.
    """
    try:
        names, _ = instance_directories(tree.root)
    except OSError:
        return []
    return [
        {**_read_metadata(tree.instances_dir / name), "instance_id": portable_path(name)}
        for name in sorted(names)
    ]


def _read_metadata(directory: Path) -> dict[str, Any]:
    unknown = {
        "instance_id": portable_path(directory.name),
        "instance_name": None,
        "created_at": None,
        "log_directory": portable_path(str(directory)),
    }
    try:
        with open_regular(str(directory / "metadata.json")) as fd:
            loaded = load_object(strip_line(os.pread(fd, MOST_METADATA, 0), first=True))
    except OSError:
        return unknown
    return unknown if isinstance(loaded, str) else loaded.fields


def _retry(read: Callable[[], list[T]]) -> list[T]:
    """List and read, once more if files were renamed in between."""
    for _ in range(_TRIES):
        try:
            return read()
        except MovedError:
            continue
    return []


def _newest_entries(
    root: Path, part: Part, since_s: float, most: int
) -> Iterator[tuple[float, dict[str, Any]]]:
    """The entries of one audit file at or after a moment, with their times, the last one first."""
    timeless: list[dict[str, Any]] = []
    for line in newest_lines(root, part, most):
        loaded = load_object(strip_line(line, first=True))
        if isinstance(loaded, str):
            continue
        time_s = parse_time(loaded.fields.get("timestamp"))
        if time_s is None:
            timeless.append(loaded.fields)
            continue
        if time_s < since_s - DISORDER_S:
            return
        if time_s >= since_s:
            yield from ((time_s, fields) for fields in (*timeless, loaded.fields))
        timeless.clear()
    if since_s == -math.inf:
        yield from ((since_s, fields) for fields in timeless)


def _newest_first(
    streams: list[Iterator[tuple[float, dict[str, Any]]]],
) -> Iterator[dict[str, Any]]:
    """The entries of all files, the newest first; those of one file in its own order."""
    heap: list[tuple[float, int, dict[str, Any]]] = []

    def push(number: int) -> None:
        for time_s, fields in islice(streams[number], 1):
            heapq.heappush(heap, (-time_s, -number, fields))

    for number in range(len(streams)):
        push(number)
    while heap:
        _, number, fields = heapq.heappop(heap)
        yield fields
        push(-number)

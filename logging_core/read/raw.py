"""What the query API gives: lines, audit entries and metadata, each just as it was written.

All functions block. They read the ends of files, not the whole.
"""

from __future__ import annotations

import heapq
import logging
import math
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, SupportsIndex, TypeAlias

from logging_core.codec.decode import strip_line
from logging_core.codec.lenient import load_object
from logging_core.codec.times import parse_time
from logging_core.read.backwards import (
    DISORDER_S,
    lines_of,
    newest_lines,
    readable,
    undisturbed,
)
from logging_core.read.files import open_regular
from logging_core.read.lines import Line
from logging_core.read.listing import logs_in, parts_of
from logging_core.read.metadata_file import MAX_METADATA
from logging_core.read.names import directories_of, shown_name
from logging_core.read.part_bytes import MovedError, PartBytes, settled
from logging_core.tree import AUDIT, LOG_TYPES, LogTree, check_instance_id, log_of, portable_path

_NEAR = 256
"""Entries of one file may be so many places, and `DISORDER_S`, out of order, to be put in order."""

_MAX_HELD = 256 << 20
"""The lines of a compressed part may take so much memory: blank ones pack a thousand to one."""

_A_TEXT = 64  # bytes of memory, and its characters

_LOG = logging.getLogger(__name__)

_Fields: TypeAlias = dict[str, Any]
_Timed: TypeAlias = tuple[float, _Fields]


def read_tail_lines(
    tree: LogTree, instance_id: str, log_type: str, tail: SupportsIndex
) -> list[str]:
    """The newest lines of one of an instance's logs, oldest first, without their newlines.

    Args:
        tree: Where.
        instance_id: Whose; of one that is not there, there are no lines.
        log_type: `instance`, `communication` or `tmux_output`.
        tail: How many; 0 for all. Rotated and compressed parts count. Of what a compressed part
            holds beyond 64 MiB there are none, and a warning is logged.

    Raises:
        ValueError: The id or the type is none, or `tail` is negative.
        TypeError: `tail` is no whole number.
        OSError: A file cannot be read.
    """
    check_instance_id(instance_id)
    if log_type not in LOG_TYPES:
        raise ValueError(f"unknown log type {log_type!r}: use one of {', '.join(LOG_TYPES)}")
    most = _whole("tail", tail)
    if most < 0:
        raise ValueError(f"tail is {tail}: use how many lines, or 0 for all")
    group = log_of(instance_id, log_type)
    relist = partial(parts_of, tree.root, group)
    troubles: dict[str, str] = {}

    def read(gone_too: bool) -> list[str]:
        texts: list[str] = []
        for part in reversed(settled(relist)):
            if len(texts) == most > 0:
                break
            try:
                source = PartBytes(tree.root, part, relist)
                if source.trouble is not None:
                    troubles[part.path] = source.trouble
                lines = newest_lines(source)
                if source.compressed:
                    lines = _affordable(lines, partial(troubles.__setitem__, part.path))
                texts += map(_as_text, islice(lines, most - len(texts) if most else None))
            except MovedError:
                if not gone_too:
                    raise
        return texts

    newest_first = undisturbed(read)
    _warn(troubles)
    return newest_first[::-1]


def read_audit(
    tree: LogTree, since: str | datetime | None, limit: SupportsIndex
) -> list[dict[str, Any]]:
    """The newest audit entries, oldest first, as dicts just as they were written.

    In order of time, as are those of one file that stand up to an hour and 256 entries out of
    order; what is farther out of order counts where it stands. When an entry was written is what
    its timestamp says, whatever the name of its file. Lines that are no entries are left out; an
    entry without a readable time counts as of the one before it. What cannot be read of a file is
    left out as well, and a warning is logged.

    Args:
        tree: Where.
        since: Only entries at or after this moment, local if it has no offset: a `datetime`, or
            an ISO time.
        limit: How many at most.

    Raises:
        ValueError: `since` is no time, or `limit` is negative.
        TypeError: `limit` is no whole number.
    """
    since_s, most = _since(since), _whole("limit", limit)
    if most < 0:
        raise ValueError(f"limit is {limit}: use how many entries at most")
    troubles: dict[str, str] = {}

    def read(gone_too: bool) -> list[dict[str, Any]]:
        streams = [
            lines_of(
                tree.root,
                part,
                partial(parts_of, tree.root, day),
                troubles.__setitem__,
                gone_too=gone_too,
            )
            for day, parts in sorted(logs_in(tree.root, AUDIT).items())
            for part in parts
        ]
        entries = [_newest_entries(lines, since_s, most) for lines in streams]
        return list(islice(_newest_first(entries), most))

    newest_first = undisturbed(read)
    _warn(troubles)
    return newest_first[::-1]


def list_instances(tree: LogTree) -> list[dict[str, Any]]:
    """The metadata of every instance with a directory, as written, by id.

    Of one without readable metadata it is `instance_id` and `log_directory`, and `None` for
    `instance_name` and `created_at`. `instance_id` is the directory's name in any case, as
    `portable_path` writes it.
    """
    return [
        {**_read_metadata(tree.instances_dir / name), "instance_id": portable_path(name)}
        for name in directories_of(tree.root, None)
    ]


def list_instance_ids(tree: LogTree) -> list[str]:
    """The `instance_id` of every instance with a directory, sorted."""
    return [portable_path(name) for name in directories_of(tree.root, None)]


def _read_metadata(directory: Path) -> dict[str, Any]:
    unknown = {
        "instance_id": portable_path(directory.name),
        "instance_name": None,
        "created_at": None,
        "log_directory": portable_path(str(directory)),
    }
    try:
        with open_regular(str(directory / "metadata.json")) as fd:
            loaded = load_object(strip_line(os.pread(fd, MAX_METADATA, 0), first=True))
    except OSError:
        return unknown
    return unknown if isinstance(loaded, str) else loaded.fields


def _whole(name: str, value: SupportsIndex) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}: use a whole number") from None


def _since(since: str | datetime | None) -> float:
    if since is None:
        return -math.inf
    since_s = since.timestamp() if isinstance(since, datetime) else parse_time(since)
    if since_s is None:
        raise ValueError(f"since is {since!r}: use an ISO time such as 2025-10-03T00:00:00")
    return since_s


def _affordable(lines: Iterable[Line], report: Callable[[str], object]) -> Iterator[Line]:
    """The first lines, as many as there is memory for; if some are left out, it is reported."""
    left = _MAX_HELD
    for line in lines:
        left -= _A_TEXT + len(line.data)
        if left < 0:
            report("of its many lines only the last are read")
            return
        yield line


def _as_text(line: Line) -> str:
    text = strip_line(line.data, first=line.offset == 0).decode("utf-8", "replace")
    return text if line.size <= len(line.data) else f"{text} … [cut: {line.size:,} bytes]"


def _warn(troubles: Mapping[str, str]) -> None:
    for path, reason in troubles.items():
        _LOG.warning("not all of %s is read: %s", shown_name(path), reason)


def _newest_entries(lines: Iterator[Line], since_s: float, most: int) -> Iterator[_Timed]:
    """The entries of one audit file at or after a moment, with their times, the last one first.

    No more than `most` of them are wanted.
    """
    timeless: list[dict[str, Any]] = []
    for line in lines:
        loaded = load_object(readable(line))
        if isinstance(loaded, str):
            continue
        time_s = parse_time(loaded.fields.get("timestamp"))
        if time_s is None:
            if len(timeless) < most:
                timeless.append(loaded.fields)
            continue
        if time_s < since_s - DISORDER_S:
            return
        if time_s >= since_s:
            yield from ((time_s, fields) for fields in (*timeless, loaded.fields))
        timeless.clear()
    if since_s == -math.inf:
        yield from ((since_s, fields) for fields in timeless)


def _newest_first(streams: list[Iterator[_Timed]]) -> Iterator[_Fields]:
    """The entries of all files, the newest first.

    Of a file with nothing near the newest entries only the last one is read.
    """
    heap: list[tuple[float, int, _Fields | None]] = []

    def push(number: int) -> None:
        for time_s, fields in islice(streams[number], 1):
            heapq.heappush(heap, (-time_s, -number, fields))

    for number, stream in enumerate(streams):
        for last in islice(stream, 1):
            streams[number] = _in_order(chain((last,), stream))
            heapq.heappush(heap, (-last[0] - DISORDER_S, -number, None))
    while heap:
        _, number, fields = heapq.heappop(heap)
        if fields is not None:
            yield fields
        push(-number)


def _in_order(entries: Iterator[_Timed]) -> Iterator[_Timed]:
    """One file's entries from its last on, by time as far as they stand near each other."""
    held: list[tuple[float, int, _Fields]] = []
    for number, (time_s, fields) in enumerate(entries):
        heapq.heappush(held, (-time_s, number, fields))
        while len(held) > _NEAR or -held[0][0] > time_s + DISORDER_S:
            latest, _, found = heapq.heappop(held)
            yield -latest, found
    while held:
        latest, _, found = heapq.heappop(held)
        yield -latest, found

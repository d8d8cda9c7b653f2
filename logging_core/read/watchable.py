"""Which directories of a tree the operating system can be asked to tell of."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from logging_core.read.listing import instance_directories
from logging_core.tree import AUDIT, INSTANCES

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Watchable(NamedTuple):
    """What can be watched.

    Attributes:
        paths: The directories.
        left_out: How many more can be read, but would end every watch.
    """

    paths: list[str]
    left_out: int


def watchable(root: Path, *, wary: bool = False) -> Watchable:
    """The root, then what is in it: the audit files, the instances, and each instance.

    Each one can be opened and listed, and none is a symbolic link; the root may be one. One that
    watchfiles would fail on is left out, because it fails for all others too.

    Args:
        root: Of the tree.
        wary: Leave out those as well that hold a file or directory whose name is not UTF-8: a
            change of it ends every watch, and so does opening it. Costs a listing of each.

    Returns:
        Of the instances those first in which a file was made or renamed last.

    Raises:
        OSError: The root is no directory that can be read.
    """
    os.close(os.open(root, _FLAGS & ~os.O_NOFOLLOW))
    base, instances = str(root), f"{root}/{INSTANCES}"
    first = [
        (base, _seen(base, _FLAGS & ~os.O_NOFOLLOW, wary)),
        (f"{base}/{AUDIT}", _seen(f"{base}/{AUDIT}", _FLAGS, wary)),
        (instances, _seen(instances, _FLAGS, wary)),
    ]
    newest: list[tuple[int, str, bool]] = []
    with suppress(OSError):  # it may go away at any moment
        for name in instance_directories(root)[0]:
            path = f"{instances}/{name}"
            seen = _seen(path, _FLAGS, wary)
            if seen is not None:
                newest.append((-seen.changed_ns, path, seen.is_safe))
    found = [(path, seen.is_safe) for path, seen in first if seen is not None]
    found += [(path, is_safe) for _, path, is_safe in sorted(newest)]
    paths = [path for path, is_safe in found if is_safe]
    return Watchable(paths, len(found) - len(paths))


class _Seen(NamedTuple):
    """When a name in a directory last changed, and whether watchfiles takes all names there."""

    changed_ns: int
    is_safe: bool


def _seen(path: str, flags: int, wary: bool) -> _Seen | None:
    """What a directory is like; `None` if it cannot be read."""
    try:
        fd = os.open(path, flags)
    except OSError:
        return None
    try:
        is_safe = _is_utf8(path)
        if wary:
            with os.scandir(fd) as entries:
                is_safe = is_safe and all(_is_utf8(entry.name) for entry in entries)
        return _Seen(os.fstat(fd).st_mtime_ns, is_safe)
    except OSError:
        return None
    finally:
        os.close(fd)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True

"""Which directories of a tree the operating system can be asked to tell of."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from logging_core.read.listing import instance_directories
from logging_core.tree import AUDIT, INSTANCES

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def watchable(root: Path, *, wary: bool = False) -> list[str]:
    """The root, then what is in it: the audit files, the instances, and each instance.

    Each one can be opened and listed, and none is a symbolic link; the root may be one. One that
    watchfiles would fail on is left out, because it fails for all others too.

    Args:
        root: Of the tree.
        wary: Leave out those that hold a file whose name is not UTF-8 as well: a change of it
            ends every watch. Costs a listing of each.

    Returns:
        Paths, of the instances those first in which a file was made or renamed last.

    Raises:
        OSError: The root is no directory that can be read.
    """
    os.close(os.open(root, _FLAGS & ~os.O_NOFOLLOW))
    base, instances = str(root), f"{root}/{INSTANCES}"
    first = [
        (base, _changed_ns(base, _FLAGS & ~os.O_NOFOLLOW, wary)),
        (f"{base}/{AUDIT}", _changed_ns(f"{base}/{AUDIT}", _FLAGS, wary)),
        # A name in here changes seldom, but who is in it must be known.
        (instances, _changed_ns(instances, _FLAGS, wary=False)),
    ]
    newest: list[tuple[int, str]] = []
    with suppress(OSError):  # it may go away at any moment
        for name in instance_directories(root)[0]:
            path = f"{instances}/{name}"
            changed_ns = _changed_ns(path, _FLAGS, wary)
            if changed_ns is not None:
                newest.append((-changed_ns, path))
    found = [path for path, changed_ns in first if changed_ns is not None]
    return found + [path for _, path in sorted(newest)]


def _changed_ns(path: str, flags: int, wary: bool) -> int | None:
    """When a name in a directory last changed; `None` if it cannot be watched."""
    if not _is_utf8(path):
        return None
    try:
        fd = os.open(path, flags)
    except OSError:
        return None
    try:
        if wary:
            with os.scandir(fd) as entries:
                if not all(_is_utf8(entry.name) for entry in entries):
                    return None
        return os.fstat(fd).st_mtime_ns
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

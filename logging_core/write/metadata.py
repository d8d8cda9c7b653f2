"""`metadata.json`: an instance's name and settings; replaced atomically, never edited in place."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from logging_core.codec.encode import encode_document
from logging_core.replacing import remove_stale, replace_file
from logging_core.write.private import Access, create_private

_WAIT_S, _PAUSE_S = 1.0, 0.005


def update_metadata(
    path: Path,
    instance_id: str,
    stamp: str,
    known: Mapping[str, str],
    access: Access | None = None,
) -> None:
    """Bring an instance's metadata up to date; a file that needs no change is left alone.

    Existing values are kept: `created_at`, unknown keys, and everything that `known` does not name.
    A file that does not hold a JSON object is replaced.

    Args:
        path: The file.
        instance_id: The instance.
        stamp: Its `created_at`, if the file has none.
        known: `instance_name`, `role` and so on.
        access: Opens the file; by default its directory is a tree of its own.

    Raises:
        OSError: The file could not be read or written, or is refused: see `Access`.
    """
    access = access or Access(path.parent)
    access.make_directory(path.parent)

    def merged(old: dict[str, Any]) -> dict[str, Any]:
        record = {
            "instance_id": instance_id,
            "instance_name": old.get("instance_name"),
            "created_at": old.get("created_at") or stamp,
            "log_directory": str(path.parent),
        }
        return record | {k: v for k, v in old.items() if k not in record} | dict(known)

    old = _read_object(path, access)
    if merged(old) == old:
        return
    with _lock(path.parent) as is_locked:
        data = encode_document(merged(_read_object(path, access)))
        access.make_directory(path.parent)
        replace_file(path, lambda file: file.write(data), create=create_private, is_lasting=True)
        if is_locked:
            remove_stale(path)


@contextmanager
def _lock(directory: Path) -> Iterator[bool]:
    """Hold a lock on a directory between processes; yield whether it was acquired.

    It gives up after a second, so a process that was stopped while it holds the lock blocks nobody
    for long.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield _acquire(fd)
    finally:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)  # closing is not enough while a forked child has it open
        os.close(fd)


def _acquire(fd: int) -> bool:
    until_s = time.monotonic() + _WAIT_S
    while time.monotonic() < until_s:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        except OSError:  # a file system without locks
            return False
        else:
            return True
    return False


def _read_object(path: Path, access: Access) -> dict[str, Any]:
    try:
        with os.fdopen(access.open_to_read(path), "rb") as file:
            value = orjson.loads(file.read())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}

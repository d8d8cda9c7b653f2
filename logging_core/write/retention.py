"""Deletion of expired audit files."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

KEPT_ALWAYS = 2
"""The number of newest days that never expire, however wrong the clock is."""

_AUDIT_FILE = re.compile(r"audit_([0-9]{8})\.jsonl")


def delete_expired(directory: Path, today: date, keep_days: int) -> list[str]:
    """Delete the audit files that are older than `keep_days`, and nothing else.

    Only regular files of our own user are deleted, and only if the whole name is that of an audit
    file with a valid date more than `keep_days` before `today`. The two newest days are always
    kept, and so is anything else: a copy, a compressed or renamed file, a directory, a link.

    Args:
        directory: The audit directory.
        today: The local day.
        keep_days: Days to keep files; 0: forever.

    Returns:
        The names of the deleted files, sorted.

    Raises:
        OSError: The directory cannot be read.
    """
    if not keep_days:
        return []
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return [
            name
            for name in expired(os.listdir(fd), today, keep_days)  # noqa: PTH208 - by descriptor
            if _is_own_file(name, fd) and _unlink(name, fd)
        ]
    finally:
        os.close(fd)


def expired(names: Iterable[str], today: date, keep_days: int) -> list[str]:
    """Return the names of audit files that are older than `keep_days`, sorted."""
    days = {name: day for name in names if (day := _day_of(name)) is not None}
    newest = sorted(set(days.values()))[-KEPT_ALWAYS:]
    return sorted(
        name for name, day in days.items() if (today - day).days > keep_days and day not in newest
    )


def _day_of(name: str) -> date | None:
    match = _AUDIT_FILE.fullmatch(name)
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


def _is_own_file(name: str, directory_fd: int) -> bool:
    try:
        found = os.stat(name, dir_fd=directory_fd, follow_symlinks=False)
    except FileNotFoundError:  # another process was faster
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()


def _unlink(name: str, directory_fd: int) -> bool:
    with suppress(OSError):
        os.unlink(name, dir_fd=directory_fd)
        return True
    return False

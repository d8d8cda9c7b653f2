"""Which directory the root of a tree is, whatever its path says."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TypeAlias

from logging_core.text import safe_line

RootId: TypeAlias = tuple[int, int, bytes]
"""Device, inode, and how often that inode was made anew, as far as the file system tells."""

_GET_VERSION = 0x80087601  # FS_IOC_GETVERSION of Linux


def identify(root: Path) -> RootId:
    """Return which directory it is: the inode of a deleted one goes to the next that is made.

    Raises:
        OSError: It is none, or cannot be read.
    """
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.stat(".", dir_fd=fd)  # listing a directory is one right, looking into it another
        status = os.fstat(fd)
        try:
            version = fcntl.ioctl(fd, _GET_VERSION, bytes(8))
        except OSError:  # as on tmpfs, which gives no inode twice
            version = b""
        return status.st_dev, status.st_ino, version
    finally:
        os.close(fd)


def find_root(root: Path, *, was_there: bool) -> tuple[str | None, RootId | None]:
    """Return which directory it is; else why it cannot be read, for people.

    Args:
        root: Its path.
        was_there: Whether it could be read before.
    """
    shown = safe_line(str(root))
    try:
        return None, identify(root)
    except FileNotFoundError:
        return f"{shown} {'is gone' if was_there else 'does not exist yet'}", None
    except NotADirectoryError:
        return f"{shown} is not a directory", None
    except OSError as error:
        return f"{shown} cannot be read: {str(error.strerror).lower()}", None

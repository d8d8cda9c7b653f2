"""Files that are replaced as a whole: a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

_CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def create_own(path: Path) -> int:
    """Create a file for this user alone, less what the umask denies; return its descriptor.

    Raises:
        FileExistsError: The name is taken.
        OSError: It cannot be created.
    """
    return os.open(path, _CREATING, 0o600)


def replace_file(
    path: Path,
    write: Callable[[IO[bytes]], object],
    *,
    create: Callable[[Path], int] = create_own,
    is_lasting: bool = False,
) -> None:
    """Write a file under another name beside it, then give it its own.

    If anything raises, the old file is unchanged, and no other is left.

    Args:
        path: The file; its directory must exist.
        write: Is given the new file, and writes all of it.
        create: Creates the new file, as `create_own` does.
        is_lasting: Wait until it is on the disk: else after a power failure the name may exist
            without its content.

    Raises:
        OSError: It could not be written.
    """
    temporary, fd = _open_temporary(path, create)
    try:
        with os.fdopen(fd, "wb") as file:
            write(file)
            if is_lasting:
                file.flush()
                os.fsync(fd)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_stale(path: Path) -> None:
    """Delete what processes left that were killed before they replaced `path`."""
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        pid = temporary.name.removeprefix(f".{path.name}.").partition(".")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            temporary.unlink(missing_ok=True)


def _open_temporary(path: Path, create: Callable[[Path], int]) -> tuple[Path, int]:
    number = 0
    while True:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{number}.tmp")
        try:
            return temporary, create(temporary)
        except FileExistsError:
            number += 1

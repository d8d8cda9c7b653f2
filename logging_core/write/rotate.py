"""Rotation by size: `log`, `log.1`, `log.2`, …, the last being the oldest."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from logging_core.write.append import AppendFile, Shared

_NO_LOCK = -1
_PAUSE_S, _WAIT_S = 0.0005, 0.05
_IMPATIENT_S = 10.0  # after waiting in vain: who holds the lock may have been stopped


class RotatingFile(AppendFile):
    """An append-only file that is rotated before it exceeds a size.

    Only one process rotates at a time: the one that holds the lock on `.<name>.lock`, and only if
    the file is still the full one that it saw. The others wait for it, 50 ms at most; if it takes
    longer, they keep writing to the file that they have open, until they see that it was rotated.
    An interrupted rotation leaves a gap in the numbering, which the next one fills: no archive is
    ever overwritten, and only the oldest is deleted.

    Args:
        path: The file.
        max_bytes: Its maximum size; a larger record gets a file of its own. Several processes that
            write at the same moment may exceed it by a record each, and by what they write after
            they waited in vain. 0: unlimited.
        backups: Number of archives to keep; 0: never rotate.
        shared: Shared by the files of its tree.
    """

    def __init__(
        self, path: Path, max_bytes: int, backups: int, shared: Shared | None = None
    ) -> None:
        self._lock_fd = _NO_LOCK
        self._impatient_until_s = 0.0
        self._max_bytes = max_bytes
        self._backups = backups
        super().__init__(path, shared)

    def _after_fork(self) -> None:
        """Close the lock file, too, if another thread of the parent was rotating."""
        super()._after_fork()
        fd, self._lock_fd = self._lock_fd, _NO_LOCK
        if fd != _NO_LOCK:
            os.close(fd)

    def _look(self, now_s: float, length: int) -> int:
        size = super()._look(now_s, length)
        if self._max_bytes and self._backups and size and size + length > self._max_bytes:
            try:
                size = self._rotate(size, length)
            except OSError as error:
                reason = error.strerror or str(error)
                self._shared.losses.complain(f"cannot rotate {self.path}: {reason}")
        self._trusted_until_s = 0.0  # the size is checked before every record
        return size

    def _rotate(self, size: int, length: int) -> int:
        """Rotate unless another process does; return the size of the file to append to."""
        access = self._shared.access
        self._lock_fd = access.open_to_append(self.path.with_name(f".{self.path.name}.lock"))
        try:
            has_lock = self._acquire_lock()
            found = self._size_at_path()
            if found is None:
                self._impatient_until_s = 0.0  # whoever has the lock does rotate
            elif not has_lock:
                return size
            elif found + length > self._max_bytes:
                _shift(self.path, self._backups)
            return self._reopen()
        finally:
            self._release_lock()

    def _size_at_path(self) -> int | None:
        """Return the file's size; `None` if another process has rotated it just now."""
        self._in_place_until_s = 0.0
        return self._size_in_place(monotonic())

    def _acquire_lock(self) -> bool:
        """Wait for the lock for a moment, but not again soon after that was in vain.

        Returns:
            Whether we have it: not if another process has rotated the file meanwhile.
        """
        now_s = monotonic()
        until_s = now_s if now_s < self._impatient_until_s else now_s + _WAIT_S
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if self._size_at_path() is None:
                return False
            if monotonic() >= until_s:
                break
            sleep(_PAUSE_S)
        self._impatient_until_s = max(self._impatient_until_s, until_s + _IMPATIENT_S)
        return False

    def _release_lock(self) -> None:
        fd, self._lock_fd = self._lock_fd, _NO_LOCK
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)  # closing is not enough while a forked child has it open
        os.close(fd)


def _shift(path: Path, backups: int) -> None:
    """Rename `path` to `path.1`, and the archives in the way to the next number.

    Raises:
        OSError: One cannot be renamed, or the oldest cannot be deleted.
    """
    gap = next((number for number in range(1, backups + 1) if not _parts(path, number)), backups)
    for part in _parts(path, gap):
        part.unlink()
    for number in range(gap - 1, 0, -1):
        for part in _parts(path, number):
            suffix = part.name.removeprefix(f"{path.name}.{number}")
            part.rename(path.with_name(f"{path.name}.{number + 1}{suffix}"))
    path.rename(path.with_name(f"{path.name}.1"))


def _parts(path: Path, number: int) -> list[Path]:
    """Return the files of an archive that exist: itself, and what a user compressed it to."""
    names = (f"{path.name}.{number}", f"{path.name}.{number}.gz")
    return [part for part in (path.with_name(name) for name in names) if os.path.lexists(part)]

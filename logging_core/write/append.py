"""Files that only ever grow, one `write` per record."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class AppendFile:
    """One file, opened at its first record; safe to use from several threads.

    A record is handed to the system in one `write` to an `O_APPEND` descriptor, so that records
    of several threads and processes never mix. What a killed writer left without its newline
    gets one when the file is opened, so that it spoils no other record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()  # a signal handler may log while its thread writes
        self._fd: int | None = None

    def __del__(self) -> None:
        self.close()

    def append(self, record: bytes) -> None:
        """Append one whole record, its newline included.

        Raises:
            OSError: It could not be written, or not as a whole.
        """
        with self._lock:
            fd = self._fd
            if fd is None:
                fd = self._fd = self._open()
            if os.write(fd, record) != len(record):
                raise OSError(errno.ENOSPC, "only a part of a record was written", str(self.path))

    def open(self) -> None:
        """Open the file now, to see whether it can be.

        Raises:
            OSError: It cannot; a symbolic link is refused.
        """
        with self._lock:
            if self._fd is None:
                self._fd = self._open()

    def close(self) -> None:
        """Close the file; the next record opens it again."""
        with self._lock:
            fd, self._fd = self._fd, None
            if fd is not None:
                os.close(fd)

    def _open(self) -> int:
        try:
            fd = os.open(self.path, _FLAGS, FILE_MODE)
        except FileNotFoundError:
            make_private_dir(self.path.parent)
            fd = os.open(self.path, _FLAGS, FILE_MODE)
        _end_torn_record(fd)
        return fd


def _end_torn_record(fd: int) -> None:
    size = os.fstat(fd).st_size
    while size and os.pread(fd, 1, size - 1) != b"\n":
        os.utime(fd)  # waits for another process in the middle of its write: both lock the inode
        before, size = size, os.fstat(fd).st_size
        if size == before:  # nobody is writing: what stands there was left unfinished
            os.write(fd, b"\n")
            return


def make_private_dir(path: Path) -> None:
    """Make a directory, and those above it that are missing, for the owner alone.

    Raises:
        OSError: It cannot be made, or something else has its name.
    """
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    for directory in reversed(missing):
        directory.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

"""Append-only files, one `write` per record."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from logging_core.write.forks import Forkable
from logging_core.write.losses import Losses
from logging_core.write.pool import DescriptorPool
from logging_core.write.private import Access

CHECK_EVERY_S = 0.001
"""How long an open file is assumed to be still the one at its path.

A record written later than this after the last check triggers another check. So only the records of
a burst, one millisecond of it at most, can end up in a file that was renamed (where they are kept)
or deleted (where they are lost, like everything else in it).
"""

_CLOSED = -1
_UNKNOWN = -1
_NEWLINE = 10
_NOT_OURS = frozenset({errno.EBADF, errno.ESPIPE, errno.ESTALE})


@dataclass(frozen=True, slots=True)
class Shared:
    """What all files of one tree share.

    Attributes:
        access: Opens the files.
        losses: Counts what could not be written.
        pool: Limits how many files are open.
    """

    access: Access
    losses: Losses = field(default_factory=Losses)
    pool: DescriptorPool = field(default_factory=DescriptorPool)


class AppendFile(Forkable):
    """A file opened at its first record; for any number of threads, processes and signal handlers.

    A record is passed to the kernel in one `write` on an `O_APPEND` descriptor, so records of
    several threads and processes never interleave, and a record survives the process once `append`
    has returned. It never waits for another process: one that is stopped stops no other.

    A line that a killed writer left without its newline gets one when the file is opened. If it was
    killed while others write, the record that was appended to the torn line is written again.

    Args:
        path: The file.
        shared: Shared by the files of its tree; by default its directory is a tree of its own.
    """

    def __init__(self, path: Path, shared: Shared | None = None) -> None:
        super().__init__()
        self.path = path
        self.used_s = 0.0
        self._shared = shared or Shared(Access(path.parent))
        self._name = str(path)
        self._fd = _CLOSED
        self._identity = (0, 0)
        self._end = 0
        self._lossy = False

    def __del__(self) -> None:
        self.close()

    def _after_fork(self) -> None:
        """Make the child open the file itself: the parent's descriptor shares its offset."""
        super()._after_fork()
        self._busy = False
        self._inherited = True
        self._trusted_until_s = self._in_place_until_s = 0.0

    def append(self, record: bytes, *, counted: bool = True) -> bool:
        """Append one whole record, including its newline. Never raises `OSError`.

        Args:
            record: The record.
            counted: Whether a failure counts as a loss.

        Returns:
            Whether the record is in the file.
        """
        lock = self._lock
        failure: OSError | None = None
        lock.acquire()
        if self._busy:
            lock.release()
            return self._append_apart(record, counted=counted)
        self._busy = True
        try:
            now_s = monotonic()
            if now_s >= self._trusted_until_s:
                self._look(now_s, len(record))
            written = os.write(self._fd, record)
            end = os.lseek(self._fd, 0, os.SEEK_CUR)
            if end - written != self._end or written != len(record):  # others wrote in between
                end = _mend(self._fd, record, written, end)
            self._end = end
        except OSError as error:
            failure = error
            self._close()
        finally:
            self._busy = False
            lock.release()
        if failure is not None or self._lossy:
            return self._settle(record, failure, counted=counted)
        return True

    def open(self) -> None:
        """Open the file now, to check that it can be opened.

        Raises:
            OSError: It cannot be opened, or is refused: see `Access`.
        """
        with self._lock:
            if self._fd == _CLOSED:
                self._reopen()

    def place(self) -> tuple[tuple[int, int] | None, int]:
        """Return device and inode of the file now at the path (`None`: unusable), and its size."""
        with self._lock:
            if self._busy:  # in a signal handler
                return self._identity, self._end
            self._in_place_until_s = 0.0
            try:
                size = self._look(monotonic(), 0)
            except OSError:  # which the next record reports
                self._close()
                return None, 0
            return self._identity, size

    def close(self) -> None:
        """Close the file; the next record reopens it."""
        with self._lock:
            if self._busy:  # in a signal handler: the interrupted write needs the descriptor
                self._trusted_until_s = 0.0
            else:
                self._close()

    def close_if_idle(self) -> None:
        """Close the file, unless it is being written to right now."""
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()

    def _look(self, now_s: float, length: int) -> int:
        """Check that the descriptor is that of the file at the path, else reopen it.

        Args:
            now_s: Monotonic time.
            length: Size of the next record in bytes.

        Returns:
            The file's size in bytes.
        """
        self.used_s = now_s
        size = None if self._inherited else self._size_in_place(now_s)
        if size is None:
            size = self._reopen()
        self._trusted_until_s = now_s + CHECK_EVERY_S
        return size

    def _size_in_place(self, now_s: float) -> int | None:
        """Return the file's size; `None` if the descriptor is not that of the file at the path."""
        found = self._stat()
        if found is None:
            return None
        if now_s >= self._in_place_until_s:
            try:
                at_path = os.lstat(self._name)
            except FileNotFoundError:
                return None
            if (at_path.st_dev, at_path.st_ino) != self._identity:
                return None
            self._in_place_until_s = now_s + CHECK_EVERY_S
        return found.st_size

    def _stat(self) -> os.stat_result | None:
        """Return the descriptor's status; `None` if it is closed or, closed by others, reused."""
        if self._fd == _CLOSED:
            return None
        try:
            found = os.fstat(self._fd)
        except OSError:
            return None
        return found if (found.st_dev, found.st_ino) == self._identity else None

    def _reopen(self) -> int:
        self._close()
        self._shared.pool.make_room()
        self._fd = fd = self._shared.access.open_to_append(self.path)
        self._inherited = False
        self._shared.pool.add(self)
        found = os.fstat(fd)
        self._identity = (found.st_dev, found.st_ino)
        _end_torn_record(fd)
        self._end = _UNKNOWN  # another writer may be killed before our next record
        return os.lseek(fd, 0, os.SEEK_END)

    def _close(self) -> None:
        ours, fd, self._fd = self._stat() is not None, self._fd, _CLOSED
        self._trusted_until_s = self._in_place_until_s = 0.0
        self._shared.pool.remove(self)
        if ours:
            os.close(fd)

    def _settle(self, record: bytes, failure: OSError | None, *, counted: bool) -> bool:
        """Count a failure as a loss; at the first success after one, report all losses."""
        if failure is None:
            if counted:
                self._lossy = False
                self._shared.losses.tell()
            return True
        if failure.errno in _NOT_OURS:  # daemonizing code closed all descriptors
            return self._append_apart(record, counted=counted)
        if counted:
            self._lossy = True
            self._shared.losses.add(self.path, failure)
        return False

    def _append_apart(self, record: bytes, *, counted: bool) -> bool:
        """Append through a temporary descriptor, leaving the shared one alone.

        For a signal handler or a `__del__` that interrupts a write of its own thread, and for a
        record whose descriptor other code has closed.
        """
        try:
            fd = self._shared.access.open_to_append(self.path)
            try:
                written = os.write(fd, record)
                _mend(fd, record, written, os.lseek(fd, 0, os.SEEK_CUR))
            finally:
                os.close(fd)
        except OSError as error:
            if counted:
                self._lossy = True
                self._shared.losses.add(self.path, error)
            return False
        return True


def _mend(fd: int, record: bytes, written: int, end: int) -> int:
    """Make sure that a record is a whole line although others write too; return the new end.

    Raises:
        OSError: The record could not be written as a whole.
    """
    start = end - written
    if written == len(record) and _begins_a_line(fd, record, start):
        return end
    if written == len(record):  # on a killed writer's torn line, where it cannot be read
        start, written = end, os.write(fd, record)
    return start + written if written == len(record) else _write_rest(fd, record, written, start)


def _write_rest(fd: int, record: bytes, written: int, start: int) -> int:
    """Write the rest of a record, or on a full disk get the error that tells why it cannot be."""
    while written < len(record):
        try:
            written += os.write(fd, record[written:])
        except OSError:
            if os.lseek(fd, 0, os.SEEK_END) == start + written:  # nobody else has written since
                os.ftruncate(fd, start)
            raise
        if os.lseek(fd, 0, os.SEEK_CUR) != start + written:
            raise OSError(errno.EIO, "another process wrote in the midst of a record")
    return start + written


def _begins_a_line(fd: int, record: bytes, start: int) -> bool:
    return start <= 0 or record[0] == _NEWLINE or os.pread(fd, 1, start - 1) == b"\n"


def _end_torn_record(fd: int) -> None:
    size = os.fstat(fd).st_size
    while size and os.pread(fd, 1, size - 1) != b"\n":
        os.utime(fd)  # waits for a write in progress in another process: both lock the inode
        before, size = size, os.fstat(fd).st_size
        if size == before:  # nobody is writing: the torn line was abandoned
            os.write(fd, b"\n")
            return

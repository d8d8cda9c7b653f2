"""Files that only ever grow, one `write` per record."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from logging_core.write.forks import Forkable
from logging_core.write.losses import Losses
from logging_core.write.pool import DescriptorPool
from logging_core.write.private import Access

CHECK_EVERY_S = 0.001
"""For how long a file is taken to be where it was.

A record that comes later than this after the last look is preceded by another look, so only in a
burst can records follow a file that was renamed (they are in the renamed file) or deleted (they
are gone, as everything in it), and those of one millisecond at most.
"""

_CLOSED = -1
_UNKNOWN = -1
_NEWLINE = 10
_NOT_OURS = frozenset({errno.EBADF, errno.ESPIPE, errno.ESTALE})


@dataclass(frozen=True, slots=True)
class Shared:
    """What the files of one tree have in common.

    Attributes:
        access: Opens them.
        losses: Told what could not be written.
        pool: Limits how many are open.
    """

    access: Access
    losses: Losses = field(default_factory=Losses)
    pool: DescriptorPool = field(default_factory=DescriptorPool)


class AppendFile(Forkable):
    """One file, opened at its first record; for any number of threads, processes and signals.

    A record is handed to the system in one `write` to an `O_APPEND` descriptor, so that records
    of several threads and processes never mix, and one that `append` returned from survives the
    process. No lock between processes is ever waited for: one that was stopped stops no other.

    What a killed writer left without its newline gets one when the file is opened. Where it was
    killed while others write, the record that came to stand on the torn line is written again.

    Args:
        path: The file.
        shared: Of its tree; by default its directory is a tree by itself.
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
        self.after_fork()

    def __del__(self) -> None:
        self.close()

    def after_fork(self) -> None:
        """The child opens the file by itself: the parent's descriptor has the parent's offset."""
        self._lock = threading.RLock()  # a signal handler may log while its thread writes
        self._busy = False
        self._inherited = True
        self._trusted_until_s = self._in_place_until_s = 0.0

    def append(self, record: bytes, *, counted: bool = True) -> bool:
        """Append one whole record, its newline included. Never raises an `OSError`.

        Args:
            record: The record.
            counted: Whether it is a loss if it cannot be written.

        Returns:
            Whether it is in the file.
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
            if end - written != self._end or written != len(record):  # others write here too
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
        """Open the file now, to see whether it can be.

        Raises:
            OSError: It cannot, or is refused: see `Access`.
        """
        with self._lock:
            if self._fd == _CLOSED:
                self._reopen()

    def place(self) -> tuple[tuple[int, int] | None, int]:
        """Which file it is now (device and inode; `None`: it cannot be opened), and its size."""
        with self._lock:
            if self._busy:  # below a signal handler
                return self._identity, self._end
            self._in_place_until_s = 0.0
            try:
                size = self._look(monotonic(), 0)
            except OSError:  # the next record will say so
                self._close()
                return None, 0
            return self._identity, size

    def close(self) -> None:
        """Close the file; the next record opens it again."""
        with self._lock:
            if self._busy:  # below a signal handler: whoever is writing needs the descriptor
                self._trusted_until_s = 0.0
            else:
                self._close()

    def close_if_idle(self) -> None:
        """Close the file, unless it is being written right now."""
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()

    def _look(self, now_s: float, length: int) -> int:
        """See that the descriptor is that of the file at the path, and open it if not.

        Args:
            now_s: Of a monotonic clock.
            length: Of the record that comes next.

        Returns:
            The file's size.
        """
        self.used_s = now_s
        size = None if self._inherited else self._size_in_place(now_s)
        if size is None:
            size = self._reopen()
        self._trusted_until_s = now_s + CHECK_EVERY_S
        return size

    def _size_in_place(self, now_s: float) -> int | None:
        """The size of the file if the descriptor is ours, and that of the file at the path."""
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
        """Of the descriptor, if it is ours, which code that closes all of them may change."""
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
        self._end = _UNKNOWN  # others may have been killed since
        return os.lseek(fd, 0, os.SEEK_END)

    def _close(self) -> None:
        ours, fd, self._fd = self._stat() is not None, self._fd, _CLOSED
        self._trusted_until_s = self._in_place_until_s = 0.0
        self._shared.pool.remove(self)
        if ours:
            os.close(fd)

    def _settle(self, record: bytes, failure: OSError | None, *, counted: bool) -> bool:
        """After a failure count it; after the first success since, have all losses told."""
        if failure is None:
            if counted:
                self._lossy = False
                self._shared.losses.tell()
            return True
        if failure.errno in _NOT_OURS:  # a daemon in the making closed what it did not know
            return self._append_apart(record, counted=counted)
        if counted:
            self._lossy = True
            self._shared.losses.add(self.path, failure)
        return False

    def _append_apart(self, record: bytes, *, counted: bool) -> bool:
        """Append by a descriptor of its own, and leave alone what others are in the middle of.

        That is for a signal handler, or a `__del__`, whose own thread is writing.
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
    """See that a record is a whole line, where others write too; the file's new end.

    Raises:
        OSError: It is not in the file as a whole.
    """
    start = end - written
    if written == len(record) and _begins_a_line(fd, record, start):
        return end
    if written == len(record):  # on the line of one who was killed: it is lost there
        start, written = end, os.write(fd, record)
        end = start + written
    if written != len(record):
        if os.lseek(fd, 0, os.SEEK_END) == end:  # nobody wrote since: on a full disk, nobody can
            os.ftruncate(fd, end - written)
        raise OSError(errno.ENOSPC, "only a part of a record was written")
    return end


def _begins_a_line(fd: int, record: bytes, start: int) -> bool:
    return start <= 0 or record[0] == _NEWLINE or os.pread(fd, 1, start - 1) == b"\n"


def _end_torn_record(fd: int) -> None:
    size = os.fstat(fd).st_size
    while size and os.pread(fd, 1, size - 1) != b"\n":
        os.utime(fd)  # waits for another process in the middle of its write: both lock the inode
        before, size = size, os.fstat(fd).st_size
        if size == before:  # nobody is writing: what stands there was left unfinished
            os.write(fd, b"\n")
            return

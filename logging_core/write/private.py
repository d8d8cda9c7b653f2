"""Access to directories and files that belong to this user alone; all others are refused."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from logging_core.errors import LogDirError
from logging_core.tree import LogTree

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700

# O_NONBLOCK: a named pipe in place of a log is refused, not waited for.
_SAFELY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_APPENDING = os.O_RDWR | os.O_APPEND | _SAFELY
_CREATING = os.O_CREAT | os.O_EXCL
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Access:
    """Opens files below one root, but none that another user may have planted there.

    Refused are: a directory that is not a directory (below the root, not even a symbolic link to
    one), that another user owns, or that others can write to without the sticky bit; and a file
    that is not a regular file, has more than one hard link, or is owned by another user.

    Args:
        root: Root of the log tree.
        shared: Accept any owner and mode, because several users share the tree.
    """

    root: Path
    shared: bool = False

    def make_directory(self, path: Path) -> None:
        """Create the missing directories from the root down to `path`, and check them all.

        Raises:
            OSError: One cannot be created, or is refused.
        """
        below = [path, *path.parents]
        for directory in reversed(below[: below.index(self.root) + 1]):
            try:
                self._check_directory(directory)
            except FileNotFoundError:
                make_private_dir(directory)
                self._check_directory(directory)

    def open_to_append(self, path: Path) -> int:
        """Open a file for appending, creating it if missing; return the descriptor.

        Raises:
            OSError: It cannot be created or opened, or is refused.
        """
        self.make_directory(path.parent)
        while True:
            try:
                return self._checked(os.open(path, _APPENDING), path)
            except FileNotFoundError:
                try:
                    return _create(path, _APPENDING)
                except FileExistsError:  # another process was faster
                    continue

    def open_to_read(self, path: Path) -> int:
        """Open a file for reading; return the descriptor.

        Raises:
            FileNotFoundError: It does not exist.
            OSError: It cannot be opened, or is refused.
        """
        return self._checked(os.open(path, os.O_RDONLY | _SAFELY), path)

    def _check_directory(self, path: Path) -> None:
        found = path.lstat()
        if path == self.root and stat.S_ISLNK(found.st_mode):
            self._check_owner(found, path)
            found = path.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        self._check_owner(found, path)
        sticky = found.st_mode & stat.S_ISVTX
        if found.st_mode & _OTHERS_WRITE and not sticky and not self.shared:
            raise PermissionError(errno.EPERM, "other users may write to it", str(path))

    def _checked(self, fd: int, path: Path) -> int:
        try:
            self._check_file(os.fstat(fd), path)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _check_file(self, found: os.stat_result, path: Path) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has more than one hard link", str(path))
        self._check_owner(found, path)

    def _check_owner(self, found: os.stat_result, path: Path) -> None:
        if found.st_uid != os.geteuid() and not self.shared:
            raise PermissionError(errno.EPERM, "it belongs to another user", str(path))


def prepare_tree(tree: LogTree, access: Access) -> None:
    """Create the directories of a tree, and check that they are writable.

    Raises:
        OSError: They cannot be created, are not writable, or are refused.
    """
    for directory in (tree.root, tree.instances_dir, tree.audit_dir):
        access.make_directory(directory)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(directory))


def unusable(root: Path, error: OSError) -> LogDirError:
    """Return the error that says which tree cannot be written, why, and what to do about it."""
    remedy = "make it writable, or set LOG_DIR or log_dir= to a directory that is"
    if error.errno == errno.EPERM:
        remedy = (
            "set LOG_DIR or log_dir= to a directory of your own, keep others from writing to it "
            "(chmod go-w), or allow it with allow_shared=True"
        )
    where = "" if error.filename is None else f" ({error.filename})"
    return LogDirError(f"cannot log to {str(root)!r}: {error.strerror}{where}; {remedy}")


def create_private(path: Path) -> int:
    """Create a file; return a descriptor that writes to it.

    Raises:
        FileExistsError: The name is taken.
        OSError: It cannot be created.
    """
    return _create(path, os.O_WRONLY | _SAFELY)


def make_private_dir(path: Path) -> None:
    """Create a directory and its missing parents, accessible to the owner alone.

    Raises:
        OSError: It cannot be created, or something else has its name.
    """
    missing = [directory for directory in (path, *path.parents) if not directory.exists()]
    for directory in reversed(missing):
        try:
            directory.mkdir(mode=DIRECTORY_MODE)
        except FileExistsError:  # another process was faster
            continue
        if stat.S_IMODE(directory.stat().st_mode) != DIRECTORY_MODE:
            directory.chmod(DIRECTORY_MODE)  # the umask denied rights to the owner, too
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _create(path: Path, flags: int) -> int:
    fd = os.open(path, flags | _CREATING, FILE_MODE)
    if stat.S_IMODE(os.fstat(fd).st_mode) != FILE_MODE:
        os.fchmod(fd, FILE_MODE)  # the umask denied rights to the owner, too
    return fd

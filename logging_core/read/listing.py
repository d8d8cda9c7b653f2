"""One directory of a tree: which logs are in it, and whether it is as it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import filterfalse
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

from logging_core.read.files import Part
from logging_core.tree import INSTANCES, FileKind, LogFile, classify

Groups = dict[str, tuple[Part, ...]]
"""The parts of each log of a directory, oldest first."""

Mark = tuple[int, int, int, int]
"""Which directory it is, and when a name in it last changed, in ns, as its last item."""

_DAY = len("audit/audit_20261123")

_MARK: Callable[[os.stat_result], Mark] = attrgetter("st_dev", "st_ino", "st_mode", "st_mtime_ns")
_ORDER = attrgetter("order")
_LOOK = attrgetter("st_ino", "st_size", "st_mtime_ns", "st_mode")
_LOOK_OF_PART = attrgetter("ino", "size", "mtime_ns", "mode")
"""A file is as it was if these are: any difference counts, not only a later time."""

_Looks: TypeAlias = tuple[list[str], list[object]]
"""Files by path, and what each of them looked like."""


class Listing:
    """One directory.

    Args:
        base: The root of its tree.
        directory: Its path, relative to that.
        files: By name; `None` for what is not ours.
        strange: Path and reason of what has a log's name but is no file.

    Attributes:
        files: See the arguments, as for `strange`.
        groups: The parts of each log.
        mark: What the directory looked like, if it had been left alone for a while when it was
            listed: then equal marks, equal names.
    """

    __slots__ = ("_base", "_growing", "_others", "_path", "files", "groups", "mark", "strange")

    def __init__(
        self,
        base: str,
        directory: str,
        files: Mapping[str, Part | None],
        strange: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._path = f"{base}/{directory}"
        self.files = files
        self.strange = strange
        self.mark: Mark | None = None
        self._base = base
        self._growing: _Looks | None = None  # prepared once the directory is quiet
        self._others: _Looks = ([], [])
        parts = self._parts()
        groups: dict[str, list[Part]] = {}
        for part in parts:
            log = part.log.base
            group = log[:_DAY] if part.log.kind is FileKind.AUDIT else log
            groups.setdefault(group, []).append(part)
        self.groups: Groups = {
            group: tuple(sorted(parts, key=_ORDER)) for group, parts in groups.items()
        }

    def is_unchanged(self, *, all_files: bool = True) -> bool:
        """Whether the directory and its files are as they were: cheaper than to list it.

        Args:
            all_files: Also look at those that seldom change but by being replaced, which the
                directory tells of: rotated parts and metadata.
        """
        if self.mark is None:
            return False
        if self._growing is None:
            parts = self._parts()
            self._growing = self._looks_of(filter(_grows, parts))
            self._others = self._looks_of(filterfalse(_grows, parts))
        try:
            if _MARK(os.lstat(self._path)) != self.mark or not _are_as_before(self._growing):
                return False
            return not all_files or _are_as_before(self._others)
        except OSError:
            return False

    def _looks_of(self, parts: Iterable[Part]) -> _Looks:
        parts = list(parts)
        return [f"{self._base}/{part.path}" for part in parts], list(map(_LOOK_OF_PART, parts))

    def _parts(self) -> list[Part]:
        return [part for part in self.files.values() if part is not None]


def _grows(part: Part) -> bool:
    return part.live and part.log.kind is not FileKind.METADATA


def _are_as_before(looks: _Looks) -> bool:
    paths, before = looks
    return list(map(_LOOK, map(os.lstat, paths))) == before


NOTHING = Listing("", "", {})
"""What is in a directory that is not there."""


def mark_of(path: str) -> Mark | None:
    """What a directory looks like; `None` if there is none."""
    try:
        return _MARK(os.lstat(path))
    except OSError:
        return None


def list_directory(base: str, directory: str, known: Listing = NOTHING) -> Listing:
    """List a directory; the same object as `known` if nothing is different.

    Args:
        base: The root of the tree.
        directory: Relative to it; `""` for the root itself.
        known: What was in it before.

    Raises:
        OSError: It is not there, cannot be read, or is a link.
    """
    prefix = f"{directory}/" if directory else ""
    files: dict[str, Part | None] = {}
    strange: list[tuple[str, str]] = []
    with _entries_of(base, directory) as entries:
        for entry in entries:
            part = known.files.get(entry.name)
            if part is None and entry.name in known.files:
                files[entry.name] = None
                continue
            path = prefix + entry.name
            file = classify(path) if part is None else part.log
            if file is None:
                files[entry.name] = None
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    files[entry.name] = _part(entry, path, file, part)
            else:
                kind = "a symbolic link" if entry.is_symlink() else "not a regular file"
                strange.append((path, kind))
    if files == known.files and strange == known.strange:
        return known
    return Listing(base, directory, files, strange)


def logs_in(root: Path, directory: str) -> Groups:
    """The logs of one directory; none if it cannot be listed."""
    try:
        return list_directory(str(root), directory).groups
    except OSError:
        return {}


def parts_of(root: Path, group: str) -> tuple[Part, ...]:
    """The files of one log, oldest first; none if they cannot be listed."""
    return logs_in(root, group.rpartition("/")[0]).get(group, ())


def instance_directories(root: Path) -> tuple[set[str], set[str]]:
    """The names of all directories of instances, and of the links among them.

    Raises:
        OSError: There is no such directory, or it cannot be read.
    """
    with _entries_of(str(root), INSTANCES) as entries:
        listed = [entry for entry in entries if not entry.name.startswith(".")]
        directories = {entry.name for entry in listed if entry.is_dir(follow_symlinks=False)}
        return directories, {entry.name for entry in listed if entry.is_symlink()}


@contextmanager
def _entries_of(base: str, directory: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """What is in a directory below the root, which is opened without following a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    if directory:  # the root itself is where the user says, be it through a link
        flags |= os.O_NOFOLLOW
    fd = os.open(f"{base}/{directory}", flags)
    try:
        with os.scandir(fd) as entries:
            yield entries
    finally:
        os.close(fd)


def _part(entry: os.DirEntry[str], path: str, file: LogFile, known: Part | None) -> Part:
    """A listed file; the same object as `known` if nothing is different."""
    status = entry.stat(follow_symlinks=False)
    if known is not None and _LOOK(status) == _LOOK_OF_PART(known):
        return known
    place = status.st_dev, status.st_ino
    return Part(path, file, *place, status.st_size, status.st_mtime_ns, status.st_mode)

"""What files there are: the listing of a tree, and what is different since the last one."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path

import msgspec

from logging_core.read.files import Part
from logging_core.tree import FileKind, LogFile, classify

AUDIT = "audit"
"""The directory of the audit files; those of one day are one log, whatever they are renamed to."""

INSTANCES = "instances"
"""The directory of the directories of the instances."""

_DAY = len("audit/audit_20261123")

_ROOT = ""
_LOOKS_TO_BE_GONE = 2
_SETTLED_NS = 3_000_000_000
"""A directory's time tells of every change only if they are further apart than it is fine."""

Groups = dict[str, tuple[Part, ...]]
"""The parts of each log of a directory, oldest first."""


class Look(msgspec.Struct):
    """What is different since the last look.

    Attributes:
        changed: The logs whose files differ in any way, with all their files.
        seen: Directories of instances that are new.
        gone: Directories of instances that two sweeps in a row did not find.
        problems: Path and reason, each new.
    """

    changed: Groups = msgspec.field(default_factory=dict)
    seen: list[str] = msgspec.field(default_factory=list)
    gone: list[str] = msgspec.field(default_factory=list)
    problems: list[tuple[str, str]] = msgspec.field(default_factory=list)


class _Listing:
    """One directory.

    Attributes:
        files: By name; `None` for what is not ours.
        strange: Path and reason of what has a log's name but is no file.
        groups: The parts of each log.
        parts: All of them.
        mark: What the directory looked like, if it had been left alone for a while when it was
            listed: then equal marks, equal names.
    """

    __slots__ = ("files", "groups", "mark", "parts", "strange")

    def __init__(
        self,
        files: Mapping[str, Part | None] | None = None,
        strange: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.files = files or {}
        self.strange = strange
        self.mark: tuple[int, ...] | None = None
        self.parts = [part for part in self.files.values() if part is not None]
        groups: dict[str, list[Part]] = {}
        for part in self.parts:
            base = part.log.base
            group = base[:_DAY] if part.log.kind is FileKind.AUDIT else base
            groups.setdefault(group, []).append(part)
        self.groups: Groups = {
            group: tuple(sorted(parts, key=attrgetter("order"))) for group, parts in groups.items()
        }


_NOTHING = _Listing()


class Sweep:
    """Lists a tree again and again.

    Nothing is followed through a symbolic link below the root, and of what is no regular file
    only the name is looked at. Names that are not ours are ignored.

    Attributes:
        instances: The directories of instances that are known.

    Args:
        root: Of the tree.
        now_ns: The clock that the times of directories are compared with.
    """

    def __init__(self, root: Path, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.instances: dict[str, int] = {}  # and how many sweeps in a row missed each
        self._root = root
        self._now_ns = now_ns
        self._base = str(root)
        self._known: dict[str, _Listing] = {}
        self._failing: dict[str, str] = {}

    def everything(self) -> Look:
        """Look at the whole tree."""
        look = Look()
        self._list_into(_ROOT, look)
        self._list_into(AUDIT, look)
        present = self._list_instances(look)
        for name in self.instances:
            if present is None or name in present:
                self.instances[name] = 0
                self._list_into(f"{INSTANCES}/{name}", look)
            else:
                self.instances[name] += 1
        for name, missed in list(self.instances.items()):
            if missed >= _LOOKS_TO_BE_GONE:
                del self.instances[name]
                self._known.pop(f"{INSTANCES}/{name}", None)
                look.gone.append(name)
        return look

    def around(self, paths: Iterable[Path]) -> Look:
        """Look only at the directories that `paths` stand in, or are."""
        look = Look()
        for directory in sorted({self._directory(path) for path in paths} - {None}, key=str):
            if directory == INSTANCES:
                self._list_instances(look)
                for name in look.seen:
                    self._list_into(f"{INSTANCES}/{name}", look)
            elif directory is not None:
                self._list_into(directory, look)
        return look

    def parts(self, group: str) -> tuple[Part, ...]:
        """The files of one log, listed anew; none if that cannot be done."""
        return self.groups(group.rpartition("/")[0]).get(group, ())

    def groups(self, directory: str) -> Groups:
        """The logs of one directory, listed anew; none if that cannot be done."""
        try:
            return self._list(directory, _NOTHING).groups
        except OSError:
            return {}

    def _directory(self, path: Path) -> str | None:
        """Which directory to list for a path; `None` if it is none of ours."""
        try:
            parts = path.relative_to(self._root).parts
        except ValueError:
            return None
        if len(parts) >= 2 and parts[0] == INSTANCES:
            return f"{INSTANCES}/{parts[1]}" if parts[1] in self.instances else INSTANCES
        if parts and parts[0] in {AUDIT, INSTANCES}:
            return parts[0]
        return _ROOT

    def _list_instances(self, look: Look) -> Collection[str] | None:
        """Note new directories of instances; all that are there, `None` if nobody can tell."""
        try:
            present, links = instance_directories(self._root)
        except FileNotFoundError:
            return ()
        except OSError as error:
            self._fail(INSTANCES, _reason(error), look)
            return None
        self._failing.pop(INSTANCES, None)
        for name in links:
            self._fail(f"{INSTANCES}/{name}", "a symbolic link", look)
        for name in sorted(present - self.instances.keys()):
            self.instances[name] = 0
            look.seen.append(name)
        return present

    def _list_into(self, directory: str, look: Look) -> None:
        known = self._known.get(directory, _NOTHING)
        if known.mark is not None and self._is_unchanged(directory, known):
            self._failing.pop(directory or ".", None)
            return
        try:
            before = _mark(f"{self._base}/{directory}")
            listing = self._list(directory, known)
        except FileNotFoundError:
            listing = _NOTHING
        except OSError as error:
            self._fail(directory or ".", _reason(error), look)
            return
        self._failing.pop(directory or ".", None)
        if listing is not _NOTHING:
            settled = before is not None and self._now_ns() - before[-1] > _SETTLED_NS
            listing.mark = before if settled else None
        if listing is known:
            return
        for path, reason in listing.strange:
            self._fail(path, reason, look)
        for group in known.groups.keys() | listing.groups.keys():
            parts = listing.groups.get(group, ())
            if parts != known.groups.get(group):
                look.changed[group] = parts
        self._known[directory] = listing

    def _is_unchanged(self, directory: str, known: _Listing) -> bool:
        """Whether a directory and all its files are as they were: cheaper than to list it."""
        if _mark(f"{self._base}/{directory}") != known.mark:
            return False
        prefix = f"{self._base}/"
        try:
            for part in known.parts:
                if not _same(part, os.lstat(prefix + part.path)):
                    return False
        except OSError:
            return False
        return True

    def _list(self, directory: str, known: _Listing) -> _Listing:
        """List one directory; the same object as `known` if nothing is different."""
        prefix = f"{directory}/" if directory else ""
        files: dict[str, Part | None] = {}
        strange: list[tuple[str, str]] = []
        with _entries(self._base, directory) as entries:
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
        return _Listing(files, strange)

    def _fail(self, path: str, reason: str, look: Look) -> None:
        if self._failing.get(path) != reason:
            self._failing[path] = reason
            look.problems.append((path, reason))


def instance_directories(root: str | Path) -> tuple[set[str], set[str]]:
    """The names of all directories of instances, and of the links among them.

    Raises:
        OSError: There is no such directory, or it cannot be read.
    """
    with _entries(str(root), INSTANCES) as entries:
        listed = [entry for entry in entries if not entry.name.startswith(".")]
        directories = {entry.name for entry in listed if entry.is_dir(follow_symlinks=False)}
        return directories, {entry.name for entry in listed if entry.is_symlink()}


def _part(entry: os.DirEntry[str], path: str, file: LogFile, known: Part | None) -> Part:
    """A listed file; the same object as `known` if nothing is different."""
    status = entry.stat(follow_symlinks=False)
    if known is not None and _same(known, status):
        return known
    place = status.st_dev, status.st_ino
    return Part(path, file, *place, status.st_size, status.st_mtime_ns, status.st_mode)


def _same(part: Part, status: os.stat_result) -> bool:
    """Whether a file is as it was: any difference counts, not only a later time."""
    if status.st_size != part.size or status.st_mtime_ns != part.mtime_ns:
        return False
    return status.st_ino == part.ino and status.st_mode == part.mode


def _mark(path: str) -> tuple[int, ...] | None:
    """Which directory this is, and when names in it last changed; `None` if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mode, status.st_mtime_ns


@contextmanager
def _entries(root: str, relative: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """What is in a directory below the root, which is opened without following a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    if relative:  # the root itself is where the user says, be it through a link
        flags |= os.O_NOFOLLOW
    fd = os.open(f"{root}/{relative}", flags)
    try:
        with os.scandir(fd) as entries:
            yield entries
    finally:
        os.close(fd)


def _reason(error: OSError) -> str:
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return "not a directory"
    return error.strerror or str(error)

"""What files there are: the listing of a tree, and what is different since the last one."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from logging_core.read.files import Part
from logging_core.tree import FileKind, classify

AUDIT = "audit"
"""The group of all audit files: together they are one log, whatever their names."""

_ROOT = ""
_INSTANCES = "instances"
_LOOKS_TO_BE_GONE = 2

Groups = dict[str, tuple[Part, ...]]
"""The parts of each log of a directory, oldest first."""


@dataclass(slots=True)
class Look:
    """What is different since the last look.

    Attributes:
        changed: The logs whose files differ in any way, with all their files.
        seen: Directories of instances that are new.
        gone: Directories of instances that two sweeps in a row did not find.
        problems: Path and reason, each new.
    """

    changed: Groups = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


class Sweep:
    """Lists a tree again and again.

    Nothing is followed through a symbolic link below the root, and of what is no regular file
    only the name is looked at. Names that are not ours are ignored.

    Attributes:
        instances: The directories of instances that are known.
    """

    def __init__(self, root: Path) -> None:
        self.instances: dict[str, int] = {}  # and how many sweeps in a row missed each
        self._root = root
        self._known: dict[str, Groups] = {}
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
                self._list_into(f"{_INSTANCES}/{name}", look)
            else:
                self.instances[name] += 1
        for name, missed in list(self.instances.items()):
            if missed >= _LOOKS_TO_BE_GONE:
                del self.instances[name]
                self._known.pop(f"{_INSTANCES}/{name}", None)
                look.gone.append(name)
        return look

    def around(self, paths: Iterable[Path]) -> Look:
        """Look only at the directories that `paths` stand in, or are."""
        look = Look()
        for directory in sorted({self._directory(path) for path in paths} - {None}, key=str):
            if directory == _INSTANCES:
                self._list_instances(look)
                for name in look.seen:
                    self._list_into(f"{_INSTANCES}/{name}", look)
            elif directory is not None:
                self._list_into(directory, look)
        return look

    def parts(self, group: str) -> tuple[Part, ...]:
        """The files of one log, listed anew; none if that cannot be done."""
        directory = AUDIT if group == AUDIT else group.rpartition("/")[0]
        try:
            groups, _ = self._list(directory)
        except OSError:
            return ()
        return groups.get(group, ())

    def _directory(self, path: Path) -> str | None:
        """Which directory to list for a path; `None` if it is none of ours."""
        try:
            parts = path.relative_to(self._root).parts
        except ValueError:
            return None
        if len(parts) >= 2 and parts[0] == _INSTANCES:
            return f"{_INSTANCES}/{parts[1]}" if parts[1] in self.instances else _INSTANCES
        if parts and parts[0] in {AUDIT, _INSTANCES}:
            return parts[0]
        return _ROOT

    def _list_instances(self, look: Look) -> Collection[str] | None:
        """Note new directories of instances; all that are there, `None` if nobody can tell."""
        try:
            present, links = instance_directories(self._root)
        except FileNotFoundError:
            return ()
        except OSError as error:
            self._fail(_INSTANCES, _reason(error), look)
            return None
        self._failing.pop(_INSTANCES, None)
        for name in links:
            self._fail(f"{_INSTANCES}/{name}", "a symbolic link", look)
        for name in sorted(present - self.instances.keys()):
            self.instances[name] = 0
            look.seen.append(name)
        return present

    def _list_into(self, directory: str, look: Look) -> None:
        try:
            groups, strange = self._list(directory)
        except FileNotFoundError:
            groups, strange = {}, []
        except OSError as error:
            self._fail(directory or ".", _reason(error), look)
            return
        self._failing.pop(directory or ".", None)
        for path, reason in strange:
            self._fail(path, reason, look)
        known = self._known.get(directory, {})
        for group in known.keys() | groups.keys():
            parts = groups.get(group, ())
            if parts != known.get(group):
                look.changed[group] = parts
        self._known[directory] = groups

    def _list(self, directory: str) -> tuple[Groups, list[tuple[str, str]]]:
        """The logs of one directory; and what has a log's name but is no file."""
        lists: dict[str, list[Part]] = {}
        strange: list[tuple[str, str]] = []
        prefix = f"{directory}/" if directory else ""
        with _entries(self._root, directory) as entries:
            for entry in entries:
                path = prefix + entry.name
                file = classify(path)
                if file is None:
                    continue
                if not entry.is_file(follow_symlinks=False):
                    kind = "a symbolic link" if entry.is_symlink() else "not a regular file"
                    strange.append((path, kind))
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                group = AUDIT if file.kind is FileKind.AUDIT else file.base
                lists.setdefault(group, []).append(
                    Part(
                        path, file, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
                    )
                )
        groups = {
            group: tuple(sorted(parts, key=lambda part: part.order))
            for group, parts in lists.items()
        }
        return groups, strange

    def _fail(self, path: str, reason: str, look: Look) -> None:
        if self._failing.get(path) != reason:
            self._failing[path] = reason
            look.problems.append((path, reason))


def instance_directories(root: Path) -> tuple[set[str], set[str]]:
    """The names of all directories of instances, and of the links among them.

    Raises:
        OSError: There is no such directory, or it cannot be read.
    """
    with _entries(root, _INSTANCES) as entries:
        listed = [entry for entry in entries if not entry.name.startswith(".")]
        directories = {entry.name for entry in listed if entry.is_dir(follow_symlinks=False)}
        return directories, {entry.name for entry in listed if entry.is_symlink()}


@contextmanager
def _entries(root: Path, relative: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """What is in a directory below the root, which is opened without following a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    if relative:  # the root itself is where the user says, be it through a link
        flags |= os.O_NOFOLLOW
    fd = os.open(root / relative, flags)
    try:
        with os.scandir(fd) as entries:
            yield entries
    finally:
        os.close(fd)


def _reason(error: OSError) -> str:
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return "not a directory"
    return error.strerror or str(error)

"""What files there are: the listing of a tree, and what is different since the last one."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import msgspec

from logging_core.read.listing import (
    NOTHING,
    Groups,
    Listing,
    Mark,
    instance_directories,
    list_directory,
    mark_of,
)
from logging_core.tree import AUDIT, INSTANCES

_ROOT = ""
_LOOKS_TO_BE_GONE = 2
_ROUNDS = 4
_SETTLED_NS = 3_000_000_000
"""A directory's time tells of every change only if they are further apart than it is fine."""


class Look(msgspec.Struct):
    """What is different since the last look.

    Attributes:
        changed: The logs whose files differ in any way, with all their files.
        seen: Directories of instances that are new.
        gone: Directories of instances that two sweeps in a row did not find.
        problems: Path and reason, each new.
        readable: Paths of those that are none any more.
    """

    changed: Groups = msgspec.field(default_factory=dict)
    seen: list[str] = msgspec.field(default_factory=list)
    gone: list[str] = msgspec.field(default_factory=list)
    problems: list[tuple[str, str]] = msgspec.field(default_factory=list)
    readable: list[str] = msgspec.field(default_factory=list)


class Sweep:
    """Lists a tree again and again.

    Nothing is followed through a symbolic link below the root, and of what is no regular file
    only the name is looked at. Names that are not ours are ignored.

    Args:
        root: Of the tree.
        known: Directories of instances that somebody saw before: they are not new.
        now_ns: The clock that the times of directories are compared with.
    """

    def __init__(
        self,
        root: Path,
        known: Iterable[str] = (),
        *,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._missed = dict.fromkeys(known, 0)  # by known instance: by how many sweeps in a row
        self._root = root
        self._now_ns = now_ns
        self._base = str(root)
        self._below = os.path.join(root, "")  # noqa: PTH118 - a Path ends in no slash
        self._known: dict[str, Listing] = {}
        self._present: set[str] = set()
        self._links: set[str] = set()  # in the place of directories of instances
        self._present_mark: Mark | None = None  # as that of a `Listing`
        self._failing: dict[str, str] = {}  # directories that cannot be listed, and why
        self._turn = 0

    def everything(self, told: Iterable[str] = (), *, turns: int = 1) -> Look:
        """Look at the whole tree.

        Args:
            told: Paths that may have changed: as `around` these, in any case.
            turns: Look into the directory of a known instance only every so many times; if that
                is not each time, then at all of its files only every fourth time that it is.
        """
        look = Look()
        self._list_into(_ROOT, look)
        self._list_into(AUDIT, look)
        present = self._list_instances(look)
        at_once = {*look.seen, *map(self._instance, told)}
        self._turn += 1
        all_files = turns == 1 or self._turn // turns % _ROUNDS == 0
        for name in self._missed:
            if present is None or name in present:
                self._missed[name] = 0
                if name in at_once:
                    self._list_into(f"{INSTANCES}/{name}", look)
                elif (self._turn + hash(name)) % turns == 0:
                    self._list_into(f"{INSTANCES}/{name}", look, all_files=all_files)
            else:
                self._missed[name] += 1
        for name, missed in list(self._missed.items()):
            if missed >= _LOOKS_TO_BE_GONE:
                del self._missed[name]
                known = self._known.pop(f"{INSTANCES}/{name}", NOTHING)
                look.readable += (path for path, _ in known.strange)
                self._recover(f"{INSTANCES}/{name}", look)
                look.gone.append(name)
        return look

    @property
    def has_missed(self) -> bool:
        """Whether the last sweep did not find the directory of an instance that is known."""
        return any(self._missed.values())

    def around(self, paths: Iterable[str]) -> Look:
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

    def _directory(self, path: str) -> str | None:
        """Which directory to list for a path; `None` if it is none of ours."""
        if not f"{path}/".startswith(self._below):
            return None
        parts = path[len(self._below) :].split("/")
        if len(parts) >= 2 and parts[0] == INSTANCES:
            return f"{INSTANCES}/{parts[1]}" if parts[1] in self._missed else INSTANCES
        return parts[0] if parts[0] in {AUDIT, INSTANCES} else _ROOT

    def _instance(self, path: str) -> str | None:
        """Whose directory to list for a path; `None` for nobody's."""
        directory = self._directory(path)
        return directory.removeprefix(f"{INSTANCES}/") if directory is not None else None

    def _list_instances(self, look: Look) -> Collection[str] | None:
        """Note new directories of instances; all that are there, `None` if nobody can tell."""
        before = mark_of(f"{self._base}/{INSTANCES}")
        if before is not None and before == self._present_mark:
            return self._present
        self._present_mark = None
        try:
            self._present, links = instance_directories(self._root)
        except FileNotFoundError:
            self._present, links, before = set(), set(), None
        except OSError as error:
            self._fail(INSTANCES, _reason(error), look)
            return None
        self._present_mark = self._believed(before)
        self._recover(INSTANCES, look)
        for name in sorted(links - self._links):
            look.problems.append((f"{INSTANCES}/{name}", "a symbolic link"))
        look.readable += (f"{INSTANCES}/{name}" for name in sorted(self._links - links))
        self._links = links
        for name in sorted(self._present - self._missed.keys()):
            self._missed[name] = 0
            look.seen.append(name)
        return self._present

    def _list_into(self, directory: str, look: Look, *, all_files: bool = True) -> None:
        known = self._known.get(directory, NOTHING)
        if known.is_unchanged(all_files=all_files):
            self._recover(directory or ".", look)
            return
        try:
            before = mark_of(f"{self._base}/{directory}")
            listing = list_directory(self._base, directory, known)
        except FileNotFoundError:
            listing = NOTHING
        except OSError as error:
            self._fail(directory or ".", _reason(error), look)
            return
        self._recover(directory or ".", look)
        if listing is not NOTHING:
            listing.mark = self._believed(before)
        if listing is known:
            return
        look.problems += (found for found in listing.strange if found not in known.strange)
        strange = {path for path, _ in listing.strange}
        look.readable += (path for path, _ in known.strange if path not in strange)
        for group in known.groups.keys() | listing.groups.keys():
            parts = listing.groups.get(group, ())
            if parts != known.groups.get(group):
                look.changed[group] = parts
        self._known[directory] = listing

    def _believed(self, mark: Mark | None) -> Mark | None:
        """A mark from before a listing, if the directory has been left alone for a while."""
        if mark is None or self._now_ns() - mark[-1] <= _SETTLED_NS:
            return None
        return mark

    def _fail(self, directory: str, reason: str, look: Look) -> None:
        if self._failing.get(directory) != reason:
            self._failing[directory] = reason
            look.problems.append((directory, reason))

    def _recover(self, directory: str, look: Look) -> None:
        if self._failing.pop(directory, None) is not None:
            look.readable.append(directory)


def _reason(error: OSError) -> str:
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return "not a directory"
    return error.strerror or str(error)

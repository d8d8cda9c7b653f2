"""What was read of a tree: the logs there are, and those of directories that are gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from logging_core.read.cursor import LOOK, Cursor
from logging_core.read.files import Part, open_regular
from logging_core.read.forward import source_on
from logging_core.read.listing import Groups
from logging_core.read.tracked import checksum
from logging_core.tree import (
    INSTANCE_FILES,
    INSTANCES,
    FileKind,
    classify,
    local_path,
    portable_path,
)

MAX_GONE = 1 << 12
"""So many files of directories that are gone are remembered, to know them if they come back."""

_BELOW = f"{INSTANCES}/"


class Reached:
    """How far everything was read, in the words of a cursor: that is asked for at every look.

    Args:
        cursor: Of whoever read before; `None`: nobody did.
    """

    def __init__(self, cursor: Cursor | None) -> None:
        cursor = cursor or Cursor({}, (), ())
        self._logs = {group: dict(positions) for group, positions in cursor.logs.items()}
        self._instances = dict.fromkeys(cursor.instances)
        self._gone = deque(cursor.gone, maxlen=MAX_GONE)

    @property
    def cursor(self) -> dict[str, Any]:
        """See `Batch.cursor`."""
        return Cursor(self._logs, self._instances, self._gone).to_json()

    @property
    def directories(self) -> Iterator[str]:
        """Those of the instances that were reported."""
        return map(local_path, self._instances)

    def of(self, group: str) -> dict[str, list[int]] | None:
        """Return how far a log was read, by path; `None` if nothing of it was."""
        positions = self._logs.get(portable_path(group))
        return positions and {local_path(path): at for path, at in positions.items()}

    def note(self, group: str, positions: Mapping[str, list[int]]) -> None:
        """Note how far a log was read; a file that is not among them any more is gone."""
        name = portable_path(group)
        before = self._logs.get(name, {})
        self._logs[name] = now = {portable_path(path): at for path, at in positions.items()}
        for path in before.keys() - now.keys():
            self._remember(name, before[path])

    def report(self, directories: Iterable[str]) -> None:
        """Note that instances were reported."""
        self._instances.update(dict.fromkeys(map(portable_path, directories)))

    def forget(self, directory: str) -> None:
        """Note that an instance's directory is gone; what was in it is known if it comes back."""
        name = portable_path(directory)
        self._instances.pop(name, None)
        for file in INSTANCE_FILES:
            log = portable_path(f"{INSTANCES}/{directory}/{file}")
            for position in self._logs.pop(log, {}).values():
                self._remember(log, position)

    def _remember(self, log: str, position: Sequence[int]) -> None:
        """Remember what was read in a file that is gone, if it was an instance's.

        Of one that has another name by now, too: that it is there does not matter here.
        """
        _, _, _, _, *rest = position
        name = _directory_of(log)
        if rest and rest[0] and name:  # a metadata.json tells nothing twice
            self._gone.append([name, *rest[:2]])

    # --- what was read, and what is there ------------------------------------

    def is_as_left(self, group: str, parts: Sequence[Part]) -> bool:
        """Whether the files of a log are as they were when all of them had been read."""
        left = self._logs.get(portable_path(group))
        if left is None:  # of thousands, at a first look
            return False
        looks = {portable_path(p.path): [p.dev, p.ino, p.size, p.mtime_ns] for p in parts}
        return looks == {path: at[:LOOK] for path, at in left.items()}

    def is_in(self, groups: Groups) -> bool:
        """Whether every file that was read is there, and no shorter than it was."""
        logs = self._logs.items()
        return all(_is_in(at, groups.get(local_path(group), ())) for group, at in logs)

    def is_back(self, root: Path, groups: Groups) -> bool:
        """Whether one of some logs that nobody reads holds what was read before it was gone.

        Its files are known by their bytes, so also where its directory was copied.
        """
        if not (groups and self._gone):
            return False
        names = {name for name, _, _ in self._gone}
        for group, parts in groups.items():
            name = _directory_of(portable_path(group))
            if name in names and not self._logs.get(portable_path(group)):
                read = {(checked, crc) for known, checked, crc in self._gone if known == name}
                if any(_holds(root, part, read) for part in parts):
                    return True
        return False


def _directory_of(log: str) -> str:
    """Whose directory a log is in; `""` if it is in nobody's."""
    return log[len(_BELOW) :].partition("/")[0] if log.startswith(_BELOW) else ""


def _is_in(positions: Mapping[str, Sequence[int]], parts: Iterable[Part]) -> bool:
    """Whether the files of a log are there; of metadata only what it says now counts."""
    sizes = {part.id: part.size for part in parts}
    for path, numbers in positions.items():
        file = classify(local_path(path))
        if file is None or file.kind is FileKind.METADATA:
            continue
        dev, ino, _, _, checked, *_ = numbers
        if (dev, ino) not in sizes or (not file.compressed and sizes[dev, ino] < checked):
            return False
    return True


def _holds(root: Path, part: Part, read: Collection[tuple[int, int]]) -> bool:
    """Whether a file holds what was read of one of some files."""
    with suppress(OSError), open_regular(str(root / part.path)) as fd:
        source = source_on(fd, None)
        return any(checksum(source, checked) == crc for checked, crc in read)
    return False

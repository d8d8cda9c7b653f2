"""How far a tree was read: a JSON object that a later reader goes on from.

The position of a file begins with its device, inode, size and time of change as they were when it
had been read to its end, or `UNREAD` for the last two. What follows is the business of its log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

from logging_core.read.files import Part
from logging_core.tree import FileKind, classify, local_path, portable_path

UNREAD = (-1, -1)
"""In the place of the size and time of a file of which something is left to do."""

_VERSION = 4
_LOOK = 4  # so many numbers of a position say what the file looked like

Positions = Mapping[str, Mapping[str, list[int]]]
"""By log and path."""


class Cursor(NamedTuple):
    """The parsed form.

    Attributes:
        logs: How far each log was read. Paths are as `portable_path` writes them.
        instances: Directories of instances that were reported, written the same way.
    """

    logs: Positions
    instances: Iterable[str]

    def to_json(self) -> dict[str, Any]:
        """The object that `parse` takes."""
        return {
            "version": _VERSION,
            "logs": dict(self.logs),
            "instances": list(self.instances),
        }

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Self:
        """Read the object of `to_json`.

        Raises:
            ValueError: It is none, or one of another version.
        """
        if not _is_cursor(value):
            raise ValueError(f"not a cursor of version {_VERSION}")
        return cls(value["logs"], value["instances"])


def is_as_left(positions: Mapping[str, Sequence[int]], parts: Iterable[Part]) -> bool:
    """Return whether the files of one log are as they were when all of them had been read."""
    looks = {portable_path(p.path): [p.dev, p.ino, p.size, p.mtime_ns] for p in parts}
    return looks == {path: numbers[:_LOOK] for path, numbers in positions.items()}


def is_in(positions: Mapping[str, Sequence[int]], parts: Iterable[Part]) -> bool:
    """Return whether every file of one log that was read is there, and no shorter than it was.

    Of metadata only what it says now counts, so no file of it can be missed.
    """
    sizes = {part.id: part.size for part in parts}
    for path, numbers in positions.items():
        file = classify(local_path(path))
        if file is None or file.kind is FileKind.METADATA:
            continue
        dev, ino, _, _, checked, *_ = numbers
        if (dev, ino) not in sizes or (not file.compressed and sizes[dev, ino] < checked):
            return False
    return True


def _is_cursor(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    logs, instances = value.get("logs"), value.get("instances")
    if value.get("version") != _VERSION or not isinstance(instances, list):
        return False
    return isinstance(logs, dict) and all(map(_is_positions, logs.values()))


def _is_positions(value: object) -> bool:
    """Whether it is lists of whole numbers, by path."""
    if not isinstance(value, dict):
        return False
    return all(
        isinstance(numbers, list)
        and len(numbers) >= _LOOK
        and all(isinstance(number, int) for number in numbers)
        for numbers in value.values()
    )

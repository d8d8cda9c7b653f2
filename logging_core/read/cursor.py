"""How far a tree was read: a JSON object that a later reader goes on from.

The position of a file begins with its device, inode, size and time of change as they were when it
had been read to its end, or `UNREAD` for the last two. What follows is the business of its log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

UNREAD = (-1, -1)
"""In the place of the size and time of a file of which something is left to do."""

LOOK = 4
"""So many numbers of a position say what the file looked like."""

_VERSION = 4

Positions = Mapping[str, Mapping[str, list[int]]]
"""By log and path."""


class Cursor(NamedTuple):
    """The parsed form.

    Attributes:
        logs: How far each log was read. Paths are as `portable_path` writes them.
        instances: Directories of instances that were reported, written the same way.
        gone: Of files that were read in directories that are gone: the directory, up to where, and
            the checksum there.
    """

    logs: Positions
    instances: Iterable[str]
    gone: Iterable[list[Any]]

    def to_json(self) -> dict[str, Any]:
        """The object that `parse` takes."""
        return {
            "version": _VERSION,
            "logs": dict(self.logs),
            "instances": list(self.instances),
            "gone": list(self.gone),
        }

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Self:
        """Read the object of `to_json`.

        Raises:
            ValueError: It is none, or one of another version.
        """
        if not _is_cursor(value):
            raise ValueError(f"not a cursor of version {_VERSION}")
        return cls(value["logs"], value["instances"], value["gone"])


def _is_cursor(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    logs, instances, gone = value.get("logs"), value.get("instances"), value.get("gone")
    if value.get("version") != _VERSION or not isinstance(instances, list):
        return False
    if not isinstance(gone, list) or not all(map(_is_gone, gone)):
        return False
    return isinstance(logs, dict) and all(map(_is_positions, logs.values()))


def _is_positions(value: object) -> bool:
    """Whether it is lists of whole numbers, by path."""
    if not isinstance(value, dict):
        return False
    return all(
        isinstance(numbers, list)
        and len(numbers) >= LOOK
        and all(isinstance(number, int) for number in numbers)
        for numbers in value.values()
    )


def _is_gone(value: object) -> bool:
    """Whether it is a directory and two whole numbers."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(isinstance(number, int) for number in value[1:])
    )

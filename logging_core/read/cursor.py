"""How far a tree was read: a JSON object that a later reader goes on from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

_VERSION = 3

Positions = Mapping[str, Mapping[str, list[int]]]
"""By log and path: device, inode, and what else it takes to go on there."""


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
        and len(numbers) >= 4
        and all(isinstance(number, int) for number in numbers)
        for numbers in value.values()
    )

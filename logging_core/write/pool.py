"""A limit on the number of descriptors that are open at once."""

from __future__ import annotations

from typing import Protocol
from weakref import ref

DEFAULT_LIMIT = 256


class Closeable(Protocol):
    """A file that can be closed and reopens itself when needed."""

    used_s: float
    """When it was last used, in seconds of a monotonic clock."""

    def close_if_idle(self) -> None:
        """Close it, unless it is being written to right now."""


class DescriptorPool:
    """Closes the least recently used files when too many are open.

    It has no lock: every step is one operation on a dict, and if two threads open a file at the
    same moment, the limit may be exceeded by one for that moment.

    Args:
        limit: Maximum number of descriptors that are open at once.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._open: dict[int, ref[Closeable]] = {}  # weak: an unreferenced file closes itself

    def make_room(self) -> None:
        """Close an eighth of the files if the limit is reached; call before opening one."""
        if len(self._open) < self._limit:
            return
        files = [file for known in self._open.copy().values() if (file := known()) is not None]
        files.sort(key=lambda file: file.used_s)
        for file in files[: max(1, self._limit // 8)]:
            file.close_if_idle()

    def add(self, file: Closeable) -> None:
        """Register a file that was opened."""
        self._open[id(file)] = ref(file)

    def remove(self, file: Closeable) -> None:
        """Unregister a file that was closed."""
        self._open.pop(id(file), None)

"""How many descriptors are open at once."""

from __future__ import annotations

from typing import Protocol
from weakref import ref

DEFAULT_LIMIT = 256


class Closeable(Protocol):
    """A file that can do without its descriptor for a while."""

    used_s: float
    """When it was used last, in seconds of a monotonic clock."""

    def close_if_idle(self) -> None:
        """Close it, unless it is being written right now."""


class DescriptorPool:
    """Closes the files that were not used for longest when too many are open.

    Has no lock: every step is one operation on a dict, and where two threads open at the same
    moment one more than the limit may be open for that moment.

    Args:
        limit: Most descriptors that are open at once.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._open: dict[int, ref[Closeable]] = {}  # a file that nobody has goes, and is closed

    def make_room(self) -> None:
        """Call before opening one: closes an eighth of all when the limit is reached."""
        if len(self._open) < self._limit:
            return
        files = [file for known in self._open.copy().values() if (file := known()) is not None]
        files.sort(key=lambda file: file.used_s)
        for file in files[: max(1, self._limit // 8)]:
            file.close_if_idle()

    def add(self, file: Closeable) -> None:
        """A file was opened."""
        self._open[id(file)] = ref(file)

    def remove(self, file: Closeable) -> None:
        """A file was closed."""
        self._open.pop(id(file), None)

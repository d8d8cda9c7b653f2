"""One handle for each living instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logging_core.write.forks import Forkable

if TYPE_CHECKING:
    from logging_core.write.handle import InstanceHandle  # imported with the first handle


class Handles(Forkable):
    """The newest handle of each instance, so that all who log about one share its totals."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, InstanceHandle] = {}

    def living(self, instance_id: str) -> InstanceHandle | None:
        """Return the handle of an instance; `None` if it has none, or its end is written."""
        handle = self._newest.get(instance_id)
        return None if handle is None or handle.ended else handle

    def add(self, handle: InstanceHandle) -> InstanceHandle:
        """Return the handle of its instance: the given one, unless another thread was faster."""
        with self._lock:
            living = self.living(handle.instance_id)
            if living is None:
                self._newest[handle.instance_id] = living = handle
            return living

    def forget_ended(self, instance_id: str) -> None:
        """Forget the handle of an instance whose end is written."""
        with self._lock:
            if self.living(instance_id) is None:
                self._newest.pop(instance_id, None)

    def clear(self) -> None:
        """Forget all handles; those who have one may go on using it."""
        self._newest = {}

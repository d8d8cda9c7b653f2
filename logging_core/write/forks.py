"""Renewal of locks in a forked child, before it may write."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet


class Forkable:
    """An object with a lock, `_lock`, that a thread which does not exist in a child may hold."""

    def __init__(self) -> None:
        _alive.add(self)
        self._after_fork()

    def _after_fork(self) -> None:
        """Begin with a lock of its own; called in the child before any other code of it runs."""
        self._lock = threading.RLock()  # reentrant: a signal handler may interrupt its holder


_alive: WeakSet[Forkable] = WeakSet()


def _renew() -> None:
    for forkable in list(_alive):
        forkable._after_fork()


os.register_at_fork(after_in_child=_renew)

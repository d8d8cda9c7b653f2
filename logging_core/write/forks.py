"""Renewal of locks in a forked child, before it may write."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from weakref import WeakSet


class Forkable(ABC):
    """An object with a lock that a thread which does not exist in the child may hold."""

    def __init__(self) -> None:
        _alive.add(self)

    @abstractmethod
    def after_fork(self) -> None:
        """Renew the locks; called in the child before any other code of it runs."""


_alive: WeakSet[Forkable] = WeakSet()


def _renew() -> None:
    for forkable in list(_alive):
        forkable.after_fork()


os.register_at_fork(after_in_child=_renew)

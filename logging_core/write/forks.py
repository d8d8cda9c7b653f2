"""What a forked child must make anew before it may write."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from weakref import WeakSet


class Forkable(ABC):
    """Something with a lock, which a thread that the child does not have may be holding."""

    def __init__(self) -> None:
        _alive.add(self)

    @abstractmethod
    def after_fork(self) -> None:
        """Make the locks anew; called in the child, before anything else of it runs."""


_alive: WeakSet[Forkable] = WeakSet()


def _renew() -> None:
    for thing in list(_alive):
        thing.after_fork()


os.register_at_fork(after_in_child=_renew)

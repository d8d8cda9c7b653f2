"""A bounded memory of what was seen last."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import islice
from typing import cast


class Recent:
    """Remembers the newest `window` keys at least, and twice as many at most.

    Two generations: forgetting costs nothing per key.

    Attributes:
        oldest_s: From when the oldest of all keys is, as whoever adds them says.
        window: May be changed; what was remembered is forgotten in its time.
    """

    __slots__ = ("_new", "_old", "oldest_s", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self.oldest_s = math.inf
        # Dicts, which take half of what sets do, and know what came last.
        self._new: dict[str, None] = {}
        self._old: dict[str, None] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._new or key in self._old

    def add(self, key: str) -> None:
        """Remember a key."""
        self._new[key] = None
        if len(self._new) >= self.window:
            self._old, self._new = self._new, {}

    def add_new(self, keys: Collection[str | None]) -> bool:
        """Remember many keys if all differ from one another and from those known.

        Returns:
            Whether they do, and none is `None`; if not, nothing has happened.
        """
        coming = dict.fromkeys(keys)
        if len(coming) < len(keys) or None in coming or not self._old.keys().isdisjoint(coming):
            return False
        return self._add_all(cast("dict[str, None]", coming))

    def _add_all(self, coming: dict[str, None]) -> bool:
        """Whether none of them was among the new ones; if not, nothing has happened."""
        known = len(self._new)
        if known + len(coming) < self.window:
            self._new.update(coming)  # which costs no more than to look for them
            if len(self._new) == known + len(coming):
                return True
            while len(self._new) > known:
                self._new.popitem()
            return False
        if not self._new.keys().isdisjoint(coming):
            return False
        rest = iter(coming)
        while taken := dict.fromkeys(islice(rest, max(1, self.window - len(self._new)))):
            self._new.update(taken)
            if len(self._new) >= self.window:
                self._old, self._new = self._new, {}
        return True

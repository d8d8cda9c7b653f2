"""A bounded memory of what was seen last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Generic, TypeVar, cast

V = TypeVar("V")


class Recent(Generic[V]):
    """Remembers the values of the newest `window` keys at least, and of twice as many at most.

    Two generations of a dict: forgetting costs nothing per key.

    Attributes:
        window: May be changed; what was remembered is forgotten in its time.
    """

    __slots__ = ("_new", "_old", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self._new: dict[str, V] = {}
        self._old: dict[str, V] = {}

    def get(self, key: str) -> V | None:
        """The value put last for `key`; `None` if there was none, or it is forgotten."""
        value = self._new.get(key)
        return self._old.get(key) if value is None else value

    def put(self, key: str, value: V) -> None:
        """Remember `value` for `key`."""
        self._new[key] = value
        if len(self._new) >= self.window:
            self._old, self._new = self._new, {}

    def put_all(self, values: Mapping[str, V]) -> None:
        """As `put`, for many."""
        if len(self._new) + len(values) < self.window:
            self._new.update(values)
            return
        coming = iter(values.items())
        while taken := dict(islice(coming, max(1, self.window - len(self._new)))):
            self._new.update(taken)
            if len(self._new) >= self.window:
                self._old, self._new = self._new, {}

    def put_new(self, keys: Collection[str | None], value: V) -> bool:
        """Remember `value` for many keys if all differ from one another and from those known.

        Returns:
            Whether they do, and none is `None`; if not, nothing has happened.
        """
        coming = dict.fromkeys(keys, value)
        are_new = (
            len(coming) == len(keys)
            and None not in coming
            and self._new.keys().isdisjoint(coming)
            and self._old.keys().isdisjoint(coming)
        )
        if are_new:
            self.put_all(cast("dict[str, V]", coming))
        return are_new

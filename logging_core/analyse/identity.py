"""What instances say of themselves: names and settings."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from typing import Any

from logging_core.records import IDENTITY_FIELDS


class Rank(enum.IntEnum):
    """What tells of an instance; of two that are of one moment the greater counts."""

    LOG = 0
    AUDIT = 1
    METADATA = 2


class Identity:
    """Names and settings: of each the newest that is known, whatever the order of arrival.

    Attributes:
        asked_parent_id: Whom its communications name as the parent; may be nobody we know.
    """

    __slots__ = ("_known", "asked_parent_id")

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, int, str]] = {}
        self.asked_parent_id: str | None = None

    def learn(self, at_s: float | None, values: Mapping[str, Any], rank: Rank) -> None:
        """Take in the texts of `values` named in `IDENTITY_FIELDS`; an empty one says nothing."""
        time_s = -math.inf if at_s is None else at_s
        for field in IDENTITY_FIELDS:
            value = values.get(field)
            if isinstance(value, str) and value:
                self._note(field, (time_s, rank.value, value))

    def merge(self, other: Identity) -> None:
        """Take in what `other` knows; whom it names last as the parent is the newest."""
        for field, told in other._known.items():
            self._note(field, told)
        if other.asked_parent_id is not None:
            self.asked_parent_id = other.asked_parent_id

    def get(self, field: str) -> str | None:
        """The newest known value."""
        known = self._known.get(field)
        return None if known is None else known[-1]

    def parent(self, is_known: Callable[[str], bool]) -> str | None:
        """Whose child it says to be, if only to one that is known."""
        parent = self.get("parent_instance_id")
        if parent is None and self.asked_parent_id is not None and is_known(self.asked_parent_id):
            return self.asked_parent_id
        return parent

    def _note(self, field: str, told: tuple[float, int, str]) -> None:
        known = self._known.get(field)
        if known is None or known[:2] <= told[:2]:
            self._known[field] = told

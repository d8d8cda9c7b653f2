"""Of which instances something was logged since their panes were stored last."""

from __future__ import annotations

MAX_INSTANCES = 4096
"""Beyond so many all are forgotten: those that never have a capture would pile up."""


class Told:
    """The instances that this process logged something about, captures apart.

    Attributes:
        add: Note one of those that `note` was given before, by its id.
    """

    __slots__ = ("_ids", "add")

    def __init__(self) -> None:
        self._ids: set[str | None] = set()
        self.add = self._ids.add  # itself: a method of ours would cost an audit event 2 %

    def take(self, instance_id: str) -> bool:
        """Return whether something was logged about an instance, and forget it."""
        try:
            self._ids.remove(instance_id)
        except KeyError:
            return False
        return True

    def note(self, instance_id: object) -> None:
        """Note what may be an id; if there are too many, forget the others."""
        if len(self._ids) >= MAX_INSTANCES:
            self._ids.clear()
        if type(instance_id) is str:
            self._ids.add(instance_id)

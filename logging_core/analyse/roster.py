"""What the instances of several trees say of themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from logging_core.analyse.identity import Identity
from logging_core.analyse.tree_sums import TreeSums


class Roster:
    """All instances, each by its tree's name, a slash and its id.

    Args:
        parts: Of trees, those that were looked at last are last.
    """

    def __init__(self, parts: Iterable[TreeSums]) -> None:
        self.said: dict[str, Identity] = {}
        for part in parts:
            for instance_id, said in part.said.items():
                self.said.setdefault(f"{part.tree}/{instance_id}", Identity()).merge(said)
        self._namesakes: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.said:
            self._namesakes[name.partition("/")[2]].append(name)

    def say(self, name: str, field: str) -> str | None:
        """What an instance says of itself, in one of `IDENTITY_FIELDS`; of its parent, the name."""
        said = self.said[name]
        return self._parent(name, said) if field == "parent_instance_id" else said.get(field)

    def _parent(self, name: str, said: Identity) -> str | None:
        tree, _, own_id = name.partition("/")
        parent_id = said.parent(lambda asked_id: self._named(tree, asked_id) in self.said)
        return None if parent_id in {None, own_id} else self._named(tree, parent_id)

    def _named(self, tree: str, instance_id: str) -> str:
        """Whom an id in a tree means: there, else in the only other tree that has such a one."""
        own = f"{tree}/{instance_id}"
        namesakes = self._namesakes.get(instance_id, [])
        return own if own in self.said or len(namesakes) != 1 else namesakes[0]

"""Whom the screen is limited to, and who is above whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from logging_core.analyse.state import InstanceState


class Scope(msgspec.Struct, frozen=True):
    """Whom the screen is limited to.

    Attributes:
        instance_id: The instance.
        below: Whether everyone below it is shown, too.
    """

    instance_id: str
    below: bool = False

    def choose(
        self, instances: Iterable[InstanceState], fleet: Iterable[InstanceState]
    ) -> tuple[InstanceState, ...]:
        """Return those of some instances that it leaves, in the same order."""
        by_id = {i.instance_id: i for i in fleet} if self.below else {}
        return tuple(
            i
            for i in instances
            if self.instance_id in (i.instance_id, *(a.instance_id for a in above(i, by_id)))
        )


def above(instance: InstanceState, by_id: Mapping[str, InstanceState]) -> list[InstanceState]:
    """Return an instance's ancestors as far as they are known, its parent first."""
    ancestors: list[InstanceState] = []
    parent = by_id.get(instance.parent_instance_id or "")
    while parent is not None and parent is not instance and parent not in ancestors:
        ancestors.append(parent)
        parent = by_id.get(parent.parent_instance_id or "")
    return ancestors

"""What the directories of instances are called: as they are shown, and as they are found again."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from logging_core.read.listing import instance_directories
from logging_core.text import safe_line
from logging_core.tree import INSTANCES


def shown_name(name: str) -> str:
    r"""A file's name, safe to show; a byte that is no UTF-8 as `\xff`."""
    return safe_line(os.fsencode(name).decode("utf-8", "backslashreplace"))


def directories_of(root: Path, instance_ids: Collection[str] | None) -> list[str]:
    """The names of the directories of instances, sorted.

    Args:
        root: Of the tree.
        instance_ids: As records give them, or as the directories are named; one that none is
            called is taken for such a name. `None` for all that are there.
    """
    if instance_ids is None:
        return sorted(_listed(root))
    wanted = set(instance_ids)
    found = {name for name in wanted if os.path.lexists(f"{root}/{INSTANCES}/{name}")}
    left = wanted - found
    if left:
        by_shown = {shown_name(name): name for name in _listed(root)}
        found.update(by_shown.get(instance_id, instance_id) for instance_id in left)
    return sorted(found)


def _listed(root: Path) -> set[str]:
    try:
        names, _ = instance_directories(root)
    except OSError:
        return set()
    return names

"""What is said around the list of instances. Pure."""

from __future__ import annotations

from pathlib import Path

from logging_core.text import safe_line
from madrox_tui.key_names import KeysInForce
from madrox_tui.view import View

APPEARS = (
    "What a LoggingManager writes there appears by itself; madrox-top --demo shows a made-up fleet."
)
"""Said of a tree in which there is nothing."""


def instances_title(view: View, dead: int) -> str:
    """Say how many instances there are, how many of them are shown, and why not all.

    Args:
        view: The view.
        dead: The number of terminated instances that are hidden.
    """
    hidden = f"  {dead} terminated hidden" if dead else ""
    total = len(view.state.instances)
    if not view.narrowed:
        return f"Instances {total}{hidden}"
    return f"Instances {len(view.instances)} of {total}{view.only}{hidden}"


def no_instances(view: View, root: Path | None, keys: KeysInForce) -> str:
    """Say why the list is empty, and what there is to do about it.

    Args:
        view: The view.
        root: Where instances are looked for; `None` names no place.
        keys: The keys in force.
    """
    if view.instances:
        return f"all instances are terminated: press {keys.name('instances.dead')} to show them"
    if view.state.instances:
        return view.nobody(keys)
    if view.missing is not None:
        return view.missing
    place = "" if root is None else f" in {safe_line(str(root))}"
    missing = view.state.waiting or f"no instances yet{place}"
    return f"{missing}. {APPEARS}"

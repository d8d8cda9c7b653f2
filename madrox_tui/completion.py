"""Completions for the word being typed in the filter. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from logging_core.analyse.state import InstanceState, State
from madrox_tui.filters import KEYS

_VALUES: dict[str, Callable[[InstanceState], str | None]] = {
    "role": lambda i: i.role,
    "name": lambda i: i.instance_name,
    "id": lambda i: i.instance_id,
    "type": lambda i: i.instance_type,
    "model": lambda i: i.model or i.instance_type,
    "parent": lambda i: i.parent_instance_id,
}


def vocabulary(instances: Iterable[InstanceState]) -> tuple[str, ...]:
    """Return all words that a filter over these instances can use, the likeliest first.

    Values that contain blanks are left out: a filter word cannot.
    """
    everyone = list(instances)
    words = [*KEYS, *(f"state:{state.value}" for state in State)]
    for key, value_of in _VALUES.items():
        words += sorted({f"{key}:{value}" for i in everyone if _usable(value := value_of(i))})
    words += sorted({i.label for i in everyone if _usable(i.label)})
    words += sorted({i.role for i in everyone if i.role is not None and _usable(i.role)})
    return tuple(words)


def complete(line: str, words: Iterable[str]) -> str | None:
    """Complete the line's last word; return `None` if no word starts with it."""
    head, blank, tail = line.rpartition(" ")
    minus = "-" if tail.startswith("-") else ""
    typed = tail.removeprefix("-").casefold()
    if not typed:
        return None
    for word in words:
        if len(word) > len(typed) and word.casefold().startswith(typed):
            return f"{head}{blank}{minus}{tail.removeprefix('-')}{word[len(typed) :]}"
    return None


def _usable(value: str | None) -> bool:
    return bool(value) and not any(char.isspace() for char in value or "")

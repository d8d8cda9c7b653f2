"""Completions for the word being typed in the filter. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from logging_core.analyse.state import InstanceState, State
from madrox_tui.filters import KEYS, last_word_at

_VALUES: dict[str, Callable[[InstanceState], str | None]] = {
    "role": lambda i: i.role,
    "name": lambda i: i.label,
    "id": lambda i: i.instance_id,
    "type": lambda i: i.instance_type,
    "model": lambda i: i.model or i.instance_type,
}


def vocabulary(instances: Iterable[InstanceState]) -> tuple[str, ...]:
    """Return all words that a filter over these instances can use, the likeliest first.

    Values that contain blanks are quoted.
    """
    everyone = list(instances)
    words = [*KEYS, *(f"state:{state.value}" for state in State)]
    for key, value_of in _VALUES.items():
        words += sorted({f"{key}:{_quoted(value)}" for i in everyone if (value := value_of(i))})
    labels = {i.instance_id: i.label for i in everyone}
    parents = {i.parent_instance_id for i in everyone if i.parent_instance_id}
    names = sorted(_quoted(labels.get(parent, parent)) for parent in parents)
    words += [f"{key}:{name}" for key in ("parent", "under") for name in names]
    words += sorted({_quoted(i.label) for i in everyone if i.label})
    words += sorted({_quoted(i.role) for i in everyone if i.role})
    return tuple(words)


def complete(line: str, words: Iterable[str]) -> str | None:
    """Complete the line's last word; return `None` if no word starts with it."""
    start = last_word_at(line)
    head, tail = line[:start], line[start:]
    minus = "-" if tail.startswith("-") else ""
    typed = tail.removeprefix("-").casefold()
    if not typed:
        return None
    for word in words:
        if len(word) > len(typed) and word.casefold().startswith(typed):
            return f"{head}{minus}{tail.removeprefix('-')}{word[len(typed) :]}"
    return None


def _quoted(value: str) -> str:
    return f'"{value}"' if any(c.isspace() or c == "," for c in value) else value

"""The word being typed in the filter: its completions, and what it is until then. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from logging_core.analyse.state import InstanceState, State
from madrox_tui.filters import KEYS, last_value_at, last_word_at
from madrox_tui.states import LOOKS

_VALUES: dict[str, Callable[[InstanceState], str | None]] = {
    "role": lambda i: i.role,
    "name": lambda i: i.label,
    "id": lambda i: i.instance_id,
    "type": lambda i: i.instance_type,
    "model": lambda i: i.model or i.instance_type,
}


def vocabulary(instances: Iterable[InstanceState]) -> tuple[str, ...]:
    """Return all words that a filter over these instances can use, the likeliest first.

    States that none of them is in come after the others. Values that contain blanks are quoted.
    """
    everyone = list(instances)
    states = {i.state for i in everyone}
    ordered = sorted(LOOKS, key=lambda state: (state not in states, LOOKS[state].rank))
    words = [*KEYS, *(f"state:{state.value}" for state in ordered)]
    for key, value_of in _VALUES.items():
        words += sorted({f"{key}:{_quoted(value)}" for i in everyone if (value := value_of(i))})
    labels = {i.instance_id: i.label for i in everyone}
    parents = {i.parent_instance_id for i in everyone if i.parent_instance_id}
    names = sorted(_quoted(labels.get(parent, parent)) for parent in parents)
    words += [f"{key}:{name}" for key in ("parent", "under") for name in names]
    words += sorted({_quoted(i.label) for i in everyone if i.label})
    words += sorted({_quoted(i.role) for i in everyone if i.role})
    return tuple(words)


def completions(line: str, words: Iterable[str]) -> Iterator[str]:
    """Complete the line's last word, or the last of its values, with each word that fits.

    A value that contains blanks is quoted, whether or not its quote was typed. A state is offered
    for its name, too, after the words that begin so.
    """
    start = last_word_at(line)
    head, typed = line[:start], line[start:]
    if typed.startswith("-"):
        head, typed = f"{head}-", typed[1:]
    key, colon, values = typed.partition(":")
    at = last_value_at(values)
    key, before = f"{key}{colon}", values[:at]
    typed = f"{key}{values[at:]}"
    if not typed:
        return
    for word in words:
        whole = _completed(typed, word)
        if whole is not None:
            yield f"{head}{whole[: len(key)]}{before}{whole[len(key) :]}"
    begun = typed.casefold()
    yield from (f"{head}state:{state.value}" for state in State if state.value.startswith(begun))


def complete(line: str, words: Iterable[str]) -> str | None:
    """Return the first completion of a line; `None` if there is none."""
    return next(completions(line, words), None)


def without_begun_key(line: str) -> str:
    """Return a line that is being typed, without a last word that may still become a key.

    `sta` is on the way to `state:`, and narrowed to for now, it would leave nobody. A number may be
    followed by blanks before it is compared.
    """
    typed = line.rstrip()
    start = last_word_at(typed)
    begun = typed[start:].lstrip("-").casefold()
    wanted = begun if typed == line else f"{begun}>"
    return line[:start] if any(key.startswith(wanted) for key in KEYS) else line


def _completed(typed: str, word: str) -> str | None:
    """Return a word as far as typed, and the rest of it; `None` if it begins otherwise."""
    begun = typed.casefold()
    if len(word) > len(typed) and word.casefold().startswith(begun):
        return f"{typed}{word[len(typed) :]}"
    return word if '"' in word and word.replace('"', "").casefold().startswith(begun) else None


def _quoted(value: str) -> str:
    return f'"{value}"' if any(c.isspace() or c == "," for c in value) else value

"""The filter: a line of terms that selects the instances every panel shows.

    word          name, id, role, type or model contains it
    -word         … does not contain it
    state:stuck   the state begins with it
    role:qa       the role, name, id, type or model contains it
    parent:lead   the name or id of its parent contains it
    under:lead    … of itself, of its parent, or of anyone above that
    pane:limit    the last lines of its terminal contain it
    -role:qa      … does not
    cost>0.5      cost, tokens, requests, open, frames, errors or p95 compare (> >= < <= =)
    role:"a b"    a value with blanks
    state:a,b     one value or the other

Numbers may have the units that the screen prints: `$0.5`, `5k`, `300ms`, `1m30s`. The model is what
its column shows, its type with it.

All terms must match. An unfinished term (`cost>`, `role:`) matches everything, so that the panels
narrow as you type. A comparison with an unknown number is false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from logging_core.analyse.state import InstanceState, State
from madrox_tui.filter_terms import FIELDS, NUMBERS, VALUES, Term, problem_of, term_of
from madrox_tui.scope import above

EXAMPLES = "words, -word, state:stuck, role:qa, cost>0.5"
_SPACED = re.compile(rf"(?<!\S)(-*(?:{'|'.join(NUMBERS)}))\s*(>=|<=|>|<|=)\s*", re.IGNORECASE)
_WORDS = re.compile(r'(?:"[^"]*"?|[^\s"])+')

KEYS = (*(f"{key}:" for key in FIELDS), *(f"{key}>" for key in NUMBERS))
"""The beginnings of terms with a key, for completion and help."""


class Filter(msgspec.Struct, frozen=True):
    """A parsed filter line.

    Attributes:
        text: The line as typed.
        terms: One per finished term; empty matches every instance.
    """

    text: str = ""
    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __reduce__(self) -> tuple[Callable[[str], Filter], tuple[str]]:
        return parse_filter, (self.text,)  # predicates cannot be pickled: parse again

    def choose(self, instances: Iterable[InstanceState]) -> tuple[InstanceState, ...]:
        """Return those of a fleet's instances for which every term holds, in the same order."""
        everyone = tuple(instances)
        if not self.terms:
            return everyone
        by_id = {i.instance_id: i for i in everyone}
        return tuple(i for i in everyone if self.matches(i, above(i, by_id)))

    def matches(self, instance: InstanceState, ancestors: Sequence[InstanceState] = ()) -> bool:
        """Return whether every term holds for an instance, whose parent is the first ancestor."""
        return all(term(instance, ancestors) for term in self.terms)


def parse_filter(text: str) -> Filter:
    """Parse a filter line; never raises, because it is called at every key press."""
    terms = [term for word in _words(text) if (term := term_of(word)) is not None]
    return Filter(text, tuple(terms))


class Word(msgspec.Struct, frozen=True):
    """A word of a filter line, as it is shown.

    Attributes:
        text: As typed.
        problem: What is wrong with it, in a few words; `''` if nothing.
        hint: Another word that may have been meant; `''` if none.
    """

    text: str
    problem: str = ""
    hint: str = ""


def filter_words(text: str) -> tuple[Word, ...]:
    """Split a filter line into words, each with what is wrong with it."""
    return tuple(map(_word, _words(text)))


def toggled(text: str, term: str) -> str:
    """Return a filter line without a term that it has, else with it in place of one of its key."""
    words, key = _words(text), re.split("[:<>=]", term)[0]
    if term in words:
        return " ".join(word for word in words if word != term)
    return " ".join([*(word for word in words if re.split("[:<>=]", word)[0] != key), term])


def last_word_at(text: str) -> int:
    """Return where the word begins that a line ends with; its length if it ends with a blank."""
    return _last_at(_WORDS, text)


def last_value_at(text: str) -> int:
    """Return the same of the last of a term's values, which commas separate."""
    return _last_at(VALUES, text)


def _last_at(parts: re.Pattern[str], text: str) -> int:
    starts = [part.start() for part in parts.finditer(text) if part.end() == len(text)]
    return starts[0] if starts else len(text)


def _words(text: str) -> list[str]:
    """Split a line at blanks outside of quotes; none surround an operator."""
    return _WORDS.findall(_SPACED.sub(r"\1\2", text))


def _word(text: str) -> Word:
    wanted = text.lstrip("-").casefold()
    is_state = any(wanted == state.value for state in State)
    return Word(text, problem_of(text.lstrip("-")), f"state:{wanted}?" if is_state else "")

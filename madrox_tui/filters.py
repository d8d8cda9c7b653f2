"""The filter: a line of terms that selects the instances every panel shows.

    word          name, id, role, type or model contains it
    -word         … does not contain it
    state:stuck   the state begins with it
    role:qa       the role, name, id, type or model contains it
    parent:lead   the name or id of its parent contains it
    -role:qa      … does not
    cost>0.5      cost, tokens, requests, open, frames, errors or p95 compare (> >= < <= =)
    role:"a b"    a value with blanks

Numbers may have the units that the screen prints: `$0.5`, `5k`, `300ms`, `1m30s`. The model is what
its column shows: the type if no model is known.

All terms must match. An unfinished term (`cost>`, `role:`) matches everything, so that the panels
narrow as you type. A comparison with an unknown number is false.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from logging_core.analyse.state import InstanceState, State
from logging_core.text import safe_line

_COMPARE = re.compile(r"(?P<key>[a-z0-9]+)(?P<op>>=|<=|>|<|=)(?P<number>.*)", re.IGNORECASE)
_DECIMAL = r"\d*\.?\d+"
_AMOUNT = re.compile(rf"(?P<number>{_DECIMAL})(?P<unit>[kmgtp]?)", re.IGNORECASE)
_AMOUNT_UNITS = {unit: 1000.0**power for power, unit in enumerate(("", *"kmgtp"))}
_TOOK = re.compile(
    "".join(rf"(?:(?P<{unit}>{_DECIMAL}){unit})?" for unit in ("d", "h", "m", "s", "ms")),
    re.IGNORECASE,
)
_TOOK_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_TEXTS: dict[str, Callable[[InstanceState], str | None]] = {
    "state": lambda i: i.state.value,
    "role": lambda i: i.role,
    "name": lambda i: i.label,
    "id": lambda i: i.instance_id,
    "type": lambda i: i.instance_type,
    "model": lambda i: i.model or i.instance_type,
}
_NUMBERS: dict[str, Callable[[InstanceState], float | None]] = {
    "cost": lambda i: i.usage.cost_usd,
    "tokens": lambda i: i.usage.tokens,
    "requests": lambda i: i.usage.requests,
    "open": lambda i: len(i.open_requests),
    "frames": lambda i: i.frames,
    "errors": lambda i: i.errors,
    "p95": lambda i: i.usage.latency.p95_s,
}
_WORD_KEYS = ("name", "id", "role", "type", "model")
_FIELDS = (*_TEXTS, "parent")
_SPACED = re.compile(rf"(?<!\S)(-*(?:{'|'.join(_NUMBERS)}))\s*(>=|<=|>|<|=)\s*", re.IGNORECASE)
_WORDS = re.compile(r'(?:"[^"]*"?|[^\s"])+')

KEYS = (*(f"{key}:" for key in _FIELDS), *(f"{key}>" for key in _NUMBERS))
"""The beginnings of terms with a key, for completion and help."""


Term = Callable[[InstanceState, InstanceState | None], bool]
"""Whether an instance matches; the other one is its parent, `None` if that is unknown."""


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
        by_id: dict[str | None, InstanceState] = {i.instance_id: i for i in everyone}
        return tuple(i for i in everyone if self.matches(i, by_id.get(i.parent_instance_id)))

    def matches(self, instance: InstanceState, parent: InstanceState | None = None) -> bool:
        """Return whether every term holds for an instance; its parent may be unknown."""
        return all(term(instance, parent) for term in self.terms)


def parse_filter(text: str) -> Filter:
    """Parse a filter line; never raises, because it is called at every key press."""
    terms = [term for word in _words(text) if (term := _term(word.replace('"', ""))) is not None]
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


def last_word_at(text: str) -> int:
    """Return where the word begins that a line ends with; its length if it ends with a blank."""
    starts = [word.start() for word in _WORDS.finditer(text) if word.end() == len(text)]
    return starts[0] if starts else len(text)


def _words(text: str) -> list[str]:
    """Split a line at blanks outside of quotes; none surround an operator."""
    return _WORDS.findall(_SPACED.sub(r"\1\2", text))


def _word(text: str) -> Word:
    wanted = text.replace('"', "").lstrip("-")
    is_state = any(wanted.casefold() == state.value for state in State)
    return Word(text, _problem(wanted), f"state:{wanted.casefold()}?" if is_state else "")


def _problem(word: str) -> str:
    if not word:
        return "nothing to exclude"
    if match := _COMPARE.fullmatch(word):
        return _number_problem(match["key"], match["op"], match["number"])
    key, colon, value = word.partition(":")
    return _text_problem(key, value) if colon else ""


def _number_problem(key: str, op: str, number: str) -> str:
    if key.lower() not in _NUMBERS:
        return f"unknown number {key}"
    return "" if _comparison(key.lower(), op, number) else "not a number"


def _text_problem(key: str, value: str) -> str:
    if key.lower() not in _FIELDS:
        return f"unknown field {key}" if key.isalpha() else ""
    if not value:
        return "missing value"
    is_state = any(state.value.startswith(value.casefold()) for state in State)
    return "" if key.lower() != "state" or is_state else "unknown state"


def _term(word: str) -> Term | None:
    wanted = word.lstrip("-")
    term = _wanted(wanted)
    if term is None or (len(word) - len(wanted)) % 2 == 0:
        return term
    return lambda instance, parent: not term(instance, parent)


def _wanted(word: str) -> Term | None:
    if match := _COMPARE.fullmatch(word):
        key = match["key"].lower()
        if key in _NUMBERS:
            return _comparison(key, match["op"], match["number"])
    key, colon, value = word.partition(":")
    if colon and key.lower() == "state":
        return _in_state(value)
    if colon and key.lower() == "parent":
        return _has_parent(value)
    if colon and key.lower() in _TEXTS:
        return _contains((key.lower(),), value)
    return _contains(_WORD_KEYS, word)


def _comparison(key: str, op: str, number: str) -> Term | None:
    wanted = _as_number(key, number)
    if wanted is None:
        return None
    value_of, compare = _NUMBERS[key], _OPERATORS[op]

    def term(instance: InstanceState, _parent: InstanceState | None) -> bool:
        value = value_of(instance)
        return value is not None and compare(value, wanted)

    return term


def _as_number(key: str, text: str) -> float | None:
    """A number with or without the unit that the screen prints; `None` if it is none."""
    with suppress(ValueError):
        number = float(text)
        return None if math.isnan(number) else number
    if key == "p95":
        return _as_seconds(text)
    match = _AMOUNT.fullmatch(text.removeprefix("$" if key == "cost" else "").replace(",", ""))
    return float(match["number"]) * _AMOUNT_UNITS[match["unit"].lower()] if match else None


def _as_seconds(text: str) -> float | None:
    match = _TOOK.fullmatch(text)
    parts = {unit: part for unit, part in match.groupdict().items() if part} if match else {}
    return sum(float(part) * _TOOK_UNITS[unit] for unit, part in parts.items()) if parts else None


def _in_state(value: str) -> Term | None:
    begins = value.casefold()
    return (lambda instance, _: instance.state.value.startswith(begins)) if begins else None


def _contains(keys: tuple[str, ...], value: str) -> Term | None:
    texts_of = [_TEXTS[key] for key in keys]
    return _says(value, lambda instance, _: (text_of(instance) for text_of in texts_of))


def _has_parent(value: str) -> Term | None:
    def texts_of(
        instance: InstanceState, parent: InstanceState | None
    ) -> tuple[str | None, str | None]:
        return instance.parent_instance_id, parent.label if parent is not None else None

    return _says(value, texts_of)


def _says(
    value: str,
    texts_of: Callable[[InstanceState, InstanceState | None], Iterable[str | None]],
) -> Term | None:
    if not value:
        return None
    wanted = safe_line(value).casefold()  # as the values are

    def term(instance: InstanceState, parent: InstanceState | None) -> bool:
        return any(wanted in text.casefold() for text in texts_of(instance, parent) if text)

    return term

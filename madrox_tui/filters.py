"""The filter: a line of terms that selects the instances every panel shows.

    word          name, id, role, type or model contains it
    -word         … does not contain it
    state:stuck   the state, role, name, id, type, model or parent contains it
    -role:qa      … does not
    cost>0.5      cost, tokens, requests, open, frames, errors or p95 compare (> >= < <= =)

All terms must match. An unfinished term (`cost>`, `role:`) matches everything, so that the panels
narrow as you type. A comparison with an unknown number is false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

import msgspec

from logging_core.analyse.state import InstanceState, State

_COMPARE = re.compile(r"(?P<key>[a-z0-9]+)(?P<op>>=|<=|>|<|=)(?P<number>.*)", re.IGNORECASE)
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
    "name": lambda i: i.instance_name,
    "id": lambda i: i.instance_id,
    "type": lambda i: i.instance_type,
    "model": lambda i: i.model,
    "parent": lambda i: i.parent_instance_id,
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

KEYS = (*(f"{key}:" for key in _TEXTS), *(f"{key}>" for key in _NUMBERS))
"""The beginnings of terms with a key, for completion and help."""


class Filter(msgspec.Struct, frozen=True):
    """A parsed filter line.

    Attributes:
        text: The line as typed.
        terms: One predicate per finished term; empty matches every instance.
    """

    text: str = ""
    terms: tuple[Callable[[InstanceState], bool], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __reduce__(self) -> tuple[Callable[[str], Filter], tuple[str]]:
        return parse_filter, (self.text,)  # predicates cannot be pickled: parse again

    def matches(self, instance: InstanceState) -> bool:
        """Return whether every term holds for the instance."""
        return all(term(instance) for term in self.terms)


def parse_filter(text: str) -> Filter:
    """Parse a filter line; never raises, because it is called at every key press."""
    terms = [term for word in text.split() if (term := _term(word)) is not None]
    return Filter(text, tuple(terms))


class Word(msgspec.Struct, frozen=True):
    """A word of a filter line, as it is shown.

    Attributes:
        text: As typed.
        problem: What is wrong with it, in a few words; `''` if nothing.
    """

    text: str
    problem: str = ""


def filter_words(text: str) -> tuple[Word, ...]:
    """Split a filter line into words, each with what is wrong with it."""
    return tuple(Word(word, _problem(word.lstrip("-"))) for word in text.split())


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
    if key.lower() not in _TEXTS:
        return f"unknown field {key}" if key.isalpha() else ""
    if not value:
        return "missing value"
    is_state = any(value.casefold() in state.value for state in State)
    return "" if key.lower() != "state" or is_state else "unknown state"


def _term(word: str) -> Callable[[InstanceState], bool] | None:
    wanted = word.lstrip("-")
    term = _wanted(wanted)
    if term is None or (len(word) - len(wanted)) % 2 == 0:
        return term
    return lambda instance: not term(instance)


def _wanted(word: str) -> Callable[[InstanceState], bool] | None:
    if match := _COMPARE.fullmatch(word):
        key = match["key"].lower()
        if key in _NUMBERS:
            return _comparison(key, match["op"], match["number"])
    key, colon, value = word.partition(":")
    if colon and key.lower() in _TEXTS:
        return _contains((key.lower(),), value)
    return _contains(_WORD_KEYS, word)


def _comparison(key: str, op: str, number: str) -> Callable[[InstanceState], bool] | None:
    try:
        wanted = float(number)
    except ValueError:
        return None
    value_of, compare = _NUMBERS[key], _OPERATORS[op]

    def term(instance: InstanceState) -> bool:
        value = value_of(instance)
        return value is not None and compare(value, wanted)

    return term


def _contains(keys: tuple[str, ...], value: str) -> Callable[[InstanceState], bool] | None:
    if not value:
        return None
    wanted = value.casefold()

    def term(instance: InstanceState) -> bool:
        texts = (_TEXTS[key](instance) for key in keys)
        return any(wanted in text.casefold() for text in texts if text)

    return term

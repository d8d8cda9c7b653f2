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

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

import msgspec

from logging_core.analyse.state import InstanceState, State
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.scope import above

EXAMPLES = "words, -word, state:stuck, role:qa, cost>0.5"
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
    "model": lambda i: fmt.model(i.instance_type, i.model),
    "pane": lambda i: i.pane_tail.decode(),
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
_FIELDS = (*_TEXTS, "parent", "under")
_SPACED = re.compile(rf"(?<!\S)(-*(?:{'|'.join(_NUMBERS)}))\s*(>=|<=|>|<|=)\s*", re.IGNORECASE)
_WORDS = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_VALUES = re.compile(r'(?:"[^"]*"?|[^,"])+')

KEYS = (*(f"{key}:" for key in _FIELDS), *(f"{key}>" for key in _NUMBERS))
"""The beginnings of terms with a key, for completion and help."""


Term = Callable[[InstanceState, Sequence[InstanceState]], bool]
"""Whether an instance matches; the others are those above it, its parent first."""

_Texts = Callable[[InstanceState, Sequence[InstanceState]], Iterable[str | None]]


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
    terms = [term for word in _words(text) if (term := _term(word)) is not None]
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
    return _last_at(_VALUES, text)


def _last_at(parts: re.Pattern[str], text: str) -> int:
    starts = [part.start() for part in parts.finditer(text) if part.end() == len(text)]
    return starts[0] if starts else len(text)


def _words(text: str) -> list[str]:
    """Split a line at blanks outside of quotes; none surround an operator."""
    return _WORDS.findall(_SPACED.sub(r"\1\2", text))


def _word(text: str) -> Word:
    wanted = text.lstrip("-").casefold()
    is_state = any(wanted == state.value for state in State)
    return Word(text, _problem(text.lstrip("-")), f"state:{wanted}?" if is_state else "")


def _problem(word: str) -> str:
    if not word.strip('"'):
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
    values = _values(value)
    if not values:
        return "missing value"
    if key.lower() != "state":
        return ""
    is_known = all(any(s.value.startswith(v.casefold()) for s in State) for v in values)
    return "" if is_known else "unknown state"


def _term(word: str) -> Term | None:
    wanted = word.lstrip("-")
    term = _wanted(wanted)
    if term is None or (len(word) - len(wanted)) % 2 == 0:
        return term
    return lambda instance, ancestors: not term(instance, ancestors)


def _wanted(word: str) -> Term | None:
    if match := _COMPARE.fullmatch(word):
        key = match["key"].lower()
        if key in _NUMBERS:
            return _comparison(key, match["op"], match["number"])
    key, colon, value = word.partition(":")
    if not colon or key.lower() not in _FIELDS:
        bare = _bare(word)
        return _says(bare, _texts_of(_WORD_KEYS)) if bare else None
    alternatives = [_has(key.lower(), value) for value in _values(value)]
    if not alternatives:
        return None
    return lambda instance, ancestors: any(has(instance, ancestors) for has in alternatives)


def _values(value: str) -> list[str]:
    """The alternatives that a value names: commas outside of quotes separate them."""
    return [bare for part in _VALUES.findall(value) if (bare := _bare(part))]


def _bare(word: str) -> str:
    return word.replace('"', "")


def _comparison(key: str, op: str, number: str) -> Term | None:
    wanted = _as_number(key, number)
    if wanted is None:
        return None
    value_of, compare = _NUMBERS[key], _OPERATORS[op]

    def term(instance: InstanceState, _ancestors: Sequence[InstanceState]) -> bool:
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


def _has(key: str, value: str) -> Term:
    """Whether a field has a value that is not empty."""
    if key == "state":
        begins = value.casefold()
        return lambda instance, _: instance.state.value.startswith(begins)
    if key == "parent":
        return _says(value, _parent_texts)
    if key == "under":
        return _says(value, _lineage_texts)
    return _says(value, _texts_of((key,)))


def _texts_of(keys: tuple[str, ...]) -> _Texts:
    texts_of = [_TEXTS[key] for key in keys]
    return lambda instance, _: (text_of(instance) for text_of in texts_of)


def _parent_texts(
    instance: InstanceState, ancestors: Sequence[InstanceState]
) -> Iterator[str | None]:
    yield instance.parent_instance_id
    yield from (parent.label for parent in ancestors[:1])


def _lineage_texts(
    instance: InstanceState, ancestors: Sequence[InstanceState]
) -> Iterator[str | None]:
    for one in (instance, *ancestors):
        yield from (one.label, one.instance_id, one.parent_instance_id)


def _says(value: str, texts_of: _Texts) -> Term:
    wanted = safe_line(value).casefold()  # as the values are

    def term(instance: InstanceState, ancestors: Sequence[InstanceState]) -> bool:
        return any(wanted in text.casefold() for text in texts_of(instance, ancestors) if text)

    return term

"""One term of a filter: what is wrong with it, or whether an instance matches it. Pure."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from logging_core.analyse.state import InstanceState, State
from logging_core.text import safe_line
from madrox_tui import format as fmt

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
NUMBERS: dict[str, Callable[[InstanceState], float | None]] = {
    "cost": lambda i: i.usage.cost_usd,
    "tokens": lambda i: i.usage.tokens,
    "requests": lambda i: i.usage.requests,
    "open": lambda i: len(i.open_requests),
    "frames": lambda i: i.frames,
    "errors": lambda i: i.errors,
    "p95": lambda i: i.usage.latency.p95_s,
}
"""What can be compared with a number, by key."""

_WORD_KEYS = ("name", "id", "role", "type", "model")
FIELDS = (*_TEXTS, "parent", "under")
"""The keys of what holds a text."""

VALUES = re.compile(r'(?:"[^"]*"?|[^,"])+')
"""The values of a term: commas outside of quotes separate them."""

Term = Callable[[InstanceState, Sequence[InstanceState]], bool]
"""Whether an instance matches; the others are those above it, its parent first."""

_Texts = Callable[[InstanceState, Sequence[InstanceState]], Iterable[str | None]]


def term_of(word: str) -> Term | None:
    """Return what a word asks of an instance; `None` if it is unfinished or not understood."""
    wanted = word.lstrip("-")
    term = _wanted(wanted)
    if term is None or (len(word) - len(wanted)) % 2 == 0:
        return term
    return lambda instance, ancestors: not term(instance, ancestors)


def problem_of(word: str) -> str:
    """Return what is wrong with a word, in a few words; `''` if nothing.

    Args:
        word: Without what excludes.
    """
    if not word.strip('"'):
        return "nothing to exclude"
    if match := _COMPARE.fullmatch(word):
        return _number_problem(match["key"], match["op"], match["number"])
    key, colon, value = word.partition(":")
    return _text_problem(key, value) if colon else ""


def _number_problem(key: str, op: str, number: str) -> str:
    if key.lower() not in NUMBERS:
        return f"unknown number {key}"
    return "" if _comparison(key.lower(), op, number) else "not a number"


def _text_problem(key: str, value: str) -> str:
    if key.lower() not in FIELDS:
        return f"unknown field {key}" if key.isalpha() else ""
    values = _values(value)
    if not values:
        return "missing value"
    if key.lower() != "state":
        return ""
    is_known = all(any(s.value.startswith(v.casefold()) for s in State) for v in values)
    return "" if is_known else "unknown state"


def _wanted(word: str) -> Term | None:
    if match := _COMPARE.fullmatch(word):
        key = match["key"].lower()
        if key in NUMBERS:
            return _comparison(key, match["op"], match["number"])
    key, colon, value = word.partition(":")
    if not colon or key.lower() not in FIELDS:
        bare = _bare(word)
        return _says(bare, _texts_of(_WORD_KEYS)) if bare else None
    alternatives = [_has(key.lower(), value) for value in _values(value)]
    if not alternatives:
        return None
    return lambda instance, ancestors: any(has(instance, ancestors) for has in alternatives)


def _values(value: str) -> list[str]:
    """The alternatives that a value names: commas outside of quotes separate them."""
    return [bare for part in VALUES.findall(value) if (bare := _bare(part))]


def _bare(word: str) -> str:
    return word.replace('"', "")


def _comparison(key: str, op: str, number: str) -> Term | None:
    wanted = _as_number(key, number)
    if wanted is None:
        return None
    value_of, compare = NUMBERS[key], _OPERATORS[op]

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

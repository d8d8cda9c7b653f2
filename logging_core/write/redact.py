"""The one place where secrets are taken out of what is written.

A secret is told by its own shape, never by the name of a field: `ghp_` and 36 characters are a
token of GitHub wherever they stand, and a field called `tokens` holds a number.

The shapes are our own (`secret_patterns`) and not those of detect-secrets 1.5.0 (Apache-2.0), the
best-kept library for this, because it takes 180 ms and two dependencies to import, three of its
regexes need minutes for a megabyte of hostile text, and it does not know the keys of Anthropic,
Google, Groq, Hugging Face and xAI, the body of a PEM block or the long tokens of GitHub.

What it cannot see: a secret without a shape, one that a line break or a record's end cuts in two,
and one in the key of a dict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

import orjson

from logging_core.codec.encode import encode_json
from logging_core.write.secret_patterns import SECRET_PATTERNS, Pattern, Sign

_SHORT = 20
_MAX_DEPTH = 200  # orjson takes 254
_PLAIN = frozenset({int, float, bool, type(None)})
_HEADERS = frozenset({"Authorization", "authorization", "Proxy-Authorization"})

_Gate: TypeAlias = tuple[str, Callable[[str], object], tuple[Pattern, ...]]
"""A character, a search for it, and the patterns that match only where the search finds it.

Looking for one character, and for a regex that begins with it, takes a tenth of the time of looking
for each text that the patterns begin with.
"""


class Redactor:
    """Replaces secrets by `[redacted:kind]`.

    Costs about a microsecond for a text of 300 characters that holds none, is linear in its length
    whatever it holds, and idempotent. Safe to use from several threads.

    Args:
        patterns: The shapes to look for, in this order.
        extra: Regexes of the user's own (syntax of `re`); what one matches as a whole becomes
            `[redacted:custom]`. They are searched for in every text, and only as fast as they are
            written.

    Raises:
        ValueError: One of `extra` is no regex, or matches the empty text; the message names it.
    """

    def __init__(
        self, patterns: Sequence[Pattern] = SECRET_PATTERNS, extra: Sequence[str] = ()
    ) -> None:
        self._gates = _make_gates(patterns)
        self._short_gates = _make_gates([p for p in patterns if p.least < _SHORT])
        self._least = 0 if extra else min(pattern.least for pattern in patterns)
        self._extra = [_compile_extra(regex) for regex in extra]
        kinds = "|".join({"custom", *(pattern.kind for pattern in patterns)})
        self._marks = re.compile(rf"(\[redacted:(?:{kinds})\])")

    def redact(self, text: str) -> str:
        """The text with its secrets marked; the same object if it has none. Never raises."""
        if self._extra:
            return self._redact(text)
        for pivot, search, _ in self._gates if len(text) >= _SHORT else self._short_gates:
            if pivot in text and search(text):
                return self._redact(text)
        return text

    def passes(self, fields: dict[str, Any], trusted: frozenset[str] = frozenset()) -> bool:
        """Whether fields hold no secret, at a glance: false also where that takes a closer look.

        Args:
            fields: What to look at.
            trusted: Names of fields that cannot hold one.
        """
        least = self._least
        for key, value in fields.items():
            kind = type(value)
            if kind is int or kind is float:  # most of them: quicker than a look into the set
                continue
            if kind is str:
                if key in _HEADERS:
                    return False
                if len(value) >= least and key not in trusted and self.redact(value) is not value:
                    return False
            elif kind not in _PLAIN:
                return False
        return True

    def redact_value(self, value: Any) -> Any:
        """A value with every text in it redacted, in dicts, lists and tuples at any depth.

        What holds no secret is returned as the same object; the rest is copied, never changed in
        place. Keys stay as they are. An object of another type is judged by what `encode_json`
        makes of it, and replaced by that if it has a secret. The value of an `Authorization` key
        is read as that header. A container inside itself becomes `<cycle>`, as it does in JSON.
        """
        return self.redact(value) if isinstance(value, str) else self._clean(value, ())

    def _redact(self, text: str) -> str:
        """Until nothing changes: what is left when one secret is gone may show another."""
        while True:
            before = text
            for pivot, search, patterns in self._gates:
                if pivot in text and search(text):
                    for pattern in patterns:
                        text = _mark_all(pattern, text)
            for regex in self._extra:
                text = self._redact_extra(regex, text)
            if text == before:
                return text

    def _redact_extra(self, regex: re.Pattern[str], text: str) -> str:
        """Only between the marks, so that no mark is marked again."""
        parts = self._marks.split(text)
        parts[::2] = [regex.sub(_mark_extra, part) for part in parts[::2]]
        return "".join(parts)

    def _clean(self, value: Any, around: tuple[int, ...]) -> Any:
        """Of anything but a text; `around`: the containers that it is in."""
        copy: Any  # of what is there now: str() of what is in it, or a thread, may change it
        if isinstance(value, dict):
            copy = dict.copy(value)
            items: Iterable[tuple[Any, Any]] = copy.items()
        elif isinstance(value, (list, tuple)):
            copy = list(value)
            items = enumerate(copy)
        else:
            return value if type(value) in _PLAIN else self._clean_object(value)
        if id(value) in around:
            return "<cycle>"
        if len(around) >= _MAX_DEPTH:
            return "<nested too deeply>"
        if not self._clean_items(copy, items, (*around, id(value))):
            return value
        return tuple(copy) if isinstance(value, tuple) else copy

    def _clean_items(
        self, copy: Any, items: Iterable[tuple[Any, Any]], around: tuple[int, ...]
    ) -> bool:
        """In place; whether there was anything to clean."""
        changed = False
        for key, item in items:
            if type(item) in _PLAIN:
                continue
            if isinstance(item, str):
                clean = self._clean_header(key, item) if key in _HEADERS else self.redact(item)
            else:
                clean = self._clean(item, around)
            if clean is not item:
                copy[key] = clean
                changed = True
        return changed

    def _clean_header(self, name: str, value: str) -> str:
        head = f"{name}: "
        clean = self.redact(head + value)[len(head) :]
        return value if clean == value else clean

    def _clean_object(self, value: object) -> object:
        plain = orjson.loads(encode_json({"value": value}))["value"]
        clean = self.redact_value(plain)
        return value if clean is plain else clean


def _make_gates(patterns: Sequence[Pattern]) -> tuple[_Gate, ...]:
    signs: dict[str, list[Sign]] = {}
    behind: dict[str, dict[Pattern, None]] = {}
    for pattern in patterns:
        for sign in pattern.signs:
            signs.setdefault(sign.pivot, []).append(sign)
            behind.setdefault(sign.pivot, {})[pattern] = None
    return tuple(
        (pivot, re.compile(_gate_regex(pivot, found), re.ASCII).search, tuple(behind[pivot]))
        for pivot, found in signs.items()
    )


def _gate_regex(pivot: str, signs: Sequence[Sign]) -> str:
    """Begins with the pivot, then looks at one character before it, and then at each sign."""
    pivot = re.escape(pivot)
    each = [f"(?<={before}{pivot}){after}" if before else after for before, _, after in signs]
    quick = ""
    if all(sign.before for sign in signs):
        last = {_last_class(sign.before) for sign in signs}
        quick = f"(?<=[{''.join(sorted(last))}]{pivot})"
    return f"{pivot}{quick}(?:{'|'.join(dict.fromkeys(each))})"


def _last_class(regex: str) -> str:
    """What the last character may be, as the inside of a character class."""
    if regex.endswith("]"):
        return regex[regex.rindex("[") + 1 : -1]
    return re.escape(regex[-1])


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compiled when it is needed first: all of them take longer than importing the logger."""
    return re.compile(regex, re.ASCII)


def _mark_all(pattern: Pattern, text: str) -> str:
    """Without a template: `re` fills in those one by one, in Python."""
    regex, mark = _compiled(pattern.regex), f"[redacted:{pattern.kind}]"
    if not regex.groups:
        return regex.sub(mark, text)
    parts = regex.split(text)  # every second one is what to keep
    parts[1::2] = [kept + mark for kept in parts[1::2]]
    return "".join(parts)


def _mark_extra(match: re.Match[str]) -> str:
    return "[redacted:custom]" if match[0] else ""  # a lookahead may match nothing


def _compile_extra(regex: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(regex)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"redaction pattern {regex!r} is not a regex: {error}") from error
    if compiled.search(""):
        raise ValueError(f"redaction pattern {regex!r} matches the empty text, so everywhere")
    return compiled

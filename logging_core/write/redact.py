"""Redaction: the one place where secrets are removed from what is written.

A secret is recognised by its own shape, never by the name of a field: `ghp_` and 36 characters are
a GitHub token wherever they occur, and a field called `tokens` holds a number.

The shapes are our own (`secret_patterns`) and not those of detect-secrets 1.5.0 (Apache-2.0), the
best-maintained library for this, because it takes 180 ms and two dependencies to import, three of
its regexes need minutes for a megabyte of hostile text, and it misses the keys of Anthropic,
Google, Groq, Hugging Face and xAI, the body of a PEM block and GitHub's long tokens.

Not detected: a secret without a shape, and one that a line break or the end of a record cuts in
two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

import orjson

from logging_core.codec.encode import encode_json, items_of, text_of, with_extra
from logging_core.write.secret_patterns import SECRET_PATTERNS, Pattern, Sign

_SHORT = 20
_MAX_DEPTH = 200  # orjson takes 254
_MAX_KEYS, _MAX_KEY_CHARS = 4096, 64
_PLAIN = frozenset({int, float, bool, type(None)})
_HEADERS = frozenset({"Authorization", "authorization", "Proxy-Authorization"})

_Gate: TypeAlias = tuple[str, Callable[[str], object], tuple[Pattern, ...]]
"""A character, a search that begins with it, and the patterns that match only if the search does.

Searching for one character, then for a regex that begins with it, takes a tenth of the time of
searching for each literal that the patterns begin with.
"""


class Redactor:
    """Replaces secrets with `[redacted:kind]`.

    Takes about a microsecond for a text of 300 characters without a secret; is linear in the length
    of any text, idempotent and thread-safe.

    Args:
        patterns: The patterns to look for, in this order.
        extra: The user's own regexes (`re` syntax, texts or compiled); each whole match becomes
            `[redacted:custom]`. They are run on every text, and are only as fast as they are
            written.

    Raises:
        ValueError: One of `extra` is not a valid regex or matches the empty string; the message
            quotes it.
    """

    def __init__(
        self,
        patterns: Sequence[Pattern] = SECRET_PATTERNS,
        extra: Sequence[str | re.Pattern[str]] = (),
    ) -> None:
        self._gates = _make_gates(patterns)
        self._short_gates = _make_gates([p for p in patterns if p.least < _SHORT])
        self._least = 0 if extra else min(pattern.least for pattern in patterns)
        self._extra = [_compile_extra(regex) for regex in extra]
        kinds = "|".join({"custom", *(pattern.kind for pattern in patterns)})
        self._clean_keys: set[str] = set()
        self._marks = re.compile(rf"(\[redacted:(?:{kinds})\])")

    def redact(self, text: str) -> str:
        """Return the text with its secrets replaced; the same object if none. Never raises."""
        if self._extra:
            return self._redact(text)
        for pivot, search, _ in self._gates if len(text) >= _SHORT else self._short_gates:
            if pivot in text and search(text):
                return self._redact(text)
        return text

    def passes(self, fields: dict[str, Any], trusted: frozenset[str] = frozenset()) -> bool:
        """Return whether a quick check rules out secrets; false also if it cannot decide.

        Args:
            fields: The fields to check.
            trusted: Names of fields that cannot hold a secret.
        """
        least, clean_keys = self._least, self._clean_keys
        try:
            for key, value in fields.items():
                if key not in clean_keys and not self._is_clean(key):
                    return False
                kind = type(value)
                if kind is int or kind is float:  # the common types: faster than the set below
                    continue
                if kind is str:
                    if len(value) < least or key in trusted:
                        continue
                    if self.redact(value) is not value:
                        return False
                elif kind not in _PLAIN:
                    return False
        except RuntimeError:  # another thread adds or removes fields
            return False
        return True

    def redact_value(self, value: Any) -> Any:
        """Return a value with every string in it redacted, in nested dicts, lists and tuples.

        What holds no secret is returned as the same object; the rest is copied, never modified in
        place. Keys are strings, too: of two that become the same, the later is prefixed with
        `extra_`. An object of another type is checked as `encode_json` encodes it, and replaced by
        that if it holds a secret. The value of an `Authorization` key is read as that header. A
        container inside itself becomes `<cycle>`, as in JSON, and one nested more
        than 200 deep `<nested too deeply>`.
        """
        return self.redact(value) if isinstance(value, str) else self._clean(value, ())

    def _redact(self, text: str) -> str:
        """Redact until nothing changes: replacing one secret may uncover another."""
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
        """Apply a user's regex between the marks only, so that no mark is redacted again."""
        parts = self._marks.split(text)
        parts[::2] = [regex.sub(_mark_extra, part) for part in parts[::2]]
        return "".join(parts)

    def _clean(self, value: Any, around: tuple[int, ...]) -> Any:
        """Redact anything but a string; `around`: ids of the containers that it is in."""
        copy: Any  # a snapshot: an item's str(), or another thread, may modify the original
        if isinstance(value, dict):
            copy = dict.copy(value)
            items: Iterable[tuple[Any, Any]] = copy.items()
        elif isinstance(value, (list, tuple)):
            copy = items_of(value)
            items = enumerate(copy)
        else:
            return value if type(value) in _PLAIN else self._clean_object(value)
        if id(value) in around:
            return "<cycle>"
        if len(around) >= _MAX_DEPTH:
            return "<nested too deeply>"
        changed = self._clean_items(copy, items, (*around, id(value)))
        if isinstance(copy, dict):
            renamed = self._clean_names(copy)
            return renamed if changed or renamed is not copy else value
        if not changed:
            return value
        return tuple(copy) if isinstance(value, tuple) else copy

    def _clean_items(
        self, copy: Any, items: Iterable[tuple[Any, Any]], around: tuple[int, ...]
    ) -> bool:
        """Redact the items of `copy` in place; return whether any changed."""
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

    def _is_clean(self, key: object) -> bool:
        """Return whether a key neither holds a secret nor says that its value is one."""
        if type(key) is not str or key in _HEADERS or self.redact(key) is not key:
            return False
        if len(self._clean_keys) >= _MAX_KEYS:
            self._clean_keys.clear()
        if len(key) <= _MAX_KEY_CHARS:
            self._clean_keys.add(key)
        return True

    def _clean_names(self, fields: dict[Any, Any]) -> dict[Any, Any]:
        """Return the fields with redacted keys; the same object if no key holds a secret."""
        if self._clean_keys.issuperset(fields):
            return fields
        renamed: dict[Any, Any] = {}
        changed = False
        for key, item in fields.items():
            text = text_of(key)
            clean = self.redact(text)
            changed = changed or clean is not text
            with_extra(renamed, {key if clean is text else clean: item})
        return renamed if changed else fields

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
    """Return a regex of the pivot, a check of one character before it, and then each sign."""
    pivot = re.escape(pivot)
    each = [f"(?<={before}{pivot}){after}" if before else after for before, _, after in signs]
    quick = ""
    if all(sign.before for sign in signs):
        last = {_last_class(sign.before) for sign in signs}
        quick = f"(?<=[{''.join(sorted(last))}]{pivot})"
    return f"{pivot}{quick}(?:{'|'.join(dict.fromkeys(each))})"


def _last_class(regex: str) -> str:
    """Return what the last character may be, as the inside of a character class."""
    if regex.endswith("]"):
        return regex[regex.rindex("[") + 1 : -1]
    return re.escape(regex[-1])


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compile on first use: compiling all of them takes longer than importing the logger."""
    return re.compile(regex, re.ASCII)


def _mark_all(pattern: Pattern, text: str) -> str:
    """Replace all matches, without a template: `re` expands those one by one, in Python."""
    regex, mark = _compiled(pattern.regex), f"[redacted:{pattern.kind}]"
    if not regex.groups:
        return regex.sub(mark, text)
    parts = regex.split(text)  # every second part is the `keep` group
    parts[1::2] = [kept + mark for kept in parts[1::2]]
    return "".join(parts)


def _mark_extra(match: re.Match[str]) -> str:
    return "[redacted:custom]" if match[0] else ""  # a lookahead may match nothing


def _compile_extra(regex: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        compiled = re.compile(regex)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"redaction pattern {regex!r} is not a valid regex: {error}") from error
    if compiled.search(""):
        shown = repr(compiled.pattern)
        raise ValueError(f"redaction pattern {shown} matches the empty string, so everywhere")
    return compiled

"""Lenient reading of JSON objects as they occur in logs; never raises."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from logging_core.anomalies import AnomalyKind
from logging_core.codec.times import parse_time
from logging_core.text import safe_block, safe_line

MAX_MEASURE = 1e9
"""The largest plausible cost (USD) or duration (seconds)."""

MAX_TOKENS = 1e15
"""The largest plausible number of tokens."""

_AROUND = 8
_MAX_DEPTH = 100
_MAX_ESCAPE_CHARS = len(r"\ud83d\ude80")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]+)?", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Loaded(NamedTuple):
    """The object in a line.

    Attributes:
        fields: The object, owned by the caller.
        tame: No string in it needs sanitising.
        strict: The line was valid JSON and valid UTF-8.
        lossy: It was not valid UTF-8.
    """

    fields: dict[str, Any]
    tame: bool
    strict: bool
    lossy: bool = False


def load_object(line: bytes) -> Loaded | str:
    """Read a line as a JSON object; if it holds none, return the reason, as text to show.

    Some invalid JSON is accepted: invalid UTF-8 and lone surrogates become U+FFFD, raw control
    characters in strings are kept, and numbers that are not finite or too long (`NaN`, `1e999`,
    5,000 digits) become strings.
    """
    strict = True
    try:
        value = orjson.loads(line)
        if line.count(b"{") + line.count(b"[") > _MAX_DEPTH:
            _map_texts(value, str, str)
    except orjson.JSONDecodeError:
        strict = False
        try:
            value = _map_texts(_JSON.decode(line.decode("utf-8", "replace")), _whole, _whole)
        except json.JSONDecodeError as error:
            return f"not valid JSON: {error.msg} (column {error.colno})"
        except (RecursionError, ValueError):
            return "nested too deeply"
    except ValueError:
        return "nested too deeply"
    if not isinstance(value, dict):
        return "not a JSON object"
    tame = strict and line.isascii() and b"\\" not in line and b"\x7f" not in line
    return Loaded(value, tame, strict) if strict else Loaded(value, tame, strict, not is_utf8(line))


def is_utf8(data: bytes) -> bool:
    """Return whether bytes can be read without loss."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def bad_bytes(data: bytes) -> str:
    """Return the first bytes that are no UTF-8 in hex, with some around them; empty if all are."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data[max(0, error.start - _AROUND) : error.end + _AROUND].hex(" ")
    return ""


def repeated_keys(line: bytes) -> tuple[str, ...]:
    """Return the keys that are there more than once in an object of a line, each once, as written.

    Nobody asks that of many lines: even to count what may be keys takes 5 % of the time that it
    takes to decode one, and a third where exchanges are decoded in bulk. So it is for where one
    record is shown.
    """
    repeated: dict[str, None] = {}

    def note(pairs: list[tuple[str, Any]]) -> None:
        counts = Counter(key for key, _ in pairs)
        repeated.update(dict.fromkeys(key for key, count in counts.items() if count > 1))

    with suppress(ValueError, RecursionError):
        json.loads(line.decode("utf-8", "replace"), object_pairs_hook=note, strict=False)
    return tuple(repeated)


def cut_line(line: bytes) -> bytes:
    """Return what is left of a line without the half of a character at its end, or any bad byte."""
    return line.decode("utf-8", "ignore").encode()


def mend(line: bytes, size: int) -> bytes:
    """Make valid JSON of an object that was cut off inside a string, as giant messages are.

    Args:
        line: What is left of it.
        size: Its original size in bytes, which is noted in the string.

    Returns:
        The object with its open string, and up to two objects around that, closed; `line` itself if
        that is not valid JSON.
    """
    head = cut_line(line)
    note = f" … [cut: {size:,} bytes]".encode()
    for cut in range(_MAX_ESCAPE_CHARS):
        for end in (b'"}', b'"}}'):
            mended = head[: len(head) - cut] + note + end
            with suppress(orjson.JSONDecodeError):
                orjson.loads(mended)
                return mended
    return line


class Fields:
    """Pops known fields from an object, whatever their types.

    An unusable value is returned as `None`, its name is added to `suspect`, and it remains in
    `rest()`. Each field is read once.

    Args:
        loaded: The object; it is emptied.
        raw: Leave strings unsanitised.

    Attributes:
        suspect: Names of fields whose value had the wrong type or was out of range, after
            `AnomalyKind.LOSSY` if the line was.
    """

    __slots__ = ("_as_is", "_fields", "suspect")

    def __init__(self, loaded: Loaded, *, raw: bool) -> None:
        self._fields = loaded.fields
        self._as_is = raw or loaded.tame
        self.suspect: list[str] = [AnomalyKind.LOSSY] if loaded.lossy else []

    def line(self, name: str) -> str | None:
        """Pop a string of one line: a name, an id, a type. A number becomes a suspect string."""
        value = self._fields.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, str):
            value = self._as_text(name, value)
        return value if value is None or self._as_is else safe_line(value)

    def block(self, name: str) -> str | None:
        """Pop a string that may have many lines. A number becomes a suspect string."""
        value = self._fields.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, str):
            value = self._as_text(name, value)
        return value if value is None or self._as_is else safe_block(value)

    def number(self, name: str, most: float = MAX_MEASURE) -> float | None:
        """Pop a finite number from 0 to `most`; a string of digits is accepted."""
        value = self._fields.pop(name, None)
        if value is None:
            return None
        number = value if type(value) is float else _number(value)
        if number is not None and 0 <= number <= most:  # false for NaN
            return number
        self._reject(name, value)
        return None

    def count(self, name: str) -> int | None:
        """Pop a whole number from 0 to `MAX_TOKENS`; a fraction is truncated."""
        number = self.number(name, MAX_TOKENS)
        return None if number is None else int(number)

    def time(self, name: str) -> float | None:
        """Pop a time, as seconds since the epoch."""
        value = self._fields.pop(name, None)
        if value is None:
            return None
        seconds = parse_time(value)
        if seconds is None:
            self._reject(name, value)
        return seconds

    def object(self, name: str) -> dict[str, Any]:
        """Pop a nested object, as written; `{}` if it is not an object."""
        value = self._fields.pop(name, None)
        if isinstance(value, dict):
            return value
        if value is not None:
            self._reject(name, value)
        return {}

    def drop(self, name: str, value: str) -> None:
        """Leave a field out of `rest()` if it equals `value`."""
        if self._fields.get(name) == value:
            del self._fields[name]

    def rest(self) -> dict[str, Any]:
        """Return the remaining fields, as written but for sanitised strings."""
        if self._as_is or not self._fields:
            return self._fields.copy()  # smaller: a dict does not shrink when fields are popped
        cleaned: dict[str, Any] = _map_texts(self._fields, safe_line, safe_block)
        return cleaned

    def _as_text(self, name: str, value: Any) -> str | None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.suspect.append(name)
            return str(value)
        self._reject(name, value)
        return None

    def _reject(self, name: str, value: Any) -> None:
        self.suspect.append(name)
        self._fields[name] = value


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return None


def _map_texts(
    value: Any, key: Callable[[str], str], text: Callable[[str], str], depth: int = 0
) -> Any:
    """Copy a value with all keys and strings mapped; raise `ValueError` if nested too deeply."""
    if isinstance(value, str):
        return text(value)
    if not isinstance(value, dict | list):
        return value
    if depth >= _MAX_DEPTH:
        raise ValueError(depth)
    if isinstance(value, dict):
        return {key(k): _map_texts(v, key, text, depth + 1) for k, v in value.items()}
    return [_map_texts(v, key, text, depth + 1) for v in value]


def _whole(text: str) -> str:
    """Return `text` with lone surrogates replaced, so that it can be encoded."""
    return _SURROGATE.sub("\ufffd", text)


def _finite(literal: str) -> float | str:
    value = float(literal)
    return value if math.isfinite(value) else literal


def _short(literal: str) -> int | str:
    return int(literal) if len(literal) < 20 else literal


_JSON = json.JSONDecoder(parse_float=_finite, parse_int=_short, parse_constant=str, strict=False)

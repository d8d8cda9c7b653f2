"""What is wrong with a value of the settings file, in the words of who wrote it."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

from logging_core.text import shortened

_EXPECTED = re.compile(
    r"Expected `(?P<type>\w+)(?: \| null)?`(?: (?P<limit>[<>]=?) (?P<number>\S+))?"
)
_TYPES = {"float": "a number", "str": "a string", "bool": "true or false", "object": "a table"}
_LIMITS = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}
_LONGEST = 40
"""Characters of a value that are shown."""


def in_words(message: str, value: Any) -> str:
    """What a value must be, and what it is instead.

    Args:
        message: What msgspec says of it, in the words of Python.
        value: As it is in the file.
    """
    expected = _EXPECTED.match(message)
    if expected is None:
        return message[:1].lower() + message[1:]
    if expected["limit"]:
        return f"must be {_LIMITS[expected['limit']]} {float(expected['number']):g}"
    return f"must be {_TYPES.get(expected['type'], expected['type'])}, not {_called(value)}"


def _called(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'a string ("{shortened(value, _LONGEST)}")'
    if isinstance(value, (int, float)):
        return f"a number ({shortened(str(value), _LONGEST)})"
    if isinstance(value, (date, time)):
        return f"a time ({value})"
    return "a list" if isinstance(value, list) else "a table"

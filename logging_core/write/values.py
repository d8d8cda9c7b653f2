"""What callers pass for a number or a text, made fit to be written; nothing here raises.

Types are compared by `type`: `isinstance` would run the code of a proxy, which may raise.
"""

from __future__ import annotations

import sys
from typing import Any

from logging_core.codec.encode import text_of

MAX_COUNT = 2**53
"""The largest count: beyond it, not every reader of JSON keeps whole numbers exact."""


def measure(value: Any) -> float | None:
    """Return the value if it is a finite number >= 0, else `None`."""
    kind = type(value)
    if kind is bool or not issubclass(kind, int | float):
        return None
    return float(value) if 0 <= value <= sys.float_info.max else None


def whole(value: object) -> int | None:
    """Return the value if it is a whole number from 0 to `MAX_COUNT`, else `None`."""
    number = measure(value)
    return int(number) if number is not None and number <= MAX_COUNT and number % 1 == 0 else None


def content_of(value: object) -> str:
    """Return the text of a message; that of `None` is empty."""
    return "" if value is None else text_of(value)


def say(what: object) -> str:
    """Return the text of a reason or an error; of an exception, its type too."""
    text = text_of(what)
    if raised(what) is None:
        return text
    name = type(what).__name__
    return f"{name}: {text}" if text else name


def raised(what: Any) -> BaseException | None:
    """Return `what` if it is an exception, else `None`."""
    return what if issubclass(type(what), BaseException) else None

"""What callers may pass: refused with what to use instead, before anything is done with it."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from numbers import Real
from typing import SupportsIndex


def whole_number(name: str, value: SupportsIndex, least: int = 0) -> int:
    """A number of things, or of bytes.

    Raises:
        ValueError: It is no whole number, or there are too few.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"{name} is {value!r}: use a whole number, {least} or more")
    return number


def duration(name: str, value: float, *, or_zero: bool = True) -> float:
    """A number of seconds.

    Raises:
        ValueError: It is none, is negative, or is 0 and may not be.
    """
    if not _is_number(value) or value < 0 or (value == 0 and not or_zero):
        least = "0 or more" if or_zero else "more than 0"
        raise ValueError(f"{name} is {value!r}: use a number of seconds, {least}")
    return value


def moment(name: str, value: float, *, finite: bool = False) -> float:
    """A time; an infinite one is before, or after, all others, unless it must be `finite`.

    Raises:
        ValueError: It is none.
    """
    if not _is_number(value) or (finite and math.isinf(value)):
        raise ValueError(f"{name} is {value!r}: use seconds since the epoch")
    return value


def ids_of(name: str, value: Iterable[str]) -> frozenset[str]:
    """Ids of instances; a single one counts as such.

    Raises:
        TypeError: There is something else than ids.
    """
    ids = [value] if isinstance(value, str) else value
    if not isinstance(ids, Iterable):
        raise TypeError(f"{name} is {value!r}: use ids of instances")
    found = frozenset(ids)
    for instance_id in found:
        if not isinstance(instance_id, str):
            raise TypeError(f"{name} has {instance_id!r}: use ids of instances")
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not math.isnan(value)

"""Limits so small that little is kept: what is forgotten then comes up in tests of a few events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from logging_core.analyse import counts, series


@contextmanager
def small_limits(limit: int) -> Iterator[None]:
    """Keep so many of what happened last one by one, and as many sums of hours of events."""
    with ExitStack() as stack:
        for module, name in (
            (counts, "MAX_SINGLY"),
            (counts, "MAX_BY_HOUR"),
            (series, "MAX_SINGLY"),
        ):
            stack.enter_context(mock.patch.object(module, name, limit))
        stack.enter_context(mock.patch.object(series, "MAX_PENDING", 4))
        yield

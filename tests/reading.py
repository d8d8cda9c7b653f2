"""What a reader brings, picked apart for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from logging_core.read.reader import TreeReader
from logging_core.records import (
    Batch,
    Message,
    Problem,
    Record,
)

R = TypeVar("R")


def read(reader: TreeReader) -> list[Batch]:
    """One sweep, and everything that it leads to."""
    batches = [reader.poll()]
    while not batches[-1].caught_up:
        assert len(batches) < 1000
        batches.append(reader.poll(()))
    return batches


def records(reader: TreeReader) -> list[Record]:
    return [record for batch in read(reader) for record in batch.records]


def problems(reader: TreeReader) -> list[Problem]:
    return [problem for batch in read(reader) for problem in batch.problems]


def only(kind: type[R], found: Sequence[object]) -> list[R]:
    return [record for record in found if isinstance(record, kind)]


def ids(found: Sequence[object]) -> list[str | None]:
    return [message.message_id for message in only(Message, found)]

"""What a reader brings, picked apart for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
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
        batches.append(reader.poll(turns=0))
    return batches


def records(reader: TreeReader) -> list[Record]:
    return [record for batch in read(reader) for record in batch.records]


def problems(reader: TreeReader) -> list[Problem]:
    return [problem for batch in read(reader) for problem in batch.problems]


def only(kind: type[R], found: Sequence[object]) -> list[R]:
    return [record for record in found if isinstance(record, kind)]


def ids(found: Sequence[object]) -> list[str | None]:
    return [message.message_id for message in only(Message, found)]


async def until(
    batches: AsyncIterator[Batch], done: Callable[[list[Record]], bool]
) -> list[Record]:
    """What comes until it is enough; the test's timeout is the deadline."""
    found: list[Record] = []
    while not done(found):
        found += (await anext(batches)).records
    return found


async def messages(batches: AsyncIterator[Batch], count: int) -> list[str | None]:
    def enough(found: list[Record]) -> bool:
        return sum(isinstance(record, Message) for record in found) >= count

    found = await until(batches, enough)
    return [record.message_id for record in found if isinstance(record, Message)]

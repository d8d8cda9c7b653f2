"""Older messages, page by page, off the loop."""

from __future__ import annotations

import asyncio
import math
import threading

import pytest
from paged import PagedMessages

from logging_core.records import Message, Problem
from madrox_tui.panels.timeline.message_source import MOST, PAGE, MessageSource

pytestmark = pytest.mark.asyncio


def message(at: float, instance_id: str = "a") -> Message:
    return Message(
        instance_id=instance_id, time_s=at, event_type="message_sent", content=f"said at {at:g}"
    )


class FakePages(PagedMessages):
    """A read waits while `gate` is closed."""

    def __init__(self, messages: list[Message]) -> None:
        super().__init__(messages)
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.fails = False
        self.reading = 0
        self.most_reading = 0

    def older(self, count: int, *, since_s: float | None = None) -> list[Message]:
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        self.entered.set()
        assert self.gate.wait(10)
        self.reading -= 1
        if self.fails:
            raise PermissionError(13, "Permission denied")
        return super().older(count, since_s=since_s)


async def next_of(source: MessageSource) -> list[Message]:
    """The messages of the next older page."""
    page = await source.older()
    assert page is not None
    assert page.from_s == (page.times[0] if page.messages else -math.inf)
    return page.messages


async def test_pages_go_back_to_the_beginning() -> None:
    """Page after page, oldest first within each, until an empty one says that is all."""
    pages = FakePages([message(at) for at in range(PAGE + 20)])
    source = MessageSource(pages.open)
    source.start(PAGE + 10)
    assert [m.time_s for m in await next_of(source)] == list(range(10, PAGE + 10))
    assert [m.time_s for m in await next_of(source)] == list(range(10))
    assert await next_of(source) == []


async def test_only_the_instances_asked_for() -> None:
    """A source that was started for some instances brings only theirs."""
    pages = FakePages([message(1, "a"), message(2, "b")])
    source = MessageSource(pages.open)
    source.start(9, ["b"])
    assert [m.instance_id for m in await next_of(source)] == ["b"]


async def test_nothing_before_it_was_started() -> None:
    """A source that was never told where to begin reads nothing."""
    assert await MessageSource(FakePages([message(1)]).open).older() is None


async def test_a_new_start_drops_what_is_being_read() -> None:
    """A page of an earlier start never shows up after a later one; the next is of the new one."""
    pages = FakePages([message(at) for at in range(9)])
    source = MessageSource(pages.open)
    source.start(9)
    pages.gate.clear()
    reading = asyncio.create_task(source.older())
    assert await asyncio.to_thread(pages.entered.wait, 10)
    source.start(3)
    pages.gate.set()
    assert await reading is None
    assert [m.time_s for m in await next_of(source)] == [0, 1, 2]


async def test_lines_about_an_instances_life_are_no_messages() -> None:
    """A page with nothing else is passed over; what was said before it is found all the same."""
    life = [Message(instance_id="a", time_s=at, text="created") for at in range(2, PAGE + 9)]
    source = MessageSource(FakePages([message(1), *life]).open)
    source.start(2 * PAGE)
    assert await next_of(source) == [message(1)]
    assert await next_of(source) == []


@pytest.mark.parametrize("apart_s", [0.001, 1.0, 500.0, 200_000.0])
async def test_newer_ones_come_in_pages_too(apart_s: float) -> None:
    """However densely they were written, from the first of all up to a moment, each once."""
    pages = FakePages([message(1e9 + at * apart_s) for at in range(3 * MOST * PAGE)])
    source = MessageSource(pages.open)
    last_s, found = 1e9 + 3 * MOST * PAGE * apart_s, list[Message]()
    from_s = -math.inf
    while from_s < last_s:
        span = await source.newer(from_s, last_s)
        assert len(span.messages) <= MOST * PAGE
        assert span.from_s == from_s < span.until_s
        found += span.messages
        from_s = span.until_s
    assert found == pages.messages
    assert pages.reads < 200


async def test_many_of_one_moment_are_not_parted() -> None:
    """However many there are."""
    pages = FakePages([message(1e9 + at // 3000) for at in range(9000)])
    source = MessageSource(pages.open)
    span = await source.newer(1e9 + 1, 1e9 + 3)
    assert len(span.messages) % 3000 == 0
    assert span.messages[0].time_s == 1e9 + 1


async def test_of_nobody_there_is_nothing_newer() -> None:
    """Who has said nothing has no first message either."""
    source = MessageSource(FakePages([message(5)]).open)
    span = await source.newer(-math.inf, 9.0, ["b"])
    assert (span.messages, span.until_s) == ([], 9.0)


async def test_one_read_at_a_time() -> None:
    """However often it is asked, files are read by one thread at a time."""
    pages = FakePages([message(at) for at in range(3 * PAGE)])
    source = MessageSource(pages.open)
    source.start(3 * PAGE)
    await asyncio.gather(*(source.older() for _ in range(6)))
    assert pages.most_reading == 1


async def test_one_read_at_a_time_whoever_gives_up() -> None:
    """A read that nobody waits for any more is over before the next one begins."""
    pages = FakePages([message(at) for at in range(3 * PAGE)])
    source = MessageSource(pages.open)
    source.start(3 * PAGE)
    pages.gate.clear()
    given_up = asyncio.create_task(source.older())
    await asyncio.to_thread(pages.entered.wait, 10)
    given_up.cancel()
    wanted = asyncio.create_task(source.older())
    await asyncio.sleep(0)
    pages.gate.set()
    assert await wanted
    assert pages.most_reading == 1


async def test_a_file_that_cannot_be_read_is_told() -> None:
    """The error reaches the caller, and the source still works afterwards."""
    pages = FakePages([message(1)])
    pages.fails = True
    source = MessageSource(pages.open)
    source.start(9)
    with pytest.raises(PermissionError):
        await source.older()
    pages.fails = False
    assert [m.time_s for m in await next_of(source)] == [1]


async def test_what_could_not_be_read_is_known() -> None:
    """One problem of each file, whichever pages met it, to be told in log health."""
    pages = FakePages([message(at) for at in range(3)])
    source = MessageSource(pages.open)
    assert source.problems == []
    for reason in ("damaged", "Permission denied"):
        pages.problems = [Problem(path="instances/a/communication.jsonl.1.gz", reason=reason)]
        source.start(9)
        await source.older()
    assert [problem.reason for problem in source.problems] == ["Permission denied"]

"""Blocking calls from a coroutine."""

from __future__ import annotations

import asyncio
import threading

import pytest

from logging_core.threads import in_thread


@pytest.mark.asyncio
async def test_a_call_that_fails_once_it_is_cancelled_fails_in_silence() -> None:
    """Nobody waits for its result any more: asyncio prints no traceback over the screen."""
    loop, told = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: told.append(context))
    begun, cancelled, raised = asyncio.Event(), threading.Event(), threading.Event()

    def call() -> None:
        loop.call_soon_threadsafe(begun.set)
        cancelled.wait()
        raised.set()
        raise OSError("gone meanwhile")

    task = asyncio.create_task(in_thread(call, cancel=cancelled.set))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert raised.is_set()
    del task
    await asyncio.sleep(0)
    assert told == []


@pytest.mark.asyncio
async def test_whoever_is_cancelled_again_still_waits_for_the_thread() -> None:
    """A key that is held down cancels a reading again and again: the next one begins after it."""
    loop = asyncio.get_running_loop()
    begun, cancelled, may_end = asyncio.Event(), asyncio.Event(), threading.Event()
    has_ended = False

    def call() -> None:
        nonlocal has_ended
        loop.call_soon_threadsafe(begun.set)
        may_end.wait()
        has_ended = True

    task = asyncio.create_task(in_thread(call, cancel=cancelled.set))
    await begun.wait()
    task.cancel()
    await cancelled.wait()
    for _ in range(9):
        task.cancel()
        await asyncio.sleep(0)
    was_done = task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert has_ended
    assert not was_done


def test_whoever_is_cancelled_as_the_loop_ends_waits_for_the_thread() -> None:
    """What the thread uses is let go of after it, not while it runs."""
    begun, told = threading.Event(), list[str]()
    may_end = threading.Event()

    def call() -> None:
        begun.set()
        may_end.wait()
        told.append("thread")

    async def caller() -> None:
        try:
            await in_thread(call, cancel=threading.Timer(0.1, may_end.set).start)
        finally:
            told.append("caller")

    async def main() -> None:
        left = asyncio.create_task(caller())
        while not begun.is_set():
            await asyncio.sleep(0.01)
        assert not left.done()

    asyncio.run(main())
    assert told == ["thread", "caller"]

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

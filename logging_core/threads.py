"""Blocking calls from a coroutine, in a thread that does not outlive the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], *, cancel: Callable[[], object] = lambda: None) -> T:
    """Run `call` in a thread and return its result.

    A cancelled `asyncio.to_thread` returns at once while its thread keeps running. This waits for
    the thread, however often it is cancelled, and also as the loop ends, so a lock of the caller is
    not released, nor a file closed, while the thread still needs it.

    Args:
        call: The function to run.
        cancel: Called first on cancellation; should make `call` return early.

    Raises:
        Exception: Whatever `call` raises.
    """
    # No task, all of which are cancelled as a loop ends.
    done = asyncio.get_running_loop().run_in_executor(None, copy_context().run, call)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        cancel()
        ended = asyncio.gather(done, return_exceptions=True)  # else asyncio prints its exception
        while not ended.done():
            with suppress(asyncio.CancelledError):  # whoever is cancelled again waits as well
                await asyncio.wait({ended})
        raise

"""Blocking calls from a coroutine, without a thread that outlives them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], *, cancel: Callable[[], object] = lambda: None) -> T:
    """Run `call` in a thread, and return what it returns.

    `asyncio.to_thread` returns at once when it is cancelled, while its thread goes on. This waits
    for the thread: what the caller locked stays locked until nobody uses it any more.

    Args:
        call: What to run.
        cancel: Called first when this is cancelled; should make `call` return early.

    Raises:
        Exception: Whatever `call` raises.
    """
    done = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        cancel()
        await asyncio.wait({done})
        raise

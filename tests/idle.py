"""When an app has nothing left to do: a pilot waits for that after each key, and so does a test."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from textual._context import active_app

STEP_S = 0.005
"""How long it must have been quiet."""

BUSY = 0.05
"""Threads that take more of the time than this are at work."""


async def wait_for_idle(min_sleep: float = STEP_S, max_sleep: float = 1) -> None:
    """Wait until the loop has nothing to run, the app nothing to paint, and no thread is at work.

    Textual's own looks at processor time alone: that takes four times as long, and on a machine
    where others compute it ends although there is work left.
    """
    loop: Any = asyncio.get_running_loop()
    start_s = loop.time()
    while True:
        before_s = time.process_time()
        await asyncio.sleep(STEP_S)
        computed_s = time.process_time() - before_s
        passed_s = loop.time() - start_s
        is_idle = not loop._ready and not _will_paint() and computed_s < STEP_S * BUSY
        if (is_idle and passed_s >= min_sleep) or passed_s >= max_sleep:
            return


def _will_paint() -> bool:
    """Whether the timer runs that lays out and paints what has changed."""
    return any(
        screen._update_timer._active.is_set() for screen in active_app.get().screen_stack[-1:]
    )

"""Waiting for what was sent: keys and messages reach widgets and screens through queues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen, ScreenResultType

LONGEST_S = 2.0
"""One that is closed meanwhile never tells, and keys must not wait for it for ever."""


async def settle(pump: MessagePump) -> None:
    """Wait until a widget or screen has handled what it was sent so far; `LONGEST_S` at most."""
    settled = asyncio.Event()
    if pump.call_later(settled.set):
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                await settled.wait()


async def open_over(
    app: App[Any],
    screen: Screen[ScreenResultType],
    then: Callable[[ScreenResultType | None], None] | None = None,
) -> None:
    """Open a screen over the others, and wait until it has the focus: the next key is for it.

    Args:
        app: The app.
        screen: What to open.
        then: Called with its result once it is closed.
    """
    await app.push_screen(screen, then)
    await settle(screen)

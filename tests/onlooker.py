"""Whoever looks at an app in a test: waits for what a person would see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from textual.app import App
from textual.notifications import Notification

TIMEOUT_S = 20.0
STEP_S = 0.01


class Onlooker:
    """Reads the screen until it shows what is waited for."""

    app: App[Any]

    @property
    def text(self) -> str:
        """What is on the screen, a line per row."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    @property
    def notices(self) -> list[Notification]:
        """What toasts said so far, the newest last."""
        # Textual tells nobody else of them, and a test's app shows none.
        return list(self.app._notifications)

    async def is_told(self, toast: str) -> None:
        """Wait until a toast says so."""
        await self.until(lambda: toast in [notice.message for notice in self.notices], toast)

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Wait for a condition; fail with the screen if it never holds."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not condition():
                    await asyncio.sleep(STEP_S)
        except TimeoutError:
            raise AssertionError(f"never came: {what}\n{self.text}") from None

    async def sees(self, *parts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.until(lambda: all(self._holds(parts)), repr(parts))

    async def misses(self, *parts: str) -> None:
        """Wait until none of the texts is on the screen."""
        await self.until(lambda: not any(self._holds(parts)), f"no {parts!r}")

    def _holds(self, parts: Sequence[str]) -> list[bool]:
        """Which texts are on the screen, which is drawn once for all of them."""
        text = self.text
        return [part in text for part in parts]

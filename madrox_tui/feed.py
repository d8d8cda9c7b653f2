"""The one hop from the log tree to the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from logging_core import follow
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, InstanceState
from logging_core.read.frames import read_frame
from logging_core.read.panes import PaneFile
from madrox_tui.filters import Filter
from madrox_tui.frames import FrameSource
from madrox_tui.view import View

HISTORY_BYTES = 256 * 1024
"""How much of the end of each log (audit and captures apart) is read at the start."""

FIRST_LOOKS_S = 0.1
"""How often a part of the history is shown while the rest is still being read."""


class Feed:
    """Follows a tree, folds it into the fleet model, and publishes views.

    Args:
        root: The log tree; need not exist yet.
        now: The clock, seconds since the epoch.
        wanted: The filter to begin with.
        since_s: Count only what happened at or after this moment; `None` for all.
        poll: Do without change notifications.
        tick_s: How often ages and time-dependent states are looked at anew.
    """

    def __init__(
        self,
        root: Path,
        *,
        now: Callable[[], float],
        wanted: Filter,
        since_s: float | None = None,
        poll: bool = False,
        tick_s: float = 1.0,
    ) -> None:
        self.root = root
        self.frames = FrameSource(partial(PaneFile, root), partial(read_frame, root))
        self._now = now
        self._poll = poll
        self._tick_s = tick_s
        self._model = FleetModel(since_s=since_s)
        self._turn = asyncio.Lock()
        self._filter = wanted
        self._scope: str | None = None

    async def run(self, publish: Callable[[View], None]) -> None:
        """Follow the tree until cancelled; `publish` is given each new view, on the loop."""
        ticker = asyncio.create_task(self._tick(publish))
        try:
            await self._follow(publish)
        finally:
            ticker.cancel()

    async def narrow(self, wanted: Filter, scope: str | None, held: FleetState | None) -> View:
        """A view that is narrowed otherwise; later ones are narrowed the same.

        Args:
            wanted: The filter.
            scope: The only instance to show, or `None`.
            held: The state to show, if the screen is paused; `None` for the newest.
        """
        self._filter, self._scope = wanted, scope
        async with self._turn:
            return await asyncio.to_thread(self._look, held)

    async def _follow(self, publish: Callable[[View], None]) -> None:
        loop = asyncio.get_running_loop()
        shown_s = 0.0
        batches = follow(self.root, history_bytes=HISTORY_BYTES, poll=self._poll)
        async for batch in batches:
            async with self._turn:
                await asyncio.to_thread(self._model.apply, batch)
                if batch.caught_up or loop.time() - shown_s >= FIRST_LOOKS_S:
                    publish(await asyncio.to_thread(self._look))
                    shown_s = loop.time()

    async def _tick(self, publish: Callable[[View], None]) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            async with self._turn:
                publish(await asyncio.to_thread(self._look))

    def _look(self, held: FleetState | None = None) -> View:
        state = held or self._model.state(self._now())
        instances = tuple(filter(self._passes, state.instances))
        usage = state.usage
        if len(instances) < len(state.instances):
            usage = self._model.usage_of({i.instance_id for i in instances})
        return View(state, self._filter, self._scope, instances, usage)

    def _passes(self, instance: InstanceState) -> bool:
        if self._scope is not None and instance.instance_id != self._scope:
            return False
        return self._filter.matches(instance)

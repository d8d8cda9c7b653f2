"""Notices from the operating system that something in a directory changed: early, not reliable.

An overflowed queue loses them silently, so do a replaced root, a limit reached and a file made in
a directory that was made a moment ago. They only say where to look first.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_STEP_MS = 10
_DEBOUNCE_MS = 50
_CHECK_MS = 2000  # of silence, after which the watching thread comes back for a moment
_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0


class Watch:
    """Collects the paths below a root that change.

    Attributes:
        changed: Set while there are paths to `take`.
    """

    def __init__(self, root: Path) -> None:
        self.changed = asyncio.Event()
        self._root = root
        self._paths: set[Path] = set()
        self._added: set[Path] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, or begin anew; what changes after this returns is noticed."""
        await self.stop()
        # Not before it is needed, nor on the loop: it takes a while.
        watchfiles = await asyncio.to_thread(import_module, "watchfiles")
        self._task = asyncio.create_task(self._run(watchfiles))
        await asyncio.sleep(0)  # the first step of the task sets up the watch

    async def stop(self) -> None:
        """End the task, if there is one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def take(self) -> tuple[set[Path], set[Path]]:
        """What changed since the last call, and which of it is new."""
        taken = self._paths, self._added
        self._paths, self._added = set(), set()
        self.changed.clear()
        return taken

    async def _run(self, watchfiles: ModuleType) -> None:
        pause_s = _PAUSE_S
        while True:
            changes = watchfiles.awatch(
                self._root,
                watch_filter=None,  # the default one is blind below .git and .venv
                step=_STEP_MS,
                debounce=_DEBOUNCE_MS,
                rust_timeout=_CHECK_MS,
                yield_on_timeout=True,
            )
            try:
                async with aclosing(changes):
                    async for batch in changes:
                        pause_s = _PAUSE_S
                        self._note(batch, watchfiles.Change)
                        if (watchfiles.Change.deleted, str(self._root)) in batch:
                            break  # what is made there next would be watched no more
            except (OSError, RuntimeError, ExceptionGroup):
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _note(self, batch: set[tuple[Any, str]], change: Any) -> None:
        for kind, path in batch:
            self._paths.add(Path(path))
            if kind is change.added:
                self._added.add(Path(path))
        if batch:
            self.changed.set()

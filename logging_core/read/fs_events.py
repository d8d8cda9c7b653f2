"""Watchfiles as an async iterator whose steps grow longer the longer nothing happens.

`watchfiles.awatch` keeps one step for good: short, it wakes a thread a hundred times a second for
nothing; long, every change is late. Both use the same watcher, which may be asked again with
another step and loses nothing in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from functools import partial

from logging_core.threads import in_thread

_DEBOUNCE_MS = 50
_STEPS_MS = {0.0: 10, 3.0: 20, 60.0: 160}
"""How long a step is, by the seconds of silence from which on it is."""

_CHECK_MS = 2000  # of silence, after which the watching thread comes back for a moment


async def fs_events(
    paths: Sequence[str], ended: asyncio.Event
) -> AsyncGenerator[set[tuple[str, str]], None]:
    """Tell what changes in some directories, but not in those below them.

    The watch is set up before the first item is waited for.

    Args:
        paths: The directories.
        ended: Set it to end the iteration.

    Yields:
        What happened (`added`, `modified` or `deleted`) and the path; nothing now and then.

    Raises:
        OSError: The directories cannot be watched.
        RuntimeError: The watcher failed.
    """
    from watchfiles import Change
    from watchfiles._rust_notify import RustNotify

    names = {int(change): change.name for change in Change}
    loop, stop = asyncio.get_running_loop(), _Stop(ended)
    heard_s = loop.time()
    with RustNotify(list(paths), False, False, 0, False, False) as watcher:
        while True:
            silent_s = loop.time() - heard_s
            step_ms = max(step for after_s, step in _STEPS_MS.items() if silent_s >= after_s)
            look = partial(watcher.watch, _DEBOUNCE_MS, step_ms, _CHECK_MS, stop)
            found = await in_thread(look, cancel=stop.cancel)
            if found == "stop":
                return
            if isinstance(found, str):
                yield set()
                continue
            heard_s = loop.time()
            yield {(names[kind], path) for kind, path in found}


class _Stop:
    """Is set once an event is, or once it is cancelled."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended
        self._is_cancelled = False

    def cancel(self) -> None:
        self._is_cancelled = True

    def is_set(self) -> bool:
        return self._is_cancelled or self._ended.is_set()

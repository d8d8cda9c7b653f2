"""Notices from the operating system that something in a directory changed: early, not reliable.

An overflowed queue loses them silently, so do a replaced root, a limit reached and a file made in
a directory that was made a moment ago. They only say where to look first.

Each directory is watched by itself, those below it are not: one that may not be read then costs
the others nothing, and no symbolic link leads out of the tree. All are watched by one watcher, of
which a user may have few; when directories come, it is replaced by a new one. What happens
meanwhile is not noticed, so the tree should then be swept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from logging_core.read.fs_events import fs_events
from logging_core.read.watchable import watchable
from logging_core.tree import AUDIT, INSTANCES

_PAUSE_S = 0.5
_MAX_PAUSE_S = 30.0
_RENEW_S = 1.0  # from one renewal to the next, at least
_RENEW_SHARE = 0.05  # of the time at most goes into renewals


class Changes(NamedTuple):
    """What was noticed.

    Attributes:
        paths: What changed.
        added: What of it is new.
        unsure: For a moment nothing was watched: a sweep should follow.
    """

    paths: set[str]
    added: set[str]
    unsure: bool


class Watch:
    """Collects the paths below a root that change, while somebody listens.

    What changes meanwhile is told together at the next `listen`: each telling takes its time.

    Attributes:
        changed: Set while there is something to `take`.
    """

    def __init__(self, root: Path) -> None:
        self.changed = asyncio.Event()
        self._root = root
        self._roster = {str(root / AUDIT), str(root / INSTANCES)}
        self._instances = f"{root / INSTANCES}/"
        self._is_heard = asyncio.Event()
        self._is_heard.set()
        self._taken = Changes(set(), set(), unsure=False)
        self._task: asyncio.Task[None] | None = None
        self._round = _Round((), 0.0)
        self._falls_short = False
        self._wary = False

    async def start(self) -> None:
        """Begin, or begin anew; what changes after this returns is noticed."""
        await self.stop()
        # Not before it is needed, nor on the loop: it takes a while.
        await asyncio.to_thread(import_module, "watchfiles")
        begun = asyncio.Event()
        self._task = asyncio.create_task(self._run(begun))
        self._task.add_done_callback(lambda _: begun.set())  # should it fail, the sweeps go on
        await begun.wait()

    async def stop(self) -> None:
        """End the task, if there is one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    @property
    def falls_short(self) -> bool:
        """Whether of some directories, or of all, nothing is told though it should be."""
        return self._task is not None and (self._task.done() or self._falls_short)

    def listen(self) -> bool:
        """Set `changed` as soon as something changes, or has since something last did.

        Returns:
            Whether something may have that is yet to be told.
        """
        is_behind = not self._is_heard.is_set()
        self._is_heard.set()
        return is_behind

    def take(self) -> Changes:
        """What was noticed since the last call."""
        taken = self._taken
        self._taken = Changes(set(), set(), unsure=False)
        self.changed.clear()
        return taken

    def expect(self, instance_ids: Iterable[str]) -> None:
        """These instances are there now: watch them too, where that was not noticed."""
        self._round.expect(self._instances + name for name in instance_ids)

    async def _run(self, begun: asyncio.Event) -> None:
        """Watch what there is, round after round; `begun` is set after the first try."""
        loop = asyncio.get_running_loop()
        pause_s = _PAUSE_S
        while True:
            begun_s = loop.time()
            try:
                paths = await self._begin_round()
                while not await self._watch(paths, begun):
                    paths = paths[: len(paths) // 2]
                pause_s = _PAUSE_S
            except (OSError, RuntimeError) as error:
                begun.set()
                self._falls_short = True
                self._wary = self._wary or not isinstance(error, OSError)
                if loop.time() - begun_s > _MAX_PAUSE_S:  # it was not for nothing
                    pause_s = _PAUSE_S
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _MAX_PAUSE_S)

    async def _begin_round(self) -> list[str]:
        """List what is to be watched from now on."""
        self._round.missing.clear()
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        paths, left_out = await asyncio.to_thread(watchable, self._root, wary=self._wary)
        rest_s = max(_RENEW_S, (loop.time() - start_s) / _RENEW_SHARE)
        before, self._round = self._round, _Round(paths, loop.time() + rest_s, left_out)
        self._round.expect(before.missing)  # seen too late to be listed
        return paths

    async def _watch(self, paths: list[str], begun: asyncio.Event) -> bool:
        """Watch for one round; false if these are more directories than can be watched."""
        if not paths:
            raise OSError("nothing here can be watched")
        changes = fs_events(paths, self._round.ended)
        # Its first step sets up the watch.
        soon = asyncio.get_running_loop().call_soon(self._has_begun, begun, len(paths))
        has_yielded = False
        try:
            async with aclosing(changes):
                async for batch in changes:
                    has_yielded = True
                    self._note(batch)
                    if ("deleted", str(self._root)) in batch:
                        break  # what is made there next would be watched no more
                    await self._is_heard.wait()
        except OSError as error:
            # Of what it raises at the start, all but the limit is of a type of its own.
            if has_yielded or type(error) is not OSError:
                raise
            return False
        finally:
            soon.cancel()
        return True

    def _has_begun(self, begun: asyncio.Event, watched: int) -> None:
        self._falls_short = watched < self._round.count
        if begun.is_set():
            self._taken = self._taken._replace(unsure=True)
            self.changed.set()
        begun.set()

    def _note(self, batch: set[tuple[str, str]]) -> None:
        for kind, path in batch:
            self._taken.paths.add(path)
            if kind == "added":
                self._taken.added.add(path)
            # New, or with other rights: it may have to be watched from now on.
            if kind != "deleted" and self._is_watchable(path):
                self._round.renew()
        if batch:
            self._is_heard.clear()
            self.changed.set()

    def _is_watchable(self, path: str) -> bool:
        """Whether a path is that of a directory to watch, if it is one."""
        if path.startswith(self._instances):
            return path.find("/", len(self._instances)) < 0
        return path in self._roster


class _Round:
    """The time for which a list of directories is watched.

    Args:
        paths: The list.
        earliest_s: It does not end before this moment, by the clock of the loop.
        left_out: So many more should be in it.

    Attributes:
        ended: Set when it is time to list anew.
        missing: Directories that are there and not in the list.
        count: How many should be in it.
    """

    def __init__(self, paths: Iterable[str], earliest_s: float, left_out: int = 0) -> None:
        self.ended = asyncio.Event()
        self.missing: set[str] = set()
        self._paths = frozenset(paths)
        self.count = len(self._paths) + left_out
        self._earliest_s = earliest_s
        self._is_ending = False

    def expect(self, paths: Iterable[str]) -> None:
        """These directories are there."""
        self.missing.update(path for path in paths if path not in self._paths)
        if self.missing:
            self.renew()

    def renew(self) -> None:
        """End as soon as it may be."""
        if not self._is_ending:
            self._is_ending = True
            asyncio.get_running_loop().call_at(self._earliest_s, self.ended.set)

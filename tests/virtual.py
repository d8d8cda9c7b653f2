"""An event loop whose clock is as fast as the machine, and an operating system that tells."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
_STEP_S = 0.02
_MOMENT_S = 1e-6  # takes whatever is done


class VirtualLoop(asyncio.SelectorEventLoop):
    """When nothing is to be done, it is at once the time when something is.

    What else would be done in threads is done on it.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_Selector(self._pass))

    def time(self) -> float:
        return self._now_s

    def run_in_executor(  # type: ignore[override] # there the types of all arguments are named
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        del executor
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is the caller's
            done.set_exception(error)
        return done

    def _pass(self, seconds: float) -> None:
        self._now_s += seconds


class _Selector(selectors.SelectSelector):
    def __init__(self, sleep: Callable[[float], object]) -> None:
        super().__init__()
        self._sleep = sleep

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "all wait for one another"
        self._sleep(timeout + _MOMENT_S)
        return super().select(0)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on such a loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class Told(Protocol):
    """Whoever has a tree watched."""

    def hear(self, path: str) -> None:
        """It was noticed that this changed, and is told now."""


WHOSE: ContextVar[Told] = ContextVar("WHOSE")
"""For whom a task watches."""


class Notifier:
    """Tells watchers what changes in the directories that they watch.

    Attributes:
        watchers: Those who watch now.
    """

    def __init__(self) -> None:
        self._is_broken = False
        self.watchers: list[Watcher] = []

    async def fs_events(
        self, paths: Sequence[str], ended: asyncio.Event
    ) -> AsyncGenerator[set[tuple[str, str]], None]:
        """In the place of the real one."""
        watcher = Watcher(paths)
        self.watchers.append(watcher)
        end = asyncio.create_task(ended.wait())
        try:
            while not end.done():
                heard = asyncio.create_task(watcher.heard.wait())
                await asyncio.wait({end, heard}, return_when=asyncio.FIRST_COMPLETED)
                heard.cancel()
                await asyncio.sleep(_STEP_S)
                watcher.heard.clear()
                if self._is_broken:
                    raise RuntimeError("no more notices")
                if watcher.noticed:
                    noticed, watcher.noticed = watcher.noticed, set()
                    for _, path in noticed:
                        watcher.whose.hear(path)
                    yield noticed
        finally:
            end.cancel()
            self.watchers.remove(watcher)

    def break_down(self, *, is_broken: bool) -> None:
        """End all watching, also that which is begun later; or do so no longer."""
        self._is_broken = is_broken
        for watcher in self.watchers:
            watcher.heard.set()

    def tell(self, watcher: Watcher, kind: str, path: str) -> None:
        """Tell one, if it still watches."""
        if watcher in self.watchers:
            watcher.noticed.add((kind, path))
            watcher.heard.set()


class Watcher:
    """One watcher.

    Attributes:
        noticed: What it was not asked for yet.
        heard: Set if there is any.
        whose: For whom.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.noticed: set[tuple[str, str]] = set()
        self.heard = asyncio.Event()
        self.whose = WHOSE.get()
        self._inodes = {path: Path(path).stat().st_ino for path in paths}

    def sees(self, path: str) -> bool:
        """Whether the directory of a path is watched, and still the same."""
        directory = Path(path) if path in self._inodes else Path(path).parent
        try:
            return self._inodes.get(str(directory)) == directory.stat().st_ino
        except OSError:
            return path in self._inodes  # it is the one that was deleted

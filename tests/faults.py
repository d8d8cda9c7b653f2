"""What may be wrong with a machine: rights that are missing, and a reader that is apart."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - nobody may have no right to load it later
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import watchfiles  # noqa: F401 - as above

_FOLLOW = """
import asyncio, json, re, resource, sys
from pathlib import Path
from logging_core import follow
from logging_core.records import (
    FrameRef, InstanceSeen, LifecycleEvent, Message, Metadata, OrchestratorEvent
)

root, descriptors = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

def of(batch, kind, name):
    return [getattr(record, name) for record in batch.records if isinstance(record, kind)]

async def main():
    async for batch in follow(root):
        peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
        found = {
            "instances": of(batch, InstanceSeen, "instance_id"),
            "named": of(batch, Metadata, "instance_id"),
            "frames": of(batch, FrameRef, "instance_id"),
            "lines": of(batch, LifecycleEvent, "instance_id"),
            "messages": of(batch, Message, "message_id"),
            "entries": of(batch, OrchestratorEvent, "text"),
            "problems": [problem.reason for problem in batch.problems],
            "polling": [batch.polling],
            "caught_up": batch.caught_up,
            "peak_kib": int(peak[1]),
        }
        print(json.dumps(found), flush=True)

asyncio.run(main())
"""


_AS_IF_LIMITED = """
from watchfiles import _rust_notify

real = _rust_notify.RustNotify

def limited(paths, *rest):
    if {instances} == 0:
        raise _rust_notify.WatchfilesRustInternalError("Too many open files (os error 24)")
    if len(paths) > {watches}:
        raise OSError("OS file watch limit reached. about ['/x']")
    return real(paths, *rest)

_rust_notify.RustNotify = limited
"""
_LIMITS = "/proc/sys/user/max_inotify_"


def limited(code: str, *, watches: int, instances: int) -> list[str]:
    """A command that runs code with so many watches, of so many watchers.

    The kernel sees to that in a user namespace; where there may be none, the watcher seems to.
    """
    set_both = f"echo {watches} > {_LIMITS}watches && echo {instances} > {_LIMITS}instances"
    command = ["unshare", "-Ur", "sh", "-c", f'{set_both} && exec "$@"', "sh"]
    with suppress(OSError):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return [*command, sys.executable, "-c", code]
    as_if = _AS_IF_LIMITED.format(watches=watches, instances=instances)
    return [sys.executable, "-c", as_if + code]


class Follower:
    """A process of its own that follows a tree.

    Args:
        root: The tree.
        descriptors: So many files it may have open at once.
        watches: So many directories it may watch.
        instances: So many watchers it may have.

    Attributes:
        found: All that it has told so far: what came, by kind, and its `problems`.
        caught_up: As of its last batch.
        peak_kib: The most memory that it had in use.
    """

    def __init__(
        self,
        root: Path,
        *,
        descriptors: int = 256,
        watches: int | None = None,
        instances: int = 128,
    ) -> None:
        self.found: dict[str, list[Any]] = {}
        self.caught_up = False
        self.peak_kib = 0
        command = [sys.executable, "-c", _FOLLOW]
        if watches is not None:
            command = limited(_FOLLOW, watches=watches, instances=instances)
        command += [str(root), str(descriptors)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid

    def until(self, done: Callable[[], bool]) -> None:
        """Take what it tells until it is enough; the test's timeout is the deadline."""
        assert self._process.stdout is not None
        while not done():
            line = self._process.stdout.readline()
            assert line, "it ended"
            told: dict[str, Any] = json.loads(line)
            self.caught_up, self.peak_kib = told.pop("caught_up"), told.pop("peak_kib")
            for kind, values in told.items():
                self.found.setdefault(kind, []).extend(values)


NOBODY = 65534
"""A user without any rights."""


def reachable_by_nobody(path: Path) -> None:
    """Give a file to that user, if there is need to."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


@contextmanager
def as_nobody(reachable: Path) -> Iterator[None]:
    """Without the rights of root, which may read everything; `reachable` can still be reached."""
    if os.geteuid() != 0:
        yield
        return
    for directory in (reachable, *reachable.parents):
        if str(directory).startswith(tempfile.gettempdir()) and directory.stat().st_uid == 0:
            directory.chmod(directory.stat().st_mode | 0o011)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def as_root() -> Iterator[None]:
    """Inside `as_nobody`: for a moment with the rights from before."""
    before = os.geteuid()
    os.seteuid(os.getuid())
    try:
        yield
    finally:
        os.seteuid(before)

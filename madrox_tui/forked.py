"""A value that a forked process makes while this one does something else."""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

_CHUNK = 1 << 20


class Forked(Generic[T]):
    """Begins to make a value at once; a context manager, which ends the process.

    The process ends by itself when this one does. If it fails, there is no value.

    Args:
        make: Makes the value, which must be picklable. It is given a function that tells whether
            the value is wanted now: then less of it, at once, is better than more.
    """

    def __init__(self, make: Callable[[Callable[[], bool]], T]) -> None:
        self._pid = 0
        ours, theirs = socket.socketpair()
        self._socket = ours
        try:
            self._pid = os.fork()
        except OSError:  # no room for another process: do without
            theirs.close()
            return
        if not self._pid:
            try:
                ours.close()
                _be_the_child(theirs, make)
            finally:
                os._exit(0)  # without the exit handlers of this process
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()

    def hurry(self) -> None:
        """Tell the process that the value is wanted now."""
        if self._pid:
            self._socket.shutdown(socket.SHUT_WR)

    def take(self) -> T | None:
        """Wait for the value, and return it; `None` if there is none. To be called once."""
        if not self._pid:
            return None
        self.hurry()
        data = bytearray()
        while chunk := self._socket.recv(_CHUNK):
            data += chunk
        self._wait()
        try:
            value: T = pickle.loads(data)  # noqa: S301 - our own process pickled it
        except (EOFError, pickle.UnpicklingError):
            return None
        return value

    def _wait(self) -> None:
        pid, self._pid = self._pid, 0
        os.waitpid(pid, 0)


def _be_the_child(theirs: socket.socket, make: Callable[[Callable[[], bool]], T]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends it without a traceback
    gc.disable()

    def is_late() -> bool:
        return bool(select.select([theirs], [], [], 0)[0])

    theirs.sendall(pickle.dumps(make(is_late), pickle.HIGHEST_PROTOCOL))

"""Something made by a process of its own, while this one does something else that takes long."""

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


class Ahead(Generic[T]):
    """Begins to make a value at once; a context manager, which ends the process.

    The process is forked: it has everything that this one has now, and no more. It ends by itself
    when this one does. What goes wrong in it is nobody's concern but its own: then there is no
    value.

    Args:
        make: Makes the value, which can be pickled. It is given a function that tells whether
            there is no time left: then what there is by now is better than more of it.
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
                os._exit(0)  # without what is registered to be done at the end of this process
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
        """Say that the value is wanted soon."""
        if self._pid:
            self._socket.shutdown(socket.SHUT_WR)

    def take(self) -> T | None:
        """Wait for the value; `None` if it could not be made. To be called once."""
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
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which ends it without a word
    gc.disable()

    def is_late() -> bool:
        return bool(select.select([theirs], [], [], 0)[0])

    theirs.sendall(pickle.dumps(make(is_late), pickle.HIGHEST_PROTOCOL))

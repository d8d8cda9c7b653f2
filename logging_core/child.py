"""Processes of our own that do for another one what that one has no time, or no memory, for.

What such a process makes it hands over in a temporary file that has no name, so that none is left
behind whoever ends how; and it ends when the one that wants it does. What it reads has no part in
the memory of that one, nor do the two ever wait for the same interpreter lock.
"""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event
from typing import IO


def start(
    module: str, *arguments: str | os.PathLike[str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a module of ours; how far it is it says on its standard error.

    Args:
        module: Its name.
        arguments: Follow the id of this process, for `Unwanted`.
        output: The file, which is its standard output.

    Raises:
        OSError: There is no room for another process.
    """
    argv = [sys.executable, "-P", "-m", module, str(os.getpid()), *arguments]
    quiet = subprocess.DEVNULL
    # It finds what this process found, wherever that was started.
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module, no shell
        argv, stdin=quiet, stdout=output, stderr=subprocess.PIPE, env=os.environ | path
    )


class Unwanted(Event):
    """Is set, in such a process, once the one that started it has ended.

    Args:
        parent: Which one that is, by process id.
    """

    def __init__(self, parent: int) -> None:
        super().__init__()
        self._parent = parent

    def is_set(self) -> bool:
        """Return whether nobody waits any longer."""
        return super().is_set() or os.getppid() != self._parent

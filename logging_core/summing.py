"""A whole tree, read by a process of its own: for one that has no time for it, as a user waits.

The process hands over its model as a cache file in a directory that only the two know, and ends
when the one that wants it does. What it reads has no part in the memory of that one, nor does it
ever wait for the same interpreter lock.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from logging_core.cache import FleetCache, Opened, read_whole

_KIND = "whole"
_NICENESS = 19  # it is in nobody's way


class Summing:
    """Reads a whole tree in another process, once.

    Args:
        root: The tree.
        since_s: See `FleetModel`.
    """

    def __init__(self, root: Path, since_s: float | None) -> None:
        self._root = root.absolute()
        self._since_s = since_s
        self._process: subprocess.Popen[bytes] | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._is_stopped = False

    def run(self) -> bool:
        """Read, and wait for it; whether there is something to `load` then."""
        try:
            self._directory = tempfile.TemporaryDirectory(prefix="madrox-top-")
            self._process = self._start(self._directory.name)
        except OSError:  # no room on the disk, or for another process
            return False
        if self._is_stopped:
            self.stop()
        return self._process.wait() == 0

    def load(self, **options: Any) -> Opened | None:
        """What was read, once; `None` if it cannot be used.

        Args:
            options: Of the `FleetModel`.
        """
        if self._directory is None:
            return None
        with self._directory as directory:
            return FleetCache(self._root, _KIND, Path(directory)).load(**options)

    def stop(self) -> None:
        """End the process; may be called from any thread, and before it runs."""
        self._is_stopped = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Remove what was read."""
        if self._directory is not None:
            self._directory.cleanup()

    def _start(self, directory: str) -> subprocess.Popen[bytes]:
        since = () if self._since_s is None else (repr(self._since_s),)
        argv = [sys.executable, "-P", "-m", __spec__.name, self._root, directory, *since]
        quiet = subprocess.DEVNULL
        # It finds what this process found, wherever that was started.
        path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module, no shell
            argv, stdin=quiet, stdout=quiet, stderr=quiet, env=os.environ | path
        )


def main(argv: list[str]) -> int:
    """Be that process: the exit code is 0 if the model was handed over.

    Args:
        argv: The root, the directory for the model, and `since_s` unless everything counts.
    """
    root, directory, *since = argv
    parent = os.getppid()
    os.nice(_NICENESS)
    whole = read_whole(
        Path(root),
        since_s=float(since[0]) if since else None,
        wanted=lambda: os.getppid() == parent,
    )
    if whole is None:  # nobody is left to remove it
        shutil.rmtree(directory, ignore_errors=True)
        return 1
    cache = FleetCache(Path(root), _KIND, Path(directory))
    cache.save(whole.model, whole.cursor)
    return int(cache.trouble is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A whole tree, read by a process of its own: for one that has no time for it, as a user waits."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

from logging_core import child
from logging_core.cache import Opened, read_whole, restore, store
from logging_core.text import safe_line

_NICENESS = 19  # it is in nobody's way


class Summing:
    """Reads a whole tree in another process, once.

    Args:
        root: The tree.
        since_s: See `FleetModel`.

    Attributes:
        share: About how much of the tree was read so far, by bytes; 1 is all.
        trouble: Why there is nothing to load after `run`, as text to show; `''` if there is.
    """

    def __init__(self, root: Path, since_s: float | None) -> None:
        self.share = 0.0
        self.trouble = ""
        self._root = root.absolute()
        self._since_s = since_s
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        self._file: IO[bytes] | None = None  # once there is something to load
        self._is_closed = False
        self._lock = Lock()  # of these two

    def run(self) -> bool:
        """Read, and wait for it; whether there is something to `load` then."""
        with ExitStack() as own:
            try:
                file = own.enter_context(tempfile.TemporaryFile(prefix="madrox-top-"))
                since = () if self._since_s is None else (repr(self._since_s),)
                self._process = child.start(__spec__.name, self._root, *since, output=file)
            except OSError as error:  # no room on the disk, or for another process
                self.trouble = _why(error)
                return False
            if self._is_stopped:
                self.stop()
            if self._hear(self._process) == 0 and self._keep(file):
                own.pop_all()
                return True
        return False

    def load(self, **options: Any) -> Opened | None:
        """What was read, once; `None` if it cannot be used.

        Args:
            options: Of the `FleetModel`.
        """
        if self._file is None:
            return None
        self._file.seek(0)
        opened = restore(self._root, self._file, **options)
        self.close()
        return opened

    def stop(self) -> None:
        """End the process; may be called from any thread, and before it runs."""
        self._is_stopped = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Let go of what was read, from any thread; while it is read, `run` does once it ends."""
        with self._lock:
            file, self._file, self._is_closed = self._file, None, True
        if file is not None:
            file.close()

    def _hear(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the process, and note what it says; return its exit code."""
        with process:
            for line in process.stderr or ():
                try:
                    self.share = float(line)
                except ValueError:  # what is said last is why it ends
                    self.trouble = safe_line(line.decode("utf-8", "replace").strip())
        if process.returncode < 0:
            self.trouble = f"its process was ended by signal {-process.returncode}"
        return process.returncode

    def _keep(self, file: IO[bytes]) -> bool:
        """Keep what was read for `load`, unless nobody wants it any more."""
        with self._lock:
            if not self._is_closed:
                self._file = file
            return not self._is_closed


def main(argv: list[str], output: IO[bytes], progress: IO[bytes]) -> int:
    """Be that process: the exit code is 0 if the model was handed over.

    Args:
        argv: Who wants it, by process id; the root; and `since_s` unless everything counts.
        output: Where the model is written to.
        progress: Where `Summing.share` is written to, a line each time, and `trouble` at the end.
    """
    parent, root, *since = argv
    os.nice(_NICENESS)
    unwanted = child.Unwanted(int(parent))

    def is_wanted(share: float) -> bool:
        if unwanted.is_set():
            return False
        progress.write(b"%.3f\n" % share)
        progress.flush()
        return True

    since_s = float(since[0]) if since else None
    try:
        whole = read_whole(Path(root), since_s=since_s, wanted=is_wanted)
        if whole is None:
            return 1
        store(Path(root), whole.model, whole.reader.cursor, output)
        output.flush()
    except OSError as error:  # no room on the disk, or the tree is gone, or whoever wants it
        with suppress(OSError):
            progress.write(f"{_why(error)}\n".encode())
            progress.flush()
        return 1
    return 0


def _why(error: OSError) -> str:
    return str(error.strerror or error).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout.buffer, sys.stderr.buffer))

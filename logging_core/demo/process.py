"""The demo as a child process that writes into a temporary tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from logging_core.errors import MadroxLogError

_PATIENCE_S = 5.0


@contextmanager
def demo_tree(meanwhile: Callable[[], object] = lambda: None) -> Iterator[Path]:
    """Start the demo; yield the path of its log tree once an hour of history is written.

    The child keeps writing live until the block is left; then it is stopped and the tree is
    removed. If this process is killed, the child notices, removes the tree and exits.

    Args:
        meanwhile: Called once while the child writes the history, which takes about half a
            second: time to import what will show the tree.

    Raises:
        MadroxLogError: The demo could not start; the message says why.
    """
    root = Path(tempfile.mkdtemp(prefix="madrox-demo-"))
    try:
        with tempfile.TemporaryFile() as errors:
            child = _start(root, errors)
            try:
                meanwhile()
                _await_ready(child, errors)
                yield root
            finally:
                _stop(child)
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(root)


def _start(root: Path, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a child with our import path, detached from our terminal and its signals."""
    command = [sys.executable, "-P", "-m", "logging_core.demo", str(root), "--remove"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )


def _await_ready(child: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    said = child.stdout.readline() if child.stdout else b""
    if said == b"ready\n":
        return
    errors.seek(0)
    last = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
    raise MadroxLogError(f"the demo could not start: {last or 'it ended without a word'}")


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Close the child's stdin, which ends it; kill it if it does not exit."""
    with child:
        if child.stdin:
            child.stdin.close()
        try:
            child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()

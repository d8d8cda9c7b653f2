"""What is made ahead is there when it is wanted, and never in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from madrox_tui.forked import Forked


def until_late(is_late: Callable[[], bool]) -> str:
    while not is_late():
        time.sleep(0.001)
    return "late"


def fail(is_late: Callable[[], bool]) -> str:
    raise RuntimeError(is_late())


def die(is_late: Callable[[], bool]) -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return until_late(is_late)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_is_made_ahead_can_be_taken() -> None:
    """However large it is; it was made in another process."""
    with Forked(lambda _: (os.getpid(), b"x" * 5_000_000)) as forked:
        taken = forked.take()
        assert taken is not None
        pid, data = taken
        assert data == b"x" * 5_000_000
        assert pid != os.getpid()
        assert not runs(pid)


def test_whoever_makes_it_learns_that_it_is_wanted() -> None:
    """Then there is what there is by then."""
    with Forked(until_late) as forked:
        forked.hurry()
        assert forked.take() == "late"
    with Forked(until_late) as forked:
        assert forked.take() == "late"


def test_what_cannot_be_made_is_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed either: there is a screen on this terminal."""
    for make in (fail, die, lambda _: lambda: "cannot be pickled"):
        with Forked(make) as forked:
            assert forked.take() is None
    assert capfd.readouterr() == ("", "")


def test_without_another_process_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is full only starts more slowly."""

    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    with Forked(until_late) as forked:
        forked.hurry()
        assert forked.take() is None


def test_nothing_is_left_of_what_was_not_taken(tmp_path: Path) -> None:
    """Leaving the block ends the other process at once, whatever it does."""
    written = tmp_path / "pid"

    def never(_: Callable[[], bool]) -> None:
        written.write_text(str(os.getpid()))
        signal.pause()

    with Forked(never):
        while not (written.exists() and written.read_text()):
            time.sleep(0.001)
    assert not runs(int(written.read_text()))


def test_it_ends_with_the_program(tmp_path: Path) -> None:
    """Also where that is killed, and can tell it nothing."""
    script = textwrap.dedent("""
        import os, signal, sys, time
        from madrox_tui.forked import Forked

        def make(is_late):
            print(os.getpid(), flush=True)
            while not is_late():
                time.sleep(0.001)
            return b"x" * 1_000_000

        with Forked(make):
            signal.pause()
    """)
    argv = [sys.executable, "-c", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        assert runs(pid)
        program.kill()
        program.wait()
        while runs(pid):
            time.sleep(0.001)

"""The program in a real terminal: what it writes there, and how it leaves it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders import TreeBuilder
from terminal import Terminal, madrox_top

RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l")
"""What gives the terminal back: main screen, cursor, no mouse, no bracketed paste."""


@pytest.fixture
def fleet(tree: TreeBuilder) -> TreeBuilder:
    """One busy instance, minutes old."""
    at = time.time() - TreeBuilder.epoch(0) - 60
    tree.spawn("a1", "atlas", at=at)
    tree.send("a1", "m-1", "build the plan", at=at + 10)
    tree.frame("a1", "atlas pane", at=at + 20)
    return tree


def left_as_it_was(terminal: Terminal) -> bool:
    return terminal.modes == terminal.modes_before and all(
        sequence in terminal.output for sequence in RESTORED
    )


def test_q_gives_the_terminal_back(fleet: TreeBuilder, tmp_path: Path) -> None:
    """After `q` the exit code is 0 and the terminal is as it was."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert left_as_it_was(terminal)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name
)
def test_signals_give_the_terminal_back(
    fleet: TreeBuilder, tmp_path: Path, number: signal.Signals
) -> None:
    """SIGINT, SIGTERM and SIGHUP end it with 128 + their number, the terminal as it was."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.process.send_signal(number)
        assert terminal.ends() == 128 + number
        assert left_as_it_was(terminal)


def state_of(process: subprocess.Popen[bytes]) -> str:
    """The letter that the system has for what a process does: `S` sleeps, `T` is stopped."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_stopping_gives_the_terminal_back_and_going_on_draws_it_anew(
    fleet: TreeBuilder, tmp_path: Path
) -> None:
    """SIGTSTP leaves the terminal as it was; after SIGCONT what came meanwhile is on the screen."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.process.send_signal(signal.SIGTSTP)
        terminal.until(lambda: state_of(terminal.process) == "T", "it stops")
        terminal.read()
        assert left_as_it_was(terminal)
        fleet.send("a1", "m-2", "said in the meantime", at=time.time() - TreeBuilder.epoch(0))
        terminal.output = b""
        terminal.process.send_signal(signal.SIGCONT)
        terminal.sees("\x1b[?1049h")
        terminal.sees("said in the meantime")
        terminal.send(b"q")
        assert terminal.ends() == 0


def test_going_on_draws_what_has_not_changed(fleet: TreeBuilder, tmp_path: Path) -> None:
    """After Ctrl+Z and `fg` the whole screen is there, though nothing happened in between."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        for _ in range(3):  # ticks, until nothing else is left to be drawn
            terminal.output = b""
            terminal.sees("● live")
        terminal.send(b"\x1a")
        terminal.until(lambda: state_of(terminal.process) == "T", "it stops")
        terminal.read()
        terminal.output = b""
        terminal.process.send_signal(signal.SIGCONT)
        for text in ("● live", "Instances", "Audit", "build the plan"):
            terminal.sees(text)
        terminal.send(b"q")
        assert terminal.ends() == 0


def test_going_on_after_any_stop_sets_the_terminal_up_once(
    fleet: TreeBuilder, tmp_path: Path
) -> None:
    """SIGSTOP, or SIGCONT without a stop, costs nothing but a redraw: it ends as it always does."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.process.send_signal(signal.SIGSTOP)
        terminal.until(lambda: state_of(terminal.process) == "T", "it stops")
        for _ in range(2):
            terminal.read()
            terminal.output = b""
            terminal.process.send_signal(signal.SIGCONT)
            terminal.sees("\x1b[?1049h")
            terminal.sees("build the plan")
        terminal.send(b"q")
        assert terminal.ends() == 0
        assert left_as_it_was(terminal)


def test_ctrl_z_suspends_it(fleet: TreeBuilder, tmp_path: Path) -> None:
    """Typed, it is as the signal, also while a message is open."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.send(b"3\r")
        terminal.sees("to atlas")
        terminal.send(b"\x1a")
        terminal.until(lambda: state_of(terminal.process) == "T", "it stops")
        terminal.read()
        assert left_as_it_was(terminal)
        terminal.output = b""
        terminal.process.send_signal(signal.SIGCONT)
        terminal.sees("to atlas")


def test_ctrl_c_ends_it(fleet: TreeBuilder, tmp_path: Path) -> None:
    """As everywhere, without a question."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.send(b"\x03")
        assert terminal.ends() == 130
        assert left_as_it_was(terminal)


def test_a_locale_without_utf_8_changes_no_character(
    fleet: TreeBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signs and frames are what they are, even where Python is told to write ASCII."""
    for name, value in (
        *(("LC_ALL", "C"), ("PYTHONIOENCODING", "ascii")),
        *(("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0")),
    ):
        monkeypatch.setenv(name, value)
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("● live")
        terminal.sees("╭")
        terminal.send(b"q")
        assert terminal.ends() == 0
    assert b"\\u" not in terminal.output


def test_bytes_that_are_no_text_do_no_harm(fleet: TreeBuilder, tmp_path: Path) -> None:
    """What another program's encoding or a stray control makes of a key ends nothing."""
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.send(b"\xff\xfe\x9b\x80")
        terminal.send(b"/a\xe4\xc3")
        terminal.send(b"\xa9")
        terminal.sees("a\ufffd\u00e9")


@pytest.mark.parametrize("attempt", range(5))
def test_one_may_leave_as_soon_as_there_is_something_to_see(
    fleet: TreeBuilder, tmp_path: Path, attempt: int
) -> None:
    """What is still being read then is no failure."""
    for number in range(attempt * 50):
        fleet.send(f"b{number}", "m", at=number)
    with madrox_top(str(fleet.root), cwd=tmp_path) as terminal:
        terminal.sees("build the plan")
        terminal.send(b"q")
        assert terminal.ends() == 0


def end_without_a_terminal(argv: list[str], cwd: Path) -> int:
    """The exit code of a program whose terminal is gone once it has drawn its screen."""
    terminal = Terminal(argv, rows=48, columns=160, cwd=cwd)
    try:
        terminal.sees("build the plan")
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, terminal.master)
        os.close(nothing)
        return terminal.process.wait(10)
    finally:
        terminal.close()


@pytest.mark.parametrize("ignored", [False, True], ids=["hang-up", "hang-up ignored"])
def test_a_terminal_that_is_gone_ends_it(
    fleet: TreeBuilder, tmp_path: Path, *, ignored: bool
) -> None:
    """When the terminal is closed the program ends by itself, also under `nohup`."""
    command = shlex.join([sys.executable, "-m", "madrox_tui", str(fleet.root)])
    trap = 'trap "" HUP; ' if ignored else ""
    argv = ["sh", "-c", f"{trap}exec {command}"]
    assert end_without_a_terminal(argv, tmp_path) == 128 + signal.SIGHUP


def test_a_terminal_that_vanishes_without_a_word_ends_it(
    fleet: TreeBuilder, tmp_path: Path
) -> None:
    """Also when no hang-up is ever sent, because the program is in a session of its own."""
    code = (
        "import signal, sys; from madrox_tui.app import MadroxTop; "
        "MadroxTop._quit_by = lambda *_: None; "
        "from madrox_tui.cli import main; sys.exit(main())"
    )
    argv = [sys.executable, "-c", code, str(fleet.root)]
    assert end_without_a_terminal(argv, tmp_path) == 128 + signal.SIGHUP


def test_a_crash_gives_the_terminal_back_and_tells_no_log_text(
    fleet: TreeBuilder, tmp_path: Path
) -> None:
    """An unforeseen error ends with code 1 and one line that holds nothing of a log."""
    (tmp_path / "sitecustomize.py").write_text(
        "import madrox_tui.screens.status as status\n"
        "def fail(*args): raise RuntimeError('build the plan')\n"
        "status.status_clock = fail\n"
    )
    code = "import sitecustomize, sys; from madrox_tui.cli import main; sys.exit(main())"
    argv = [sys.executable, "-c", code, str(fleet.root)]
    terminal = Terminal(argv, rows=48, columns=160, cwd=tmp_path)
    try:
        assert terminal.ends() == 1
        assert left_as_it_was(terminal)
        last = terminal.output.rpartition(b"\x1b")[2]
        assert b"madrox-top: failed: RuntimeError at sitecustomize.py:2" in last
        assert b"build the plan" not in last
        assert b"Traceback" not in terminal.output
    finally:
        terminal.close()


def test_the_demo_shows_itself_and_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--demo` shows the fleet and leaves no file and no process behind."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where no other demo runs
    with madrox_top("--demo", cwd=tmp_path) as terminal:
        terminal.sees("harbor")
        (root,) = tmp_path.glob("madrox-demo-*")
        terminal.send(b"q")
        assert terminal.ends() == 0
    assert not root.exists()
    assert (
        str(root)
        not in subprocess.run(
            ["ps", "-eo", "args"], capture_output=True, text=True, check=True
        ).stdout
    )


def kinds(output: bytes) -> set[bytes]:
    """The kinds of escape sequences in some output: their finals, without the numbers."""
    found = re.findall(rb"\x1b(?:\][^\x07\x1b]*|\[[0-?]*[ -/]*[@-~]|[^\[\]])", output)
    return {re.sub(rb"[0-9;]+", b"", sequence)[:8] for sequence in found}


def test_log_text_writes_no_escape_sequence(tree: TreeBuilder, tmp_path: Path) -> None:
    """A hostile tree makes the terminal receive the same kinds of escapes as a harmless one."""
    harmless = TreeBuilder(tmp_path / "harmless")
    payload = "\x1b]52;c;cm0gLXJmIH4K\x07\x1b]0;t\x07\x1b[2J\x1bc\x9b31m\x1bP+q544e\x1b\\\x1b(0"
    for builder, text in ((harmless, "hello"), (tree, payload)):
        builder.spawn("a1", f"N{text}", role=text, model=text)
        builder.send("a1", "m-1", f"begin {text} end", at=10)
        builder.frame("a1", f"pane {text} end", at=20)
    outputs = []
    for builder in (harmless, tree):
        with madrox_top(str(builder.root), cwd=tmp_path) as terminal:
            terminal.sees("pane ")
            terminal.sees("begin ")
            terminal.send(b"3\r")
            terminal.sees("to N")
            terminal.send(b"\x1b")
            terminal.send(b"q")
            terminal.until(lambda: quits(terminal), "it ends")
            outputs.append(terminal.output)
    assert kinds(outputs[1]) <= kinds(outputs[0])
    for raw in (b"\x1b]52;c;cm", b"\x1b]0;t", b"\x1bc", b"\x1bP+q", b"\xc2\x9b"):
        assert raw not in outputs[1]


def quits(terminal: Terminal) -> bool:
    """Whether it has ended; if not, `q` is typed again: after an Esc it may have been Alt."""
    if terminal.process.poll() is not None:
        return True
    terminal.send(b"q")
    return False


class Tmux:
    """A tmux server of our own with one window."""

    def __init__(self, socket: Path) -> None:
        self._base = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def __call__(self, *arguments: str) -> str:
        # Without env= a child inherits COLUMNS and LINES, which readline sets behind os.environ.
        done = subprocess.run(
            [*self._base, *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=dict(os.environ),
        )
        return done.stdout

    def screen(self) -> str:
        return self("capture-pane", "-p", "-t", "top")

    def until(self, condition: Callable[[str], bool]) -> str:
        end = time.monotonic() + 20
        while not condition(screen := self.screen()):
            assert time.monotonic() < end, screen
            time.sleep(0.05)
        return screen


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A shell at 160x48."""
    shell = "env PS1='ready$ ' sh"
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # a socket's path has 107 bytes at most
        window = Tmux(Path(short, "tmux.sock"))
        size = "-x", "160", "-y", "48"
        window("new-session", "-d", "-s", "top", *size, "-c", str(tmp_path), shell)
        window.until(lambda screen: "ready$" in screen)
        yield window
        window("kill-server")


def test_in_tmux_from_start_to_end(fleet: TreeBuilder, tmux: Tmux) -> None:
    """In tmux: four panels, live changes, the filter, and the shell as it was after `q`."""
    command = shlex.join([sys.executable, "-m", "madrox_tui", str(fleet.root)])
    tmux("send-keys", "-t", "top", f"{command}; echo rc=$?", "Enter")
    screen = tmux.until(lambda screen: "build the plan" in screen and "atlas pane" in screen)
    for title in ("Instances 1", "Pane  atlas", "Timeline 1", "Audit"):
        assert title in screen
    now = time.time() - TreeBuilder.epoch(0)
    fleet.spawn("b2", "probe", at=now)
    fleet.send("b2", "m-2", "test the plan", at=now)
    fleet.frame("a1", "atlas pane, newer", at=now)
    tmux.until(lambda screen: "test the plan" in screen and "atlas pane, newer" in screen)
    tmux("send-keys", "-t", "top", "/probe")
    tmux.until(lambda screen: "Instances 1 of 2" in screen and "build the plan" not in screen)
    tmux("send-keys", "-t", "top", "Enter")
    tmux.until(lambda screen: "Quit" in screen)
    tmux("send-keys", "-t", "top", "q")
    screen = tmux.until(lambda screen: "rc=0" in screen)
    assert "Instances" not in screen


def test_without_a_terminal_it_reports_once(fleet: TreeBuilder, tmp_path: Path) -> None:
    """Piped, it prints one plain report without any escape, and ends with 0."""
    done = subprocess.run(
        [sys.executable, "-m", "madrox_tui", str(fleet.root)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=tmp_path,
        timeout=30,
        check=False,
        env={**os.environ, "TERM": "xterm"},
    )
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    assert b"atlas" in done.stdout
    assert done.stderr == b""

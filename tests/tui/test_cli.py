"""The command line: how the screen starts, what cannot start, and what fails."""

from __future__ import annotations

import gc
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import madrox_tui
from asked import NOW, REPOSITORY, Captured, ask, command, one_line, two_instances
from builders import TreeBuilder
from madrox_tui.cli import describe_failure, main
from madrox_tui.config import Settings
from madrox_tui.feed.first_view import FirstView
from madrox_tui.remember import Memory, Remembered, state_path


@pytest.fixture
def tree(tmp_path: Path) -> TreeBuilder:
    return two_instances(tmp_path)


# --- what cannot start -------------------------------------------------------


@pytest.mark.parametrize("flag", ["--once", "--json"])
def test_a_report_needs_its_directory(flag: str, tmp_path: Path, capsys: Captured) -> None:
    """A missing directory, or a file in its place, is exit code 2 and one line of advice."""
    file = tmp_path / "file"
    file.write_text("")
    for root, words in ((tmp_path / "missing", "does not exist"), (file, "is not a directory")):
        assert ask(root, flag) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert one_line(captured.err)
        assert words in captured.err


def test_an_unreadable_directory_cannot_be_shown(tmp_path: Path) -> None:
    """Without permission it is exit code 2, with a line that says so."""
    root = tmp_path / "locked"
    root.mkdir(mode=0)
    # Root may read anything, and nobody may not start our interpreter: it turns into nobody.
    code = "import locale, os, shutil, sys; from madrox_tui.cli import main"
    code += "; os.geteuid() or os.seteuid(65534); sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(root), "--once"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert one_line(done.stderr)
    assert b"permission denied" in done.stderr
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bogus"], "--bogus"),
        (["a", "b"], "unrecognized arguments: b"),
        (["--since", "yesterday"], "use 14:05, 15m, 1h30m, 2d, 2026-11-23T14:05"),
        (["--since"], "expected one argument"),
        (["--theme", "nope"], "--theme: unknown theme 'nope': use one of "),
        (["--js"], "--js"),
        (["--demo", "somewhere"], "omit LOG_DIR"),
        (["~no.such.user/logs"], "~no.such.user/logs: there is no such home directory"),
        (["--config", "~no.such.user/x"], "there is no such home directory"),
        (["--bogus\x1b[2J\n"], "␛[2J␊"),
    ],
)
def test_bad_usage(arguments: list[str], words: str, capsys: Captured) -> None:
    """Wrong arguments are exit code 2 and one line, which is safe to print."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert one_line(captured.err)
    assert words in captured.err


def test_the_screen_needs_a_terminal(tree: TreeBuilder) -> None:
    """Stdin that is no terminal, or a TERM that can do nothing, is exit code 2 and one line."""
    code, shown = on_terminal(tree.root, stdin=subprocess.DEVNULL)
    assert code == 2
    assert one_line(shown)
    assert b"standard input is not a terminal" in shown
    for term in ("dumb", ""):
        code, shown = on_terminal(tree.root, term=term)
        assert code == 2
        assert one_line(shown)
        assert b"TERM" in shown


def test_the_screen_is_drawn_on_stderr(tree: TreeBuilder) -> None:
    """With stderr elsewhere the screen would be invisible, so it does not start."""
    assert on_terminal(tree.root, stderr=subprocess.DEVNULL) == (2, b"")


def on_terminal(
    root: Path, *, term: str = "xterm", stdin: int | None = None, stderr: int | None = None
) -> tuple[int, bytes]:
    """Start it on a pseudo-terminal, some streams elsewhere; exit code, and what it shows."""
    master, slave = pty.openpty()
    done = subprocess.run(
        command(root),
        stdin=slave if stdin is None else stdin,
        stdout=slave,
        stderr=slave if stderr is None else stderr,
        env={**os.environ, "TERM": term},
        timeout=30,
        check=False,
    )
    os.write(slave, b".")
    shown = os.read(master, 65536)
    os.close(slave)
    os.close(master)
    return done.returncode, shown.removesuffix(b".").replace(b"\r\n", b"\n")


# --- starting the screen -----------------------------------------------------


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, dict[str, Any]]]:
    """Terminals all around, and an app that only notes how it was started."""
    started: list[tuple[Path, dict[str, Any]]] = []
    app = ModuleType("madrox_tui.app")

    def run_app(root: Path, *, prefetched: Callable[[], FirstView | None], **options: Any) -> int:
        seen = prefetched()
        assert seen is not None
        assert root.exists() == (seen.view.state.waiting is None)
        started.append((root, options))
        return 7

    app.__dict__["run_app"] = run_app
    monkeypatch.setitem(sys.modules, "madrox_tui.app", app)
    monkeypatch.setattr("madrox_tui.cli._is_terminal", lambda _: True)
    return started


def test_a_terminal_gets_the_screen(
    screen: list[tuple[Path, dict[str, Any]]], tree: TreeBuilder
) -> None:
    """On a terminal the dashboard starts with what the arguments say, and its code is ours."""
    env = {"TERM": "xterm-256color"}
    arguments = ("--filter", "role:qa", "--since", "1h", "--poll", "--theme", "nord")
    assert ask(tree.root, *arguments, env=env) == 7
    assert ask(env={**env, "LOG_DIR": str(tree.root)}) == 7
    assert screen == [
        (
            tree.root,
            {
                "settings": Settings(filter="role:qa", poll=True, theme="nord"),
                "since_s": NOW - 3600,
            },
        ),
        (tree.root, {"settings": Settings(), "since_s": None}),
    ]


def test_a_theme_that_does_not_exist_is_refused(
    screen: list[tuple[Path, dict[str, Any]]],
    tree: TreeBuilder,
    tmp_path: Path,
    capsys: Captured,
) -> None:
    """The line says where the theme was set, and names those there are."""
    file = tmp_path / "settings.toml"
    file.write_text('theme = "nope"')
    assert ask(tree.root, "--config", str(file), env={"TERM": "xterm"}) == 2
    said = capsys.readouterr().err
    assert f"{file}: unknown theme 'nope': use one of " in said
    assert "madrox-dark" in said
    assert ask(tree.root, "--theme", "nope", env={"TERM": "xterm"}) == 2
    assert "--theme: unknown theme" in capsys.readouterr().err
    assert not screen


def test_the_first_view_is_as_the_screen_was_left(
    monkeypatch: pytest.MonkeyPatch, tree: TreeBuilder, tmp_path: Path
) -> None:
    """The first view uses the saved grouping, before there is a screen to ask for it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    Memory(state_path()).save(Remembered(panels={"audit": {"by": "role"}}))
    views = []
    app = ModuleType("madrox_tui.app")

    def run_app(_: Path, *, prefetched: Callable[[], FirstView | None], **__: Any) -> int:
        views.append(prefetched())
        return 0

    app.__dict__["run_app"] = run_app
    monkeypatch.setitem(sys.modules, "madrox_tui.app", app)
    monkeypatch.setattr("madrox_tui.cli._is_terminal", lambda _: True)
    assert ask(tree.root, env={"TERM": "xterm-256color"}) == 0
    assert [view and view.view.audit.by for view in views] == ["role"]
    assert gc.isenabled()


def test_the_screen_waits_for_a_missing_directory(
    screen: list[tuple[Path, dict[str, Any]]], tmp_path: Path
) -> None:
    """A tree that is not there yet is waited for; a file in its place is refused."""
    env = {"TERM": "xterm"}
    assert ask(tmp_path / "later", env=env) == 7
    file = tmp_path / "file"
    file.write_text("")
    assert ask(file, env=env) == 2
    assert len(screen) == 1


# --- help, version, failures -------------------------------------------------


def test_help_names_every_option(capsys: Captured) -> None:
    """`--help` lists the whole contract and the exit codes, on stdout."""
    for flag in ("--help", "-h"):
        assert main([flag]) == 0
        out = capsys.readouterr().out
        options = "--demo --filter --once --json --since --poll --theme --version --help LOG_DIR"
        assert [option for option in options.split() if option not in out] == []
        assert "Exit codes: 0" in out


def test_version_is_the_packages(capsys: Captured) -> None:
    """`--version` says the version that was packaged."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"madrox-top {madrox_tui.__version__}\n"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert madrox_tui.__version__ == project["version"]


def test_a_reader_that_stops_early_is_no_error(tree: TreeBuilder) -> None:
    """`madrox-top --once | head -1` ends quietly."""
    for number in range(2_000):
        tree.spawn(f"i{number}", at=number)
    process = subprocess.Popen(
        command(tree.root, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)
    process.stderr.close()


def test_a_closed_stdout_is_told_in_one_line(tree: TreeBuilder) -> None:
    """Started with its output closed, it says so instead of crashing."""
    line = f"exec {sys.executable} -m madrox_tui {tree.root} --once >&-"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert one_line(done.stderr)


def test_a_full_disk_is_told_in_one_line(tree: TreeBuilder) -> None:
    """What cannot be written is exit code 1, and one line that says why."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(tree.root, "--json"), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"madrox-top: failed: No space left on device\n"


def test_a_crash_tells_nothing_of_the_logs(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """A fault of ours is exit code 1 and one line with its place: no traceback, no log text."""

    def crash(*_: object) -> None:
        said = "do not tell"
        raise KeyError(said)

    monkeypatch.setattr("madrox_tui.report.as_json.to_json", crash)
    assert main([str(tree.root), "--json"]) == 1
    captured = capsys.readouterr()
    assert one_line(captured.err)
    assert re.search(r"failed: KeyError at test_cli\.py:\d+\n", captured.err)
    assert "tell" not in captured.err


def test_ctrl_c_is_quiet(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """An interrupt from the keyboard ends it with 130 and without a word."""

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("madrox_tui.report.as_json.to_json", interrupt)
    assert main([str(tree.root), "--json"]) == 130
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_is_quiet_while_it_loads() -> None:
    """An interrupt while modules are still loading ends the program in the same way."""
    code = (
        "import signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'madrox_tui.cli':\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from madrox_tui.__main__ import main\n"
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_failures_are_named_without_their_text() -> None:
    """An error of the system names the file; another kind names only its type and place."""
    assert describe_failure(FileNotFoundError(2, "No such file", "/x")) == "No such file: /x"
    assert describe_failure(OSError(28, "No space")) == "No space"
    assert describe_failure(ValueError("do not tell")) == "ValueError"


def test_the_demo_needs_no_tree() -> None:
    """`--demo --json` reports the simulated fleet of eight, and leaves nothing behind."""
    done = subprocess.run(command("--demo", "--json"), capture_output=True, check=True)
    report = json.loads(done.stdout)
    assert report["totals"]["instances"] == 8
    assert {"stuck", "error", "terminated", "busy"} <= {i["state"] for i in report["instances"]}
    assert report["problems"]["unreadable_lines"] == 0
    assert not Path(report["log_dir"]).exists()
    assert done.stderr == b""


def test_the_dashboard_takes_no_memory_for_what_it_never_needs() -> None:
    """It connects to nothing, so OpenSSL stays out; who needs it later can import it."""
    code = (
        "import sys\n"
        "from madrox_tui.cli import _import_asyncio\n"
        "_import_asyncio()\n"
        "import textual.app\n"
        "assert 'asyncio' in sys.modules and 'ssl' not in sys.modules\n"
        "import ssl\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

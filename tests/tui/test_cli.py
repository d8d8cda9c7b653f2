"""The command line, from arguments to exit codes."""

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
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import madrox_tui
from builders import TreeBuilder
from madrox_tui.arguments import StartError, parse_arguments, parse_since
from madrox_tui.cli import describe_failure, main, run
from madrox_tui.config import Settings
from madrox_tui.filters import parse_filter
from madrox_tui.first import First
from madrox_tui.remember import Memory, Remembered, state_path

REPOSITORY = Path(__file__).parents[2]
REAL = REPOSITORY / "tests" / "fixtures" / "orchestrator-written"
NOW = TreeBuilder.epoch(3600)
ESCAPES = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def tree(tmp_path: Path) -> TreeBuilder:
    """Two instances: Atlas with two priced replies, and probe with an open request."""
    tree = TreeBuilder(tmp_path / "logs")
    tree.spawn("a1", "Atlas", at=0, role="architect", model="opus")
    tree.spawn("b2", "probe", at=10, role="qa", instance_type="codex", parent="a1")
    for number in range(2):
        tree.send("a1", f"m-{number}", at=20 + number * 1000)
        tree.receive("a1", f"m-{number}", at=25 + number * 1000, tokens=100, cost=0.1)
    tree.send("b2", "m-9", at=3590)
    tree.frame("b2", "$ make test", at=3591)
    return tree


def ask(*arguments: str | Path, env: Mapping[str, str] | None = None) -> int:
    """Run with the clock an hour after the tree began."""
    return run([str(a) for a in arguments], env=env or {}, now=lambda: NOW)


def report_of(capsys: Captured, *arguments: str | Path) -> dict[str, Any]:
    assert ask(*arguments, "--json") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    report: dict[str, Any] = json.loads(captured.out)
    return report


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "madrox_tui", *map(str, arguments)]


def one_line(text: str | bytes) -> bool:
    data = text.encode() if isinstance(text, str) else text
    return data.startswith(b"madrox-top: ") and data.endswith(b"\n") and data.count(b"\n") == 1


# --- reports -----------------------------------------------------------------


def test_json_is_one_object_on_stdout(tree: TreeBuilder, capsys: Captured) -> None:
    """`--json` prints the fleet as one JSON object, and nothing else."""
    report = report_of(capsys, tree.root)
    assert (report["schema"], report["log_dir"]) == (1, str(tree.root))
    assert datetime.fromisoformat(report["generated_at"]).timestamp() == NOW
    atlas, probe = report["instances"]
    assert (atlas["instance_name"], atlas["state"], atlas["requests"]) == ("Atlas", "idle", 2)
    assert (atlas["tokens"], atlas["cost_usd"], atlas["unpriced"]) == (200, 0.2, 0)
    assert (probe["state"], probe["open_requests"], probe["frames"]) == ("busy", 1, 1)
    assert (probe["parent_instance_id"], probe["cost_usd"], probe["tokens"]) == ("a1", None, None)
    assert report["totals"]["instances"] == 2
    assert report["problems"] == {"unreadable_lines": 0, "files": []}


def test_once_prints_one_plain_report(tree: TreeBuilder, capsys: Captured) -> None:
    """`--once` prints a report for people, without a single escape sequence."""
    assert ask(tree.root, "--once") == 0
    out = capsys.readouterr().out
    assert "2 instances: 1 busy, 1 idle" in out
    assert "request m-9 open" in out
    assert not ESCAPES.search(out.encode())


def test_a_pipe_gets_the_report(tree: TreeBuilder) -> None:
    """Where stdout is no terminal, the report is printed without being asked for."""
    done = subprocess.run(command(tree.root), capture_output=True, check=True)
    assert done.stdout.startswith(b"madrox-top  ")
    assert done.stderr == b""
    assert not ESCAPES.search(done.stdout)


def test_once_and_json_together_are_json(tree: TreeBuilder, capsys: Captured) -> None:
    """With both flags the report is the one for programs."""
    assert ask(tree.root, "--once", "--json") == 0
    assert json.loads(capsys.readouterr().out)["schema"] == 1


def test_the_report_is_as_wide_as_columns_says(tree: TreeBuilder, capsys: Captured) -> None:
    """`COLUMNS` limits the width; in a pipe without it only a cell that is too long is cut."""
    tree.spawn("c3", "x" * 300, at=5)
    assert ask(tree.root, "--once", env={"COLUMNS": "60"}) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) == 60
    for nonsense in ("", "0", "wide"):
        assert ask(tree.root, "--once", env={"COLUMNS": nonsense}) == 0
        rows = capsys.readouterr().out.splitlines()[4:]
        assert any(f" {'x' * 39}… " in row for row in rows)
        assert max(map(len, rows)) > 100


def test_a_report_goes_to_a_terminal_too(tree: TreeBuilder) -> None:
    """On a terminal, `--once` fits its width and still holds no escape sequences."""
    master, slave = pty.openpty()
    os.set_blocking(master, True)
    done = subprocess.run(
        command(tree.root, "--once"), stdout=slave, stderr=subprocess.PIPE, check=True
    )
    os.close(slave)
    out = os.read(master, 65536).replace(b"\r\n", b"\n")
    os.close(master)
    assert b"Atlas" in out
    assert done.stderr == b""
    assert not ESCAPES.search(out)


def test_an_ascii_terminal_gets_question_marks(tree: TreeBuilder) -> None:
    """An encoding that lacks a character shows `?` for it instead of failing."""
    tree.spawn("c3", "日本語", at=5)
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command(tree.root, "--once"), capture_output=True, env=env, check=True)
    assert b"???" in done.stdout
    assert done.stdout.isascii()


def test_a_filter_narrows_list_and_totals(tree: TreeBuilder, capsys: Captured) -> None:
    """`--filter` leaves the matching instances, and totals of these only."""
    tree.orchestrator("pane is dead", at=3595, level="ERROR", instance_id="b2")
    whole = report_of(capsys, tree.root)
    assert (whole["totals"]["requests"], whole["totals"]["errors"]) == (2, 1)
    only = report_of(capsys, tree.root, "--filter", "role:qa")
    assert [instance["instance_id"] for instance in only["instances"]] == ["b2"]
    assert (only["totals"]["requests"], only["totals"]["cost_usd"]) == (0, None)
    assert (only["totals"]["instances"], only["totals"]["errors"]) == (1, 1)
    assert report_of(capsys, tree.root, "--filter", "nobody")["instances"] == []


def test_the_report_names_its_filter(tree: TreeBuilder, capsys: Captured) -> None:
    """Nobody takes a part of the fleet for all of it."""
    assert ask(tree.root, "--once", "--filter", " role:qa  -atlas ") == 0
    assert "\nfilter: role:qa -atlas · 1 of 2 instances\n" in capsys.readouterr().out
    assert ask(tree.root, "--once", "--filter", "nobody") == 0
    out = capsys.readouterr().out
    assert "\nfilter: nobody · 0 of 2 instances\n" in out
    assert ask(tree.root, "--once") == 0
    assert "filter" not in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--once", "--json"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("state:bogus", "state:bogus: unknown state"),
        ("atlas cost>abc", "cost>abc: not a number"),
        ("rol:qa", "rol:qa: unknown field rol"),
        ("role:", "role:: missing value"),
        ("-", "-: nothing to exclude"),
        ("state:\x1b[2J", "state:␛[2J: unknown state"),
    ],
)
def test_a_report_refuses_a_mistyped_filter(
    flag: str, text: str, problem: str, tree: TreeBuilder, capsys: Captured
) -> None:
    """A script never gets the numbers of other instances than it asked for."""
    assert ask(tree.root, flag, f"--filter={text}") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"madrox-top: filter: {problem}\n"


def test_since_limits_what_is_counted(tree: TreeBuilder, capsys: Captured) -> None:
    """`--since` counts what happened from then on; states come from the whole past."""
    report = report_of(capsys, tree.root, "--since", "50m")
    assert (report["totals"]["requests"], report["totals"]["cost_usd"]) == (1, 0.1)
    assert [instance["state"] for instance in report["instances"]] == ["idle", "busy"]
    exact = report_of(capsys, tree.root, "--since", TreeBuilder.when(1025))
    assert exact["totals"]["requests"] == 1
    later = report_of(capsys, tree.root, "--since", TreeBuilder.when(1025.000001))
    assert later["totals"]["requests"] == 0
    assert ask(tree.root, "--once", "--since", "50m", "--filter", "atlas") == 0
    limits = "filter: atlas · 1 of 2 instances  since 2026-11-23 12:10:00"
    assert f"\n{limits}\n" in capsys.readouterr().out


def test_broken_lines_are_counted_not_fatal(tree: TreeBuilder, capsys: Captured) -> None:
    """Lines that cannot be read are counted, with the files they stand in."""
    tree.line("audit/audit_20261123.jsonl", b'{"event_type": \n[1]\n')
    tree.line("instances/a1/communication.jsonl", b"\xff\xfe nonsense\n")
    report = report_of(capsys, tree.root)
    assert report["problems"] == {
        "unreadable_lines": 3,
        "files": ["audit/audit_20261123.jsonl", "instances/a1/communication.jsonl"],
    }
    assert report["totals"]["requests"] == 2


def test_an_empty_directory_is_an_empty_fleet(tmp_path: Path, capsys: Captured) -> None:
    """A directory without a log in it is no error: there are no instances yet."""
    report = report_of(capsys, tmp_path)
    assert (report["instances"], report["totals"]["instances"]) == ([], 0)
    assert report["totals"]["cost_usd"] is None
    assert ask(tmp_path, "--once") == 0
    assert "\nno instances\n" in capsys.readouterr().out


def test_nothing_hostile_reaches_the_terminal(tree: TreeBuilder, capsys: Captured) -> None:
    """Escape sequences in names, roles, ids and errors are shown, not sent."""
    evil = "\x1b]52;c;aGk=\x07\x9b2J\x00[/INST]"
    tree.spawn("c3", evil, at=5, role=evil, model=evil)
    tree.send("c3", evil, evil, at=30)
    tree.orchestrator(evil, at=40, level="ERROR", instance_id="c3", error=evil)
    for flag in ("--once", "--json"):
        assert ask(tree.root, flag) == 0
        out = capsys.readouterr().out
        assert not ESCAPES.search(out.encode())
        assert "[/INST]" in out


def test_the_default_directory_is_the_environments(tree: TreeBuilder, capsys: Captured) -> None:
    """Without an argument `LOG_DIR` is shown; an argument goes before it; `~` is a home."""
    env = {"LOG_DIR": str(tree.root)}
    assert ask("--json", env=env) == 0
    assert json.loads(capsys.readouterr().out)["log_dir"] == str(tree.root)
    assert ask(tree.root / "instances", "--json", env=env) == 0
    assert json.loads(capsys.readouterr().out)["log_dir"] == str(tree.root / "instances")
    options = parse_arguments([], {"LOG_DIR": ""}, NOW)
    assert not isinstance(options, str)
    assert options.root == Path("/tmp/madrox_logs")
    home = parse_arguments(["~/logs"], {}, NOW)
    assert not isinstance(home, str)
    assert home.root == Path.home() / "logs"


# --- the tree that a real orchestrator left ----------------------------------


def audit_of_real() -> list[dict[str, Any]]:
    files = sorted((REAL / "audit").iterdir())
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_real_tree_agrees_with_a_count_by_other_means(capsys: Captured) -> None:
    """Requests, tokens and response times are those that a count over the audit files gives."""
    report = report_of(capsys, REAL)
    exchanges = [e for e in audit_of_real() if e["event_type"] == "message_exchange"]
    seconds = [e["details"]["response_time_seconds"] for e in exchanges]
    totals = report["totals"]
    assert totals["requests"] == len(exchanges) == 23
    assert totals["tokens"] == sum(e["details"]["tokens"] for e in exchanges)
    assert (totals["cost_usd"], totals["unpriced"]) == (None, 23)
    assert totals["response_time_s"]["count"] == 23
    assert totals["response_time_s"]["max"] == max(seconds)
    assert totals["response_time_s"]["mean"] == pytest.approx(sum(seconds) / 23, rel=1e-12)
    assert totals["response_time_s"]["p50"] == sorted(seconds)[11]
    by_instance = Counter(e["instance_id"] for e in exchanges)
    assert {i["instance_id"]: i["requests"] for i in report["instances"]} == dict(by_instance)
    assert {i["unpriced"] - i["requests"] for i in report["instances"]} == {0}
    assert {i["cost_usd"] for i in report["instances"]} == {None}


def test_a_real_trees_states(capsys: Captured) -> None:
    """Terminated ones are terminated, the manager's victim is in error, the last one idle."""
    states = {i["instance_id"][:8]: i["state"] for i in report_of(capsys, REAL)["instances"]}
    ended = {
        e["instance_id"][:8] for e in audit_of_real() if e["event_type"] == "instance_terminate"
    }
    assert len(ended) == 4
    assert states == {
        **dict.fromkeys(ended, "terminated"),
        "244caf9c": "error",
        "07b37e14": "idle",
    }


def test_a_real_trees_instances_are_known_by_all_files_together(capsys: Captured) -> None:
    """Names, roles, types, models, frames and creation are those of spawn events and captures."""
    report = report_of(capsys, REAL)
    spawned = {
        e["instance_id"]: (e["details"], e["timestamp"])
        for e in audit_of_real()
        if e["event_type"] == "instance_spawn"
    }
    for instance in report["instances"]:
        details, timestamp = spawned[instance["instance_id"]]
        for key in ("instance_name", "role", "instance_type", "model"):
            assert instance[key] == details[key]
        capture = REAL / "instances" / instance["instance_id"] / "tmux_output.log"
        assert instance["frames"] == len(re.findall(r"(?m)^\[2026-.*\]$", capture.read_text()))
        assert instance["open_requests"] == 0
        created = datetime.fromisoformat(instance["created_at"]).timestamp()
        spawned_s = datetime.fromisoformat(timestamp).timestamp()
        assert 0 <= spawned_s - created < 0.01
    assert [i["created_at"] for i in report["instances"]] == sorted(
        i["created_at"] for i in report["instances"]
    )


def test_a_real_trees_broken_log_is_recovered(capsys: Captured) -> None:
    """Entries of orchestrator.log that are no JSON are read all the same: all errors count."""
    report = report_of(capsys, REAL)
    assert report["totals"]["errors"] == 4  # three entries at ERROR, and the manager's failure
    assert report["problems"] == {"unreadable_lines": 0, "files": []}


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
        (["--since", "yesterday"], "use 15m, 3h, 2d or 2026-11-23T12:30"),
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

    def run_app(root: Path, *, first: Callable[[], First | None], **options: Any) -> int:
        seen = first()
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

    def run_app(_: Path, *, first: Callable[[], First | None], **__: Any) -> int:
        views.append(first())
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

    monkeypatch.setattr("madrox_tui.report.to_json", crash)
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

    monkeypatch.setattr("madrox_tui.report.to_json", interrupt)
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


# --- --since -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("90s", 90), ("15m", 900), ("3h", 10_800), ("2d", 172_800), (" 1w ", 604_800), ("0s", 0)],
)
def test_since_may_be_how_long_ago(text: str, ago_s: float) -> None:
    """A number with a unit counts back from now."""
    assert parse_since(text, NOW) == NOW - ago_s


def test_since_may_be_a_moment() -> None:
    """An ISO time or day is local, unless it has an offset."""
    assert parse_since(TreeBuilder.when(60), NOW) == TreeBuilder.epoch(60)
    assert parse_since("2026-11-23T12:00:00Z", NOW) == parse_since("2026-11-23T14:00+02:00", NOW)
    midnight = datetime(2026, 11, 23).astimezone().timestamp()
    assert parse_since("2026-11-23", NOW) == midnight
    assert parse_since("999999w", NOW) == 0


@pytest.mark.parametrize("text", ["", "soon", "15", "m", "-5m", "1.5h", "15 m", "٣h", "2026-13-01"])
def test_since_nonsense_is_refused(text: str) -> None:
    """What is neither is refused with an example, not guessed at."""
    with pytest.raises(ValueError, match="use 15m"):
        parse_since(text, NOW)
    with pytest.raises(StartError, match="--since"):
        parse_arguments([f"--since={text}"], {}, NOW)


@pytest.mark.parametrize(
    "arguments", [["--filter=-qa"], ["--filter", "-qa"], ["logs", "--filter", "-qa", "--once"]]
)
def test_a_filter_that_begins_with_a_dash_can_be_given(arguments: list[str]) -> None:
    """`--filter -qa` excludes, though it looks like an option."""
    options = parse_arguments(arguments, {}, NOW)
    assert not isinstance(options, str)
    assert options.filter is not None
    assert options.filter.text == parse_filter("-qa").text


@pytest.mark.parametrize("arguments", [["--filter"], ["--filter", "--once"], ["--filter", "-h"]])
def test_an_option_is_no_filter(arguments: list[str]) -> None:
    """Where the filter's text was forgotten, the next option is not taken for it."""
    with pytest.raises(StartError, match="--filter: expected one argument"):
        parse_arguments(arguments, {}, NOW)


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

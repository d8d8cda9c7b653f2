"""The command line: what its reports say, also of the tree of a real orchestrator."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from asked import ESCAPES, NOW, REAL, Captured, ask, command, report_of, two_instances
from builders import TreeBuilder
from madrox_tui.arguments import parse_arguments
from madrox_tui.config import Settings
from madrox_tui.report.read import read_report


@pytest.fixture
def tree(tmp_path: Path) -> TreeBuilder:
    return two_instances(tmp_path)


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


def test_a_report_holds_all_that_was_written_before_its_moment(tree: TreeBuilder) -> None:
    """What is written just before the clock is looked at is part of the report."""

    def now() -> float:
        tree.spawn("late", at=3599)
        return NOW

    state = read_report(tree.root, Settings(), since_s=None, now=now).state
    assert state.at_s == NOW
    assert "late" in [instance.instance_id for instance in state.instances]


def test_once_prints_one_plain_report(tree: TreeBuilder, capsys: Captured) -> None:
    """`--once` prints a report for people, without a single escape sequence."""
    assert ask(tree.root, "--once") == 0
    out = capsys.readouterr().out
    assert "2 instances: 1 busy, 1 idle" in out
    assert "  hello\n" in out
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
        assert any(f" {'x' * 123}…{'x' * 4} " in row for row in rows)
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


def test_an_error_about_a_whole_team_is_one(tree: TreeBuilder, capsys: Captured) -> None:
    """A filter makes no more errors than the fleet has, though each of the team has it."""
    details = {"affected_instances": ["a1", "b2"], "failure_reason": "gone"}
    tree.audit("manager_daemon_failure", None, details, at=3595, level="ERROR")
    for words in (), ("--filter", "errors>0"):
        report = report_of(capsys, tree.root, *words)
        assert [instance["errors"] for instance in report["instances"]] == [1, 1]
        assert report["totals"]["errors"] == 1


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
    """A script never gets the numbers of other instances than it asked for, and a hint."""
    assert ask(tree.root, flag, f"--filter={text}") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    hint = "use words, -word, state:stuck, role:qa, cost>0.5"
    assert captured.err == f"madrox-top: filter: {problem}; {hint}\n"


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

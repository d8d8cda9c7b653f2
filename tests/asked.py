"""The command line as it is asked, and what it says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from builders import TreeBuilder
from madrox_tui.cli import run

REPOSITORY = Path(__file__).parents[1]


REAL = REPOSITORY / "tests" / "fixtures" / "orchestrator-written"


NOW = TreeBuilder.epoch(3600)


ESCAPES = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


Captured = pytest.CaptureFixture[str]


def two_instances(directory: Path) -> TreeBuilder:
    """Two instances: Atlas with two priced replies, and probe with an open request."""
    tree = TreeBuilder(directory / "logs")
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

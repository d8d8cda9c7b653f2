"""What the dashboard makes of difficult trees, and its overlays; beside a text that each holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from builders import TreeBuilder, broken_tree, hostile_tree, huge_tree
from logging_core.history import History
from logging_core.read.disk import DiskUse, measure_disk
from payloads import PAYLOADS
from pictures import ALL_SIZES, TINY, Compare, after, app_on, fitting, size_id

NOW_S = TreeBuilder.epoch(600)

RAW = tuple(chr(code) for code in (*range(10), *range(11, 32), *range(127, 160), 0x202E, 0x200B))
"""Characters that no screen may hold."""

NO_NUMBERS = ("nan", "inf", "NaN", "Infinity", "None", "null", "$-", "Traceback")
"""What stands for a number that is none."""


def wide(size: tuple[int, int], *texts: str) -> tuple[str, ...]:
    """Texts that are only there where all panels are."""
    return texts if size[0] > 100 else ()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every payload as name, role, message, error and pane."""
    texts = {name: payload.data for name, payload in PAYLOADS.items()}
    first = {name: texts[name] for name in ("markup", "clear", "overwrite", "bidi")}
    return hostile_tree(tmp_path_factory.mktemp("hostile") / "logs", first | texts).root


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand instances."""
    return huge_tree(tmp_path_factory.mktemp("huge") / "logs").root


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with everything wrong, and of the same size on every machine."""
    monkeypatch.chdir(tmp_path)
    broken_tree(Path("logs"))
    return tmp_path / "logs"


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_hostile(
    snap_compare: Compare, hostile: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Names, roles, errors and panes that attack the terminal are only shown, as pictures."""
    errors = "54✗" if size == TINY else "54 error"
    shows = (errors, "N[/IN", "orch [/INST] [@click=", *wide(size, "pane [/INST] [@click="))
    app = app_on(hostile, monkeypatch, now_s=NOW_S)
    assert snap_compare(app, terminal_size=size, run_before=after(shows=shows, hides=RAW))


@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        (
            ("3", "z", "g", "E"),
            ("ask [/INST] [@click=app.quit]x[/] [link=file:///]y[/link]",),
        ),
        (("i", "3", "g", "j", "j", "j", "enter"), ("→ to", "ask [/INST] [@click=app.quit]x[/]")),
        (("j", "i", "3", "g", "j", "j", "j", "enter"), ("→ to N␛[2J", "say ␛[2J␛[3J␛[H end")),
    ],
    ids=["timeline", "markup", "escapes"],
)
def test_hostile_messages(
    snap_compare: Compare,
    hostile: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    shows: tuple[str, ...],
) -> None:
    """Messages that attack the terminal are read as they were written, markup and escapes."""
    app = app_on(hostile, monkeypatch, now_s=NOW_S)
    before = after(*keys, shows=shows, hides=RAW)
    assert snap_compare(app, terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_broken(
    snap_compare: Compare, broken: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """What can be read of a broken tree is shown, what cannot be is counted, nothing is made up."""
    app = app_on(broken, monkeypatch, now_s=NOW_S)
    problems = "8!" if size == TINY else "8 problems"
    shows = (problems, "atlas", "no-fields", *wide(size, "$0.50 + 6 unpriced", "3 unknown"))
    before = after(shows=shows, hides=NO_NUMBERS)
    assert snap_compare(app, terminal_size=size, run_before=before)


def test_broken_health(
    snap_compare: Compare, broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line and file that could not be read is named, with the reason."""

    def measured(root: Path, *, now_s: float) -> DiskUse:
        use = measure_disk(root, now_s=now_s)
        return replace(use, allocated=use.size)  # what a disk gives for it is its own affair

    monkeypatch.setattr("logging_core.read.disk.measure_disk", measured)
    app = app_on(broken, monkeypatch, now_s=NOW_S)
    before = after(
        "tilde", shows=("not a JSON object", "not a regular file", "8 in 5 places: 5 lines")
    )
    assert snap_compare(app, terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_huge(
    snap_compare: Compare, huge: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Of a thousand instances those that need a person come first, and the sums are of all."""
    app = app_on(huge, monkeypatch, now_s=NOW_S)
    urgent = ("11?", "103▲") if size == TINY else ("11 waiting", "103 stuck")
    everywhere = (*urgent, "Instances 1000", "worker-0005")
    shows = (*everywhere, *wide(size, "❯ 1. Yes", "$499.50"))
    before = after(shows=shows, hides=("0001",))
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_empty(
    snap_compare: Compare,
    tree: TreeBuilder,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    """Of an empty tree each panel says what is waited for."""
    before = after(shows=("0 instances", "no instances yet in", "appears"))
    assert snap_compare(app_on(tree.root, monkeypatch), terminal_size=size, run_before=before)


def test_tiny_fleet(snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the smallest terminal it is still said who waits and who is stuck."""
    before = after(shows=("? waiting", "▲ stuck", "harbor"))
    assert snap_compare(app_on(demo, monkeypatch), terminal_size=TINY, run_before=before)


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        (("colon",), ("Open pane", "Filter instances")),
        (("colon", *"harbor"), ("harbor  stuck",)),
        (("T",), ("Go to a time", "1h30m")),
        (("T", *"25:00", "enter"), ("'25:00' is not a time: use 14:05",)),
        (("x",), ("Export instances", "madrox-instances-20261123-143000.csv")),
        (("ctrl+f", *"ha"), ("find", "1/")),
        (("question_mark",), ("Instances", "Enter")),
        (("4", "enter"), ("exchanges",)),
        (("3", "k", "k", "k", "enter"), ("from warden",)),
    ],
    ids=[
        *("palette", "palette found", "time", "no time", "export", "find"),
        *("help", "events", "message"),
    ],
)
def test_overlay(
    snap_compare: Compare,
    demo: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    shows: tuple[str, ...],
    size: tuple[int, int],
) -> None:
    """What a key opens says what may be typed, and leaves the fleet in sight around it."""
    app = app_on(demo, monkeypatch)
    before = after(*keys, shows=fitting(size, *shows))
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_exported(
    snap_compare: Compare,
    demo: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    """Where a file was written to is said on one line, or the file has one of its own."""
    app = app_on(demo, monkeypatch)
    monkeypatch.setattr(os, "getcwd", lambda: "/home/ada/fleet")
    name = "madrox-instances-20261123-143000.csv"
    wrote = "wrote" if size == TINY else f"wrote /home/ada/fleet/{name}"
    before = after("x", "enter", shows=(wrote,))
    matches = snap_compare(app, terminal_size=size, run_before=before)
    (demo.parent / name).unlink()
    assert matches


@pytest.fixture
def past(demo: Path) -> Iterator[History]:
    """What the demo fleet did before."""
    history = History(demo)
    yield history
    history.close()


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_earlier(
    snap_compare: Compare,
    demo: Path,
    past: History,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    """At an earlier moment every panel shows that moment, and the status line says so."""
    app = app_on(demo, monkeypatch, past=past)
    before = after("T", *"14:05", "enter", shows=("at 14:05:00  @ for live",))
    assert snap_compare(app, terminal_size=size, run_before=before)

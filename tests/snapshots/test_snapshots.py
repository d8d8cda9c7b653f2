"""What the dashboard looks like; a picture per case, beside a text that it must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import TreeBuilder, ordinary_tree
from madrox_tui.panels.audit.view import GROUPINGS
from pictures import SIZES, Compare, after, app_on, size_id

ORDINARY_NOW_S = TreeBuilder.epoch(3600)


@pytest.mark.parametrize("size", SIZES, ids=size_id)
def test_fleet(
    snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """The demo fleet: who waits for a person first and selected, then the stuck and the failed."""
    shows = ("? waiting", "▲ stuck", "Instances 8", "❯ 1. Yes" if size[0] > 100 else "harbor")
    assert snap_compare(
        app_on(demo, monkeypatch), terminal_size=size, run_before=after(shows=shows)
    )


@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        (("2",), ("❯ 1. Yes",)),
        (("3",), ("Timeline 1.2k",)),
        (("4",), ("$24.99 + 95 unpriced",)),
        (("slash", *"state:busy", "enter"), ("Instances 2 of 8", "state:busy")),
    ],
    ids=["pane", "timeline", "audit", "filter"],
)
def test_small_terminal(
    snap_compare: Compare,
    demo: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    shows: tuple[str, ...],
) -> None:
    """One panel, or one overlay, at a time at 80x24."""
    assert snap_compare(
        app_on(demo, monkeypatch), terminal_size=(80, 24), run_before=after(*keys, shows=shows)
    )


@pytest.mark.parametrize("size", [(120, 40), (160, 48)], ids=size_id)
def test_ordinary(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Names as long as people make them are whole, beside what was asked."""
    app = app_on(ordinary_tree(tmp_path / "logs").root, monkeypatch, now_s=ORDINARY_NOW_S)
    shows = ("payments-migration", "frontend-refactor", "auth-service-hardening", "❯ 1. Yes", "WHY")
    assert snap_compare(app, terminal_size=size, run_before=after(shows=shows, hides=("UUID",)))


@pytest.mark.parametrize("by", ["model", "role"])
def test_ordinary_sums(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Models and roles are told apart."""
    app = app_on(ordinary_tree(tmp_path / "logs").root, monkeypatch, now_s=ORDINARY_NOW_S)
    keys = ["4", *"b" * GROUPINGS.index(by)]
    before = after(
        *keys, shows=(f"by {by}", "claude-haiku-4-5" if by == "model" else "qa_engineer")
    )
    assert snap_compare(app, terminal_size=(160, 48), run_before=before)


@pytest.mark.parametrize("variable", ["TERM", "NO_COLOR"])
def test_few_colours(
    snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """In 16 colours, or none, the cursor is seen, and states are told apart."""
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.setenv(variable, "linux")
    app = app_on(demo, monkeypatch)
    assert snap_compare(
        app, terminal_size=(120, 40), run_before=after(shows=("? waiting", "❯ 1. Yes"))
    )


def test_light_theme(snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The light theme."""
    app = app_on(demo, monkeypatch, theme="madrox-light")
    before = after(shows=("❯ 1. Yes",))
    assert snap_compare(app, terminal_size=(120, 40), run_before=before)


def test_real_tree(snap_compare: Compare, real_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree that a real orchestrator wrote: no cost is known, and none is shown."""
    before = after(shows=("unpriced", "4 terminated", "reviewer-2"))
    assert snap_compare(app_on(real_tree, monkeypatch), terminal_size=(120, 40), run_before=before)

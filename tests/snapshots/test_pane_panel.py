"""What the pane panel alone looks like, on the demo's Claude Code sessions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from logging_core.demo import write_history
from logging_core.read.panes import PaneFile
from pictures import ALL_SIZES, Before, Compare, size_id, stands_still, until
from replaying import PaneApp

NOW_S = datetime(2026, 11, 23, 14, 30).timestamp()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An hour of the demo fleet, and the instance whose pane was captured most."""
    root = tmp_path_factory.mktemp("panes") / "madrox_logs"
    write_history(root, until_s=NOW_S)
    names = sorted(path.name for path in (root / "instances").iterdir())
    return root, max(names, key=lambda name: len(PaneFile(root, name).newest(10_000)))


def after(keys: str, *shows: str, instance_id: str) -> Before:
    """Look at an instance, press keys, and wait until some texts are shown."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, PaneApp)
        app.look(instance_id, "harbor")
        await until(pilot, "following", "┃")
        await pilot.press(*keys)
        await until(pilot, *shows)
        await stands_still(pilot)

    return run


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
@pytest.mark.parametrize(
    ("keys", "shows"),
    [("", ("following",)), ("[[[[dd", ("· diff", "‖ 1x", "+ ")), ("{{d", ("· new text",))],
    ids=["newest", "diff", "new"],
)
def test_pane(
    snap_compare: Compare,
    demo: tuple[Path, str],
    keys: str,
    shows: tuple[str, ...],
    size: tuple[int, int],
) -> None:
    """The newest frame, an earlier one compared with the one before it, and only what is new."""
    root, instance_id = demo
    before = after(keys, *shows, instance_id=instance_id)
    app = PaneApp(root, now=lambda: 0.0, at_s=NOW_S)
    assert snap_compare(app, terminal_size=size, run_before=before)

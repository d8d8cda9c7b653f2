"""What the instances panel looks like, alone, at the four widths."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from alone import Alone
from fleets import ACTIVITY, team, view
from keyboard import KEYS
from madrox_tui.panels.instances.panel import InstancesPanel
from pictures import Before, Compare, size_id, stands_still


def alone() -> Alone[InstancesPanel]:
    return Alone(InstancesPanel(KEYS, id="instances"))


def after(*keys: str) -> Before:
    """Show the team, and press keys."""

    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        pilot.app.query_one(InstancesPanel).view = view(team(), ACTIVITY)
        await pilot.press(*keys)
        await stands_still(pilot)

    return run


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 24), (200, 24)], ids=size_id)
def test_widths(snap_compare: Compare, size: tuple[int, int]) -> None:
    """The wider, the more columns; state, name and age are always there."""
    assert snap_compare(alone(), terminal_size=size, run_before=after())


@pytest.mark.parametrize(
    "keys",
    [("t",), ("t", "h"), ("s",) * 8, ("D", "j", "j")],
    ids=["tree", "folded", "by cost", "without the dead"],
)
def test_modes(snap_compare: Compare, keys: tuple[str, ...]) -> None:
    """Tree, folded branch, another order, the dead hidden."""
    assert snap_compare(alone(), terminal_size=(120, 16), run_before=after(*keys))

"""What the audit panel and the report on the logs look like, alone, at several sizes."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from alone import Alone
from audits import FakeDisk, fleet_view, sick_state
from keyboard import KEYS
from madrox_tui.health.screen import HealthScreen
from madrox_tui.panels.audit.panel import AuditPanel
from pictures import ALL_SIZES, Before, Compare, size_id, stands_still


def audit(**options: str) -> Before:
    """Show the made-up fleet."""

    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        panel = pilot.app.query_one(AuditPanel)
        panel.focus()
        panel.view = fleet_view(40, **options)  # type: ignore[arg-type]  # texts only
        await stands_still(pilot)

    return run


@pytest.mark.parametrize(
    "size",
    [(36, 6), (40, 12), (60, 18), (80, 24), (120, 40), (200, 50)],
    ids=size_id,
)
def test_sizes(snap_compare: Compare, size: tuple[int, int]) -> None:
    """The totals always; rates, budget, plots and columns as there is room."""
    app = Alone(AuditPanel(KEYS))
    assert snap_compare(app, terminal_size=size, run_before=audit())


@pytest.mark.parametrize("by", ["role", "error"])
def test_ways(snap_compare: Compare, by: str) -> None:
    """Sums by role, the unknown ones named; errors with their texts as they are."""
    app = Alone(AuditPanel(KEYS))
    assert snap_compare(app, terminal_size=(100, 30), run_before=audit(by=by))


def test_filtered(snap_compare: Compare) -> None:
    """Sums of what passes the filter, beside those of all."""
    app = Alone(AuditPanel(KEYS))
    assert snap_compare(app, terminal_size=(100, 30), run_before=audit(only="-quill"))


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_health(snap_compare: Compare, size: tuple[int, int]) -> None:
    """Unreadable lines as they are, odd records, growth, and the disk by kind and instance."""

    async def run(pilot: Pilot[None]) -> None:
        source = FakeDisk()
        screen = HealthScreen(sick_state, source, KEYS, every_s=0.1)
        await pilot.app.push_screen(screen)
        while source.measured < 3:
            await pilot.pause(0.01)
        await pilot.pause()

    class Unframed(Alone[AuditPanel]):
        CSS = ""

    app = Unframed(AuditPanel(KEYS))
    assert snap_compare(app, terminal_size=size, run_before=run)

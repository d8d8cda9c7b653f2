"""What changed while a person was away, in a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from alone import Alone
from fleets import NOW_S, instance, team, view
from keyboard import KEYS
from logging_core.analyse.state import FleetState, InstanceState, State, Usage
from logging_core.history import History
from madrox_tui.changes.absence import Absence
from madrox_tui.changes.screen import ChangesScreen
from madrox_tui.changes.spells import SpellLog
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.view import Narrowing
from pictures import ALL_SIZES, Compare, after, app_on, fitting, size_id

AWAY_S = 1500.0


def earlier() -> list[InstanceState]:
    """The team as it was 25 minutes ago: with half of what it has done by now."""
    return [
        msgspec.structs.replace(
            i,
            state=State.IDLE,
            since_s=NOW_S - 7300,
            errors=0,
            open_requests=(),
            usage=Usage(
                i.usage.requests // 2,
                i.usage.tokens and i.usage.tokens // 2,
                i.usage.cost_usd and i.usage.cost_usd / 2,
                i.usage.unpriced // 2,
            ),
        )
        if i.state is not State.SUSPENDED
        else i
        for i in team()
        if i.state is not State.INITIALIZING
    ]


def lived() -> SpellLog:
    """Who needed somebody meanwhile: quill asked, relay hung, anvil had failed."""
    log = SpellLog()
    log.look(view(earlier(), at_s=NOW_S - AWAY_S))
    for who, name, state, reason, since, until, then in (
        ("e5", "quill", State.WAITING, "Overwrite docs/index.md? [y/N]", 1400, 1100, State.BUSY),
        ("f6", "relay", State.STUCK, "request m-70 open, pane unchanged", 1000, 820, State.IDLE),
        ("i9", "anvil", State.ERROR, "tmux session lost", 700, 400, State.INITIALIZING),
    ):
        log.look(view([instance(who, name, state, since=since, reason=reason)]))
        log.look(view([instance(who, name, then, since=until, reason="reply m-70")]))
    return log


class Past:
    """Gives the team as it was."""

    async def state_at(self, moment_s: float, _progress: Callable[[int], object]) -> FleetState:
        usage = Usage(141, 3_100_000, 9.77, 8)
        return FleetState(at_s=moment_s, instances=tuple(earlier()), usage=usage, errors=3)


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_changes(snap_compare: Compare, size: tuple[int, int]) -> None:
    """Who needs you, who needed you, who came and went, and what was spent."""
    now = view(team())
    state = msgspec.structs.replace(now.state, usage=Usage(283, 6_200_000, 19.53, 16), errors=5)
    now = msgspec.structs.replace(now, state=state)

    async def run(pilot: Pilot[None]) -> None:
        await pilot.app.push_screen(
            ChangesScreen(
                now, Narrowing(), Past(), KEYS, absence=Absence(NOW_S - AWAY_S), spells=lived()
            )
        )
        await pilot.pause()

    class Unframed(Alone[InstancesPanel]):
        CSS = ""

    app = Unframed(InstancesPanel(KEYS))
    assert snap_compare(app, terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", ALL_SIZES, ids=size_id)
def test_changes_of_the_demo(
    snap_compare: Compare, demo: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Over the panels, since a time that was typed."""
    with History(demo) as past:
        app = app_on(demo, monkeypatch, past=past)
        shows = fitting(size, "since 14:00 (30m ago)", "? waiting")
        before = after("c", "T", *"14:00", "enter", shows=shows)
        assert snap_compare(app, terminal_size=size, run_before=before)

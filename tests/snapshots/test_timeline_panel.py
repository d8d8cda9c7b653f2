"""What the timeline looks like alone, and a message over it; beside a text that each must hold."""

from __future__ import annotations

from datetime import datetime

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from keyboard import KEYS
from logging_core.analyse.fleet import FleetModel
from logging_core.records import AuditEvent, Batch, LifecycleEvent, Message, Metadata, Record
from madrox_tui.colours.themes import THEMES
from madrox_tui.panels.timeline.message_screen import MessageScreen
from madrox_tui.panels.timeline.panel import TimelinePanel
from madrox_tui.view import Narrowing, View
from pictures import Before, Compare, stands_still, until

T = datetime(2026, 11, 23, 23, 40).timestamp()
NAMES = {"a1": "atlas", "b2": "probe", "c3": "settlement-reviewer"}
ASKED = '{"task": "verify the plan", "files": ["plan.md", "settlement.tf"], "strict": true}'
REPLIED = "Two of three steps hold.\n\nThe third drops an index that a nightly job reads."


def message(at: float, text: str, whose: str, id: str, took_s: float | None = None) -> Message:  # noqa: A002 - as the field
    return Message(
        instance_id=whose,
        time_s=T + at,
        event_type="message_sent" if took_s is None else "message_received",
        direction="outbound" if took_s is None else "inbound",
        message_id=id,
        content=text,
        response_time_s=took_s,
        tokens=None if took_s is None else round(took_s * 97),
        cost_usd=None if took_s is None or whose == "c3" else took_s / 700,
    )


RECORDS: tuple[Record, ...] = (
    *(Metadata(instance_id=i, instance_name=name) for i, name in NAMES.items()),
    LifecycleEvent(instance_id="a1", time_s=T, text="Instance initialization completed"),
    message(2, "Plan the settlement of refunds.", "a1", "m-1"),
    message(75, "The plan stands in plan.md:\n- three steps\n- one migration", "a1", "m-1", 73.2),
    message(90, ASKED, "b2", "m-2"),
    message(131, REPLIED, "b2", "m-2", 41.0),
    AuditEvent(time_s=T + 140, event_type="instance_spawn", instance_id="c3", error="no tmux pane"),
    message(3000, "設計を見直してください。 [b]Now.[/b]", "c3", "m-3"),
    message(3012.5, "見直しました。", "c3", "m-3", 12.5),
    message(3020, "Apply the plan to staging, and wait for the checks.", "a1", "m-4"),
)


class PanelApp(App[None]):
    """The panel with a state that stands still."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(THEMES[0].variables)

    def compose(self) -> ComposeResult:
        yield TimelinePanel(KEYS, id="timeline")

    def on_mount(self) -> None:
        self.register_theme(THEMES[0])
        self.theme = THEMES[0].name
        model = FleetModel()
        model.apply(Batch(records=RECORDS))
        state = model.state(T + 3400)
        panel = self.query_one(TimelinePanel)
        panel.view = View(state, Narrowing(), state.instances, state.usage)
        panel.focus()


def showing(*texts: str, opens: bool = False) -> Before:
    async def run(pilot: Pilot[None]) -> None:
        if opens:
            other = next(r for r in RECORDS if isinstance(r, Message) and r.content == ASKED)
            reply = next(r for r in RECORDS if isinstance(r, Message) and r.content == REPLIED)
            await pilot.app.push_screen(MessageScreen(reply, "probe", KEYS, other=other))
        await until(pilot, *texts)
        await stands_still(pilot)

    return run


@pytest.mark.parametrize(
    ("width", "shows"),
    [
        (40, ("23:41 ← atlas", "◷ 6m")),
        (80, ("1m13s", "$0.10", "··· 48 min quiet ···", "── Tue 24 Nov 2026 ──")),
        (120, ("1m13s", "7.1k tok", "$0.10", "no tmux pane")),
        (200, ("settlement-review", "7.1k tok", "[b]Now.[/b]")),
    ],
    ids=["40", "80", "120", "200"],
)
def test_panel(snap_compare: Compare, width: int, shows: tuple[str, ...]) -> None:
    """Two days of three instances: a reply, an error, a silence, and a request still open."""
    assert snap_compare(PanelApp(), terminal_size=(width, 16), run_before=showing(*shows))


@pytest.mark.parametrize("width", [80, 120])
def test_message(snap_compare: Compare, width: int) -> None:
    """A request in JSON and its reply: side by side, or below each other."""
    before = showing("→ to probe", "← from probe", '"files": [', "nightly job", opens=True)
    assert snap_compare(PanelApp(), terminal_size=(width, 30), run_before=before)

"""Made-up fleets for tests of single panels: views without a tree, with exact times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from logging_core.analyse.state import (
    FleetState,
    InstanceState,
    Latency,
    OpenRequest,
    State,
    Usage,
)
from madrox_tui.view import Narrowing, View

NOW_S = 1_800_000_000.0


def instance(
    instance_id: str,
    name: str | None = None,
    state: State = State.IDLE,
    *,
    since: float = 60,
    requests: int = 0,
    tokens: int | None = None,
    cost: float | None = None,
    unpriced: int = 0,
    p95: float | None = None,
    open_for: Sequence[float] = (),
    **more: Any,
) -> InstanceState:
    """One instance; `since` and `open_for` are seconds before `NOW_S`."""
    return InstanceState(
        instance_id=instance_id,
        instance_name=name,
        state=state,
        since_s=NOW_S - since,
        last_activity_s=NOW_S - since,
        usage=Usage(requests, tokens, cost, unpriced, Latency(count=requests, p95_s=p95)),
        open_requests=tuple(OpenRequest(f"m-{age}", NOW_S - age) for age in open_for),
        **more,
    )


def view(
    instances: Sequence[InstanceState],
    activity: Mapping[str, tuple[int, ...]] | None = None,
    *,
    at_s: float = NOW_S,
) -> View:
    """A look at a fleet that nothing narrows."""
    state = FleetState(at_s=at_s, instances=tuple(instances), caught_up=True)
    return View(state, Narrowing(), state.instances, Usage(), activity or {})


def later(shown: View, seconds: float) -> View:
    """The same look when only time has passed."""
    state = msgspec.structs.replace(shown.state, at_s=shown.state.at_s + seconds)
    return shown.later(state, events_per_s=0.0, lag_s=0.0)


def team() -> list[InstanceState]:
    """Twelve instances in every state, three levels deep, priced, half priced and unpriced."""
    return [
        instance(
            "a1",
            "atlas",
            State.BUSY,
            role="architect",
            instance_type="claude",
            model="claude-opus-4-5",
            since=42,
            requests=48,
            tokens=1_240_000,
            cost=4.12,
            unpriced=3,
            p95=38.0,
            open_for=(42,),
            reason="request m-42 open",
        ),
        instance(
            "b2",
            "harbor",
            State.WAITING,
            role="backend_developer",
            instance_type="claude",
            model="claude-sonnet-4-5",
            since=372,
            requests=31,
            tokens=402_000,
            cost=1.07,
            p95=21.4,
            open_for=(400, 380),
            parent_instance_id="a1",
            reason="Do you want to make this edit to routes.py?",
        ),
        instance(
            "c3",
            "mason",
            State.STUCK,
            role="devops_engineer",
            instance_type="codex",
            model="gpt-5-codex",
            since=1260,
            requests=12,
            tokens=98_400,
            unpriced=12,
            p95=95.0,
            open_for=(1260,),
            parent_instance_id="a1",
            reason="request m-12 open, pane still for 20m",
        ),
        instance(
            "d4",
            "probe",
            State.ERROR,
            role="qa_engineer",
            instance_type="claude",
            model="claude-haiku-4-5",
            since=130,
            requests=9,
            tokens=51_000,
            cost=0.0421,
            p95=4.2,
            parent_instance_id="b2",
            reason="tmux session lost",
            errors=2,
        ),
        instance(
            "e5",
            "quill",
            State.IDLE,
            role="technical_writer",
            instance_type="claude",
            model="claude-haiku-4-5",
            since=900,
            requests=17,
            tokens=77_300,
            cost=0.11,
            p95=6.0,
            parent_instance_id="a1",
            reason="replied",
        ),
        instance(
            "f6",
            "relay",
            State.BUSY,
            role="backend_developer",
            instance_type="codex",
            model="gpt-5-codex",
            since=8,
            requests=22,
            tokens=310_000,
            cost=0.98,
            unpriced=1,
            p95=30.2,
            open_for=(8,),
            parent_instance_id="b2",
            reason="request m-77 open",
        ),
        instance(
            "g7",
            "scout",
            State.INITIALIZING,
            role="data_analyst",
            instance_type="claude",
            since=4,
            reason="spawned",
        ),
        instance(
            "h8",
            "sentry",
            State.SUSPENDED,
            role="security",
            instance_type="claude",
            model="claude-opus-4-5",
            since=7300,
            requests=4,
            tokens=20_100,
            cost=0.31,
            p95=12.0,
            reason="suspended",
        ),
        instance(
            "i9",
            "anvil",
            State.TERMINATED,
            role="backend_developer",
            instance_type="claude",
            model="claude-sonnet-4-5",
            since=86_400,
            requests=140,
            tokens=4_100_000,
            cost=12.9,
            p95=25.0,
            parent_instance_id="a1",
            reason="terminated",
        ),
        instance("j0-7f3a", None, State.UNKNOWN, since=500, reason="nothing read yet"),
    ]


ACTIVITY = {
    "a1": (0, 2, 5, 9, 12, 7, 3, 0, 4, 11),
    "b2": (6, 8, 4, 2, 0, 0, 0, 0, 0, 0),
    "d4": (0, 0, 0, 0, 1, 3, 1, 0, 0, 0),
    "f6": (1, 1, 2, 1, 3, 2, 4, 5, 8, 9),
    "g7": (0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
}
"""Records per minute of some of the team."""

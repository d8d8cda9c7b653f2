"""A fleet's sums without a tree: a model that answers by a made-up day, and views of it."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime

import msgspec

from logging_core.analyse.state import (
    AnomalyCount,
    FileAnomalies,
    FleetState,
    Group,
    InstanceState,
    Latency,
    ProblemCount,
    Slot,
    Usage,
)
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.read.disk import DiskUse, FileSize
from logging_core.records import FrameRef, Message, Problem
from madrox_tui.filters import parse_filter
from madrox_tui.panels.audit.view import make_audit_view
from madrox_tui.view import Narrowing, View

NOW_S = datetime(2026, 11, 23, 14, 30).timestamp()
NAMES = ("atlas", "harbor", "warden", "quill", "comet", "ember")
ROLES = ("architect", "backend", "qa")


def latency(seconds: float, count: int = 10) -> Latency:
    """Response times around some seconds."""
    if not count:
        return Latency()
    p95, p99 = seconds * 2.5, seconds * 4
    return Latency(count, seconds * 1.2, seconds, p95, p99, seconds * 5)


def usage(requests: int, cost_usd: float | None, unpriced: int = 0) -> Usage:
    """Sums with tokens and times that go with them."""
    return Usage(requests, requests * 900, cost_usd, unpriced, latency(2.0, requests))


def instances(number: int = 6, age_s: float = 7200) -> tuple[InstanceState, ...]:
    """Some instances, each cheaper than the one before; the fourth is never priced."""
    return tuple(
        InstanceState(
            instance_id=f"{NAMES[n % 6]}-{n:04}",
            instance_name=NAMES[n % 6] if n < 6 else None,
            role=ROLES[n % 3],
            created_s=NOW_S - age_s,
            usage=usage(400 // (n + 1), None if n == 3 else 9.0 / (n + 1), 100 if n == 3 else n),
            errors=n % 2,
        )
        for n in range(number)
    )


class FakeModel:
    """Answers as the fleet model does, always the same, and remembers what it was asked."""

    def __init__(self, fleet: tuple[InstanceState, ...]) -> None:
        self.fleet = fleet
        self.spans: list[tuple[float, float, int]] = []
        self.windows: list[tuple[float, float, Collection[str | None] | None]] = []
        self.spent = 3.0
        self.since_s: float | None = None
        self.is_cut = False

    def series(
        self,
        *,
        from_s: float,
        to_s: float,
        step_s: int,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Slot, ...]:
        self.spans.append((from_s, to_s, step_s))
        number = math.ceil((to_s - from_s) / step_s)
        return tuple(_slot(n, from_s + n * step_s, empty=n < number // 6) for n in range(number))

    def usage_in(
        self, *, from_s: float, to_s: float, instance_ids: Collection[str | None] | None = None
    ) -> Usage | None:
        self.windows.append((from_s, to_s, instance_ids))
        return usage(20, self.spent * (NOW_S - from_s) / 3600)

    def first_exchange_s(self, instance_ids: Collection[str | None] | None = None) -> float | None:
        return min((i.created_s for i in self.fleet if i.created_s is not None), default=None)

    def groups(self, by: str, instance_ids: Collection[str] | None = None) -> tuple[Group, ...]:
        shown = [i for i in self.fleet if instance_ids is None or i.instance_id in instance_ids]
        if by == "error":
            return (Group("[red]timeout[/]", Usage(3), (shown[0].instance_id,)),)
        if by == "instance":
            groups = [Group(i.instance_id, i.usage, (i.instance_id,)) for i in shown]
            return tuple(sorted(groups, key=lambda g: -(g.usage.cost_usd or 0)))
        ids = tuple(i.instance_id for i in shown)
        return (Group("backend", usage(200, 12.5), ids), Group(None, usage(30, None, 30)))

    def groups_in(
        self,
        by: str,
        *,
        from_s: float | None,
        to_s: float,
        instance_ids: Collection[str] | None = None,
    ) -> tuple[Group, ...] | None:
        self.windows.append((from_s or 0.0, to_s, instance_ids))
        return self.groups(by, instance_ids)[:1]


def _slot(number: int, start_s: float, *, empty: bool) -> Slot:
    if empty:
        return Slot(start_s)
    wave = 1 + math.sin(number / 5) + (number % 7) / 7
    return Slot(start_s, Usage(10, 9000, 0.02 * wave, 1, latency(0.5 + wave, 10)))


def fleet_view(
    number: int = 6,
    *,
    by: str = "instance",
    only: str = "",
    budget_usd: float | None = 50.0,
    model: FakeModel | None = None,
    age_s: float = 7200,
) -> View:
    """A look at the made-up fleet; `only` filters."""
    fleet = instances(number, age_s)
    wanted = parse_filter(only)
    shown = tuple(i for i in fleet if wanted.matches(i))
    total = added(fleet)
    errors = 1 + sum(i.errors for i in fleet)
    state = FleetState(at_s=NOW_S, instances=fleet, usage=total, errors=errors, caught_up=True)
    sums = total if len(shown) == len(fleet) else added(shown)
    audit = make_audit_view(
        model or FakeModel(fleet), state, shown, usage=sums, by=by, budget_usd=budget_usd
    )
    return View(state, Narrowing(wanted), shown, sums, audit=audit)


def added(fleet: Collection[InstanceState]) -> Usage:
    """The sums of some instances."""
    costs = [i.usage.cost_usd for i in fleet if i.usage.cost_usd is not None]
    requests = sum(i.usage.requests for i in fleet)
    return Usage(
        requests,
        requests * 900,
        sum(costs) if costs else None,
        sum(i.usage.unpriced for i in fleet),
        latency(2.0, requests),
    )


def sick_state() -> FleetState:
    """A fleet whose logs have everything that can be wrong with them."""
    problems = (
        Problem(path="instances/atlas-0000/communication.jsonl", reason="the file is missing"),
        Problem(
            path="audit/audit_20261123.jsonl",
            reason="no JSON: unexpected end",
            offset=1_234_567,
            line='{"timestamp": "2026-11-23T14:0 ␛]52;c;[red]',
        ),
    )
    forged = (AnomalyKind.BACK,)
    frame = FrameRef(
        instance_id="harbor-0001", path="p", offset=0, body_offset=0, end=1, suspect=forged
    )
    atlas, harbor, *rest = instances()
    messages = [
        Message(instance_id="atlas-0000", event_type="message_sent", time_s=NOW_S),
        Message(instance_id="atlas-0000", event_type="message_sent", message_id="m", time_s=None),
        Message(instance_id="ghost", message_id="m", time_s=NOW_S + 4000, suspect=("cost_usd",)),
    ]
    return FleetState(
        at_s=NOW_S,
        instances=(atlas, msgspec.structs.replace(harbor, newest_frame=frame), *rest),
        messages=messages,
        anomalies=AnomalyCount(
            3,
            1,
            (
                FileAnomalies("instances/atlas-0000/communication.jsonl", 2, 1),
                FileAnomalies("audit/␛[31m.jsonl", 1),
            ),
            (
                Anomaly(
                    path="audit/␛[31m.jsonl", kind=AnomalyKind.BACK, time_s=NOW_S - 900, by_s=3900
                ),
                Anomaly(
                    path=problems[0].path, kind=AnomalyKind.AHEAD, time_s=NOW_S + 400, by_s=400
                ),
                Anomaly(path=problems[0].path, kind=AnomalyKind.GAP, time_s=NOW_S - 60),
            ),
        ),
        problems=ProblemCount(1, tuple(sorted(p.path for p in problems)), problems, 1),
        caught_up=True,
    )


class FakeDisk:
    """A disk on which one file grows by 60 kB a minute, and one is named to harm."""

    def __init__(self) -> None:
        self.measured = 0

    async def disk(self) -> DiskUse:
        self.measured += 1
        grown = min(self.measured - 1, 1)
        files = {
            (1, 1): FileSize("instances/atlas-0000/tmux_output.log", 400_000_000 + 60_000 * grown),
            (1, 2): FileSize("audit/\x1b[31m\udcff.jsonl", 1_000 + 10 * grown),
        }
        return DiskUse(
            at_s=NOW_S + 60 * grown,
            size=412_000_000,
            allocated=415_000_000,
            by_kind={"tmux_output": 400_000_000, "audit": 9_000_000, "other": 3_000_000},
            by_instance={f"{NAMES[n % 6]}-{n:04}": 90_000_000 // (n + 1) for n in range(25)},
            files=files,
            complete=False,
        )

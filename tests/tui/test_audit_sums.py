"""When the sums of the audit panel are made: as rarely as is enough, never wrongly."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from audits import NOW_S, FakeModel, fleet_view, instances
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, Group, Usage
from logging_core.records import AuditEvent, Batch
from madrox_tui.panels.audit.sums import SHARE, AuditSums


class Clock:
    """Time that goes on by a step whenever one looks."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.step_s = 1.0

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def sums(clock: Clock) -> AuditSums:
    return AuditSums(budget_usd=50.0, clock=clock)


def with_requests(state: FleetState, requests: int) -> FleetState:
    return msgspec.structs.replace(state, usage=Usage(requests, None, 1.0))


def test_the_same_fleet_is_summed_once_a_minute() -> None:
    """While nothing happens, a look costs nothing; rates are made anew with the minute."""
    view, model, clock = fleet_view(), FakeModel(instances()), Clock()
    audit = sums(clock)
    first = audit.look(model, view.state, view.instances, view.usage)
    clock.now_s += 1000
    assert audit.look(model, view.state, view.instances, view.usage) is first
    later = msgspec.structs.replace(view.state, at_s=view.state.at_s + 60)
    assert audit.look(model, later, view.instances, view.usage) is not first


def test_whatever_a_table_tells_of_makes_it_anew() -> None:
    """An event that is no exchange, and what becomes known of an instance, are in it at once."""
    model, clock = FleetModel(), Clock()
    audit = sums(clock)

    def labels(by: str, kind: str, **details: str) -> list[str | None]:
        happened = AuditEvent(time_s=NOW_S, event_type=kind, instance_id="a", details={**details})
        model.apply(Batch(records=(happened,)))
        audit.by = by
        state = model.state(NOW_S)
        clock.now_s += 1000
        return [group.label for group in audit.look(model, state, state.instances, Usage()).groups]

    assert labels("event_type", "one") == ["one"]
    assert labels("event_type", "other") == ["one", "other"]
    assert labels("role", "one") == [None]
    assert labels("role", "one", role="qa") == ["qa"]


def test_sums_take_a_part_of_the_time_only() -> None:
    """When each look brings exchanges, the sums rest as long as `SHARE` asks for."""
    view, clock = fleet_view(), Clock()
    audit, model = sums(clock), FakeModel(instances())
    first = audit.look(model, view.state, view.instances, view.usage)
    busy = with_requests(view.state, 5)
    assert audit.look(model, busy, view.instances, view.usage) is first
    clock.now_s += clock.step_s / SHARE
    assert audit.look(model, busy, view.instances, view.usage) is not first


def test_sums_that_rest_are_not_current() -> None:
    """Nor are those that are grouped otherwise than is asked for by now."""
    view, clock = fleet_view(), Clock()
    audit, model = sums(clock), FakeModel(instances())
    known = [audit.is_current]
    busy = with_requests(view.state, 5)
    for state, rests in ((view.state, False), (busy, True), (busy, False)):
        clock.now_s += 0 if rests else 1000
        audit.look(model, state, view.instances, view.usage)
        known.append(audit.is_current)
    audit.by = "role"
    assert [*known, audit.is_current] == [False, True, False, True, False]


def test_what_a_person_asks_for_comes_at_once() -> None:
    """Another filter and other groups do not wait for anything."""
    view, clock = fleet_view(), Clock()
    audit, model = sums(clock), FakeModel(instances())
    first = audit.look(model, view.state, view.instances, view.usage)
    filtered = audit.look(model, view.state, view.instances[:1], view.instances[0].usage)
    assert [group.label for group in filtered.groups] == ["atlas-0000"]
    audit.by = "role"
    by_role = audit.look(model, view.state, view.instances, view.usage)
    assert (by_role.by, first.by) == ("role", "instance")


def test_a_part_does_not_pass_for_the_whole_once_that_is_read() -> None:
    """Sums of all there is take the place of those of its end at once, however much is new."""
    view, clock = fleet_view(), Clock()
    audit, model = sums(clock), FakeModel(instances())
    model.is_cut = True
    part = audit.look(model, view.state, view.instances, view.usage)
    model.is_cut = False
    whole = audit.look(model, view.state, view.instances, view.usage)
    assert part.counted_from_s is not None
    assert whole.counted_from_s is None


def test_an_earlier_moment_has_the_groups_of_then() -> None:
    """By whatever they are, and of the instances that are shown; not what is there by now."""
    view = fleet_view()
    audit, model = sums(Clock()), FakeModel(())
    asked = []

    def groups_of(by: str, ids: Collection[str] | None) -> tuple[Group, ...]:
        asked.append((by, ids))
        return (Group("of then", Usage()),)

    back = audit.look_back(model, view.state, view.instances, view.usage, groups_of)
    assert [group.label for group in back.groups] == ["of then"]
    audit.by = "error"
    audit.look_back(model, view.state, view.instances[:1], view.usage, groups_of)
    assert asked == [("instance", None), ("error", {view.instances[0].instance_id})]

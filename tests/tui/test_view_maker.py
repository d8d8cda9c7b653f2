"""What a view that is held tells once it is narrowed otherwise."""

from __future__ import annotations

import time

import pytest

from builders import TreeBuilder
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import Group
from logging_core.records import AuditEvent, Batch
from madrox_tui.config import Settings
from madrox_tui.feed.pulse import Pulse
from madrox_tui.feed.view_maker import ViewMaker
from madrox_tui.filters import parse_filter
from madrox_tui.view import Narrowing

T = TreeBuilder.epoch(0)


def spawn(instance_id: str, **details: str) -> AuditEvent:
    return AuditEvent(
        time_s=T, event_type="instance_spawn", instance_id=instance_id, details={**details}
    )


def exchange(at: float, instance_id: str | None) -> AuditEvent:
    return AuditEvent(
        time_s=T + at,
        event_type="message_exchange",
        instance_id=instance_id,
        message_id=f"m-{at}",
        cost_usd=1.0,
        response_time_s=at,
    )


def sums(groups: tuple[Group, ...]) -> dict[str | None, int]:
    return {group.label: group.usage.requests for group in groups}


@pytest.mark.parametrize(
    ("by", "expected", "all_of_them"),
    [
        ("instance", {"a": 2}, {"a": 2, "b": 1, None: 1}),
        ("role", {"qa": 2}, {"qa": 2, "dev": 1}),
        ("parent", {"b": 2}, {"b": 3}),
    ],
)
def test_a_held_view_that_is_filtered_has_the_sums_of_its_moment(
    by: str, expected: dict[str | None, int], all_of_them: dict[str | None, int]
) -> None:
    """What came since is in none of them, so that they add up to the rows beside them."""
    model, views = FleetModel(), ViewMaker(Settings(), Pulse(time.monotonic), time.monotonic)
    model.apply(
        Batch(
            records=(
                spawn("a", role="qa", parent_instance_id="b"),
                spawn("b", role="dev"),
                *(exchange(at, "a") for at in (1, 2)),
                exchange(3, "b"),
                exchange(4, None),
            )
        )
    )
    views.group_by(by)
    held = views.newest(model, T + 10)
    model.apply(Batch(records=tuple(exchange(at, "a") for at in range(20, 30))))
    views.narrowing = Narrowing(parse_filter("role:qa"))
    seen = views.held(model, held.state)
    (row,) = seen.instances
    assert (seen.usage.requests, seen.usage.cost_usd) == (row.usage.requests, row.usage.cost_usd)
    assert (seen.usage.requests, seen.usage.latency.max_s) == (2, 2.0)
    assert sums(seen.audit.groups) == expected
    views.narrowing = Narrowing()
    seen = views.held(model, held.state)
    assert seen.usage is held.usage
    assert sums(seen.audit.groups) == sums(held.audit.groups) == all_of_them

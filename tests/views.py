"""All that a model of a fleet tells, to be held against what another one does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

from builders import TreeBuilder
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.grouping import GROUPINGS
from logging_core.analyse.state import FleetState

View = dict[Any, Any]


def seen(model: FleetModel, now_s: float) -> View:
    """All that a model tells."""
    state = model.state(now_s)
    view = of_state(state)
    begin_s = TreeBuilder.epoch(0)
    for by in GROUPINGS:
        view["groups", by] = plain(model.groups(by))
        view["groups in", by] = plain(model.groups_in(by, from_s=None, to_s=now_s) or ())
    view["series"] = plain(model.series(from_s=begin_s, to_s=now_s, step_s=600))
    for one in state.instances:
        view[one.instance_id, "activity"] = model.activity(one.instance_id, now_s=now_s, minutes=60)
    return view


def of_state(state: FleetState) -> View:
    """All that a state tells, but for when it is and how far its rows were moved."""
    view: View = {
        (one.instance_id, field): value
        for one in state.instances
        for field, value in msgspec.to_builtins(one).items()
    }
    for field in ("usage", "errors", "audit_events", "dropped_messages", "dropped_events"):
        view[field] = msgspec.to_builtins(getattr(state, field))
    rows = [(m.time_s, m.instance_id, m.event_type, m.content) for m in state.messages]
    view["messages"] = _by_second(rows)
    view["events"] = _by_second(
        [
            (e.time_s, e.instance_id, e.text, e.is_error, e.counts, e.message_id)
            for e in state.events
        ]
    )
    problems, anomalies = state.problems, state.anomalies
    view["problems"] = (problems.unreadable_lines, problems.files, problems.total)
    view["anomalies"] = (anomalies.clock_jumps, anomalies.gaps, anomalies.torn, anomalies.lossy)
    return view


def in_any_order(view: View) -> View:
    """Without the order of the rows: those that were shown stay where they are."""
    return view | {rows: sorted(view[rows], key=repr) for rows in ("messages", "events")}


def plain(structs: Sequence[msgspec.Struct]) -> list[str]:
    return sorted(repr(msgspec.to_builtins(one)) for one in structs)


def _by_second(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in their order, but for those of one second: an instance.log has no more than that."""
    seconds = groupby(rows, key=lambda row: None if row[0] is None else int(row[0]))
    return [row for _, group in seconds for row in sorted(group, key=repr)]

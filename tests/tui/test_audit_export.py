"""The audit table as a file."""

from __future__ import annotations

from logging_core.analyse.state import Group, Latency, Usage
from madrox_tui.panels.audit.export import audit_export

GROUP = Group(
    "i-1",
    Usage(
        requests=3,
        tokens=70,
        cost_usd=None,
        unpriced=3,
        latency=Latency(count=3, p50_s=1.0, p95_s=2.5, max_s=4.0),
    ),
    ("i-1", "i-2"),
)


def exported(by: str) -> dict[str, object]:
    export = audit_export(by, [GROUP], lambda group: f"called {group.label}")
    (row,) = export.rows
    return dict(zip(export.columns, row, strict=True))


def test_a_group_is_written_with_all_its_numbers() -> None:
    """What is unknown stays unknown."""
    assert exported("role") == {
        "role": "called i-1",
        "instances": 2,
        "requests": 3,
        "tokens": 70,
        "cost_usd": None,
        "unpriced": 3,
        "p50_s": 1.0,
        "p95_s": 2.5,
        "max_s": 4.0,
    }


def test_instances_can_be_joined_by_their_ids() -> None:
    """A name may be another's, too; an id is not."""
    for by in ("instance", "parent"):
        assert exported(by)[by] == "called i-1"
        assert exported(by)[f"{by}_id"] == "i-1"


def test_events_are_no_requests() -> None:
    """Where events are counted, the column says so."""
    for by in ("event_type", "error"):
        assert exported(by)["times"] == 3
        assert "requests" not in exported(by)

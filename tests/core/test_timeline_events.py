"""What happened between the messages, as the fleet state holds it."""

from __future__ import annotations

from itertools import permutations

import pytest

from logging_core.analyse import timeline
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import TimelineEvent
from logging_core.records import (
    AuditEvent,
    Batch,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
    Record,
)

T = 1_795_435_200.0


def events(*records: Record, since_s: float | None = None) -> list[TimelineEvent]:
    model = FleetModel(since_s=since_s)
    model.apply(Batch(records=records))
    return list(model.state(T + 100).events)


def life(at: float, text: str, level: str = "INFO") -> LifecycleEvent:
    return LifecycleEvent(instance_id="a", time_s=T + at, text=text, level=level)


def test_lifecycle_lines_and_errors_are_merged_by_time() -> None:
    """Lifecycle lines, failed audit events and errors of the orchestrator stand in one list."""
    shown = events(
        life(1, "Instance created"),
        life(9, "Instance terminated (force=False)"),
        AuditEvent(time_s=T + 5, event_type="instance_spawn", instance_id="a", error="no tmux"),
        OrchestratorEvent(time_s=T + 3, level="ERROR", text="disk full"),
    )
    assert shown == [
        TimelineEvent("a", T + 1, "Instance created"),
        TimelineEvent("", T + 3, "disk full", is_error=True, counts=True),
        TimelineEvent("a", T + 5, "no tmux", is_error=True, counts=True),
        TimelineEvent("a", T + 9.999999, "Instance terminated (force=False)"),
    ]


PAIRS = [
    ("Instance suspended: too dear", "instance_suspended"),
    ("Instance resumed", "instance_resumed"),
    ("Instance terminated (force=False)", "instance_terminate"),
]


@pytest.mark.parametrize("at", [12.3, 12.9])
@pytest.mark.parametrize("log_first", [True, False])
def test_an_instance_is_created_before_it_is_ready(at: float, *, log_first: bool) -> None:
    """Also within a second, at whatever moment of that the audit trail tells of the spawn."""
    texts = ["Instance created with role: qa", "Instance initialization completed successfully"]
    told = [life(12, text) for text in texts]
    spawned = AuditEvent(time_s=T + at, event_type="instance_spawn", instance_id="a")
    model = FleetModel()
    model.apply(Batch(records=(*told, spawned) if log_first else (spawned, *told)))
    assert [row.text for row in model.state(T + 100).events] == texts


@pytest.mark.parametrize("at", [12.3, 13.001, 11.99])
@pytest.mark.parametrize(("text", "event_type"), PAIRS)
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("log_first", [True, False])
def test_when_exactly_is_known_from_the_audit_trail(
    text: str, event_type: str, at: float, *, apart: bool, log_first: bool
) -> None:
    """An instance.log has whole seconds; of what both tell of, the other one's time is shown.

    Whichever is read first, in one look or in two.
    """
    records: list[Record] = [
        life(12, text),
        AuditEvent(time_s=T + at, event_type=event_type, instance_id="a"),
    ]
    if not log_first:
        records.reverse()
    model = FleetModel()
    for batch in [records[:1], records[1:]] if apart else [records]:
        model.apply(Batch(records=tuple(batch), caught_up=False))
    assert list(model.state(T + 100).events) == [TimelineEvent("a", T + at, text)]


def test_each_change_is_told_by_its_own_event() -> None:
    """Twice the same within a second: the first entry is the first event."""
    at = [0.1, 0.4, 0.7]
    shown = events(
        *(life(0, f"Instance {what}") for what in ("suspended", "resumed", "suspended")),
        *(
            AuditEvent(time_s=T + s, event_type=f"instance_{what}", instance_id="a")
            for s, what in zip(at, ("suspended", "resumed", "suspended"), strict=True)
        ),
    )
    assert [(event.time_s, event.text) for event in shown] == [
        (T + 0.1, "Instance suspended"),
        (T + 0.4, "Instance resumed"),
        (T + 0.7, "Instance suspended"),
    ]


def test_a_whole_second_is_over_when_what_it_tells_of_has_happened() -> None:
    """What only an instance.log tells of stands at the end of its second; a creation does not."""
    shown = events(life(1, "Instance created"), life(1, "Cloned"), life(1.25, "Built"))
    assert [(event.time_s, event.text) for event in shown] == [
        (T + 1, "Instance created"),
        (T + 1.999999, "Cloned"),
        (T + 1.25, "Built"),
    ]


def test_rows_that_were_shown_stay_where_they_are() -> None:
    """Once all was read, a row does not move any more, but is told as it is known now."""
    model = FleetModel()
    model.apply(Batch(records=(life(1, "Instance suspended"), life(5, "Something else"))))
    before = model.state(T + 9)
    suspended = AuditEvent(time_s=T + 1.5, event_type="instance_suspended", instance_id="a")
    model.apply(Batch(records=(suspended,)))
    after = model.state(T + 9)
    assert [event.time_s for event in before.events] == [T + 1.999999, T + 5.999999]
    assert [event.time_s for event in after.events] == [T + 1.5, T + 5.999999]
    assert after.reordered > before.reordered


def change(at: float, what: str) -> AuditEvent:
    return AuditEvent(time_s=T + at, event_type=f"instance_{what}", instance_id="a")


@pytest.mark.parametrize("log_first", [True, False])
def test_when_exactly_is_known_of_many_changes(*, log_first: bool) -> None:
    """Of an instance that ends again and again one file may be read whole before the other."""
    at = [10 * n + 0.25 for n in range(1_000)]
    audit = [change(moment, "terminate") for moment in at]
    log = [life(int(moment), "Instance terminated (force=True)") for moment in at]
    model = FleetModel()
    for records in (log, audit) if log_first else (audit, log):
        model.apply(Batch(records=tuple(records), caught_up=False))
    assert [event.time_s for event in model.state(T + 1e6).events] == [T + moment for moment in at]


def test_errors_of_days_that_are_read_newest_first_are_in_order() -> None:
    """The audit trail has a file for each day, and the dashboard begins with today's."""
    day_s = 86_400
    model = FleetModel()
    for day in (2, 1, 0):
        told = [
            AuditEvent(time_s=T + day * day_s + n, instance_id="a", error=f"{day}-{n}")
            for n in range(2)
        ]
        model.apply(Batch(records=tuple(told), caught_up=day == 0))
    texts = [event.text for event in model.state(T + 3 * day_s).events]
    assert texts == ["0-0", "0-1", "1-0", "1-1", "2-0", "2-1"]


@pytest.mark.parametrize("log_first", [True, False])
def test_a_row_whose_clock_was_put_back_stays_behind_that_before_it(*, log_first: bool) -> None:
    """Also where the audit trail tells exactly when it was, whichever is read first."""
    log = [life(50, "Cloned"), life(20, "Instance suspended"), life(60, "Built")]
    audit = [change(20.5, "suspended")]
    shown = events(*log, *audit) if log_first else events(*audit, *log)
    texts = [event.text for event in shown]
    assert texts == ["Cloned", "Instance suspended", "Built"]


@pytest.mark.parametrize("order", permutations(range(3)))
def test_an_error_says_which_request_failed(order: tuple[int, ...]) -> None:
    """As the audit trail tells, in whatever order the files that tell of it are read."""
    records = (
        life(3, "Request m-1 failed: no reply", level="ERROR"),
        AuditEvent(
            time_s=T + 3.2,
            event_type="instance_failed",
            instance_id="a",
            message_id="m-1",
            error="no reply",
        ),
        OrchestratorEvent(time_s=T + 3.3, level="ERROR", text="no reply", instance_id="a"),
    )
    model = FleetModel()
    for number in order:
        model.apply(Batch(records=(records[number],), caught_up=True))
    (failed,) = model.state(T + 9).events
    assert (failed.message_id, failed.is_error) == ("m-1", True)


def test_what_repeats_a_message_is_no_event() -> None:
    """Entries that echo a message are left out, unless they report an error."""
    shown = events(
        life(1, "Sending message (wait=True): do it"),
        life(2, "Received response (9 chars, 2 tokens, 0.10s)"),
        life(3, "Communication: outbound reply"),
        life(4, "Sending message failed: no pane", level="ERROR"),
    )
    assert [event.text for event in shown] == ["Sending message failed: no pane"]


LIFE = {
    "spawn": "Instance created",
    "suspended": "Instance suspended",
    "resumed": "Instance resumed",
    "reconnected": "Instance reconnected",
    "recovered": "Instance recovered",
    "terminate": "Instance terminated",
}


def test_the_life_of_an_instance_without_a_directory_is_told_by_the_audit_trail() -> None:
    """Its changes are rows, in the order of time, whichever day is read first."""
    told = [change(10 * at, what) for at, what in enumerate(LIFE)]
    failed = AuditEvent(time_s=T + 25, event_type="instance_failed", instance_id="a", error="no")
    model = FleetModel()
    model.apply(Batch(records=(*told[3:], failed), caught_up=False))
    model.apply(Batch(records=tuple(told[:3])))
    shown = [(event.time_s, event.text) for event in model.state(T + 100).events]
    rows = [(T + 10 * at, text) for at, text in enumerate(LIFE.values())]
    assert shown == sorted([*rows, (T + 25, "no")])
    model.apply(Batch(records=(change(200, "suspended"),)))
    assert [event.time_s for event in model.state(T + 300).events][-1] == T + 200


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("log_first", [True, False])
def test_a_change_that_both_files_tell_of_is_told_once(*, apart: bool, log_first: bool) -> None:
    """In the words of the instance.log, also if that appears after the audit trail was read."""
    audit: list[Record] = [change(10 * at + 0.5, what) for at, what in enumerate(LIFE)]
    log: list[Record] = [life(10 * at, f"{text} (why)") for at, text in enumerate(LIFE.values())]
    model = FleetModel()
    files = [log, audit] if log_first else [audit, log]
    for records in files if apart else [[*files[0], *files[1]]]:
        model.apply(Batch(records=tuple(records)))
    shown = [event.text for event in model.state(T + 100).events]
    assert shown == [f"{text} (why)" for text in LIFE.values()]


def test_a_change_long_after_is_another_one() -> None:
    """Who is suspended twice is told of twice, whichever file knows of which time."""
    model = FleetModel()
    model.apply(Batch(records=(change(10, "suspended"),)))
    model.apply(Batch(records=(life(500, "Instance suspended (why)"),)))
    texts = [event.text for event in model.state(T + 900).events]
    assert texts == ["Instance suspended", "Instance suspended (why)"]


def test_what_follows_a_change_that_both_files_tell_of_stays_behind_it() -> None:
    """Also where a clock was put back, as it does behind any other entry."""
    model = FleetModel()
    model.apply(Batch(records=(change(50.5, "suspended"),)))
    model.apply(Batch(records=(life(50, "Instance suspended (why)"), life(20, "Cloned"))))
    texts = [event.text for event in model.state(T + 100).events]
    assert texts == ["Instance suspended (why)", "Cloned"]


def test_what_is_no_error_is_no_event() -> None:
    """A fine audit event or an INFO entry of orchestrator.log adds nothing."""
    assert not events(
        Metadata(instance_id="a"),
        AuditEvent(time_s=T, event_type="instance_spawn", instance_id="a"),
        OrchestratorEvent(time_s=T, text="all well"),
    )


def test_only_the_newest_are_kept() -> None:
    """Memory is bounded, and the state says how many are gone."""
    model = FleetModel(max_events=3)
    model.apply(Batch(records=tuple(life(at, f"event {at}") for at in range(10))))
    state = model.state(T + 100)
    assert [event.text for event in state.events] == ["event 7", "event 8", "event 9"]
    assert state.dropped_events == 7


def test_since_leaves_out_older_events() -> None:
    """With a moment to count from, only what happened from then on is held."""
    told_by_audit = change(1, "suspended"), change(5, "resumed")
    for of_one_file in ((life(1, "before"), life(5, "Instance resumed")), told_by_audit):
        shown = events(*of_one_file, since_s=T + 3)
        assert [event.text for event in shown] == ["Instance resumed"]


def test_a_new_tree_has_its_own_events() -> None:
    """When the root was replaced, what the old one held is forgotten."""
    model = FleetModel()
    model.apply(Batch(records=(life(1, "old"),)))
    before = model.state(T)
    model.apply(Batch(records=(life(2, "new"),), reset=True))
    assert [event.text for event in model.state(T).events] == ["new"]
    assert model.state(T).reordered != before.reordered


def test_long_messages_are_kept_in_smaller_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the timeline holds in memory has a limit, whatever is said; the newest is always there.

    What is dropped is counted, so that older messages can be fetched from where they are.
    """
    monkeypatch.setattr(timeline, "MAX_CHARACTERS", 1_000)
    model = FleetModel(max_messages=50)
    lengths = [*[1] * 60, *[300] * 5, 5_000, *[300] * 2]
    kept = []
    for number, length in enumerate(lengths):
        said = Message(
            instance_id="a",
            time_s=T + number,
            event_type="message_sent",
            message_id=f"m{number}",
            content="x" * length,
        )
        model.apply(Batch(records=(said,), caught_up=True))
        state = model.state(T + 100)
        assert state.dropped_messages + len(state.messages) == number + 1
        kept.append(len(state.messages))
    assert kept[:60] == [min(number, 50) for number in range(1, 61)]
    assert kept[60:] == [50, 50, 50, 3, 3, 1, 1, 2]

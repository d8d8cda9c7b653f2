"""The fleet model: from records to the state of every instance, with the reason and since when."""

from __future__ import annotations

import itertools
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.problems import MAX_FILES
from logging_core.analyse.state import FleetState, InstanceState, State
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.records import (
    AuditEvent,
    Batch,
    FrameRef,
    InstanceGone,
    InstanceSeen,
    LifecycleEvent,
    Message,
    Metadata,
    OrchestratorEvent,
    Problem,
    Record,
)

T = 1_795_435_200.0
"""A whole second; times in these tests are seconds after it."""
NOW = 1000.0


def spawn(at: float = 0, instance_id: str = "a", **details: Any) -> AuditEvent:
    return audit("instance_spawn", at, instance_id, **details)


def audit(
    event_type: str, at: float = 0, instance_id: str | None = "a", **details: Any
) -> AuditEvent:
    error = details.get("error") or details.get("failure_reason")
    return AuditEvent(
        time_s=T + at, event_type=event_type, instance_id=instance_id, details=details, error=error
    )


def exchange(at: float, message_id: str = "m-1", instance_id: str = "a", **f: Any) -> AuditEvent:
    return AuditEvent(
        time_s=T + at,
        event_type="message_exchange",
        instance_id=instance_id,
        message_id=message_id,
        **f,
    )


def sent(at: float | None, message_id: str | None = "m-1", instance_id: str = "a") -> Message:
    return said("message_sent", at, message_id, instance_id, direction="outbound")


def received(at: float | None, message_id: str | None = "m-1", instance_id: str = "a") -> Message:
    return said("message_received", at, message_id, instance_id, direction="inbound")


def said(
    event_type: str, at: float | None, message_id: str | None, instance_id: str, **fields: Any
) -> Message:
    return Message(
        instance_id=instance_id,
        time_s=None if at is None else T + at,
        event_type=event_type,
        message_id=message_id,
        **fields,
    )


def lifecycle(text: str, at: float, instance_id: str = "a") -> LifecycleEvent:
    return LifecycleEvent(instance_id=instance_id, time_s=T + at, text=text)


def ready(at: float = 2, instance_id: str = "a") -> LifecycleEvent:
    return lifecycle("Instance initialization completed successfully", at, instance_id)


def terminate(at: float, **details: Any) -> AuditEvent:
    return audit(
        "instance_terminate", at, **{"force": False, "final_state": "terminated", **details}
    )


def trouble(at: float, text: str = "pane is dead", instance_id: str = "a") -> OrchestratorEvent:
    return OrchestratorEvent(time_s=T + at, level="ERROR", text=text, instance_id=instance_id)


def frame(
    at: float | None, digest: int, offset: int = 0, *, end: int = 0, instance_id: str = "a"
) -> FrameRef:
    return FrameRef(
        instance_id=instance_id,
        time_s=None if at is None else T + at,
        path=f"instances/{instance_id}/tmux_output.log",
        offset=offset,
        body_offset=offset + 192,
        end=end or offset + 500,
        digest=digest,
    )


def fold(*records: Record, now: float = NOW, **options: Any) -> FleetState:
    model = FleetModel(**options)
    model.apply(Batch(records=records))
    return model.state(T + now)


def only(*records: Record, now: float = NOW, **options: Any) -> InstanceState:
    (instance,) = fold(*records, now=now, **options).instances
    return instance


def verdict(*records: Record, now: float = NOW) -> tuple[State, str, float | None]:
    instance = only(*records, now=now)
    since = None if instance.since_s is None else instance.since_s - T
    return instance.state, instance.reason, since


# --- states ------------------------------------------------------------------


def test_a_directory_alone_says_nothing() -> None:
    """An instance of which only a directory is seen is shown, in an unknown state."""
    assert verdict(InstanceSeen(instance_id="a")) == (
        State.UNKNOWN,
        "no record of its state",
        None,
    )


def test_metadata_and_frames_prove_no_state() -> None:
    """Metadata and captures alone name an instance, and leave its state unknown."""
    instance = only(Metadata(instance_id="a", instance_name="Atlas"), frame(5, 1))
    assert (instance.state, instance.instance_name) == (State.UNKNOWN, "Atlas")


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        ([spawn(1)], (State.INITIALIZING, "spawned", 1)),
        (
            [lifecycle("Instance created with role: general, type: claude", 1)],
            (State.INITIALIZING, "spawned", 1),
        ),
        ([spawn(0), ready(2)], (State.IDLE, "ready", 2)),
        ([spawn(0), sent(3)], (State.BUSY, "request m-1 open", 3)),
        ([spawn(0), ready(2), sent(3), received(5)], (State.IDLE, "reply m-1", 5)),
        ([sent(3), exchange(5)], (State.IDLE, "reply m-1", 5)),
        (
            [sent(3), sent(4, "m-2"), sent(5, "m-3"), received(6, "m-1")],
            (State.BUSY, "request m-2 open, 1 more", 4),
        ),
        ([sent(1, None)], (State.IDLE, "request", 1)),
        ([spawn(0), audit("instance_suspended", 9)], (State.SUSPENDED, "suspended", 9)),
        (
            [audit("instance_suspended", 9), audit("instance_resumed", 12)],
            (State.IDLE, "resumed", 12),
        ),
        (
            [audit("instance_suspended", 9), audit("instance_reconnected", 12)],
            (State.IDLE, "reconnected", 12),
        ),
        (
            [sent(3), audit("instance_suspended", 9), audit("instance_recovered", 12)],
            (State.BUSY, "request m-1 open", 3),
        ),
        ([spawn(0), terminate(20)], (State.TERMINATED, "terminated (force=False)", 20)),
        ([spawn(0), terminate(20, force=None)], (State.TERMINATED, "terminated", 20)),
        (
            [spawn(0), terminate(20, final_state="error")],
            (State.ERROR, "terminated (final_state=error)", 20),
        ),
        ([spawn(0), trouble(7)], (State.ERROR, "pane is dead", 7)),
        ([spawn(0), audit("probe", 7, error="boom")], (State.ERROR, "boom", 7)),
    ],
)
def test_state_reason_and_since(
    records: list[Record], wanted: tuple[State, str, float | None]
) -> None:
    """Every state says why the instance is in it, and since when."""
    assert verdict(*records, now=100) == wanted


def test_a_critical_entry_is_an_error_and_a_warning_is_none() -> None:
    """ERROR and CRITICAL entries about an instance put it in error; a WARNING does not."""
    critical = OrchestratorEvent(time_s=T + 9, level="CRITICAL", text="gone", instance_id="a")
    warning = OrchestratorEvent(time_s=T + 9, level="WARNING", text="slow", instance_id="a")
    assert only(spawn(0), critical).state is State.ERROR
    assert only(spawn(0), warning).state is State.INITIALIZING


@pytest.mark.parametrize(
    "sign",
    [
        sent(8),
        received(8),
        exchange(8),
        ready(8),
        said("communication", 8, None, "a"),
        audit("instance_resumed", 8),
        audit("instance_recovered", 8),
    ],
)
def test_a_later_sign_of_life_ends_an_error(sign: Record) -> None:
    """An error is shown until a message, an exchange, a recovery or readiness comes after it."""
    assert only(spawn(0), trouble(7), sign, now=20).state is not State.ERROR
    assert only(spawn(0), trouble(9), sign, now=20).state is State.ERROR


def test_a_failing_manager_puts_every_affected_instance_in_error() -> None:
    """`manager_daemon_failure` counts as one error of the fleet, and one of each affected."""
    failure = audit(
        "manager_daemon_failure",
        9,
        "orchestrator",
        affected_instances=["a", "b", 7],
        failure_reason="Manager daemon unresponsive",
    )
    state = fold(spawn(0, "a"), spawn(1, "b"), spawn(2, "c"), ready(3, "c"), failure)
    a, b, c = state.instances
    assert (a.state, b.state, c.state) == (State.ERROR, State.ERROR, State.IDLE)
    assert (a.reason, a.errors, a.last_error) == (
        "Manager daemon unresponsive",
        1,
        "Manager daemon unresponsive",
    )
    assert state.errors == 1
    assert "orchestrator" not in {instance.instance_id for instance in state.instances}


def test_termination_closes_open_requests() -> None:
    """A terminated instance has no open requests, though no reply ever came."""
    instance = only(spawn(0), sent(3), terminate(20))
    assert (instance.state, instance.open_requests) == (State.TERMINATED, ())


def test_an_error_about_a_request_closes_it() -> None:
    """A request that timed out is not open for ever; an event that is no error closes nothing."""
    notice = msgspec.structs.replace(audit("request_note", 5), message_id="m-1")
    failure = msgspec.structs.replace(notice, error="TimeoutError")
    assert only(spawn(0), sent(3), notice).state is State.BUSY
    for records in ((sent(3), failure), (failure, sent(3))):
        instance = only(spawn(0), *records)
        assert (instance.state, instance.open_requests) == (State.ERROR, ())
    later = only(spawn(0), sent(3), failure, sent(6, "m-2"), received(7, "m-2"))
    assert (later.state, later.open_requests) == (State.IDLE, ())


def test_a_new_spawn_closes_the_requests_before_it() -> None:
    """What was asked before a restart will not be answered."""
    instance = only(spawn(0), sent(3), spawn(10), ready(12))
    assert (instance.state, instance.open_requests) == (State.IDLE, ())


@pytest.mark.parametrize(
    ("later", "state"),
    [
        (spawn(25), State.INITIALIZING),
        (sent(25, "m-9"), State.BUSY),
        (said("communication", 25, None, "a"), State.IDLE),
        (audit("instance_reconnected", 25), State.IDLE),
        (received(25), State.TERMINATED),
        (exchange(25), State.TERMINATED),
        (trouble(25), State.TERMINATED),
        (sent(15, "m-9"), State.TERMINATED),
        (spawn(20), State.TERMINATED),
    ],
)
def test_what_revives_a_terminated_instance(later: Record, state: State) -> None:
    """A later start or request revives it; a late reply or error of the shutdown does not."""
    assert only(spawn(0), sent(3), terminate(20), later, now=30).state is state


def test_a_reply_under_way_does_not_wake_a_suspended_instance() -> None:
    """A reply after the suspension leaves it suspended; a new request wakes it."""
    suspended = audit("instance_suspended", 10)
    assert only(sent(3), suspended, received(11)).state is State.SUSPENDED
    assert only(suspended, sent(12), now=20).state is State.BUSY


def test_suspended_and_resumed_in_one_second_count_in_the_order_of_the_file() -> None:
    """Where the trail has whole seconds only, what was written last is what holds."""
    suspended, resumed = audit("instance_suspended", 9), audit("instance_resumed", 9)
    assert only(suspended, resumed).state is State.IDLE
    assert only(resumed, suspended).state is State.SUSPENDED


def test_the_logs_own_word_of_the_end_is_enough() -> None:
    """Where the audit trail is gone after 30 days, instance.log still tells of the end."""
    ended = lifecycle("Instance terminated (force=True)", 20)
    assert verdict(sent(3), received(20.4), ended) == (
        State.TERMINATED,
        "terminated (force=True)",
        20,
    )
    assert only(ended, sent(21), now=22).state is State.BUSY


def test_the_audit_trail_knows_more_of_an_end_than_the_log() -> None:
    """An end in error is shown as an error, though instance.log says only that it ended."""
    ended = lifecycle("Instance terminated (force=False)", 20)
    assert only(terminate(20.03, final_state="error"), ended).state is State.ERROR


def test_ready_in_the_second_of_the_spawn_is_ready() -> None:
    """instance.log cuts fractions off: ready at :02 after a spawn at :02.7 is not before it."""
    assert only(spawn(2.7), ready(2)).state is State.IDLE
    assert only(spawn(3.1), ready(2)).state is State.INITIALIZING


def test_lifecycle_lines_among_messages_count_as_such() -> None:
    """Old writers put lifecycle lines into communication.jsonl: they prove what they say."""
    lines = [
        Message(instance_id="a", time_s=T + 1, text="Instance created with role: qa, type: codex"),
        Message(instance_id="a", time_s=T + 2, text="Instance initialization completed"),
    ]
    instance = only(*lines)
    assert (instance.state, instance.role, instance.instance_type) == (State.IDLE, "qa", "codex")
    assert len(fold(*lines).messages) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Sending message (wait=True): Instance terminated",
        "Received response: Instance initialization completed",
        "Communication: Instance created with role: root, type: claude",
    ],
)
def test_what_a_message_says_proves_nothing(text: str) -> None:
    """An entry that quotes a message cannot end or start an instance."""
    assert verdict(lifecycle(text, 5))[0] is State.UNKNOWN


LIFE: list[Record] = [
    spawn(0.7, role="qa", instance_name="Atlas"),
    lifecycle("Instance created with role: qa, type: claude", 0),
    ready(0),
    sent(3),
    received(5),
    exchange(5.01),
    sent(6, "m-2"),
    audit("instance_suspended", 7),
    audit("instance_resumed", 8),
    trouble(9),
    exchange(9.5, "m-2"),
    received(9.4, "m-2"),
    sent(12, "m-3"),
    terminate(20),
    lifecycle("Instance terminated (force=False)", 20),
]


@given(st.integers(0, len(LIFE)), st.randoms(use_true_random=False))
def test_the_state_does_not_depend_on_the_order_of_files(
    length: int, source: random.Random
) -> None:
    """Files are read in any order, in any portions: the same records give the same state.

    Only the records of one file keep their order.
    """
    records = LIFE[:length]
    files: dict[type, list[Record]] = {}
    for record in records:
        files.setdefault(type(record), []).append(record)
    model = FleetModel()
    model.apply(Batch(records=(InstanceSeen(instance_id="a"),)))
    while files:
        file = source.choice(list(files))
        taken = source.randint(1, len(files[file]))
        model.apply(Batch(records=tuple(files[file][:taken])))
        files[file] = files[file][taken:]
        if not files[file]:
            del files[file]
        model.state(T + 30)
    (got,) = model.state(T + 30).instances
    wanted = only(InstanceSeen(instance_id="a"), *records, now=30)
    assert (got.state, got.reason, got.since_s) == (wanted.state, wanted.reason, wanted.since_s)
    assert got.open_requests == wanted.open_requests
    assert (got.role, got.instance_name, got.created_s) == (
        wanted.role,
        wanted.instance_name,
        wanted.created_s,
    )
    assert got.last_activity_s == wanted.last_activity_s


# --- stuck -------------------------------------------------------------------


def test_stuck_needs_an_old_request_and_a_still_pane() -> None:
    """A request open for longer than 120 s with a pane unchanged for as long is stuck."""
    records: list[Record] = [
        spawn(0),
        sent(10),
        frame(15, 1),
        frame(40, 2, 500),
        frame(90, 2, 1000),
    ]
    assert verdict(*records, now=160) == (State.BUSY, "request m-1 open", 10)
    assert verdict(*records, now=161) == (
        State.STUCK,
        "request m-1 open, pane unchanged",
        160,
    )


def test_without_captures_the_pane_counts_as_unchanged() -> None:
    """Where nothing captures panes, an old request alone is stuck."""
    assert only(sent(10), now=130).state is State.BUSY
    assert only(sent(10), now=130.5).state is State.STUCK


def test_a_changing_pane_is_not_stuck() -> None:
    """As long as the pane changes, an old request is work in progress."""
    assert only(sent(0), frame(0, 1), frame(900, 2, 500), now=1000).state is State.BUSY


def test_time_alone_makes_stuck_and_a_new_frame_unmakes_it() -> None:
    """The state follows the clock without new records, and back when the pane moves."""
    model = FleetModel(stuck_after_s=30)
    model.apply(Batch(records=(sent(0), frame(0, 1))))
    states = [model.state(T + at).instances[0].state for at in (10, 30, 31, 500)]
    assert states == [State.BUSY, State.BUSY, State.STUCK, State.STUCK]
    model.apply(Batch(records=(frame(501, 2, 500),)))
    assert model.state(T + 502).instances[0].state is State.BUSY


def test_while_only_time_passes_the_state_is_the_same_objects() -> None:
    """It costs nothing then, is told before, and ends with a record or with a state that changes.

    Going back in time is no passing of time.
    """
    model = FleetModel(stuck_after_s=30)
    model.apply(Batch(records=(sent(0), frame(0, 1))))
    assert not model.holds_at(T + 10)
    first = model.state(T + 10)
    assert (model.holds_at(T + 9), model.holds_at(T + 30), model.holds_at(T + 31)) == (
        False,
        True,
        False,
    )
    later = model.state(T + 30)
    assert (first.at_s, later.at_s) == (T + 10, T + 30)
    for name in set(FleetState.__struct_fields__) - {"at_s"}:
        assert getattr(later, name) is getattr(first, name)
    assert model.state(T + 31).instances[0].state is State.STUCK
    assert model.holds_at(T + 500)
    model.apply(Batch(records=(frame(501, 2, 500),)))
    assert not model.holds_at(T + 502)
    assert model.state(T + 502).instances[0].state is State.BUSY


def test_a_pane_from_the_future_hides_nothing() -> None:
    """A capture dated ten years ahead does not keep an instance from being stuck."""
    assert only(sent(0), frame(315_360_000, 1), now=200).state is State.STUCK


def test_a_suspended_or_failed_instance_is_not_stuck() -> None:
    """An old open request of a suspended instance is no reason to call it stuck."""
    instance = only(sent(0), audit("instance_suspended", 5), now=900)
    assert (instance.state, len(instance.open_requests)) == (State.SUSPENDED, 1)


# --- open requests -----------------------------------------------------------


def test_open_requests_are_listed_oldest_first() -> None:
    """The requests without a reply, with the time at which they were sent."""
    instance = only(sent(5, "m-2"), sent(3, "m-1"), sent(7, "m-3"), received(8, "m-2"), now=10)
    assert [(r.message_id, r.since_s) for r in instance.open_requests] == [
        ("m-1", T + 3),
        ("m-3", T + 7),
    ]


def test_an_exchange_read_before_its_request_closes_it() -> None:
    """The audit file may be read first: the request that comes after is known to be answered."""
    assert only(exchange(5), sent(3)).open_requests == ()


def test_an_id_that_is_used_again_opens_again() -> None:
    """A retry under the same message id, after the first answer, is an open request."""
    assert len(only(sent(3), received(5), sent(8), now=9).open_requests) == 1
    assert len(only(sent(8), exchange(5), now=9).open_requests) == 1


def test_a_request_without_a_time_has_that_of_the_line_before() -> None:
    """A line whose time cannot be read is taken to be as old as the one before it."""
    instance = only(sent(3, "m-1"), received(4), sent(None, "m-2"), now=9)
    assert [(r.message_id, r.since_s) for r in instance.open_requests] == [("m-2", T + 4)]
    unknown = only(sent(None))
    assert unknown.open_requests[0].since_s is None
    assert (unknown.state, unknown.since_s) == (State.BUSY, None)


def test_forgotten_requests_do_not_pile_up() -> None:
    """Of requests that are never answered the newest thousand are kept."""
    instance = only(*(sent(i, f"m-{i}") for i in range(1_500)), now=1_600)
    assert len(instance.open_requests) == 1_000
    assert instance.open_requests[-1].message_id == "m-1499"


def test_long_ids_are_short_in_reasons() -> None:
    """A reason names a UUID by its first part, so that it fits a row."""
    instance = only(sent(3, "f0be600d-a104-4795-bd4a-eab02891dd3c"), now=4)
    assert instance.reason == "request f0be600d… open"


# --- who it is ---------------------------------------------------------------


def test_names_and_settings_come_from_all_sources() -> None:
    """Name, role, type, model and parent are taken from metadata, audit trail and instance.log."""
    spawned = spawn(
        1,
        instance_name="Atlas",
        role="qa",
        instance_type="codex",
        model="o3",
        parent_instance_id="p",
    )
    for records in (
        [spawned],
        [
            Metadata(
                instance_id="a",
                instance_name="Atlas",
                role="qa",
                instance_type="codex",
                model="o3",
                parent_instance_id="p",
            )
        ],
    ):
        a = only(*records)
        assert (a.instance_name, a.role, a.instance_type, a.model, a.parent_instance_id) == (
            "Atlas",
            "qa",
            "codex",
            "o3",
            "p",
        )


def test_a_null_never_replaces_a_known_value() -> None:
    """A restart that writes a null name into metadata.json leaves the name known."""
    records: list[Record] = [
        spawn(0, instance_name="Atlas", role="qa", model=None),
        Metadata(instance_id="a", created_s=T + 50, instance_name=None),
        lifecycle("Instance created with role: None, type: None", 50),
        terminate(60, instance_name=""),
    ]
    instance = only(*records)
    assert (instance.instance_name, instance.role, instance.model) == ("Atlas", "qa", None)


@pytest.mark.parametrize(
    ("text", "role", "kind"),
    [
        ("Instance created with role: qa, type: codex, or so", "qa", "codex,"),
        ("Instance created with role: lead, of all, type: codex", "lead, of all", "codex"),
        ("Instance created with role: qa\nTraceback", "qa", None),
        ("Instance created with type: codex\nTraceback", None, "codex"),
        ("Instance created with care", None, None),
        ("Instance created with role: ", None, None),
    ],
)
def test_role_and_type_are_read_from_instance_log(
    text: str, role: str | None, kind: str | None
) -> None:
    """Both, or the one that is known."""
    instance = only(lifecycle(text, 1))
    assert (instance.role, instance.instance_type) == (role, kind)


def test_the_newest_name_wins_in_any_order() -> None:
    """A renamed instance has its newer name, whichever file is read first."""
    old, new = spawn(0, instance_name="old"), audit("instance_resumed", 9, instance_name="new")
    assert only(old, new).instance_name == only(new, old).instance_name == "new"


def test_details_of_wrong_types_are_passed_over() -> None:
    """A name that is a list and a role that is a number are no name and no role."""
    instance = only(spawn(0, instance_name=["x"], role=7, model={"a": 1}, force="yes"))
    assert (instance.instance_name, instance.role, instance.model) == (None, None, None)
    assert only(terminate(1, affected_instances="b", final_state=["error"])).state is (
        State.TERMINATED
    )


def test_the_parent_of_a_communication_counts_if_it_is_an_instance() -> None:
    """`parent_id` of a communication names the parent where nothing better is known."""
    talk = said("communication", 5, None, "a", parent_id="p")
    assert only(talk).parent_instance_id is None
    assert fold(talk, spawn(0, "p")).instances[1].parent_instance_id == "p"
    better = spawn(0, parent_instance_id="q")
    assert fold(better, talk, spawn(1, "p")).instances[0].parent_instance_id == "q"
    own = said("communication", 5, None, "a", parent_id="a")
    assert only(own).parent_instance_id is None


def test_a_parent_that_appears_later_is_noticed() -> None:
    """The hierarchy is right as soon as the parent is known, and when it is gone again."""
    model = FleetModel()
    model.apply(Batch(records=(said("communication", 5, None, "a", parent_id="p"),)))
    assert model.state(T + 9).instances[0].parent_instance_id is None
    model.apply(Batch(records=(InstanceSeen(instance_id="p"),)))
    assert model.state(T + 9).instances[0].parent_instance_id == "p"
    model.apply(Batch(records=(InstanceGone(instance_id="p"),)))
    assert model.state(T + 9).instances[0].parent_instance_id is None


def test_created_is_the_earliest_creation() -> None:
    """A restart that rewrites metadata.json does not make an instance younger."""
    metadata = Metadata(instance_id="a", created_s=T + 500.5)
    assert only(metadata, spawn(3.25)).created_s == T + 3.25
    assert only(metadata, lifecycle("Instance created with role: x, type: y", 3)).created_s == T + 3


def test_created_keeps_its_fraction() -> None:
    """The whole second of instance.log does not take the fraction from the exact time."""
    created = lifecycle("Instance created with role: x, type: y", 500)
    assert only(created, Metadata(instance_id="a", created_s=T + 500.5)).created_s == T + 500.5


def test_an_instance_known_only_from_the_audit_trail_counts() -> None:
    """Where the directory was never there, the audit trail is enough."""
    state = fold(spawn(0), exchange(5, tokens=3))
    assert [i.instance_id for i in state.instances] == ["a"]


def test_a_mention_in_orchestrator_log_makes_no_instance() -> None:
    """Entries about instances that were cleaned up long ago do not bring them back."""
    assert fold(trouble(5)).instances == ()
    assert fold(trouble(5)).errors == 1
    later = only(trouble(5), InstanceSeen(instance_id="a"))
    assert (later.state, later.errors) == (State.ERROR, 1)


def test_events_of_the_orchestrator_belong_to_the_fleet() -> None:
    """Events with no instance id, or with `orchestrator`, make no instance of that name."""
    state = fold(
        audit("config_changed", 1, "orchestrator", error="bad"),
        audit("config_changed", 2, None),
        AuditEvent(time_s=T + 3, event_type="message_exchange", instance_id=None, tokens=5),
    )
    assert state.instances == ()
    assert (state.errors, state.usage.requests, state.usage.tokens) == (1, 1, 5)


def test_instances_are_in_the_order_of_their_creation() -> None:
    """The oldest first, those of unknown age last, ties by id."""
    state = fold(
        InstanceSeen(instance_id="z"),
        InstanceSeen(instance_id="y"),
        spawn(5, "c"),
        spawn(1, "d"),
        spawn(5, "b"),
    )
    assert [i.instance_id for i in state.instances] == ["d", "b", "c", "y", "z"]


# --- when, and how often -----------------------------------------------------


def test_last_activity_is_the_newest_record_of_any_kind() -> None:
    """Messages, audit events, log entries, captures and metadata all tell of activity."""
    for newest in (
        sent(50),
        exchange(50),
        ready(50),
        frame(50, 1),
        trouble(50),
        terminate(50),
        Metadata(instance_id="a", created_s=T + 50),
    ):
        assert only(spawn(0), newest, sent(7)).last_activity_s == T + 50
    assert only(InstanceSeen(instance_id="a")).last_activity_s is None


def test_a_record_from_the_future_is_no_activity() -> None:
    """A line dated ten years ahead does not tell when an instance was last active."""
    assert only(sent(5), sent(315_360_000, "m-2"), received(7), now=100).last_activity_s == T + 7
    assert only(sent(315_360_000), now=100).last_activity_s is None
    assert only(sent(5), sent(350, "m-2"), now=100).last_activity_s == T + 350


def test_activity_stays_right_while_a_clock_is_wrong() -> None:
    """Record after record from a clock ten years ahead: the last believable time stays."""
    model = FleetModel()
    model.apply(Batch(records=(sent(5),)))
    for number in range(5):
        model.apply(Batch(records=(frame(315_360_000 + number * 600, number, number * 500),)))
        assert model.state(T + 100).instances[0].last_activity_s == T + 5
    model.apply(Batch(records=(exchange(90),)))
    assert model.state(T + 100).instances[0].last_activity_s == T + 90


def test_frames_are_counted_and_a_grown_one_is_not_counted_again() -> None:
    """The newest capture may grow while it is read: it replaces itself."""
    instance = only(frame(1, 1), frame(5, 9, 500, end=600), frame(5, 1, 500, end=900))
    assert instance.frames == 2
    assert instance.newest_frame is not None
    assert instance.newest_frame.end == 900
    assert instance.pane_changed_s == T + 1


def test_the_pane_changed_when_a_frame_last_differed() -> None:
    """Captures that repeat the one before are no change; the first capture is one."""
    assert only(frame(3, 1)).pane_changed_s == T + 3
    frames = [frame(3, 1), frame(6, 1, 500), frame(9, 2, 1000), frame(12, 2, 1500)]
    assert only(*frames).pane_changed_s == T + 9
    assert only(*frames, frame(None, 3, 2000)).pane_changed_s == T + 9


def test_errors_are_counted_with_the_newest_in_words() -> None:
    """Error events about an instance are counted; the newest is told by its first line."""
    state = fold(
        spawn(0),
        trouble(5, "first"),
        audit("probe", 9, error="second\nTraceback …"),
        trouble(7, "between"),
        OrchestratorEvent(time_s=T + 8, level="ERROR", text="about nobody"),
    )
    (instance,) = state.instances
    assert (instance.errors, instance.last_error, state.errors) == (3, "second", 4)
    long = only(trouble(5, "x" * 1000), InstanceSeen(instance_id="a"))
    assert long.last_error is not None
    assert len(long.last_error) == 160


def test_since_limits_what_is_counted_and_not_what_is_known() -> None:
    """With `since_s`, usage, errors and messages begin there; states know the whole past."""
    records: list[Record] = [
        spawn(0, instance_name="Atlas"),
        trouble(5, "old"),
        sent(6),
        exchange(10, "m-0", tokens=1),
        exchange(20, "m-2", tokens=2),
        trouble(20, "new"),
        sent(20, "m-3"),
    ]
    state = fold(*records, now=30, since_s=T + 20)
    (instance,) = state.instances
    assert (state.usage.requests, state.usage.tokens, instance.usage.tokens) == (1, 2, 2)
    assert (state.errors, instance.errors, instance.last_error) == (1, 1, "new")
    assert [message.message_id for message in state.messages] == ["m-3"]
    assert instance.instance_name == "Atlas"
    assert [request.message_id for request in instance.open_requests] == ["m-1", "m-3"]


def test_usage_is_by_instance_and_in_total() -> None:
    """Each instance has its own sums, and the fleet those of all, whoever is known or not."""
    model = FleetModel()
    events = (
        exchange(1, "1", "a", cost_usd=1.0),
        exchange(2, "2", "b", cost_usd=2.0),
        exchange(3, "2", "b", cost_usd=2.0),
    )
    model.apply(Batch(records=events))
    state = model.state(T + 9)
    assert [i.usage.cost_usd for i in state.instances] == [1.0, 2.0]
    assert (state.usage.cost_usd, state.usage.requests) == (3.0, 2)
    assert model.usage_of(["b", "b", "nobody"]).cost_usd == 2.0
    model.apply(Batch(records=(exchange(4, "3", "b", cost_usd=4.0),)))
    later = model.state(T + 10)
    assert (later.usage.cost_usd, later.instances[1].usage.cost_usd) == (7.0, 6.0)


# --- messages ----------------------------------------------------------------


def ids(state: FleetState) -> list[str | None]:
    return [message.message_id for message in state.messages]


def test_messages_of_all_instances_are_merged_by_time() -> None:
    """The timeline is in the order of time, whatever the order of files."""
    state = fold(
        sent(1, "a-1"),
        received(4, "a-2"),
        sent(2, "b-1", "b"),
        sent(3, "b-2", "b"),
        Message(instance_id="a", time_s=T + 2, text="Instance created"),
    )
    assert ids(state) == ["a-1", "b-1", "b-2", "a-2"]


def test_an_instances_messages_keep_the_order_of_its_file() -> None:
    """A line whose time runs backwards, or is missing, stays behind the line before it."""
    state = fold(sent(5, "1"), sent(3, "2"), sent(None, "3"), sent(6, "4"), sent(4, "x", "b"))
    assert ids(state) == ["x", "1", "2", "3", "4"]


def test_history_that_is_read_in_portions_is_merged_whole() -> None:
    """While history is read, older messages of another file find their places, and it is said."""
    model = FleetModel()
    model.apply(Batch(records=(sent(1, "a-1"), sent(9, "a-2")), caught_up=False))
    first = model.state(T + 10)
    model.apply(Batch(records=(sent(5, "b-1", "b"), sent(7, "b-2", "b")), caught_up=True))
    second = model.state(T + 10)
    assert ids(first) == ["a-1", "a-2"]
    assert ids(second) == ["a-1", "b-1", "b-2", "a-2"]
    assert second.reordered > first.reordered


def test_live_messages_are_only_ever_added_at_the_end() -> None:
    """Once everything is read, a late message goes to the end: shown rows never jump."""
    model = FleetModel()
    model.apply(Batch(records=(sent(1, "1"), sent(9, "2"))))
    first = model.state(T + 10)
    model.apply(Batch(records=(sent(5, "3", "b"),)))
    second = model.state(T + 10)
    assert ids(second) == ["1", "2", "3"]
    assert second.reordered == first.reordered


def test_a_burst_that_takes_two_looks_moves_no_older_row() -> None:
    """Messages of one live burst are merged among themselves, behind what was shown before."""
    model = FleetModel()
    model.apply(Batch(records=(sent(1, "1"), sent(30, "2"))))
    model.apply(Batch(records=(sent(31, "3"), sent(39, "4")), caught_up=False))
    model.apply(Batch(records=(sent(20, "5", "b"), sent(35, "6", "b")), caught_up=True))
    assert ids(model.state(T + 40)) == ["1", "2", "5", "3", "6", "4"]


def test_the_newest_messages_are_kept_and_rows_keep_their_numbers() -> None:
    """The window holds the newest messages; a row's number stays while older ones are dropped."""
    model = FleetModel(max_messages=10)
    numbers = itertools.count()
    for size in (3, 4, 5, 9, 1, 30, 2, 2):
        batch = tuple(sent(number, str(number)) for number in itertools.islice(numbers, size))
        model.apply(Batch(records=batch))
        state = model.state(T + 999)
        total = int(state.messages[-1].message_id or -1) + 1
        assert len(state.messages) == min(10, total)
        assert state.dropped_messages == total - len(state.messages)
        for index, message in enumerate(state.messages):
            assert message.message_id == str(state.dropped_messages + index)


@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=12),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.integers(1, 15),
)
def test_no_message_is_lost_or_doubled(
    batches: list[tuple[list[tuple[str, int]], bool]], limit: int
) -> None:
    """However messages come in, those in the window and those dropped are all there were.

    A state that was handed out does not change any more.
    """
    model = FleetModel(max_messages=limit)
    numbers = itertools.count()
    handed: list[tuple[FleetState, list[str | None]]] = []
    added = 0
    for messages, caught_up in batches:
        batch = tuple(sent(at, str(next(numbers)), who) for who, at in messages)
        model.apply(Batch(records=batch, caught_up=caught_up))
        added += len(batch)
        state = model.state(T + 60)
        assert len(state.messages) + state.dropped_messages == added
        assert len(state.messages) == min(limit, added)
        assert len(set(ids(state))) == len(state.messages)
        handed.append((state, ids(state)))
    assert all(ids(state) == before for state, before in handed)


def test_a_state_does_not_change_when_more_is_applied() -> None:
    """A state that was handed out is a picture: what comes later is not in it."""
    model = FleetModel()
    model.apply(Batch(records=(spawn(0), sent(1))))
    before = model.state(T + 2)
    model.apply(Batch(records=(received(3), sent(4, "m-2"))))
    assert ids(before) == ["m-1"]
    assert before.instances[0].state is State.BUSY
    assert ids(model.state(T + 5)) == ["m-1", "m-1", "m-2"]


# --- the tree itself ---------------------------------------------------------


def test_problems_are_counted_by_line_and_file() -> None:
    """Unreadable lines are counted, their files named, and the newest kept to be shown."""
    model = FleetModel()
    lines = tuple(Problem(path=f"audit/{i % 3}", reason="no JSON", offset=i) for i in range(30))
    model.apply(Batch(problems=lines))
    closed = Problem(path="orchestrator.log", reason="permission denied")
    model.apply(Batch(problems=(closed, closed)))
    problems = model.state(T).problems
    assert (problems.unreadable_lines, problems.unreadable_files, problems.total) == (30, 1, 31)
    assert problems.files == ("audit/0", "audit/1", "audit/2", "orchestrator.log")
    assert problems.newest[-1].reason == "permission denied"
    assert len(problems.newest) == 20


def test_a_gap_is_no_unreadable_file() -> None:
    """A file that was truncated can be read: each time it happens is a problem by another name."""
    model = FleetModel()
    gap = Problem(path="orchestrator.log", reason="truncated or rewritten", is_gap=True)
    model.apply(Batch(problems=(gap,)))
    model.apply(Batch(problems=(gap,)))
    problems = model.state(T).problems
    assert (problems.unreadable_lines, problems.unreadable_files, problems.gaps) == (0, 0, 2)
    assert (problems.total, problems.files) == (2, ("orchestrator.log",))


def odd(path: str, kind: AnomalyKind) -> Anomaly:
    return Anomaly(path=path, kind=kind, time_s=T, by_s=None if kind is AnomalyKind.GAP else 400)


def test_clock_jumps_and_gaps_are_counted_by_file() -> None:
    """The worst file first; of the newest few it is known when and by how much."""
    model = FleetModel()
    model.apply(Batch(anomalies=tuple(odd("a", AnomalyKind.BACK) for _ in range(30))))
    before = model.state(T).anomalies
    ahead = [odd("b", AnomalyKind.AHEAD)] * 40
    model.apply(Batch(anomalies=(odd("b", AnomalyKind.GAP), *ahead, odd("a", AnomalyKind.GAP))))
    anomalies = model.state(T).anomalies
    assert (before.clock_jumps, before.gaps) == (30, 0)
    assert (anomalies.clock_jumps, anomalies.gaps) == (70, 2)
    assert [(f.path, f.clock_jumps, f.gaps) for f in anomalies.files] == [
        ("b", 40, 1),
        ("a", 30, 1),
    ]
    assert anomalies.newest[-2:] == (odd("b", AnomalyKind.AHEAD), odd("a", AnomalyKind.GAP))
    assert len(anomalies.newest) == 20
    assert model.state(T + 1).anomalies is anomalies


@pytest.mark.fault("R01", "R04", "R38")
def test_torn_and_garbled_records_and_second_names_are_counted_by_file() -> None:
    """Beside clock jumps, of which none is forgotten for them; a second name counts once."""
    model = FleetModel()
    model.apply(Batch(anomalies=(odd("f", AnomalyKind.BACK),)))
    kinds = [AnomalyKind.TORN, *[AnomalyKind.LOSSY] * 30, AnomalyKind.LINKED, AnomalyKind.LINKED]
    for kind in kinds:
        model.apply(Batch(anomalies=(odd("f", kind),)))
    anomalies = model.state(T).anomalies
    assert (anomalies.torn, anomalies.lossy, anomalies.links) == (1, 30, 1)
    (file,) = anomalies.files
    assert (file.clock_jumps, file.torn, file.lossy, file.links) == (1, 1, 30, 1)
    assert [anomaly.kind for anomaly in anomalies.newest] == [AnomalyKind.BACK]
    assert anomalies.newest_odd[-1].kind is AnomalyKind.LINKED
    assert len(anomalies.newest_odd) == 20


def test_however_many_files_are_odd_only_so_many_are_named() -> None:
    """All count, and those that came first are listed."""
    model = FleetModel()
    for number in range(MAX_FILES + 10):
        model.apply(
            Batch(anomalies=(odd(f"f{number}", AnomalyKind.BACK), odd("f0", AnomalyKind.GAP)))
        )
    anomalies = model.state(T).anomalies
    assert (anomalies.clock_jumps, anomalies.gaps) == (MAX_FILES + 10, MAX_FILES + 10)
    assert len(anomalies.files) == MAX_FILES
    assert anomalies.files[0].path == "f0"


def test_an_instance_that_only_its_directory_told_of_leaves_the_list() -> None:
    """When its directory is deleted, nothing is left of it; a new one begins anew."""
    model = FleetModel()
    model.apply(Batch(records=(sent(0), InstanceSeen(instance_id="b"), trouble(1))))
    assert [i.instance_id for i in model.state(T + 6).instances] == ["a", "b"]
    gone = (InstanceGone(instance_id="a"), InstanceGone(instance_id="nobody"))
    model.apply(Batch(records=gone))
    assert [i.instance_id for i in model.state(T + 7).instances] == ["b"]
    model.apply(Batch(records=(InstanceSeen(instance_id="a"),)))
    again = model.state(T + 8).instances[0]
    assert (again.state, again.open_requests, again.errors) == (State.UNKNOWN, (), 0)


def test_an_instance_outlives_its_directory_in_the_audit_trail() -> None:
    """Its sums stay in the list and in the total; what was in its directory is gone."""
    model = FleetModel()
    audited = (spawn(0, instance_name="Atlas"), exchange(5, cost_usd=2.0))
    model.apply(Batch(records=(*audited, ready(1), sent(7, "m-9"), frame(8, 1))))
    assert model.state(T + 9).instances[0].state is State.BUSY
    model.apply(Batch(records=(InstanceGone(instance_id="a"),)))
    (instance,) = model.state(T + 10).instances
    (expected,) = fold(*audited, now=10).instances
    for name in ("instance_name", "state", "reason", "since_s", "open_requests", "frames"):
        assert getattr(instance, name) == getattr(expected, name)
    assert instance.usage.cost_usd == model.state(T + 10).usage.cost_usd == 2.0
    model.apply(Batch(records=(frame(20, 1),)))
    assert model.state(T + 21).instances[0].frames == 1


def test_a_replaced_tree_begins_anew() -> None:
    """When the root was replaced, nothing of the old tree is left."""
    model = FleetModel()
    problem = Problem(path="x", reason="y", offset=0)
    first = (spawn(0), sent(1), exchange(5), trouble(6))
    model.apply(Batch(records=first, problems=(problem,), anomalies=(odd("x", AnomalyKind.GAP),)))
    old = model.state(T + 7)
    model.apply(Batch(records=(spawn(9, "b"),), reset=True))
    new = model.state(T + 10)
    assert [i.instance_id for i in new.instances] == ["b"]
    assert (new.errors, new.usage.requests, len(new.messages), new.dropped_messages) == (0, 0, 0, 0)
    assert new.problems.unreadable_lines == 0
    assert (new.anomalies.gaps, new.anomalies.files) == (0, ())
    assert new.reordered > old.reordered


def test_waiting_and_caught_up_are_passed_on() -> None:
    """The state says whether the tree is there, whether all of it was read, and who tells of it."""
    model = FleetModel()
    assert not model.state(T).caught_up
    model.apply(Batch(waiting="/nowhere does not exist"))
    assert model.state(T).waiting == "/nowhere does not exist"
    model.apply(Batch(caught_up=False))
    state = model.state(T)
    assert (state.waiting, state.caught_up, state.polling) == (None, False, False)
    model.apply(Batch(polling=True))
    assert model.state(T).polling
    model.apply(Batch())
    assert not model.state(T).polling


# --- cost of asking ----------------------------------------------------------


def big_fleet() -> FleetModel:
    model = FleetModel()
    records: list[Record] = []
    for number in range(1_000):
        name = f"i{number:04}"
        records += [spawn(number, name), ready(number + 1, name), exchange(number, "m", name)]
    records += [sent(2_000, f"m{i}", f"i{i % 1_000:04}") for i in range(20_000)]
    model.apply(Batch(records=tuple(records)))
    model.state(T + 2_001)
    return model


def test_only_what_changed_is_made_anew() -> None:
    """Instances without news keep their very objects, so that a screen can compare by identity."""
    model = big_fleet()
    before = model.state(T + 2_002)
    model.apply(Batch(records=(received(2_003, "m5", "i0005"),)))
    after = model.state(T + 2_004)
    changed = [
        a.instance_id for a, b in zip(after.instances, before.instances, strict=True) if a is not b
    ]
    assert changed == ["i0005"]
    assert model.state(T + 2_005).instances is after.instances

"""The fleet model: the state of every instance, with the reason and since when."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import msgspec
import pytest
from exchanges import in_bulk
from hypothesis import given
from hypothesis import strategies as st

from happened import (
    T,
    audit,
    exchange,
    fold,
    frame,
    lifecycle,
    only,
    ready,
    received,
    said,
    sent,
    spawn,
    terminate,
    trouble,
    verdict,
)
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, OpenRequest, State
from logging_core.exchanges import AuditBlock
from logging_core.records import (
    Batch,
    InstanceGone,
    InstanceSeen,
    Message,
    Metadata,
    OrchestratorEvent,
    Record,
)

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


def test_what_nobody_will_answer_is_known() -> None:
    """Of an instance that has ended, or was spawned again: what was asked, and had no answer."""
    for end in (terminate(20), spawn(20)):
        asked = (sent(3), sent(4, "m-2"), received(5, "m-2"), sent(6, "m-3"), exchange(7, "m-3"))
        instance = only(spawn(0), *asked, end)
        assert [(r.message_id, r.since_s) for r in instance.unanswered] == [("m-1", T + 3)]
    assert only(spawn(0), sent(3)).unanswered == ()


def test_an_error_about_a_request_closes_it() -> None:
    """A request that timed out is not open for ever; an event that is no error closes nothing."""
    notice = msgspec.structs.replace(audit("request_note", 5), message_id="m-1")
    failure = msgspec.structs.replace(notice, error="TimeoutError")
    assert only(spawn(0), sent(3), notice, now=30).state is State.BUSY
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


def test_of_two_failures_of_one_moment_the_same_is_told_in_any_order() -> None:
    """Which of their files is read first does not show."""
    both: list[Record] = [audit("instance_failed", 9, error="out of memory"), trouble(9)]
    for records in (both, both[::-1]):
        instance = only(spawn(0), *records)
        assert (instance.reason, instance.last_error) == ("pane is dead", "pane is dead")


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


@pytest.mark.parametrize("order", itertools.permutations(range(4)))
def test_who_is_spawned_again_may_use_an_id_again(order: Sequence[int]) -> None:
    """A request of this life is open, whatever became of one of a life before with the same id.

    In whatever order the files are read.
    """
    failure = msgspec.structs.replace(audit("request_failed", 5, error="crash"), message_id="m-1")
    records = (sent(3), failure, spawn(6), sent(8))
    for chosen in (records, tuple(r for r in records if r is not failure)):
        ordered = [records[place] for place in order if records[place] in chosen]
        instance = only(*ordered, now=9)
        assert instance.open_requests == (OpenRequest("m-1", T + 8),)
        assert (instance.state, instance.since_s) == (State.BUSY, T + 8)


def test_what_was_asked_and_said_is_known_however_long_ago() -> None:
    """How it begins, in one line; of what was said, that after which it rests."""
    asked = msgspec.structs.replace(sent(3), content="\n  Write the  rollback plan.\nAnd test it.")
    told = msgspec.structs.replace(received(2, "m-0"), content="It stands in plan.md:\n- one")
    report = said("communication", 20, None, "a", content="all is well")
    model = FleetModel(max_messages=1)
    model.apply(Batch(records=(spawn(0), asked, told)))
    model.apply(Batch(records=(msgspec.structs.replace(sent(9), instance_id="b"),)))
    first = model.state(T + 10).instances[0]
    assert [request.text for request in first.open_requests] == [
        "Write the rollback plan. ↵ And test it."
    ]
    assert first.last_said == "It stands in plan.md: ↵ - one"
    model.apply(Batch(records=(received(15), report)))
    assert model.state(T + 30).instances[0].last_said == "all is well"
    model.apply(Batch(records=(InstanceGone(instance_id="a"),)))
    assert model.state(T + 30).instances[0].last_said == ""


@pytest.mark.parametrize("blocks", [False, True])
def test_what_failed_long_ago_is_not_open(*, blocks: bool) -> None:
    """Also where the audit trail is read first, as while only the ends of the logs are read."""
    failure = msgspec.structs.replace(audit("request_failed", 2, error="no"), message_id="m-1")
    model, replies = FleetModel(), tuple(exchange(at, f"n-{at}") for at in range(3, 300))
    model.apply(Batch(records=(spawn(0), failure)))
    if blocks:
        model.apply(Batch(blocks=(AuditBlock("audit/audit.jsonl", in_bulk(replies)),)))
    else:
        model.apply(Batch(records=replies))
    model.apply(Batch(records=(sent(1), sent(300, "m-2"))))
    (instance,) = model.state(T + 301).instances
    assert [request.message_id for request in instance.open_requests] == ["m-2"]


@given(st.data())
def test_open_requests_do_not_depend_on_the_order_of_the_files(data: st.DataObject) -> None:
    """Only the times count: of requests and answers, of failures, and of spawns."""
    moments = st.integers(1, 30)
    ids = st.sampled_from(["m-1", "m-2"])
    asked = sorted(data.draw(st.lists(st.tuples(moments, ids), max_size=6)))
    ended = data.draw(st.lists(st.tuples(moments, ids), max_size=6))
    spawned = data.draw(st.integers(0, 30))
    requests: list[Record] = [sent(2 * at, i) for at, i in asked]
    answers: list[Record] = [exchange(2 * at + 1, i) for at, i in ended]
    begun_s = 2 * spawned + 0.5
    model = FleetModel()
    for record in data.draw(st.permutations([*requests, *answers, spawn(begun_s)])):
        model.apply(Batch(records=(record,)))
    (instance,) = model.state(T + 100).instances
    expected: dict[str, float] = {}
    never: list[tuple[str, float]] = []
    for at, i in asked:
        last = max((2 * end + 1 for end, j in ended if i == j), default=-1)
        if 2 * at > max(last, begun_s):
            expected.setdefault(i, T + 2 * at)
        elif 2 * at > last:
            never.append((i, T + 2 * at))
    assert {r.message_id: r.since_s for r in instance.open_requests} == expected
    assert [(r.message_id, r.since_s) for r in instance.unanswered] == never


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


@pytest.mark.parametrize("at_once", [True, False])
def test_what_nobody_waits_for_is_not_open(*, at_once: bool) -> None:
    """A request after which a thousand were sent, whether their ends are read after all of them."""
    number = 1_200
    requests = [sent(10 * n, f"m-{n}") for n in range(number)]
    failures = [
        msgspec.structs.replace(
            audit("request_failed", 10 * n + 1, error=f"no {n}"), message_id=f"m-{n}"
        )
        for n in range(number)
        if n not in {5, number - 5}
    ]
    records: list[Record] = [*requests, *failures]
    if not at_once:
        records.sort(key=lambda record: getattr(record, "time_s", 0.0))
    instance = only(*records, now=20_000)
    assert [r.message_id for r in instance.open_requests] == [f"m-{number - 5}"]


def test_long_ids_are_short_in_reasons() -> None:
    """A reason names a UUID by its first part, so that it fits a row."""
    instance = only(sent(3, "f0be600d-a104-4795-bd4a-eab02891dd3c"), now=4)
    assert instance.reason == "request f0be600d… open"

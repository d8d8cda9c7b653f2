"""The fleet model: who the instances are, when they were active, and how often."""

from __future__ import annotations

import msgspec
import pytest

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
)
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import State
from logging_core.records import (
    AuditEvent,
    Batch,
    InstanceGone,
    InstanceSeen,
    Metadata,
    OrchestratorEvent,
    Record,
)

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


def test_activity_is_not_forgotten_while_the_readers_clock_is_wrong() -> None:
    """Put back by an hour, it shows what it can believe; put right, it shows what it did before."""
    model = FleetModel()
    model.apply(Batch(records=(sent(5), exchange(4_000))))
    shown = [model.state(T + now).instances[0].last_activity_s for now in (4_010, 400, 410, 4_020)]
    assert shown == [T + 4_000, T + 5, T + 5, T + 4_000]


def test_frames_are_counted_and_a_grown_one_is_not_counted_again() -> None:
    """The newest capture may grow while it is read: it replaces itself."""
    instance = only(frame(1, 1), frame(5, 9, 500, end=600), frame(5, 1, 500, end=900))
    assert instance.frames == 2
    assert instance.newest_frame is not None
    assert instance.newest_frame.end == 900
    assert instance.pane_changed_s == T + 1


def test_the_only_frame_of_a_file_is_another_one_in_the_next_file() -> None:
    """It counts, and is a change, though it begins where the one before it did."""
    instance = only(frame(1, 1), frame(5, 1), frame(9, 2))
    assert (instance.frames, instance.pane_changed_s) == (3, T + 9)


def test_a_frame_that_grew_while_its_file_was_renamed_is_one() -> None:
    """Under the other name it replaces itself as well."""
    grown = msgspec.structs.replace(frame(5, 1, end=900), path="instances/a/tmux_output.log.1")
    assert only(frame(5, 9, end=600), grown).frames == 1


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

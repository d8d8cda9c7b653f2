"""The fleet model: the messages of all instances, the tree itself, and the cost of asking."""

from __future__ import annotations

import itertools
from collections import Counter
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from happened import (
    T,
    exchange,
    fold,
    frame,
    ready,
    received,
    said,
    sent,
    spawn,
    terminate,
    trouble,
)
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.problems import MAX_FILES
from logging_core.analyse.state import FleetState, State
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.records import (
    Batch,
    InstanceGone,
    InstanceSeen,
    Message,
    Problem,
    Record,
)

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


def test_a_tree_that_is_away_for_a_moment_while_it_is_read_keeps_its_order() -> None:
    """What had not been read of it by then is history still, and finds its place."""
    model = FleetModel()
    model.apply(Batch(records=(sent(9, "a-1"),), caught_up=False))
    model.apply(Batch(waiting="/logs cannot be read"))
    model.apply(Batch(records=(sent(5, "b-1", "b"),)))
    assert ids(model.state(T + 10)) == ["b-1", "a-1"]


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

    None of the latter is later than is said, wherever clocks jumped. A state that was handed out
    does not change any more.
    """
    model = FleetModel(max_messages=limit)
    numbers = itertools.count()
    handed: list[tuple[FleetState, list[str | None]]] = []
    all_times: list[float | None] = []
    for messages, caught_up in batches:
        batch = tuple(sent(at, str(next(numbers)), who) for who, at in messages)
        model.apply(Batch(records=batch, caught_up=caught_up))
        all_times += [message.time_s for message in batch]
        state = model.state(T + 60)
        assert len(state.messages) + state.dropped_messages == len(all_times)
        assert len(state.messages) == min(limit, len(all_times))
        dropped = Counter(all_times) - Counter(message.time_s for message in state.messages)
        assert state.dropped_until_s == max((t for t in dropped if t is not None), default=-inf)
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


@pytest.mark.parametrize("sign", [sent(7), said("communication", 7, None, "a")])
def test_a_sign_of_life_goes_with_the_directory_that_holds_it(sign: Record) -> None:
    """Who ended, as far as the audit trail tells, has ended again then."""
    model = FleetModel()
    model.apply(Batch(records=(spawn(0), terminate(5), sign)))
    assert model.state(T + 9).instances[0].state is not State.TERMINATED
    model.apply(Batch(records=(InstanceGone(instance_id="a"),)))
    assert model.state(T + 10).instances[0].state is State.TERMINATED


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

"""A fleet model that was written down and read again is the same model."""

from __future__ import annotations

import os
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from exchanges import in_bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from logging_core.analyse import memento
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.exchanges import AuditBlock
from logging_core.read.reader import TreeReader
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

REAL = Path(__file__).parents[1] / "fixtures/orchestrator-written"
START_S = 1_795_000_000.0
ids = st.sampled_from(["a", "b", "c"])
times = st.one_of(st.none(), st.integers(0, 5000).map(lambda n: START_S + n * 10))
numbers = st.one_of(st.none(), st.floats(0, 100))
message_ids = st.one_of(st.none(), st.sampled_from(["m1", "m2", "m3", "m4"]))

records: st.SearchStrategy[Record] = st.one_of(
    st.builds(InstanceSeen, instance_id=ids),
    st.builds(InstanceGone, instance_id=ids),
    st.builds(
        Message,
        instance_id=ids,
        time_s=times,
        event_type=st.sampled_from(["message_sent", "message_received", "communication", "x"]),
        message_id=message_ids,
        content=st.text(max_size=5),
        parent_id=st.one_of(st.none(), ids),
        extra=st.just({}),
    ),
    st.builds(
        AuditEvent,
        time_s=times,
        event_type=st.sampled_from(
            ["message_exchange", "instance_spawn", "instance_terminate", "instance_suspended", "x"]
        ),
        instance_id=ids,
        message_id=message_ids,
        tokens=st.one_of(st.none(), st.integers(0, 10**15)),
        cost_usd=numbers,
        response_time_s=numbers,
        error=st.one_of(st.none(), st.just("broke")),
    ),
    st.builds(LifecycleEvent, instance_id=ids, time_s=times, text=st.just("Instance created")),
    st.builds(OrchestratorEvent, time_s=times, level=st.just("ERROR"), instance_id=ids),
    st.builds(Metadata, instance_id=ids, instance_name=st.text(max_size=3), created_s=times),
    st.builds(
        FrameRef,
        instance_id=ids,
        time_s=times,
        path=st.just("p"),
        offset=st.integers(0, 3),
        body_offset=st.just(9),
        end=st.just(99),
        digest=st.integers(0, 3),
        tail=st.sampled_from(["", "Do you want to proceed?", "[y/N]"]),
    ),
)
exchanges = st.builds(
    AuditEvent,
    time_s=st.integers(0, 59).map(lambda n: START_S + n * 60),
    instance_id=ids,
    message_id=message_ids,
    tokens=st.one_of(st.none(), st.integers(0, 10**15)),
    cost_usd=numbers,
    response_time_s=numbers,
)
batches = st.builds(
    Batch,
    records=st.lists(records, max_size=8).map(tuple),
    problems=st.lists(
        st.builds(Problem, path=ids, reason=st.just("r"), offset=st.one_of(st.none(), st.just(1))),
        max_size=2,
    ).map(tuple),
    anomalies=st.lists(
        st.builds(Anomaly, path=ids, kind=st.sampled_from(AnomalyKind), time_s=st.just(1.0)),
        max_size=2,
    ).map(tuple),
    caught_up=st.booleans(),
    blocks=st.lists(exchanges, min_size=1, max_size=5).map(
        lambda found: (AuditBlock("audit/x", in_bulk(found)),)
    ),
)


def plain(state: FleetState) -> Any:
    """A state as values that compare."""
    bare = msgspec.structs.replace(state, messages=(), events=())
    return msgspec.to_builtins([bare, list(state.messages), list(state.events)])


def dumped(model: FleetModel) -> bytes:
    file = BytesIO()
    model.dump(file)
    return file.getvalue()


def written_and_read(model: FleetModel) -> FleetModel:
    return FleetModel.load(BytesIO(dumped(model)))


def look(model: FleetModel) -> Any:
    """All that a model tells."""
    at_s = START_S + 60_000
    series = model.series(from_s=START_S - 86_400, to_s=at_s, step_s=3600)
    groups = [model.groups(by) for by in ("error", "event_type", "role")]
    return plain(model.state(at_s)), msgspec.to_builtins([series, groups])


def large() -> FleetModel:
    """A model that takes some megabytes."""
    model = FleetModel()
    for name in range(40):
        found = [AuditEvent(time_s=START_S, instance_id=f"i{name}", tokens=1, cost_usd=0.5)] * 2_000
        model.apply(Batch(blocks=(AuditBlock("audit/x", in_bulk(found)),)))
    said = [Message(instance_id="a", time_s=START_S, content="x" * 500)] * 1_000
    model.apply(Batch(records=tuple(said)))
    return model


@settings(deadline=None, max_examples=60)
@given(st.lists(batches, max_size=5), st.lists(batches, max_size=3))
def test_a_model_goes_on_as_if_it_had_never_been_written(
    before: list[Batch], after: list[Batch]
) -> None:
    """The same states and sums at once, and after whatever comes later."""
    model = FleetModel()
    for batch in before:
        model.apply(batch)
    again = written_and_read(model)
    assert look(model) == look(again)
    for batch in after:
        model.apply(batch)
        again.apply(batch)
        assert look(model) == look(again)


def test_a_real_tree_is_remembered() -> None:
    """What a real orchestrator wrote comes back in full."""
    model = FleetModel()
    model.apply(TreeReader(REAL).poll())
    data = dumped(model)
    assert plain(FleetModel.load(BytesIO(data)).state(START_S)) == plain(model.state(START_S))
    assert dumped(FleetModel.load(BytesIO(data))) == data


def test_many_values_are_remembered() -> None:
    """Sums beyond 64 bits, sketches and full windows of ids come back exactly."""
    model = FleetModel()
    found = [
        AuditEvent(
            time_s=START_S,
            instance_id="a",
            message_id=f"m{n}",
            tokens=n,
            cost_usd=n / 7,
            response_time_s=n / 3,
        )
        for n in range(5000)
    ]
    model.apply(Batch(blocks=(AuditBlock("audit/x", in_bulk(found)),)))
    again = written_and_read(model)
    assert plain(again.state(START_S)) == plain(model.state(START_S))
    again.apply(Batch(blocks=(AuditBlock("audit/x", in_bulk(found[-500:])),)))
    assert again.state(START_S).usage.requests == 5000


def test_a_cut_or_a_longer_file_is_refused() -> None:
    """A model of several frames is read whole or not at all, and nothing may follow it."""
    whole = dumped(large())
    cuts = [0, 1, 11, 12, 13, len(whole) // 2, len(whole) - 1]
    for data in [*(whole[:cut] for cut in cuts), whole + b"\0", whole + whole]:
        with pytest.raises(ValueError, match=r"damaged|another version"):
            FleetModel.load(BytesIO(data))


def test_writing_takes_little_memory() -> None:
    """To keep what a large model knows, there need not be room for it twice."""
    model = large()
    known = len(dumped(model))
    with Path(os.devnull).open("wb") as nowhere:
        tracemalloc.start()
        model.dump(nowhere)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < known / 2


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(1, 255))
def test_damaged_bytes_are_refused(data: bytes, at: int, flip: int) -> None:
    """Whatever is not what `dump` gave is a `ValueError`, never half a model."""
    with pytest.raises(ValueError, match=r"damaged|another version"):
        FleetModel.load(BytesIO(data))
    model = FleetModel()
    model.apply(Batch(records=(Message(instance_id="a", time_s=START_S, content="hi"),)))
    whole = bytearray(dumped(model))
    whole[at % len(whole)] ^= flip
    with pytest.raises(ValueError, match=r"damaged|another version"):
        FleetModel.load(BytesIO(whole))


def test_what_is_not_listed_cannot_be_written() -> None:
    """A new part of the model has to be named before it can be written down."""
    with pytest.raises(TypeError, match="object cannot be written"):
        memento.dump([object()], BytesIO())


def test_what_many_records_say_is_kept_once() -> None:
    """After loading, as when they were read, messages share the names in them."""
    messages = [
        Message(instance_id=f"agent-{n % 2}", event_type="message_sent", message_id=f"m{n}")
        for n in range(10)
    ]
    file = BytesIO()
    memento.dump(messages, file)
    loaded = memento.load(BytesIO(file.getvalue()))
    assert loaded == messages
    assert len({id(message.instance_id) for message in loaded}) == 2
    assert len({id(message.event_type) for message in loaded}) == 1

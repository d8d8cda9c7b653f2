"""One instance as an object: what its calls write, and what a reader makes of it."""

from __future__ import annotations

import asyncio
import json
import math
import os
import threading
import uuid
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import RULE
from logging_core import LoggingManager
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState, State
from logging_core.read.reader import TreeReader
from logging_core.records import Batch, LifecycleEvent
from logging_core.write.handle import MAX_OPEN, MAX_REPLIED, InstanceHandle
from written import Clock

STAMP = "2026-11-23T12:00:"
SPOKEN = ["timestamp", "event_type", "message_id", "direction", "content"]


class Hostile(Exception):  # noqa: N818 - an error that cannot even say so
    def __str__(self) -> str:
        raise ZeroDivisionError


class Open(Protocol):
    def __call__(self, instance_id: str = "a", name: str | None = "Ada") -> InstanceHandle: ...


@pytest.fixture
def open_handle(manager: LoggingManager) -> Open:
    numbers = count(1)

    def make(instance_id: str = "a", name: str | None = "Ada") -> InstanceHandle:
        def make_id() -> str:
            return f"msg-{next(numbers):03d}"

        return manager.instance(instance_id, name, make_id=make_id)

    return make


@pytest.fixture
def agent(open_handle: Open) -> InstanceHandle:
    return open_handle()


def records(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def audit(manager: LoggingManager, event_type: str | None = None) -> list[Any]:
    events = records(manager.audit_dir / "audit_20261123.jsonl")
    return [e for e in events if event_type is None or e["event_type"] == event_type]


def said(manager: LoggingManager, instance_id: str = "a") -> list[Any]:
    return records(manager.instances_dir / instance_id / "communication.jsonl")


def life(manager: LoggingManager, instance_id: str = "a") -> list[str]:
    return (manager.instances_dir / instance_id / "instance.log").read_text().splitlines()


def metadata(manager: LoggingManager, instance_id: str = "a") -> Any:
    return json.loads((manager.instances_dir / instance_id / "metadata.json").read_bytes())


def fleet(manager: LoggingManager, now_s: float) -> FleetState:
    """What a reader that begins now makes of the tree."""
    model, reader = FleetModel(), TreeReader(manager.log_dir)
    while True:
        batch = reader.poll()
        model.apply(batch)
        if batch.caught_up:
            reader.close()
            return model.state(now_s)


# --- what is written ----------------------------------------------------------


def test_a_life_is_written_as_documented(manager: LoggingManager, clock: Clock) -> None:
    """Every event has the documented details, in the documented order."""
    agent = manager.instance(
        "kid",
        "Ada",
        role="qa",
        instance_type="claude",
        model="opus",
        parent_instance_id="mum",
        tmux_session="madrox-kid",
    )
    agent.created(enable_madrox=True, bypass_isolation=False, workspace="/w")
    clock.now_s += 2
    agent.ready()
    message_id = agent.sent("What is 2+2?", "m1")
    clock.now_s += 2.333
    agent.received(message_id, "4", tokens=8, cost=0.00008)
    agent.suspended()
    agent.resumed("work to do")
    agent.failed("pane is gone")
    agent.terminated(force=True)
    details = [(event["event_type"], list(event["details"].items())) for event in audit(manager)]
    assert details == [
        (
            "instance_spawn",
            [
                ("instance_name", "Ada"),
                ("role", "qa"),
                ("instance_type", "claude"),
                ("model", "opus"),
                ("enable_madrox", True),
                ("bypass_isolation", False),
                ("parent_instance_id", "mum"),
                ("workspace", "/w"),
            ],
        ),
        (
            "message_exchange",
            [
                ("message_id", "m1"),
                ("message_length", 12),
                ("response_length", 1),
                ("tokens", 8),
                ("cost", 0.00008),
                ("response_time_seconds", 2.333),
            ],
        ),
        ("instance_suspended", [("instance_name", "Ada"), ("total_requests", 1)]),
        (
            "instance_resumed",
            [("instance_name", "Ada"), ("total_requests", 1), ("reason", "work to do")],
        ),
        ("instance_failed", [("instance_name", "Ada"), ("error", "pane is gone")]),
        (
            "instance_terminate",
            [
                ("instance_name", "Ada"),
                ("force", True),
                ("final_state", "terminated"),
                ("total_requests", 1),
                ("total_tokens", 8),
                ("total_cost", 0.00008),
                ("uptime_seconds", 4.333),
            ],
        ),
    ]
    assert {event["instance_id"] for event in audit(manager)} == {"kid"}
    assert life(manager, "kid") == [
        "2026-11-23 12:00:00 - INFO - Instance created with role: qa, type: claude",
        "2026-11-23 12:00:02 - INFO - Instance initialization completed successfully",
        "2026-11-23 12:00:02 - INFO - Sending message: What is 2+2?",
        "2026-11-23 12:00:04 - INFO - Received response (1 chars, 8 tokens, 2.33s)",
        "2026-11-23 12:00:04 - INFO - Instance suspended",
        "2026-11-23 12:00:04 - INFO - Instance resumed: work to do",
        "2026-11-23 12:00:04 - ERROR - Instance failed: pane is gone",
        "2026-11-23 12:00:04 - INFO - Instance terminated (force=True)",
    ]
    assert metadata(manager, "kid") == {
        "instance_id": "kid",
        "instance_name": "Ada",
        "created_at": f"{STAMP}00.000000",
        "log_directory": str(manager.instances_dir / "kid"),
        "role": "qa",
        "instance_type": "claude",
        "model": "opus",
        "parent_instance_id": "mum",
        "tmux_session": "madrox-kid",
    }


def test_an_exchange_is_two_messages(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """`sent` and `received` write the two lines of `communication.jsonl`, in full."""
    text = "line\n" * 100
    message_id = agent.sent(text)
    clock.now_s += 2.333
    agent.received(message_id, "4", tokens=8, cost=0.00008)
    sent, received = said(manager)
    assert list(sent.items()) == list(
        zip(SPOKEN, [f"{STAMP}00.000000", "message_sent", "msg-001", "outbound", text], strict=True)
    )
    reply = [f"{STAMP}02.333000", "message_received", "msg-001", "inbound", "4", 8, 0.00008, 2.333]
    keys = [*SPOKEN, "tokens", "cost", "response_time"]
    assert list(received.items()) == list(zip(keys, reply, strict=True))


def test_details_of_a_spawn_may_be_replaced(manager: LoggingManager, agent: InstanceHandle) -> None:
    """What is unknown is `null`; what a caller gives stands in its documented place."""
    agent.created(role="qa", workspace="/w")
    (spawn,) = audit(manager)
    assert list(spawn["details"].items()) == [
        ("instance_name", "Ada"),
        ("role", "qa"),
        ("instance_type", None),
        ("model", None),
        ("enable_madrox", None),
        ("bypass_isolation", None),
        ("parent_instance_id", None),
        ("workspace", "/w"),
    ]
    assert life(manager)[0].endswith(" - Instance created with role: qa")


@pytest.mark.parametrize(
    ("details", "text"),
    [
        ({"role": "qa", "instance_type": "codex"}, "Instance created with role: qa, type: codex"),
        ({"instance_type": "codex"}, "Instance created with type: codex"),
        ({"role": "qa", "instance_type": None}, "Instance created with role: qa"),
        ({}, "Instance created"),
    ],
)
def test_what_is_unknown_of_a_new_instance_is_left_out(
    manager: LoggingManager, agent: InstanceHandle, details: dict[str, Any], text: str
) -> None:
    """`instance.log` says what is known, and the reader learns it from there alone."""
    agent.created(**details)
    assert life(manager)[0].endswith(f" - {text}")
    model = FleetModel()
    model.apply(Batch(records=(LifecycleEvent(instance_id="a", time_s=1.0, text=text),)))
    (read,) = model.state(2.0).instances
    known = (details.get("role"), details.get("instance_type"), State.INITIALIZING)
    assert (read.role, read.instance_type, read.state) == known


def test_a_capture_is_a_frame(manager: LoggingManager, clock: Clock, agent: InstanceHandle) -> None:
    """`captured` writes the pane under its time."""
    clock.now_s += 1.5
    agent.captured("╭─ \x1b[1mhi\x1b[m")
    text = (manager.instances_dir / "a" / "tmux_output.log").read_text()
    assert text == f"\n{RULE}\n[{STAMP}01.500000]\n{RULE}\n╭─ \x1b[1mhi\x1b[m\n"


def test_a_message_is_one_short_line_for_people(
    manager: LoggingManager, agent: InstanceHandle
) -> None:
    """`instance.log` shows the beginning of what was sent, and no message can forge an entry."""
    agent.sent("x" * 200)
    agent.sent("first\n2026-11-23 12:00:00 - INFO - Instance terminated (force=True)")
    entries = [line.partition(" - INFO - ")[2] for line in life(manager)]
    assert entries == [f"Sending message: {'x' * 80}", "Sending message: first"]


def test_messages_are_written_at_any_level(tmp_path: Path, clock: Clock) -> None:
    """A high `LOG_LEVEL` quiets `instance.log`, but neither messages nor the audit trail."""
    manager = LoggingManager(tmp_path, "ERROR", clock=clock)
    agent = manager.instance("a")
    agent.received(agent.sent("hello"), "hi")
    agent.failed("it broke")
    manager.close()
    assert [message["content"] for message in said(manager)] == ["hello", "hi"]
    assert [e["event_type"] for e in audit(manager)] == ["message_exchange", "instance_failed"]
    assert life(manager) == ["2026-11-23 12:00:00 - ERROR - Instance failed: it broke"]


def test_a_bad_id_touches_no_file(tmp_path: Path, open_handle: Open) -> None:
    """No handle is made for an id that is not one safe path component."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="invalid instance id"):
        open_handle("../x")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_handle_of_a_known_instance_keeps_what_the_tree_says(
    manager: LoggingManager, clock: Clock, open_handle: Open
) -> None:
    """After a restart a handle may be made from the id alone; name and birth stay."""
    manager.instance("a", "Ada", role="qa")
    clock.now_s += 10
    open_handle("a", None)
    told = metadata(manager)
    assert (told["instance_name"], told["role"]) == ("Ada", "qa")
    assert told["created_at"] == f"{STAMP}00.000000"


def test_a_handle_outlives_a_cleanup(manager: LoggingManager, agent: InstanceHandle) -> None:
    """What happens after the logs were deleted is logged again, name included."""
    agent.sent("gone")
    manager.cleanup_instance_logs("a")
    agent.sent("kept")
    assert [message["content"] for message in said(manager)] == ["kept"]
    assert metadata(manager)["instance_name"] == "Ada"


# --- messages and measures ----------------------------------------------------


def test_messages_get_ids_of_their_own(manager: LoggingManager) -> None:
    """An id is a new UUID, unless the caller has one."""
    agent = manager.instance("a")
    ids = [agent.sent("x"), agent.sent("x"), agent.sent("x", "mine")]
    assert ids == [message["message_id"] for message in said(manager)]
    assert ids[2] == "mine"
    assert len({uuid.UUID(message_id) for message_id in ids[:2]}) == 2


def test_a_response_time_that_is_given_is_written(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """A response time that the caller gives takes precedence over the measured one."""
    message_id = agent.sent("x")
    clock.now_s += 5
    agent.received(message_id, "y", response_time=0.0)
    assert said(manager)[1]["response_time"] == 0.0
    assert audit(manager)[0]["details"]["response_time_seconds"] == 0.0


def test_replies_are_measured_each_from_its_own_request(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """Requests may overlap, and be answered in any order."""
    first = agent.sent("one")
    clock.now_s += 1
    second = agent.sent("three")
    clock.now_s += 2
    agent.received(second, "b")
    clock.now_s += 4
    agent.received(first, "a")
    details = [event["details"] for event in audit(manager)]
    assert [d["response_time_seconds"] for d in details] == [2.0, 7.0]
    assert [d["message_length"] for d in details] == [5, 3]


def test_a_reply_to_an_unknown_message_is_written(
    manager: LoggingManager, agent: InstanceHandle
) -> None:
    """A reply to an unknown request is written; what only the request could tell is unknown."""
    agent.received("never-sent", "hello", tokens=3)
    assert audit(manager)[0]["details"] == {
        "message_id": "never-sent",
        "message_length": None,
        "response_length": 5,
        "tokens": 3,
        "cost": None,
        "response_time_seconds": None,
    }
    assert said(manager)[0]["response_time"] is None
    assert life(manager)[0].endswith("Received response (5 chars, 3 tokens)")


def test_a_second_reply_is_not_measured_again(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """A request is answered once; whatever comes later under its id has no response time."""
    message_id = agent.sent("x")
    clock.now_s += 1
    agent.received(message_id, "a")
    agent.received(message_id, "b")
    assert [message.get("response_time") for message in said(manager)] == [None, 1.0, None]


def test_a_clock_that_was_set_back_measures_nothing(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """A negative response time is written as unknown."""
    agent.created()
    message_id = agent.sent("x")
    clock.now_s -= 3600
    agent.received(message_id, "y")
    agent.terminated()
    assert audit(manager, "message_exchange")[0]["details"]["response_time_seconds"] is None
    assert audit(manager, "instance_terminate")[0]["details"]["uptime_seconds"] is None


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf, -0.5])
def test_an_unknown_measure_is_never_zero(
    manager: LoggingManager, agent: InstanceHandle, unknown: float | None
) -> None:
    """What is not known, or is no measure, is `null`, and not in the totals either."""
    message_id = agent.sent("x")
    agent.received(message_id, "y", cost=unknown)
    agent.terminated()
    exchange, end = audit(manager)
    assert list(exchange["details"])[3:] == ["tokens", "cost", "response_time_seconds"]
    assert (exchange["details"]["tokens"], exchange["details"]["cost"]) == (None, None)
    assert (end["details"]["total_tokens"], end["details"]["total_cost"]) == (None, None)
    assert (said(manager)[1]["tokens"], said(manager)[1]["cost"]) == (None, None)


@pytest.mark.parametrize("nonsense", ["12", Decimal("0.01"), object(), True, [1]])
def test_what_is_no_number_is_unknown(
    manager: LoggingManager, agent: InstanceHandle, nonsense: Any
) -> None:
    """A measure of the wrong type costs itself, not the record, and raises nothing."""
    agent.received("m-1", "reply", tokens=nonsense, cost=nonsense, response_time=nonsense)
    agent.terminated()
    (message,) = said(manager, "a")
    assert (message["tokens"], message["cost"], message["content"]) == (None, None, "reply")
    totals = audit(manager)[-1]["details"]
    assert (totals["total_tokens"], totals["total_cost"]) == (None, None)


@pytest.mark.parametrize(
    ("content", "written"), [(None, ""), (123, "123"), (b"x", "b'x'"), (["a"], "['a']")]
)
def test_whatever_is_said_is_written(
    manager: LoggingManager, agent: InstanceHandle, content: Any, written: str
) -> None:
    """Content of the wrong type is written as text, and raises nothing."""
    message_id: Any = 7
    assert agent.sent(content, message_id) == "7"
    agent.received(message_id, content)
    assert [message["content"] for message in said(manager, "a")] == [written, written]
    assert audit(manager)[-1]["details"]["message_length"] == len(written)


@pytest.mark.parametrize("before", range(0, 90, 3))
def test_no_part_of_a_secret_is_in_the_line_for_people(
    manager: LoggingManager, agent: InstanceHandle, before: int
) -> None:
    """Wherever the line is cut, no part of a key at the cut is shown."""
    key = "sk-ant-api03-" + "Ab3dEf6h" * 12
    agent.sent("word " * (before // 5) + "x" * (before % 5) + " " + key + " and so on")
    assert not any("Ab3d" in line or "sk-ant" in line for line in life(manager))


def test_free_is_not_unknown(manager: LoggingManager, agent: InstanceHandle) -> None:
    """A cost of 0 that is known is written, and totals to 0."""
    agent.received(agent.sent("x"), "y", tokens=0, cost=0.0)
    agent.terminated()
    exchange, end = audit(manager)
    assert (exchange["details"]["tokens"], exchange["details"]["cost"]) == (0, 0.0)
    assert (end["details"]["total_tokens"], end["details"]["total_cost"]) == (0, 0.0)


def test_requests_without_reply_do_not_pile_up(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """Only so many open requests are remembered; a reply to an older one has no response time."""
    ids = [agent.sent("x") for _ in range(MAX_OPEN + 1)]
    clock.now_s += 1
    agent.received(ids[0], "late")
    agent.received(ids[1], "in time")
    times = [event["details"]["response_time_seconds"] for event in audit(manager)]
    assert times == [None, 1.0]


measures = st.tuples(
    st.none() | st.integers(0, 10**6),
    st.none() | st.integers(0, 10**9).map(lambda billionths: billionths / 1e9),
)


@given(exchanges=st.lists(measures, max_size=8))
def test_totals_are_what_a_reader_adds_up(
    tmp_path_factory: pytest.TempPathFactory, exchanges: list[tuple[int | None, float | None]]
) -> None:
    """The totals of the end agree with the trail; only what is priced is summed."""
    clock = Clock()
    manager = LoggingManager(tmp_path_factory.mktemp("logs"), clock=clock)
    with manager.instance("a", "Ada") as agent:
        agent.created()
        for tokens, cost in exchanges:
            agent.received(agent.sent("x"), "y", tokens, cost)
    manager.close()
    (end,) = audit(manager, "instance_terminate")
    total = end["details"]
    known_tokens = [tokens for tokens, _ in exchanges if tokens is not None]
    priced = [cost for _, cost in exchanges if cost is not None]
    assert total["total_requests"] == len(exchanges)
    assert total["total_tokens"] == (sum(known_tokens) if known_tokens else None)
    assert (total["total_cost"] is None) == (not priced)
    assert total["total_cost"] == (pytest.approx(math.fsum(priced), abs=1e-9) if priced else None)
    usage = fleet(manager, clock.now_s).usage
    assert usage.requests == total["total_requests"]
    assert usage.cost_usd == (None if not priced else pytest.approx(total["total_cost"], abs=1e-9))


def test_a_reply_recorded_twice_is_in_the_totals_once(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """As a reader counts it: the first under an id counts, at a pause as at the end."""
    for tokens, cost in ((5, 1.0), (7, 2.0)):
        agent.received("m", "y", tokens, cost)
    agent.received("n", "y", 1, 0.5)
    agent.suspended()
    agent.terminated()
    (pause,) = audit(manager, "instance_suspended")
    (end,) = audit(manager, "instance_terminate")
    total = end["details"]
    assert pause["details"]["total_requests"] == 2
    assert (total["total_requests"], total["total_tokens"], total["total_cost"]) == (2, 6, 1.5)
    usage = fleet(manager, clock.now_s).usage
    assert (usage.requests, usage.tokens, usage.cost_usd) == (2, 6, 1.5)


def test_remembered_replies_do_not_pile_up(manager: LoggingManager, agent: InstanceHandle) -> None:
    """A reply under an id from longer ago than is remembered counts again."""
    for number in [*range(MAX_REPLIED + 1), 0]:
        agent.received(str(number), "y")
    agent.terminated()
    (end,) = audit(manager, "instance_terminate")
    assert end["details"]["total_requests"] == MAX_REPLIED + 2


def test_a_sum_of_prices_has_no_noise(manager: LoggingManager, agent: InstanceHandle) -> None:
    """Three times ten cents are thirty cents, not 0.30000000000000004."""
    for _ in range(3):
        agent.received(agent.sent("x"), "y", cost=0.1)
    agent.terminated()
    assert audit(manager, "instance_terminate")[0]["details"]["total_cost"] == 0.3


# --- the end --------------------------------------------------------------------


def test_leaving_the_block_writes_the_end(
    manager: LoggingManager, clock: Clock, open_handle: Open
) -> None:
    """As a context manager, a handle writes the end by itself."""
    with open_handle() as agent:
        agent.created()
        clock.now_s += 275
    end = audit(manager)[-1]
    assert end["event_type"] == "instance_terminate"
    assert (end["details"]["force"], end["details"]["final_state"]) == (False, "terminated")
    assert end["details"]["uptime_seconds"] == 275.0
    assert life(manager)[-1].endswith("Instance terminated (force=False)")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("boom\nbang"), "ValueError: boom\nbang"),
        (SystemExit(3), "SystemExit: 3"),
        (
            BaseExceptionGroup("two", [KeyboardInterrupt(), OSError()]),
            "BaseExceptionGroup: two (2 sub-exceptions)",
        ),
        (Hostile(), "Hostile: <Hostile>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_crash_is_told_and_goes_on(
    manager: LoggingManager, clock: Clock, open_handle: Open, error: BaseException, text: str
) -> None:
    """Whatever ends the block is written, with the end that follows, and reaches the caller."""
    with pytest.raises(type(error)) as caught, open_handle() as agent:  # noqa: PT012 - the block is what is tested
        agent.created()
        raise error
    assert caught.value is error
    failure, end = audit(manager)[-2:]
    assert failure["event_type"] == "instance_failed"
    assert failure["details"] == {"instance_name": "Ada", "error": text}
    assert (end["event_type"], end["details"]["final_state"]) == ("instance_terminate", "error")
    log = "\n".join(life(manager))
    assert " - ERROR - Instance failed: " in log
    assert "Traceback (most recent call last):" in log
    state = fleet(manager, clock.now_s)
    assert (state.instances[0].state, state.errors) == (State.ERROR, 1)


@pytest.mark.parametrize(
    "wish",
    [
        SystemExit(),
        SystemExit(0),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        BaseExceptionGroup("both", [KeyboardInterrupt(), asyncio.CancelledError()]),
    ],
    ids=repr,
)
def test_an_ordinary_end_is_no_failure(
    manager: LoggingManager, clock: Clock, open_handle: Open, wish: BaseException
) -> None:
    """An exit with 0, Ctrl+C and a cancelled task end an instance, and nothing failed."""
    with pytest.raises(type(wish)), open_handle() as agent:  # noqa: PT012 - the block is what is tested
        agent.created()
        raise wish
    assert [event["event_type"] for event in audit(manager)] == [
        "instance_spawn",
        "instance_terminate",
    ]
    (instance,) = fleet(manager, clock.now_s).instances
    assert (instance.state, instance.errors) == (State.TERMINATED, 0)


def test_the_reason_of_an_end_in_an_error_is_the_error(
    manager: LoggingManager, clock: Clock, open_handle: Open
) -> None:
    """What a reader says of a crashed instance is what it crashed of."""
    with pytest.raises(RuntimeError), open_handle() as agent:  # noqa: PT012 - the block is what is tested
        agent.created()
        raise RuntimeError("driver died")
    clock.now_s += 5
    agent = open_handle("b")
    agent.failed("an earlier life")
    clock.now_s += 5
    agent.created()
    clock.now_s += 5
    agent.terminated(final_state="error")
    reasons = {i.instance_id: i.reason for i in fleet(manager, clock.now_s).instances}
    assert reasons == {"a": "RuntimeError: driver died", "b": "terminated (final_state=error)"}


def test_a_full_disk_does_not_hide_the_crash(
    open_handle: Open, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the end cannot be written, the caller still gets its own error, and only that."""

    def fail(*_args: object) -> int:
        raise OSError(28, "No space left on device")

    error = ValueError("boom")

    def crash() -> None:
        with open_handle():
            monkeypatch.setattr(os, "write", fail)
            raise error

    with pytest.raises(ValueError, match="boom"):
        crash()
    monkeypatch.undo()
    assert error.__context__ is None
    assert "No space left on device" in capsys.readouterr().err


def test_the_end_is_written_once(manager: LoggingManager, open_handle: Open) -> None:
    """`terminated` again is harmless, in the block or after it."""
    with open_handle() as agent:
        agent.created()
        agent.terminated(force=True)
    agent.terminated()
    (end,) = audit(manager, "instance_terminate")
    assert end["details"]["force"] is True
    assert sum("terminated" in line for line in life(manager)) == 1


def test_an_instance_may_live_again(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """`created` anew begins totals of its own, and a later end is written."""
    for tokens in (5, 7):
        agent.created()
        clock.now_s += tokens
        agent.received(agent.sent("x"), "y", tokens)
        agent.terminated()
    ends = [event["details"] for event in audit(manager, "instance_terminate")]
    assert [end["total_tokens"] for end in ends] == [5, 7]
    assert [end["total_requests"] for end in ends] == [1, 1]
    assert [end["uptime_seconds"] for end in ends] == [5.0, 7.0]


def test_what_comes_after_the_end_is_written(
    manager: LoggingManager, agent: InstanceHandle
) -> None:
    """A reply that was under way when the instance was stopped is not lost."""
    message_id = agent.sent("x")
    agent.terminated()
    agent.received(message_id, "late")
    assert said(manager)[-1]["content"] == "late"
    assert audit(manager)[-1]["event_type"] == "message_exchange"


# --- threads and signals ----------------------------------------------------------


def test_threads_lose_no_count(manager: LoggingManager) -> None:
    """Eight threads talk to one instance and end it: every exchange counts, one end is written."""
    agent = manager.instance("a")

    def work() -> None:
        for _ in range(50):
            agent.received(agent.sent("x"), "y", tokens=1, cost=0.5)
        barrier.wait()
        agent.terminated()

    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (end,) = audit(manager, "instance_terminate")
    total = end["details"]
    assert (total["total_requests"], total["total_tokens"], total["total_cost"]) == (400, 400, 200)
    replies = [message for message in said(manager) if message["direction"] == "inbound"]
    assert all(message["response_time"] == 0.0 for message in replies)


def test_a_signal_handler_may_end_it(tmp_path: Path) -> None:
    """Ending it in the midst of its own bookkeeping, as a signal handler does, cannot hang."""

    class Interrupted(Clock):
        def __init__(self) -> None:
            super().__init__()
            self.pending: list[InstanceHandle] = []

        def __call__(self) -> float:
            if self.pending:
                self.pending.pop().terminated()
            return super().__call__()

    clock = Interrupted()
    manager = LoggingManager(tmp_path / "logs", clock=clock)
    agent = manager.instance("a")
    clock.pending.append(agent)
    worker = threading.Thread(target=agent.sent, args=("x",), daemon=True)
    worker.start()
    worker.join(10)
    assert not worker.is_alive()
    assert [event["event_type"] for event in audit(manager)] == ["instance_terminate"]
    assert said(manager)[0]["content"] == "x"
    manager.close()


# --- what a reader makes of it -------------------------------------------------------


def test_the_fleet_model_follows_every_step(
    manager: LoggingManager, clock: Clock, agent: InstanceHandle
) -> None:
    """After each call, the fleet model shows the instance in the corresponding state."""

    def state() -> State:
        clock.now_s += 5
        (instance,) = fleet(manager, clock.now_s).instances
        return instance.state

    agent.created()
    assert state() is State.INITIALIZING
    agent.ready()
    assert state() is State.IDLE
    message_id = agent.sent("x")
    assert state() is State.BUSY
    agent.received(message_id, "y")
    assert state() is State.IDLE
    agent.suspended("over budget")
    assert state() is State.SUSPENDED
    agent.resumed()
    assert state() is State.IDLE
    agent.failed(RuntimeError("pane is gone"))
    assert state() is State.ERROR
    agent.terminated()
    assert state() is State.TERMINATED
    told = fleet(manager, clock.now_s)
    assert (told.errors, told.problems.unreadable_lines) == (1, 0)
    assert told.instances[0].last_error == "RuntimeError: pane is gone"

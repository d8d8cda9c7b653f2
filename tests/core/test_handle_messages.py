"""The messages of an instance: their ids, what they cost and took, and the totals of these."""

from __future__ import annotations

import math
import sys
import uuid
from decimal import Decimal
from itertools import count, takewhile
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handles import audit, fleet, life, said
from logging_core import LoggingManager
from logging_core.write.handle import InstanceHandle
from logging_core.write.life import MAX_OPEN, MAX_REPLIED, Life
from written import Clock


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


@pytest.mark.parametrize("open_first", [True, False])
def test_a_signal_handler_may_send_while_old_requests_are_forgotten(open_first: bool) -> None:
    """A message of a signal handler disturbs no other, at whatever step it interrupts that."""

    def take(life: Life, message_id: str) -> None:
        if open_first:
            life.ask(message_id, 0.0, 1)
        else:
            life.count(message_id, None, None)

    def is_left(steps: int) -> bool:
        """Interrupt after so many steps; whether there are so many."""
        life, left = Life(0.0), steps
        known = life.open if open_first else life.replied
        for number in range(max(MAX_OPEN, MAX_REPLIED)):
            take(life, str(number))

        def interrupt(frame: FrameType, event: str, _arg: object) -> Any:
            nonlocal left
            frame.f_trace_opcodes = True
            left -= event == "opcode"
            if not left:
                left = -1
                sys.settrace(None)
                take(life, "signal")
            return interrupt

        sys.settrace(interrupt)
        try:
            take(life, "message")
        finally:
            sys.settrace(None)
        assert {"message", "signal"} <= known.keys() or left > 0
        return left < 0

    before = sys.gettrace()
    try:
        is_left(1)  # Python 3.12 tells of the steps of a function only when it is traced once more
        assert 30 < len([*takewhile(is_left, count(1))]) < 1000
    finally:
        sys.settrace(before)

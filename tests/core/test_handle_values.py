"""Values of any type, passed to an instance's handle: none raises, and each is written."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from logging_core import LoggingManager
from logging_core.write.handle import InstanceHandle
from written import audit, life, metadata, said


class Hostile:
    """An object that cannot be shown."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class Unlistable(list[int]):
    """A list that cannot be iterated over."""

    def __iter__(self) -> Any:
        raise RuntimeError


class Proxy:
    """A proxy whose object is missing, as that of a web framework outside of a request."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError


class Unhashable:
    """An object whose hash raises."""

    def __hash__(self) -> int:
        raise RuntimeError


class Unvalued(Enum):
    """An enum whose members have no value."""

    ONE = 1

    @property
    def value(self) -> Any:
        raise RuntimeError


MAKE: dict[str, Callable[[], Any]] = {
    "hostile": Hostile,
    "unlistable": lambda: Unlistable([1]),
    "proxy": Proxy,
    "exception": lambda: RuntimeError("quota"),
    "number": lambda: 10**400,
    "dict": lambda: {1: Hostile()},
    "bytes": lambda: b"x",
    "unhashable": Unhashable,
    "unvalued": lambda: Unvalued.ONE,
}

CALLS: dict[str, Callable[[InstanceHandle, Any], object]] = {
    "created": lambda agent, value: agent.created(role=value, other=value),
    "sent": lambda agent, value: agent.sent(value, value),
    "received": lambda agent, value: agent.received(value, value, value, value, value),
    "captured": lambda agent, value: agent.captured(value),
    "suspended": lambda agent, value: agent.suspended(value),
    "resumed": lambda agent, value: agent.resumed(value),
    "failed": lambda agent, value: agent.failed(value, value),
    "terminated": lambda agent, value: agent.terminated(value, value),
}


@pytest.fixture
def agent(manager: LoggingManager) -> InstanceHandle:
    return manager.instance("a", "Ada")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("value", MAKE)
def test_no_value_raises(
    manager: LoggingManager, agent: InstanceHandle, call: str, value: str
) -> None:
    """Whatever a method gets, it raises nothing, and writes its records."""
    before = set(manager.log_dir.rglob("*"))
    CALLS[call](agent, MAKE[value]())
    assert set(manager.log_dir.rglob("*")) > before


@pytest.mark.parametrize("value", MAKE)
def test_no_value_of_the_managers_methods_raises(manager: LoggingManager, value: str) -> None:
    """An audit event or a line of a log is written whatever it holds, and the rest of it as is."""
    given = MAKE[value]()
    facts = {"role": given, "model": given, "instance_type": given, "tmux_session": given}
    manager.get_instance_logger("a", given, **facts)
    manager.log_audit_event("x", "a", {"n": 1, "value": given}, more=given)
    manager.log_communication("a", given, given, given, more=given)
    manager.orchestrator_logger.info("text", extra={"value": given})
    manager.log_audit_event(given, "a", {"n": 2})
    event, _ = audit(manager)
    assert event["details"]["n"] == 1
    assert len(said(manager, "a")) == 1
    assert all(isinstance(metadata(manager, "a")[key], str) for key in facts)


def test_a_reason_may_be_an_exception(manager: LoggingManager, agent: InstanceHandle) -> None:
    """`suspended` and `resumed` take what `failed` takes, and say it in the same words."""
    for tell in (agent.suspended, agent.resumed, agent.failed):
        tell(RuntimeError("quota"))
        tell("over budget")
    said = [e["details"].get("reason") or e["details"]["error"] for e in audit(manager)]
    assert said == ["RuntimeError: quota", "over budget"] * 3
    assert "Instance suspended: RuntimeError: quota" in life(manager, "a")


def test_no_reason_is_no_detail(manager: LoggingManager, agent: InstanceHandle) -> None:
    """Without a reason, there is none in the record."""
    agent.suspended()
    agent.resumed(None)
    assert ["reason" in event["details"] for event in audit(manager)] == [False, False]


@pytest.mark.parametrize(
    ("given", "written"), [(1.5, None), (5.0, 5), (2**53, 2**53), (10**400, None), (1e300, None)]
)
def test_tokens_are_whole_numbers(
    manager: LoggingManager, agent: InstanceHandle, given: Any, written: int | None
) -> None:
    """Tokens that are not a whole number are unknown, in the message, the event and the total."""
    agent.received("m", "reply", tokens=given)
    agent.terminated()
    exchange, end = audit(manager)
    (message,) = said(manager, "a")
    found = [message["tokens"], exchange["details"]["tokens"], end["details"]["total_tokens"]]
    assert found == [written] * 3
    assert all(isinstance(tokens, int | None) for tokens in found)


@pytest.mark.parametrize("cost", [10**400, -(10**400), math.nan])
def test_a_cost_beyond_all_numbers_is_unknown(
    manager: LoggingManager, agent: InstanceHandle, cost: Any
) -> None:
    """A cost that is too large for a number of JSON raises nothing and is `null`."""
    agent.received("m", "reply", cost=cost)
    agent.terminated()
    exchange, end = audit(manager)
    assert (exchange["details"]["cost"], end["details"]["total_cost"]) == (None, None)


def test_a_broken_source_of_ids_is_replaced(manager: LoggingManager) -> None:
    """If `make_id` raises, the message gets an id all the same, and is written."""

    def fail() -> str:
        raise OSError

    message_id = manager.instance("a", make_id=fail).sent("x")
    assert message_id
    assert said(manager, "a")[0]["message_id"] == message_id

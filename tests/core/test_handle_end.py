"""The end of an instance, whatever brings it about."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from handles import Hostile, Open, audit, fleet, life, said
from logging_core import LoggingManager
from logging_core.analyse.state import State
from logging_core.write.handle import InstanceHandle
from written import Clock

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

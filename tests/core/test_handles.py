"""Several parts of a program that log about one instance share one handle."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from weakref import ref

from handles import fleet
from logging_core import LoggingManager
from logging_core.analyse.state import InstanceState, State
from logging_core.write.handle import InstanceHandle
from written import Clock, audit, life, metadata


def test_an_instance_has_one_handle(manager: LoggingManager, clock: Clock) -> None:
    """Who asks for an instance's handle again shares its totals and its open requests."""
    manager.instance("a").created()
    message_id = manager.instance("a").sent("question")
    clock.now_s += 2
    manager.instance("a").received(message_id, "answer", tokens=3, cost=0.5)
    manager.instance("a").terminated()
    exchange, end = (event["details"] for event in audit(manager)[1:])
    assert (exchange["message_length"], exchange["response_time_seconds"]) == (8, 2.0)
    assert (end["total_requests"], end["total_tokens"], end["total_cost"]) == (1, 3, 0.5)
    assert manager.instance("a") is manager.instance("a")
    assert manager.instance("a") is not manager.instance("b")


def test_what_is_given_later_replaces_what_was_before(manager: LoggingManager) -> None:
    """A later name, role or source of ids counts for all who have the handle."""
    agent = manager.instance("a", "Ada", role="qa", model="opus")
    later = manager.instance("a", role="lead", make_id=lambda: "mine")
    assert later is agent
    assert agent.sent("x") == "mine"
    assert (agent.instance_name, metadata(manager, "a")["instance_name"]) == ("Ada", "Ada")
    agent.created()
    manager.instance("a", "Bea")
    agent.suspended()
    spawn, pause = (event["details"] for event in audit(manager))
    assert (spawn["role"], spawn["model"], spawn["instance_name"]) == ("lead", "opus", "Ada")
    assert pause["instance_name"] == "Bea"
    assert metadata(manager, "a")["role"] == "lead"


def test_after_its_end_an_instance_gets_a_new_handle(manager: LoggingManager) -> None:
    """A life that follows an end has totals of its own, and its end is written."""
    for tokens in (5, 7):
        with manager.instance("a") as agent:
            agent.received(agent.sent("x"), "y", tokens)
    ends = [e["details"] for e in audit(manager) if e["event_type"] == "instance_terminate"]
    assert [end["total_tokens"] for end in ends] == [5, 7]
    agent.created()
    assert manager.instance("a") is agent


def test_a_closed_manager_forgets_its_handles(manager: LoggingManager) -> None:
    """After `close`, a handle begins anew; one that somebody still has goes on."""
    agent = manager.instance("a")
    manager.close()
    assert manager.instance("a") is not agent
    agent.terminated()
    assert audit(manager)[-1]["event_type"] == "instance_terminate"


def test_nothing_is_kept_of_an_instance_that_is_over(manager: LoggingManager) -> None:
    """A program that spawns instances for months keeps none whose logs it deleted at their end."""
    agent = manager.instance("a")
    manager.cleanup_instance_logs("a")
    assert manager.instance("a") is agent
    agent.terminated()
    manager.cleanup_instance_logs("a")
    known = ref(agent)
    del agent
    gc.collect()
    assert known() is None


def test_threads_that_ask_at_once_get_the_same_handle(manager: LoggingManager) -> None:
    """However many threads ask for a new instance's handle at the same moment, there is one."""
    barrier, found = threading.Barrier(8), list[InstanceHandle]()

    def ask() -> None:
        barrier.wait()
        found.append(manager.instance("a"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [manager.instance("a")] * 8


def test_a_request_that_failed_is_closed(manager: LoggingManager, clock: Clock) -> None:
    """A request that timed out is no longer open to a reader, and its late reply is measured."""

    def told() -> InstanceState:
        clock.now_s += 5
        return fleet(manager, clock.now_s).instances[0]

    agent = manager.instance("a", "Ada")
    agent.created()
    message_id = agent.sent("question")
    assert [request.message_id for request in told().open_requests] == [message_id]
    agent.failed(TimeoutError("no reply in 5 s"), message_id)
    assert (told().state, told().open_requests, told().errors) == (State.ERROR, (), 1)
    assert audit(manager)[-1]["details"] == {
        "instance_name": "Ada",
        "message_id": message_id,
        "error": "TimeoutError: no reply in 5 s",
    }
    assert f"ERROR - Request {message_id} failed: TimeoutError: no reply" in life(manager, "a")
    agent.received(message_id, "late")
    assert audit(manager)[-1]["details"]["response_time_seconds"] == 20.0
    assert told().state is State.IDLE


def test_a_forked_child_may_use_a_handle_that_was_in_use(tmp_path: Path) -> None:
    """A child that is forked while another thread uses the handle does not wait for that."""
    inside, go_on = threading.Event(), threading.Event()

    class Slow(Clock):
        def __call__(self) -> float:
            if threading.current_thread() is not threading.main_thread():
                inside.set()
                go_on.wait(30)
            return super().__call__()

    manager = LoggingManager(tmp_path / "logs", clock=Slow())
    agent = manager.instance("a")
    thread = threading.Thread(target=agent.created)
    thread.start()
    inside.wait(30)
    child = os.fork()
    if child == 0:
        agent.terminated()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()
    thread.join()
    assert {event["event_type"] for event in audit(manager)} == {
        "instance_terminate",
        "instance_spawn",
    }
    manager.close()

"""One instance as an object: what its calls write, and what a reader makes of it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from builders import RULE
from handles import SPOKEN, STAMP, Open, audit, fleet, life, metadata, said
from logging_core import LoggingManager
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import State
from logging_core.records import IDENTITY_FIELDS, Batch, LifecycleEvent
from logging_core.write.handle import InstanceHandle
from written import Clock

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


# --- what a reader makes of it -------------------------------------------------------


def test_all_that_an_instance_is_given_is_known_of_it(
    manager: LoggingManager, clock: Clock
) -> None:
    """Every name and setting that can be given is in its state, by the name it is given under."""
    given = {field: f"its {field}" for field in IDENTITY_FIELDS}
    for make in (manager.instance, manager.get_instance_logger):
        takes = inspect.signature(make).parameters.keys()
        assert takes - {"instance_id", "make_id"} == {*IDENTITY_FIELDS}
    manager.get_instance_logger("a", **given)
    (instance,) = fleet(manager, clock.now_s).instances
    assert {field: getattr(instance, field) for field in IDENTITY_FIELDS} == given


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

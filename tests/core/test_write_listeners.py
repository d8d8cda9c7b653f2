"""Handlers that users add to the loggers, and several managers that share these."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from builders import START
from logging_core import LoggingManager
from logging_core.write import shared_loggers
from written import Kept, audit, life, orchestrator

if TYPE_CHECKING:
    from _typeshed import TraceFunction

DOORS: dict[str, Callable[[LoggingManager], object]] = {
    "event": lambda manager: manager.log_audit_event("x"),
    "handle": lambda manager: manager.instance("a").sent("x"),
    "communication": lambda manager: manager.log_communication("a", "inbound", "x", "x"),
    "capture": lambda manager: manager.log_tmux_output("a", "x"),
}

# --- handlers that a user adds -------------------------------------------------


def test_a_users_handlers_get_every_record(manager: LoggingManager) -> None:
    """A user's handlers also get records that are written past the standard library."""
    on_audit, on_orchestrator, on_instance = Kept(), Kept(), Kept()
    manager.audit_logger.addHandler(on_audit)
    manager.orchestrator_logger.addHandler(on_orchestrator)
    manager.get_instance_logger("a").logger.addHandler(on_instance)
    manager.log_audit_event("spawn", "a", {"role": "qa"}, name="clash")
    manager.log_communication("a", "inbound", "report", "done", tokens=3)
    logging.getLogger("orchestrator.x").warning("careful")
    assert on_audit.texts == ["spawn"]
    assert on_orchestrator.texts == ["careful"]
    assert on_instance.texts == ["report (inbound)"]
    event = vars(on_audit.records[0])
    assert (event["event_type"], event["instance_id"]) == ("spawn", "a")
    assert (event["details"], event["extra_name"]) == ({"role": "qa"}, "clash")
    assert (event["name"], event["created"]) == ("orchestrator.audit", START.timestamp())
    message = vars(on_instance.records[0])
    assert (message["content"], message["tokens"]) == ("done", 3)
    assert len(audit(manager)) == 1


def test_a_users_handler_keeps_its_level_and_filters(manager: LoggingManager) -> None:
    """A handler that takes errors only is not given information."""
    errors, picky = Kept(logging.ERROR), Kept()
    picky.addFilter(lambda record: record.getMessage() != "boring")
    manager.audit_logger.addHandler(errors)
    manager.audit_logger.addHandler(picky)
    manager.log_audit_event("boring")
    manager.log_audit_event("spawn")
    assert (errors.texts, picky.texts) == ([], ["spawn"])


def test_a_users_filter_on_a_logger_holds_for_every_record(manager: LoggingManager) -> None:
    """What a filter on the logger refuses is written by neither way."""

    def refuse(record: logging.LogRecord) -> bool:
        return "secret" not in record.getMessage()

    adapter = manager.get_instance_logger("a")
    manager.audit_logger.addFilter(refuse)
    adapter.logger.addFilter(refuse)
    for word in ("secret", "plain"):
        manager.log_audit_event(word)
        manager.audit_logger.info(word)
        manager.log_communication("a", "inbound", word, "text")
    manager.audit_logger.removeFilter(refuse)
    assert [event["event"] for event in audit(manager)] == ["plain", "plain"]
    text = (manager.instances_dir / "a" / "communication.jsonl").read_text()
    assert [json.loads(line)["message_type"] for line in text.splitlines()] == ["plain"]


def test_handlers_above_get_audit_events_once_that_is_asked_for(manager: LoggingManager) -> None:
    """With `propagate` set, a direct event reaches the parents' handlers, but not their file."""
    kept = Kept()
    manager.orchestrator_logger.addHandler(kept)
    manager.audit_logger.propagate = True
    manager.log_audit_event("spawn")
    manager.audit_logger.propagate = False
    assert kept.texts == ["spawn"]
    assert len(orchestrator(manager)) == 1


@pytest.fixture
def _loggers_stay_enabled() -> Iterator[None]:
    """Loggers of other tests are not left disabled."""
    yield
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


@pytest.mark.usefixtures("_loggers_stay_enabled")
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"loggers": {"orchestrator": {"level": "INFO"}}},
        {"loggers": {"orchestrator.audit": {"propagate": False}}},
    ],
    ids=["nothing", "orchestrator", "audit"],
)
def test_a_configuration_of_loggers_does_not_end_logging(
    manager: LoggingManager, door: str, config: dict[str, Any]
) -> None:
    """What `logging.config` switches off is on again from the next call on, and the log says so."""
    logging.getLogger("orchestrator.child").info("before")
    logging.config.dictConfig({"version": 1, **config})
    DOORS[door](manager)
    logging.getLogger("orchestrator.child").info("after")
    manager.audit_logger.info("after")
    manager.log_audit_event("after")
    entries = orchestrator(manager)
    assert [entry["message"] for entry in entries if entry["level"] == "INFO"][-1] == "after"
    assert [entry["level"] for entry in entries].count("WARNING") == 1
    assert [event["event"] for event in audit(manager)][-2:] == ["after", "after"]


# --- several managers -----------------------------------------------------------


def test_a_second_manager_takes_over_the_global_loggers(
    tmp_path: Path, manager: LoggingManager
) -> None:
    """Global loggers write to the newer tree; a manager's own methods, to its own."""
    kept = Kept()
    manager.orchestrator_logger.addHandler(kept)
    second = LoggingManager(tmp_path / "second", clock=START.timestamp)
    second.orchestrator_logger.info("to the second")
    manager.log_audit_event("to the first")
    second.log_audit_event("to the second")
    manager.close()
    second.audit_logger.info("still there")
    assert [line["message"] for line in orchestrator(manager)][1:] == []
    assert [line["message"] for line in orchestrator(second)][1:] == ["to the second"]
    assert [event["event"] for event in audit(manager)] == ["to the first"]
    assert [event["event"] for event in audit(second)] == ["to the second", "still there"]
    assert kept.texts[-1] == "to the second"
    second.close()


def test_closing_a_second_manager_gives_the_loggers_back(
    tmp_path: Path, manager: LoggingManager
) -> None:
    """Whichever manager is closed, the newest of the others gets the records."""
    same, other = LoggingManager(manager.log_dir), LoggingManager(tmp_path / "other", "ERROR")
    same.close()
    other.orchestrator_logger.error("to the other")
    other.close()
    manager.orchestrator_logger.info("back")
    manager.audit_logger.info("back")
    texts = [line["message"] for line in orchestrator(manager)]
    assert texts[2:] == ["back"]
    assert [event["event"] for event in audit(manager)] == ["back"]
    assert [line["message"] for line in orchestrator(other)] == ["to the other"]


def test_a_manager_whose_place_was_taken_holds_no_descriptor(tmp_path: Path) -> None:
    """A program that makes managers and closes none does not run out of files."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    managers = []
    for _ in range(20):
        managers.append(LoggingManager(tmp_path))
        managers[-1].log_audit_event("x")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2
    for made in managers:
        made.close()


def test_nothing_is_lost_after_the_end(manager: LoggingManager) -> None:
    """After `close` a record of any kind still reaches the tree, and the user's handlers."""
    kept = Kept()
    manager.orchestrator_logger.addHandler(kept)
    log = manager.get_instance_logger("a")
    manager.close()
    manager.close()
    manager.orchestrator_logger.info("late")
    manager.audit_logger.info("late")
    manager.log_audit_event("late too")
    log.info("late")
    assert orchestrator(manager)[-1]["message"] == "late"
    assert [event["event"] for event in audit(manager)] == ["late", "late too"]
    assert life(manager, "a").endswith(" - INFO - late\n")
    assert kept.texts == ["late"]


def test_a_closed_manager_never_comes_back(tmp_path: Path, manager: LoggingManager) -> None:
    """A new manager gets the records, and those after its end, too."""
    manager.close()
    second = LoggingManager(tmp_path / "second")
    second.close()
    second.orchestrator_logger.info("late")
    assert orchestrator(second)[-1]["message"] == "late"
    assert len(orchestrator(manager)) == 1


def test_every_level_may_be_asked_for(tmp_path: Path) -> None:
    """With level 0, what the root logger would keep back is written too."""
    manager = LoggingManager(tmp_path, 0)
    manager.orchestrator_logger.debug("all")
    manager.close()
    assert orchestrator(manager)[-1]["message"] == "all"


def test_a_change_of_managers_loses_no_record(tmp_path: Path, manager: LoggingManager) -> None:
    """Whenever another thread logs while managers come and go, the record is in one of the trees.

    Such a thread gets its turn before every line of what changes the loggers' handlers.
    """
    said = 0

    def trace(frame: FrameType, event: str, _: object) -> TraceFunction | None:
        nonlocal said
        if frame.f_code.co_filename != shared_loggers.__file__:
            return None
        if event == "line":
            said += 1
            logging.getLogger("orchestrator.thread").info("said")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        second = LoggingManager(tmp_path / "second")
        second.close()
    finally:
        sys.settrace(before)
    texts = [line["message"] for tree in (manager, second) for line in orchestrator(tree)]
    assert texts.count("said") == said > 0

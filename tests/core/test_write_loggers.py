"""The standard library's loggers as doors to the tree."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from builders import START
from logging_core import LoggingManager
from written import Kept, audit, life, orchestrator, said


class Hostile:
    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


# --- orchestrator.log ---------------------------------------------------------


def test_a_record_has_the_documented_keys_in_order(manager: LoggingManager) -> None:
    """Every line has the seven keys, then the caller's."""
    manager.orchestrator_logger.info("hello %s", "world", extra={"instance_id": "a"})
    first, line = orchestrator(manager)
    assert first["message"] == f"Logging manager initialized: {manager.log_dir}"
    assert list(line)[-2:] == ["line", "instance_id"]
    del line["line"]
    assert list(line.items()) == [
        ("timestamp", "2026-11-23T12:00:00.000000"),
        ("level", "INFO"),
        ("logger", "orchestrator"),
        ("message", "hello world"),
        ("module", "test_write_loggers"),
        ("function", "test_a_record_has_the_documented_keys_in_order"),
        ("instance_id", "a"),
    ]


def test_children_reach_the_file(manager: LoggingManager) -> None:
    """A logger below `orchestrator` writes to the same file, under its own name."""
    logging.getLogger("orchestrator.tmux.panes").warning("gone")
    line = orchestrator(manager)[-1]
    assert (line["logger"], line["level"]) == ("orchestrator.tmux.panes", "WARNING")


def test_audit_events_stay_out_of_the_orchestrators_log(manager: LoggingManager) -> None:
    """`orchestrator.log` holds no audit events, and the audit trail none of its records."""
    manager.audit_logger.info("instance_spawn", extra={"event_type": "instance_spawn"})
    manager.log_audit_event("instance_spawn")
    assert len(orchestrator(manager)) == 1
    assert len(audit(manager)) == 2


@pytest.mark.parametrize(
    ("level", "expected"),
    [("DEBUG", ["d", "i", "e"]), ("info", ["i", "e"]), (logging.ERROR, ["e"])],
)
def test_the_level_holds_for_children_too(
    tmp_path: Path, level: str | int, expected: list[str]
) -> None:
    """What is below `log_level` stays out, even from a child with a level of its own."""
    manager = LoggingManager(tmp_path, level)
    child = logging.getLogger("orchestrator.child")
    child.setLevel(logging.DEBUG)
    child.debug("d")
    child.info("i")
    child.error("e")
    manager.get_instance_logger("a").debug("d")
    manager.get_instance_logger("a").info("i")
    manager.get_instance_logger("a").error("e")
    manager.close()
    child.setLevel(logging.NOTSET)
    assert [
        line["message"] for line in orchestrator(manager) if line["message"] in "die"
    ] == expected
    lines = (tmp_path / "instances" / "a" / "instance.log").read_text().splitlines()
    assert [line.split(" - ")[2] for line in lines] == expected


def test_the_level_of_the_orchestrators_logger_can_be_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`setLevel` does what it does to an instance's logger: the file, and the console, follow."""
    manager = LoggingManager(tmp_path, console=True)
    logger = manager.orchestrator_logger
    logger.debug("before")
    logger.setLevel("DEBUG")
    logger.debug("while")
    logging.getLogger("orchestrator.child").debug("child")
    logger.setLevel("ERROR")
    logger.warning("after")
    manager.close()
    assert [line["message"] for line in orchestrator(manager)][1:] == ["while", "child"]
    printed = capsys.readouterr().err
    assert [word for word in ("before", "while", "child", "after") if word in printed] == [
        "while",
        "child",
    ]


def test_an_extra_field_never_replaces_one_of_ours(manager: LoggingManager) -> None:
    """A caller's field with a name of ours is kept under another."""
    names = ("timestamp", "level", "logger", "function", "line", "exception")
    manager.orchestrator_logger.error("text", extra={name: f"my {name}" for name in names})
    line = orchestrator(manager)[-1]
    assert (line["level"], line["message"]) == ("ERROR", "text")
    assert "exception" not in line
    assert {line[f"extra_{name}"] for name in names} == {f"my {name}" for name in names}


def test_a_traceback_is_a_field(manager: LoggingManager) -> None:
    """An exception is in its record, not on lines of its own."""
    try:
        int("no such\nmodel")
    except ValueError:
        manager.orchestrator_logger.exception("failed", stack_info=True)
    line = orchestrator(manager)[-1]
    assert line["exception"].startswith("Traceback (most recent call last):")
    assert "\nValueError: invalid literal" in line["exception"]
    assert line["stack_info"].startswith("Stack (most recent call last):")
    outside = {"levelno": 40, "exc_info": (None, None, None)}  # exception() without an exception
    manager.orchestrator_logger.handle(logging.makeLogRecord(outside))
    assert "exception" not in orchestrator(manager)[-1]


@pytest.mark.parametrize("args", [("%d", "x"), ("%s %s", "x"), ("%(a)s", "x"), ("%s", Hostile())])
def test_arguments_that_do_not_fit_are_logged_all_the_same(
    manager: LoggingManager, args: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake in a logging call costs neither the record nor the caller."""
    manager.orchestrator_logger.propagate = False  # pytest's handler above is not so patient
    manager.orchestrator_logger.info(*args)
    manager.orchestrator_logger.propagate = True
    assert orchestrator(manager)[-1]["message"].startswith(args[0])
    assert capsys.readouterr().err == ""


def test_a_value_that_logs_while_it_is_logged(manager: LoggingManager) -> None:
    """A `__str__` that logs gives two records, and no deadlock."""

    class Chatty:
        def __str__(self) -> str:
            manager.orchestrator_logger.info("inner")
            return "chatty"

    manager.orchestrator_logger.info("outer", extra={"who": Chatty()})
    inner, outer = orchestrator(manager)[-2:]
    assert (inner["message"], outer["message"], outer["who"]) == ("inner", "outer", "chatty")


# --- instance loggers ---------------------------------------------------------


def test_a_calls_extra_is_kept_beside_the_instances_own(manager: LoggingManager) -> None:
    """A user's handler on an instance's logger finds who it is and what the call said."""
    adapter, kept = manager.get_instance_logger("a", "Ada"), Kept()
    adapter.logger.addHandler(kept)
    adapter.info("hi", extra={"event_type": "message_sent", "name": "clash", "message": "clash"})
    (record,) = kept.records
    found = {key: vars(record)[key] for key in ("instance_id", "instance_name", "event_type")}
    assert found == {"instance_id": "a", "instance_name": "Ada", "event_type": "message_sent"}
    assert (record.name, vars(record)["extra_name"]) == ("orchestrator.instance.a", "clash")
    assert vars(record)["extra_message"] == "clash"


def test_instance_loggers_leave_no_trace_in_the_global_table(manager: LoggingManager) -> None:
    """A thousand instances do not fill the memory of the logging module."""
    before = set(logging.root.manager.loggerDict)
    for number in range(20):
        manager.get_instance_logger(f"i{number}").info("x")
    assert set(logging.root.manager.loggerDict) == before


def test_a_level_set_on_an_instances_logger_holds_at_once(manager: LoggingManager) -> None:
    """What was decided for earlier records is not cached."""
    adapter, kept = manager.get_instance_logger("a"), Kept()
    adapter.logger.addHandler(kept)
    adapter.debug("no")
    adapter.setLevel(logging.DEBUG)
    adapter.debug("yes")
    adapter.setLevel(logging.ERROR)
    adapter.info("no")
    assert kept.texts == ["yes"]


def test_a_level_set_on_an_instances_logger_holds_for_its_file(manager: LoggingManager) -> None:
    """What `setLevel` asks for is what `instance.log` gets."""
    adapter = manager.get_instance_logger("a")
    adapter.debug("no")
    adapter.setLevel("DEBUG")
    adapter.debug("yes")
    adapter.setLevel("ERROR")
    adapter.warning("no")
    assert life(manager, "a") == "2026-11-23 12:00:00 - DEBUG - yes\n"


def test_a_message_is_written_whatever_its_level(tmp_path: Path) -> None:
    """The history of messages is whole, and `instance.log` keeps its own level."""
    manager = LoggingManager(tmp_path, "ERROR")
    adapter, kept = manager.get_instance_logger("a"), Kept()
    adapter.logger.addHandler(kept)
    message = {"event_type": "message_sent", "message_id": "m-1", "content": "debugged"}
    adapter.debug("Sending", extra=message)
    adapter.log(5, "Sending", extra=message)
    adapter.setLevel("CRITICAL")
    adapter.error("Sending", extra=message)
    adapter.error("no message", extra={"event_type": ["message_sent"]})
    manager.close()
    assert [line["content"] for line in said(manager, "a")] == ["debugged"] * 3
    assert not (manager.instances_dir / "a" / "instance.log").exists()
    assert {(record.module, record.funcName) for record in kept.records} == {
        ("test_write_loggers", "test_a_message_is_written_whatever_its_level")
    }


@pytest.mark.parametrize("extra", [{}, {"content": None}])
def test_a_message_without_content_has_the_records_text(
    manager: LoggingManager, extra: dict[str, Any]
) -> None:
    """No message is empty of which the log says something."""
    about = {"event_type": "message_received", "message_id": "m-1", **extra}
    manager.get_instance_logger("a").info("Done, %s", "all of it", extra=about)
    assert said(manager, "a")[0]["content"] == "Done, all of it"


def test_a_record_that_cannot_be_written_does_not_stop_the_caller(
    manager: LoggingManager, capsys: pytest.CaptureFixture[str]
) -> None:
    """A logging call through the standard library reports a failure and returns."""
    manager.close()
    manager.orchestrator_logger.addHandler(logging.NullHandler())
    adapter = manager.get_instance_logger("a")
    (manager.instances_dir / "a" / "instance.log").mkdir()
    adapter.info("lost")
    assert "instance.log" in capsys.readouterr().err


def test_records_are_shown_on_the_console_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `console=True` every record is on stderr, too, safe for a terminal."""
    quiet = LoggingManager(tmp_path / "quiet")
    quiet.orchestrator_logger.warning("unseen")
    loud = LoggingManager(tmp_path / "loud", console=True, clock=START.timestamp)
    loud.orchestrator_logger.warning("seen \x1b[2J")
    loud.close()
    quiet.close()
    assert capsys.readouterr().err.splitlines()[1:] == [
        "2026-11-23 12:00:00 - WARNING - seen \\x1b[2J"
    ]

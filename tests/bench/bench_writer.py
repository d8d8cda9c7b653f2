"""What writing costs, beside others that do the same: `python tests/bench/bench_writer.py`.

Every figure is the median of several rounds; in each round all take turns, so that a busy machine
is busy for all of them. A peer that is not installed is left out, and named.
"""

from __future__ import annotations

import gc
import json
import logging
import logging.handlers
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from logging_core import LoggingManager
from logging_core.write.redact import Redactor

ROUNDS, RECORDS = 41, 1000
DETAILS = {
    "message_id": "msg-001",
    "message_length": 120,
    "response_length": 800,
    "tokens": 812,
    "cost": 0.0123,
    "response_time_seconds": 2.333,
}
EVENT = {
    "timestamp": "2026-11-23T12:00:00.000000",
    "level": "INFO",
    "event": "message_exchange",
    "logger": "orchestrator.audit",
    "event_type": "message_exchange",
    "instance_id": "abc123",
    "details": DETAILS,
}
IMPORTS = {
    "import logging.handlers, json, asyncio": "import logging.handlers, json, asyncio",
    "import logging_core": "import logging_core",
    "from logging_core import LoggingManager": "from logging_core import LoggingManager",
}


class JsonFormatter(logging.Formatter):
    """What one writes who has nothing but the standard library."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "timestamp": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
        }
        details = getattr(record, "details", None)
        if details is not None:
            fields |= {"event_type": "message_exchange", "details": details}
        return json.dumps(fields)


def standard_logger(
    name: str, handler: logging.Handler, formatter: logging.Formatter | None = None
) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler.setFormatter(formatter or JsonFormatter())
    logger.addHandler(handler)
    return logger


def audit_contenders(directory: Path, manager: LoggingManager) -> dict[str, Callable[[], object]]:
    fd = os.open(directory / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    timed = logging.handlers.TimedRotatingFileHandler(directory / "timed", when="midnight")
    standard = standard_logger("timed", timed)
    contenders: dict[str, Callable[[], object]] = {
        "bare orjson.dumps + os.write": lambda: os.write(
            fd, orjson.dumps(EVENT, option=orjson.OPT_APPEND_NEWLINE)
        ),
        "log_audit_event": lambda: manager.log_audit_event("message_exchange", "abc123", DETAILS),
        "stdlib + json + TimedRotating": lambda: standard.info(
            "message_exchange", extra={"details": DETAILS}
        ),
    }
    peers = {
        "stdlib + python-json-logger": json_logger_call,
        "loguru": loguru_call,
        "structlog": structlog_call,
    }
    for name, make in peers.items():
        try:
            contenders[name] = make(directory)
        except ImportError:
            print(f"{name}: not installed, left out")
    return contenders


def json_logger_call(directory: Path) -> Callable[[], object]:
    json_formatter: Any = import_module("pythonjsonlogger.json").JsonFormatter
    handler = logging.handlers.TimedRotatingFileHandler(directory / "library", when="midnight")
    form = "%(asctime)s %(levelname)s %(name)s %(message)s %(module)s %(funcName)s %(lineno)d"
    logger = standard_logger("library", handler, json_formatter(form))
    extra = {"event_type": "message_exchange", "instance_id": "abc123", "details": DETAILS}
    return lambda: logger.info("message_exchange", extra=extra)


def loguru_call(directory: Path) -> Callable[[], object]:
    logger: Any = import_module("loguru").logger
    logger.remove()
    logger.add(directory / "loguru", serialize=True, rotation="00:00")
    return lambda: logger.bind(**EVENT).info("message_exchange")


def structlog_call(directory: Path) -> Callable[[], object]:
    structlog: Any = import_module("structlog")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=(directory / "structlog").open("wb")),
        cache_logger_on_first_use=True,
    )
    logger = structlog.get_logger()
    return lambda: logger.info("message_exchange", instance_id="abc123", details=DETAILS)


def guarantees(directory: Path) -> dict[str, Callable[[], object]]:
    """What an event costs beyond its JSON and its `write`, part by part."""
    fd = os.open(directory / "parts", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    line, lock = orjson.dumps(EVENT, option=orjson.OPT_APPEND_NEWLINE), threading.RLock()
    passes = Redactor().passes

    def lock_and_unlock() -> None:
        lock.acquire()
        try:
            return
        finally:
            lock.release()

    return {
        "os.write alone": lambda: os.write(fd, line),
        "orjson.dumps alone": lambda: orjson.dumps(EVENT, option=orjson.OPT_APPEND_NEWLINE),
        "no secret in it (Redactor.passes)": lambda: passes(DETAILS),
        "not on a killed writer's line (lseek)": lambda: os.lseek(fd, 0, os.SEEK_CUR),
        "threads and signals (RLock)": lock_and_unlock,
        "when (time.time)": time.time,
        "is it still that file (monotonic)": time.monotonic,
        "an empty call": lambda: None,
    }


def log_contenders(directory: Path, manager: LoggingManager) -> dict[str, Callable[[], object]]:
    sized = logging.handlers.RotatingFileHandler(directory / "sized", "a", 10_000_000, 5)
    standard = standard_logger("sized", sized)
    return {
        "stdlib + json + Rotating": lambda: standard.info("request %s took %s s", 7, 2.5),
        "orchestrator_logger": lambda: manager.orchestrator_logger.info(
            "request %s took %s s", 7, 2.5
        ),
    }


def race(contenders: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median cost of one call, in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    gc.disable()
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            start_s = time.perf_counter()
            for _ in range(RECORDS):
                call()
            taken[name].append((time.perf_counter() - start_s) / RECORDS)
    gc.enable()
    return {name: statistics.median(times) for name, times in taken.items()}


def race_imports() -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in (*IMPORTS, "nothing")}
    for _ in range(15):
        for name, times in taken.items():
            start_s = time.perf_counter()
            subprocess.run([sys.executable, "-c", IMPORTS.get(name, "pass")], check=True)
            times.append(time.perf_counter() - start_s)
    return {name: statistics.median(times) for name, times in taken.items()}


def show(title: str, costs_s: dict[str, float], base: str) -> None:
    print(f"\n{title}")
    for name, cost_s in costs_s.items():
        print(f"  {name:40} {cost_s * 1e6:12.2f} µs   {cost_s / costs_s[base]:6.2f} x")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        manager = LoggingManager(directory / "logs")
        manager.orchestrator_logger.propagate = False
        audit = race(audit_contenders(directory, manager))
        show("One audit event", audit, "bare orjson.dumps + os.write")
        ours = audit["log_audit_event"]
        print(f"  stdlib / ours: {audit['stdlib + json + TimedRotating'] / ours:.1f}")
        show("Of which", race(guarantees(directory)), "os.write alone")
        log = race(log_contenders(directory, manager))
        show("One line of orchestrator.log", log, "orchestrator_logger")
        manager.close()
    imports = race_imports()
    started = {name: cost - imports["nothing"] for name, cost in imports.items()}
    del started["nothing"]
    show("Importing, without the interpreter's start", started, next(iter(IMPORTS)))


if __name__ == "__main__":
    main()

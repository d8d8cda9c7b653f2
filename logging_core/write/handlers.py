"""Handlers of the standard library's `logging` that write log records into the tree."""

from __future__ import annotations

import logging
import sys
from abc import abstractmethod
from contextlib import suppress
from typing import Any

from logging_core.codec.encode import (
    attempt,
    audit_record,
    text_of,
    with_extra,
)
from logging_core.event_types import SPOKEN
from logging_core.write.append import AppendFile
from logging_core.write.audit import AuditFile
from logging_core.write.encoder import Encoder
from logging_core.write.instance_files import InstanceFiles
from logging_core.write.stamps import Stamps
from logging_core.write.told import Told

STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""The attributes of every log record; all others are a caller's `extra`."""

_BARE_FIELDS = len(vars(logging.makeLogRecord({})))
_TRACE_FIELDS = frozenset({"exception", "stack_info"})
_FORMATTER = logging.Formatter()


class TreeHandler(logging.Handler):
    """Base of our handlers, which distinguishes them from those that a user adds."""

    @abstractmethod
    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. Never raises: see `AppendFile.append`."""


class OrchestratorHandler(TreeHandler):
    """Writes to `orchestrator.log`: one JSON object per line, a caller's `extra` at top level.

    Args:
        file: The file.
        encoder: Encodes the records.
        stamps: Makes the timestamps.
        logger: `orchestrator`; its level holds for the records of its children too.
        told: Is told of each record that names an instance.
    """

    def __init__(
        self, file: AppendFile, encoder: Encoder, stamps: Stamps, logger: logging.Logger, told: Told
    ) -> None:
        super().__init__()
        self._told = told
        self._logger = logger
        self._encoder = encoder
        self._file = file
        self._stamps = stamps

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line."""
        if record.levelno < self._logger.level:
            return
        fields: dict[str, Any] = {
            "timestamp": self._stamps.of(record),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
        }
        with_extra(fields, extra_of(record), _TRACE_FIELDS)
        fields |= traces_of(record)
        self._file.append(self._encoder.json(fields))
        self._told.note(fields.get("instance_id"))


class AuditHandler(TreeHandler):
    """Writes the records that are logged through the standard library's audit logger.

    Args:
        file: The audit trail.
        encoder: See `OrchestratorHandler`, as for the others.
        stamps: Makes the timestamps.
        told: Is told of each record that names an instance.
    """

    def __init__(self, file: AuditFile, encoder: Encoder, stamps: Stamps, told: Told) -> None:
        super().__init__()
        self._told = told
        self._encoder = encoder
        self._file = file
        self._stamps = stamps

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line; `event_type`, `instance_id` and `details` come from `extra=`."""
        stamp, extra = self._stamps.of(record), extra_of(record)
        fields = audit_record(
            stamp,
            extra.pop("event_type", "unknown"),
            extra.pop("instance_id", None),
            extra.pop("details", None),
            level=record.levelname,
            event=message_of(record),
            logger=record.name,
        )
        with_extra(fields, extra, _TRACE_FIELDS)
        self._file.append(stamp, self._encoder.json(fields | traces_of(record)))
        self._told.note(fields["instance_id"])


class InstanceHandler(TreeHandler):
    """Writes an instance's records to `instance.log`, and messages to `communication.jsonl` too.

    Args:
        files: The instance's files.
        stamps: Makes the timestamps.
        level: Initial `text_level`.

    Attributes:
        text_level: Minimum level for `instance.log`; messages are always written.
    """

    def __init__(self, files: InstanceFiles, stamps: Stamps, level: int) -> None:
        super().__init__()
        self.text_level = level
        self._files = files
        self._stamps = stamps

    def emit(self, record: logging.LogRecord) -> None:
        """Append to the file or files that the record belongs in."""
        stamp, text = self._stamps.of(record), message_of(record)
        event_type = vars(record).get("event_type")
        if isinstance(event_type, str) and event_type in SPOKEN:
            extra = extra_of(record)
            for key in ("instance_id", "instance_name"):  # the directory implies them
                extra.pop(key, None)
            if extra.get("content") is None:
                extra["content"] = text
            self._files.message(stamp, event_type, extra)
        if record.levelno >= self.text_level:
            lines = (text, *traces_of(record).values())
            self._files.lifecycle(stamp, record.levelname, "\n".join(lines))


class ConsoleHandler(TreeHandler):
    """Prints the records of `orchestrator.log` on stderr, in the format of `instance.log`.

    Args:
        encoder: See `OrchestratorHandler`, as for the others.
        stamps: Makes the timestamps.
        logger: `orchestrator`; its level holds for the records of its children too.
    """

    def __init__(self, encoder: Encoder, stamps: Stamps, logger: logging.Logger) -> None:
        super().__init__()
        self._logger = logger
        self._encoder = encoder
        self._stamps = stamps

    def emit(self, record: logging.LogRecord) -> None:
        """Print one entry."""
        if record.levelno < self._logger.level:
            return
        text = "\n".join((message_of(record), *traces_of(record).values()))
        entry = self._encoder.lifecycle(self._stamps.of(record), record.levelname, text)
        with suppress(OSError, ValueError, RuntimeError):  # full, closed, or in a signal handler
            print(entry.decode(), end="", file=sys.stderr, flush=True)  # noqa: T201 - opt-in


def message_of(record: logging.LogRecord) -> str:
    """Return a record's message; if its arguments do not fit, the format string and them as is."""
    text = attempt(record.getMessage)
    return f"{text_of(record.msg)} {text_of(record.args)}" if text is None else text


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a caller passed as `extra=`."""
    if len(vars(record)) == _BARE_FIELDS:
        return {}
    return {key: value for key, value in vars(record).items() if key not in STANDARD_FIELDS}


def traces_of(record: logging.LogRecord) -> dict[str, str]:
    """Return a record's `exception` and `stack_info`, as far as it has them."""
    traces: dict[str, str] = {}
    if record.exc_text:
        traces["exception"] = record.exc_text
    elif record.exc_info and record.exc_info[1] is not None:
        traces["exception"] = _FORMATTER.formatException(record.exc_info)
    if record.stack_info:
        traces["stack_info"] = record.stack_info
    return traces

"""Loggers of the standard library, and what keeps a user's own handlers served."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from logging_core.codec.encode import with_extra
from logging_core.write.handlers import STANDARD_FIELDS, InstanceHandler, TreeHandler


class InstanceLogger(logging.Logger):
    """The logger of one instance. It stands in no global table, so it goes when nobody has it."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name
        """Whether a record of this level is taken.

        The standard logger remembers its answers until one in the global table changes, which
        this one does not stand in.
        """
        return not self.disabled and level >= self.level and level > self.manager.disable


class InstanceAdapter(logging.LoggerAdapter[InstanceLogger]):
    """What `get_instance_logger` returns.

    The `extra` of a call is kept, and added to the instance's own (`instance_id` and
    `instance_name`), which handlers that a user adds to `.logger` find in each record.
    """

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Merge the two `extra`; a key that the record itself has gets `extra_` before it."""
        given = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, {**kwargs, "extra": with_extra({}, given, STANDARD_FIELDS)}

    def rename(self, instance_name: str | None) -> None:
        """Give later records this name; `None` leaves the one they have."""
        if instance_name is not None:
            self.extra = {**(self.extra or {}), "instance_name": instance_name}


def make_instance_logger(handler: InstanceHandler, instance_id: str, level: int) -> InstanceAdapter:
    """A logger whose records `handler` writes.

    Args:
        handler: Writes; it has a least level of its own for `instance.log`.
        instance_id: Whose.
        level: Least level for `instance.log`; records of `INFO` pass in any case, because
            messages are recorded at that level.
    """
    logger = InstanceLogger(f"orchestrator.instance.{instance_id}", min(level, logging.INFO))
    logger.propagate = False
    logger.addHandler(handler)
    return InstanceAdapter(logger, {"instance_id": instance_id, "instance_name": None})


def replace_handlers(logger: logging.Logger, handlers: Sequence[TreeHandler]) -> None:
    """Put `handlers` on a logger in place of those of ours; a user's stay."""
    for old in logger.handlers[:]:
        if isinstance(old, TreeHandler):
            logger.removeHandler(old)
    for handler in handlers:
        logger.addHandler(handler)


def has_listeners(logger: logging.Logger) -> bool:
    """Whether anybody but us wants to know of a record that is written without the logger."""
    if logger.filters or logger.propagate:
        return True
    for handler in logger.handlers:  # noqa: SIM110 - any() takes as long as writing the record
        if not isinstance(handler, TreeHandler):
            return True
    return False


def direct_record(
    logger: logging.Logger, time_s: float, text: str, extra: Mapping[str, Any]
) -> logging.LogRecord:
    """The log record of something that is written without the logger."""
    record = logging.makeLogRecord(
        {"name": logger.name, "levelno": logging.INFO, "levelname": "INFO", "msg": text}
    )
    record.created, record.msecs = time_s, time_s % 1 * 1000
    with_extra(vars(record), extra, STANDARD_FIELDS)
    return record


def tell_listeners(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Hand a record to every handler that it would reach, but for ours."""
    source: logging.Logger | None = logger
    while source is not None:
        for handler in source.handlers:
            if not isinstance(handler, TreeHandler) and record.levelno >= handler.level:
                handler.handle(record)
        source = source.parent if source.propagate else None

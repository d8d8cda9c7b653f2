"""Instance loggers, and the forwarding of records to handlers that users add."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

from logging_core.codec.encode import with_extra
from logging_core.event_types import SPOKEN
from logging_core.write.handlers import (
    STANDARD_FIELDS,
    InstanceHandler,
    TreeHandler,
)


class InstanceLogger(logging.Logger):
    """The logger of one instance; not registered globally, so it is freed when unreferenced."""

    def setLevel(self, level: int | str) -> None:  # noqa: N802 - logging's name
        """Set the minimum level of the records that are logged, and of `instance.log`."""
        super().setLevel(level)
        for handler in self.handlers:
            if isinstance(handler, InstanceHandler):
                handler.text_level = self.level

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name
        """Return whether records of this level are logged.

        The base class caches the answers, and never clears the cache of an unregistered logger.
        """
        return not self.disabled and level >= self.level and level > self.manager.disable


class InstanceAdapter(logging.LoggerAdapter[InstanceLogger]):
    """What `get_instance_logger` returns.

    The `extra` of a call is merged into the instance's own (`instance_id`, `instance_name`), so
    handlers that a user adds to `.logger` find both in each record. Messages are logged whatever
    their level.
    """

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a record if it is a message, or if its level is enabled."""
        enabled = self.isEnabledFor(level)
        if enabled or (_is_message(kwargs.get("extra")) and not self.logger.disabled):
            msg, given = self.process(msg, kwargs)
            given["stacklevel"] = given.get("stacklevel", 1) + 1  # the caller, not this method
            self.logger._log(level, msg, args, **given)  # `log` would ask for the level

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Merge the two `extra`; a key that every record has as an attribute becomes `extra_…`."""
        given = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, {**kwargs, "extra": with_extra({}, given, STANDARD_FIELDS)}

    def rename(self, instance_name: str | None) -> None:
        """Give later records this name; `None` keeps the current one."""
        if instance_name is not None:
            self.extra = {**(self.extra or {}), "instance_name": instance_name}


def make_instance_logger(handler: InstanceHandler, instance_id: str, level: int) -> InstanceAdapter:
    """Return a logger whose records `handler` writes.

    Args:
        handler: Writes the records; has its own minimum level for `instance.log`.
        instance_id: The instance.
        level: Minimum level for `instance.log`; the logger also accepts `INFO` in any case, because
            messages are logged at that level.
    """
    logger = InstanceLogger(f"orchestrator.instance.{instance_id}", min(level, logging.INFO))
    logger.propagate = False
    logger.addHandler(handler)
    return InstanceAdapter(logger, {"instance_id": instance_id, "instance_name": None})


def has_listeners(logger: logging.Logger) -> bool:
    """Return whether filters or other handlers must see a record written past the logger."""
    if logger.filters or logger.propagate:
        return True
    for handler in logger.handlers:  # noqa: SIM110 - any() costs each event 0.2 µs
        if not isinstance(handler, TreeHandler):
            return True
    return False


def direct_record(
    logger: logging.Logger, time_s: float, text: str, extra: Mapping[str, Any]
) -> logging.LogRecord:
    """Return the log record of something that is written past the logger."""
    record = logging.makeLogRecord(
        {"name": logger.name, "levelno": logging.INFO, "levelname": "INFO", "msg": text}
    )
    record.created, record.msecs = time_s, time_s % 1 * 1000
    with_extra(vars(record), extra, STANDARD_FIELDS)
    return record


def tell_listeners(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Pass a record to every handler that it would reach, except ours."""
    source: logging.Logger | None = logger
    while source is not None:
        for handler in source.handlers:
            if not isinstance(handler, TreeHandler) and record.levelno >= handler.level:
                handler.handle(record)
        source = source.parent if source.propagate else None


def _is_message(extra: Mapping[str, object] | None) -> bool:
    event_type = extra.get("event_type") if extra else None
    return isinstance(event_type, str) and event_type in SPOKEN

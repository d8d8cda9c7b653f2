"""The writer of a log tree: the calls that an orchestrator makes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from logging_core.codec.encode import audit_record, text_of, with_extra
from logging_core.config import LoggingConfig
from logging_core.event_types import COMMUNICATION
from logging_core.tree import LogTree, check_instance_id
from logging_core.write.append import Shared
from logging_core.write.audit import AuditFile
from logging_core.write.encoder import Encoder
from logging_core.write.handlers import (
    AuditHandler,
    ConsoleHandler,
    OrchestratorHandler,
    TreeHandler,
)
from logging_core.write.instances import Instances
from logging_core.write.loggers import (
    InstanceAdapter,
    direct_record,
    has_listeners,
    tell_listeners,
)
from logging_core.write.losses import Losses
from logging_core.write.notices import Notices
from logging_core.write.pool import DescriptorPool
from logging_core.write.private import Access, prepare_tree, unusable
from logging_core.write.redact import Redactor
from logging_core.write.rotate import RotatingFile
from logging_core.write.shared_loggers import AUDIT, ORCHESTRATOR, SHARED_LOGGERS, ManagerHandlers
from logging_core.write.stamps import Stamps
from logging_core.write.told import Told


class TreeWriter:
    """Writes a log tree, through its own methods and through the standard library's loggers.

    Logging calls never raise `OSError`: what cannot be written is counted, reported on stderr (at
    most one line a minute), and reported in `orchestrator.log` as soon as writing works again.

    Args:
        config: The options.
        clock: Seconds since the epoch; every timestamp comes from it.

    Raises:
        LogDirError: The tree cannot be created or written, or other users can write to it.
        ValueError: One of `redact_patterns` is not a valid regex, or matches the empty string.
    """

    def __init__(self, config: LoggingConfig, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._tree = LogTree(config.log_dir.absolute())
        self.log_dir = self._tree.root
        self.instances_dir = self._tree.instances_dir
        self.audit_dir = self._tree.audit_dir
        self.log_level = config.log_level
        self._stamps = Stamps(clock)
        self._told = Told()
        self._tell = self._told.add  # looked up once: an audit event takes 4 µs
        redactor = Redactor(extra=config.redact_patterns)
        in_shared_logs = redactor if config.redact else None
        self._encoder = Encoder(config.max_record_bytes, in_shared_logs)
        self._shared = Shared(
            Access(self.log_dir, config.allow_shared),
            Losses(),
            DescriptorPool(config.max_open_files),
        )
        self._orchestrator = RotatingFile(
            self._tree.orchestrator_log,
            config.orchestrator_max_bytes,
            config.orchestrator_backups,
            self._shared,
        )
        notices = Notices(self._tree, self._orchestrator, self._shared, self._encoder, self._stamps)
        self._delete_expired = partial(notices.delete_expired, keep_days=config.audit_days)
        quick_bytes = min(1 << 20, config.max_record_bytes // 4)
        self._audit = AuditFile(
            self._tree, self._shared, self._delete_expired, quick_bytes, in_shared_logs
        )
        self._instances = Instances(
            self._tree, config, self._shared, redactor, self._stamps, self._told
        )
        try:
            prepare_tree(self._tree, self._shared.access)
            self._orchestrator.open()
        except OSError as error:
            raise unusable(self.log_dir, error) from error
        self.orchestrator_logger = logging.getLogger(ORCHESTRATOR)
        self.audit_logger = logging.getLogger(AUDIT)
        self._handlers = self._make_handlers()
        SHARED_LOGGERS.attach(self._handlers)
        self.orchestrator_logger.info("Logging manager initialized: %s", self.log_dir)
        self._delete_expired(date.fromisoformat(self._stamps.now()[:10]))

    def get_instance_logger(
        self,
        instance_id: str,
        instance_name: str | None = None,
        *,
        role: str | None = None,
        instance_type: str | None = None,
        model: str | None = None,
        parent_instance_id: str | None = None,
        tmux_session: str | None = None,
    ) -> InstanceAdapter:
        """Return the logger of an instance, the same one each time; write its `metadata.json`.

        Its records go to `instance.log`, from `log_level` on or from what its `setLevel` sets. One
        with `extra={"event_type": "message_sent"}` (or `"message_received"`), `message_id`,
        `direction`, `content`, `tokens`, `cost` (USD) and `response_time` (seconds) also goes to
        `communication.jsonl`, whatever its level; without `content`, its text is the content.

        Args:
            instance_id: Its id.
            instance_name: Its name; `None` keeps the one in the tree.
            role: Its role; this and the following go into the metadata, `None` keeps what is there.
            instance_type: `claude`, `codex`, …
            model: The model's name.
            parent_instance_id: The instance that spawned it.
            tmux_session: The tmux session that it runs in.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
        """
        known = {
            "instance_name": instance_name,
            "role": role,
            "instance_type": instance_type,
            "model": model,
            "parent_instance_id": parent_instance_id,
            "tmux_session": tmux_session,
        }
        SHARED_LOGGERS.restore()
        texts = {key: value if value is None else text_of(value) for key, value in known.items()}
        return self._instances.logger(instance_id, texts)

    def log_audit_event(
        self,
        event_type: str,
        instance_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        **extra: Any,
    ) -> None:
        """Append an event to the audit trail.

        Args:
            event_type: `instance_spawn`, `message_exchange`, `instance_terminate` or any other.
            instance_id: The instance it concerns; `None` for the whole fleet.
            details: Data of the event; `cost` in USD, `response_time_seconds` in seconds. What is
                no mapping is written as `{"value": ...}`.
            extra: Further top-level fields; one with a reserved name is prefixed with `extra_`.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
        """
        time_s, logger = self._stamps.clock(), self.audit_logger
        if (
            extra
            or logger.disabled
            or logger.handlers != self._audit_handlers
            or logger.filters
            or logger.propagate
            or not self._audit.append_like(time_s, event_type, instance_id, details)
        ):
            self._audit_slowly(time_s, event_type, instance_id, details, extra)
            self._told.note(instance_id)
        else:
            self._tell(instance_id)

    def log_communication(
        self,
        instance_id: str,
        direction: str,
        message_type: str,
        content: str,
        parent_id: str | None = None,
        **extra: Any,
    ) -> None:
        """Append a communication between instances to the `communication.jsonl` of one.

        Args:
            instance_id: The instance whose file it goes to.
            direction: `outbound` (to the instance) or `inbound` (from it).
            message_type: The kind of communication, in the orchestrator's own terms.
            content: The text.
            parent_id: The instance at the other end.
            extra: Further fields; one with a reserved name is prefixed with `extra_`.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
        """
        SHARED_LOGGERS.restore()
        files = self._instances.files(instance_id)
        time_s = self._stamps.clock()
        fields = {
            "direction": direction,
            "content": content,
            "message_type": message_type,
            "parent_id": parent_id,
        }
        with_extra(fields, extra, frozenset({"event_type"}))
        record, adapter = None, self._instances.known_logger(instance_id)
        if adapter is not None and has_listeners(adapter.logger):
            about = {"event_type": COMMUNICATION, "instance_id": instance_id, **fields}
            record = direct_record(adapter.logger, time_s, f"{message_type} ({direction})", about)
            if not adapter.logger.filter(record):
                return
        files.message(self._stamps.at(time_s), COMMUNICATION, fields)
        if adapter is not None and record is not None:
            tell_listeners(adapter.logger, record)

    def log_tmux_output(self, instance_id: str, output: str) -> None:
        """Append what is new in a capture to an instance's `tmux_output.log`, in one `write`.

        Pass the whole scrollback at every capture: only the lines that scrolled off since the last
        one are stored, followed by the pane's last 50 (`pane_rows`), which is what `tail` and the
        documented recipes show. For a pane that did not change, nothing is stored but its window
        once a minute (`heartbeat_s`), and once after this process logged anything else about the
        instance. See `captures` for details; with `full_captures`, each
        capture is stored in full.

        A captured line that looks like the rule of a frame header (80 `=`) is stored with an extra
        leading space, so that a pane cannot forge a frame; the reader removes it again.

        Args:
            instance_id: The instance whose pane it is.
            output: The captured text; may contain SGR colours.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
        """
        SHARED_LOGGERS.restore()
        self._instances.files(instance_id).pane(self._stamps.clock, text_of(output))

    def clean(self, text: str) -> str:
        """Return the text as `instance.log` has it: with secrets replaced, if `redact` is on."""
        return self._encoder.clean(text)

    def cleanup_instance_logs(self, instance_id: str) -> None:
        """Delete an instance's directory; if it is a symbolic link, only the link.

        Raises:
            InvalidInstanceIdError: (a `ValueError`) before any file is touched.
            OSError: It could not be deleted.
        """
        self._instances.delete(instance_id)

    def close(self) -> None:
        """Close every file, and give the global loggers to the manager before; idempotent.

        Nothing is lost after that: a later record of any kind reopens its file. The global loggers
        then write to the newest manager that is not closed, or to the last one if all are closed.
        """
        SHARED_LOGGERS.detach(self._handlers)
        self._instances.close()
        self._shared.losses.tell()
        self._handlers.close_files()

    def _make_handlers(self) -> ManagerHandlers:
        stamps, file, encoder = self._stamps, self._orchestrator, self._encoder
        logger = self.orchestrator_logger
        on_orchestrator: list[TreeHandler] = [
            OrchestratorHandler(file, encoder, stamps, logger, self._told)
        ]
        if self._config.console:
            on_orchestrator.append(ConsoleHandler(encoder, stamps, logger))
        audit = AuditHandler(self._audit, encoder, stamps, self._told)
        self._audit_handlers: list[logging.Handler] = [audit]
        return ManagerHandlers(
            self.log_level, on_orchestrator, audit, (self._audit.close, file.close)
        )

    def _audit_slowly(
        self,
        time_s: float,
        event_type: str,
        instance_id: str | None,
        details: Mapping[str, Any] | None,
        extra: Mapping[str, Any],
    ) -> None:
        """Append an event of any form, and pass it to other handlers of the logger."""
        SHARED_LOGGERS.restore()
        if instance_id is not None:
            check_instance_id(instance_id)
        stamp = self._stamps.at(time_s)
        fields = audit_record(stamp, event_type, instance_id, details)
        with_extra(fields, extra)
        record = None
        if has_listeners(self.audit_logger):
            about = {"event_type": event_type, "instance_id": instance_id, "details": details}
            record = direct_record(self.audit_logger, time_s, event_type, about | dict(extra))
            if not self.audit_logger.filter(record):
                return
        self._audit.append(stamp, self._encoder.json(fields))
        self._audit.remember(stamp, time_s, event_type, instance_id)
        if record is not None:
            tell_listeners(self.audit_logger, record)

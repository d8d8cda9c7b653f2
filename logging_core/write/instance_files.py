"""The files of one instance."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from logging_core.codec.encode import message_record
from logging_core.config import LoggingConfig
from logging_core.tree import LogTree
from logging_core.write.append import AppendFile, Shared
from logging_core.write.capture_file import CaptureFile
from logging_core.write.captures import Deduplicator
from logging_core.write.encoder import Encoder
from logging_core.write.metadata import update_metadata
from logging_core.write.redact import Redactor
from logging_core.write.rotate import RotatingFile
from logging_core.write.stamps import Clock
from logging_core.write.told import Told


class InstanceFiles:
    """Writes the log, the messages, the captures and the metadata of one instance.

    Args:
        tree: The tree.
        instance_id: The instance.
        config: Size limits, and which files are redacted.
        shared: Shared by the files of the tree.
        redactor: Replaces secrets.
        told: Is told of each record.

    Attributes:
        described: Whether `metadata.json` is up to date.

    Raises:
        InvalidInstanceIdError: (a `ValueError`) before any file is touched.
    """

    def __init__(
        self,
        tree: LogTree,
        instance_id: str,
        config: LoggingConfig,
        shared: Shared,
        redactor: Redactor,
        told: Told,
    ) -> None:
        self.described = False
        self._told = told
        self._instance_id = instance_id
        self._shared = shared
        most = config.max_record_bytes
        self._log_encoder = Encoder(most, redactor if config.redact else None)
        self._message_encoder = Encoder(most, redactor if config.redact_messages else None)
        pane_encoder = Encoder(most, redactor if config.redact_captures else None)
        self._metadata = tree.metadata(instance_id)
        self._log = RotatingFile(
            tree.instance_log(instance_id),
            config.instance_max_bytes,
            config.instance_backups,
            shared,
        )
        self._communication = AppendFile(tree.communication(instance_id), shared)
        captures = Deduplicator(
            screen_rows=config.pane_rows,
            heartbeat_s=config.heartbeat_s,
            full=config.full_captures,
        )
        self._pane = CaptureFile(tree.tmux_output(instance_id), shared, pane_encoder, captures)
        self._known: dict[str, str] = {}
        self._is_lost = False
        self._describer: int | None = None  # the thread that writes the metadata just now

    def describe(self, stamp: str, known: Mapping[str, str | None]) -> None:
        """Write what is known to `metadata.json`, redacted like `instance.log`.

        See `update_metadata`. Repeating the same facts is free. A failed write is retried at each
        call, but counts as one loss.
        """
        given = {key: value for key, value in known.items() if value is not None}
        if self.described and given.items() <= self._known.items():
            return
        self._known |= given
        self.described = False
        ours = threading.get_ident()
        if self._describer == ours:  # in a signal handler: whom it interrupts holds the lock
            return
        self._describer = ours
        try:
            while not self.described and self._write_metadata(stamp):
                pass
        finally:
            self._describer = None

    def _write_metadata(self, stamp: str) -> bool:
        """Return whether it could be written; meanwhile a signal handler may have told more."""
        self.described = True
        clean = {key: self._log_encoder.clean(value) for key, value in self._known.items()}
        try:
            update_metadata(self._metadata, self._instance_id, stamp, clean, self._shared.access)
        except OSError as error:
            self.described = False
            if not self._is_lost:
                self._shared.losses.add(self._metadata, error)
            self._is_lost = True
            return False
        self._is_lost = False
        return True

    def lifecycle(self, stamp: str, level: str, text: str) -> None:
        """Append an entry to `instance.log`."""
        self._log.append(self._log_encoder.lifecycle(stamp, level, text))
        self._told.note(self._instance_id)

    def message(self, stamp: str, event_type: str, fields: Mapping[str, Any]) -> None:
        """Append a line to `communication.jsonl`; `fields` as for `message_record`."""
        record = message_record(stamp, event_type, fields)
        self._communication.append(self._message_encoder.json(record))
        self._told.note(self._instance_id)

    def pane(self, clock: Clock, text: str) -> None:
        """Append what is new in a capture to `tmux_output.log`, in one `write`.

        Args:
            clock: Tells when it was captured.
            text: The capture.
        """
        again = self._told.take(self._instance_id)  # before the time: what comes later, comes again
        if not self._pane.append(clock(), text, again=again) and again:
            self._told.note(self._instance_id)

    def close(self) -> None:
        """Close the files; the next record reopens them."""
        for file in (self._log, self._communication, self._pane):
            file.close()

"""The writer's own records in `orchestrator.log`."""

from __future__ import annotations

from datetime import date
from typing import Any

from logging_core.tree import LogTree
from logging_core.write.append import AppendFile, Shared
from logging_core.write.encoder import Encoder
from logging_core.write.losses import Loss
from logging_core.write.retention import delete_expired
from logging_core.write.stamps import Stamps


class Notices:
    """Writes records past the logger, whose locks others may hold while they wait for us.

    Args:
        tree: The tree.
        log: `orchestrator.log`.
        shared: Shared by the files of the tree; from now on its losses are logged here.
        encoder: Encodes the records.
        stamps: Makes the timestamps.
    """

    def __init__(
        self, tree: LogTree, log: AppendFile, shared: Shared, encoder: Encoder, stamps: Stamps
    ) -> None:
        self._tree = tree
        self._log = log
        self._losses = shared.losses
        self._encoder = encoder
        self._stamps = stamps
        self._losses.record = self._record_loss

    def delete_expired(self, today: date, keep_days: int) -> None:
        """Delete old audit files (see `retention`) and log their names."""
        try:
            deleted = delete_expired(self._tree.audit_dir, today, keep_days)
        except OSError as error:
            directory = self._tree.audit_dir
            self._losses.complain(f"cannot delete old files in {directory}: {error.strerror}")
            return
        if deleted:
            text = f"Deleted {len(deleted)} audit files older than {keep_days} days"
            self._log.append(self._record("INFO", text, files=deleted))

    def _record_loss(self, loss: Loss) -> bool:
        name = self._tree.relative(loss.path)
        text = f"{loss.records} records were dropped: {name}: {loss.reason}"
        about = {"file": name, "dropped": loss.records, "reason": loss.reason}
        return self._log.append(self._record("WARNING", text, **about), counted=False)

    def _record(self, level: str, text: str, **about: Any) -> bytes:
        fields = {
            "timestamp": self._stamps.now(),
            "level": level,
            "logger": "orchestrator",
            "message": text,
            "module": "notices",
            "function": "",
            "line": 0,
        }
        return self._encoder.json(fields | about)

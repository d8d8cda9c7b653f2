"""Which reader each log of a tree needs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

from logging_core.codec.decode import decode_audit, decode_message
from logging_core.codec.entries import LifecycleEntries, OrchestratorEntries, Stray
from logging_core.read.audit_log import AuditLog
from logging_core.read.entry_log import EntryLog
from logging_core.read.json_lines import JsonLines
from logging_core.read.log import Log
from logging_core.read.metadata_file import MetadataFile
from logging_core.read.names import shown_name
from logging_core.read.pane_log import PaneLog
from logging_core.tree import AUDIT, INSTANCE_FILES, FileKind


class LogFactory(NamedTuple):
    """Makes the reader of each log, by what it holds.

    Attributes:
        root: Of the tree.
        raw: See `TreeReader`, and so for the others.
        blocks: Read audit files in bulk.
        tails: Give every frame its `tail`.
    """

    root: Path
    raw: bool
    blocks: bool
    tails: bool

    def make(self, group: str, history: int | None, *, is_resumed: bool) -> Log:
        """Return the reader of a log.

        Args:
            group: Which one: its path without rotation numbers and the like.
            history: How much of what is there before is wanted: see `TreeReader`.
            is_resumed: Another reader may have read its first lines.
        """
        kind = kind_of(group)
        if kind is FileKind.AUDIT:
            audit_log = AuditLog if self.blocks else JsonLines
            return audit_log(self.root, partial(decode_audit, raw=self.raw), history)
        instance_id = self.shown(group.split("/")[-2]) if "/" in group else ""
        if kind is FileKind.METADATA:
            return MetadataFile(self.root, instance_id, raw=self.raw)
        if kind is FileKind.PANE:
            newest_only = history is not None
            return PaneLog(self.root, instance_id, newest_only=newest_only, tails=self.tails)
        if kind is FileKind.COMMUNICATION:
            decode = partial(decode_message, instance_id=instance_id, raw=self.raw)
            return JsonLines(self.root, decode, history)
        stray = Stray.REFUSE if history is None else Stray.DROP
        if is_resumed:
            stray = Stray.JOIN
        if kind is FileKind.INSTANCE:
            lifecycle = LifecycleEntries(instance_id, raw=self.raw, stray=stray)
            return EntryLog(self.root, lifecycle, history)
        return EntryLog(self.root, OrchestratorEntries(raw=self.raw, stray=stray), history)

    def shown(self, directory: str) -> str:
        """Return the id of the instance with this directory, as records give it."""
        return directory if self.raw else shown_name(directory)


def kind_of(group: str) -> FileKind:
    """Return what a log holds."""
    if group.startswith(f"{AUDIT}/"):
        return FileKind.AUDIT
    return INSTANCE_FILES.get(group.rpartition("/")[2], FileKind.ORCHESTRATOR)

"""The typed records of the log tree: one per line, file or capture.

Every record is immutable. Units are in the names: `_s` is seconds, `_usd` is US dollars; sizes
and offsets are bytes. Times are seconds since the epoch. `None` always means unknown.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from logging_core.anomalies import Anomaly
from logging_core.exchanges import AuditBlock


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of an instance's `communication.jsonl`.

    Attributes:
        instance_id: The instance that the file belongs to.
        time_s: When; `None` if the line's timestamp cannot be read.
        event_type: `message_sent`, `message_received`, `communication`; old writers also wrote
            lifecycle lines here as `unknown`. Any other value is kept as is.
        direction: `outbound` (to the instance), `inbound` (from it) or whatever the line says.
        content: The text of the message.
        message_id: Correlates a request with its reply.
        tokens: Estimated tokens.
        cost_usd: Estimated cost.
        response_time_s: How long the reply took; only on replies.
        message_type: As passed to `log_communication`.
        parent_id: The instance at the other end, as passed to `log_communication`.
        text: The `message` key of old writers: a human-readable summary.
        suspect: What is odd about it: names of fields whose value was not a finite number >= 0, or
            of the wrong type, and values of `AnomalyKind`.
        extra: Fields that are not named above, as written.
    """

    instance_id: str
    time_s: float | None = None
    event_type: str = "unknown"
    direction: str | None = None
    content: str | None = None
    message_id: str | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    response_time_s: float | None = None
    message_type: str | None = None
    parent_id: str | None = None
    text: str | None = None
    suspect: tuple[str, ...] = ()
    extra: dict[str, Any] = {}


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of an audit file.

    Attributes:
        time_s: When; `None` if the line's timestamp cannot be read.
        event_type: `instance_spawn`, `message_exchange`, …; unknown ones are kept as is.
        instance_id: The instance it concerns; `None` or `orchestrator` for the whole fleet.
        level: As written, `INFO` if absent.
        message_id: Of an exchange, from its details.
        tokens: Of an exchange, from its details.
        cost_usd: Of an exchange, from its details.
        response_time_s: Of an exchange, from its details.
        error: What went wrong: `error` or `failure_reason` of the details.
        details: All details as written, including those above. `{}` if they are not an object.
        suspect: What is odd about it: names of fields whose value was not a finite number >= 0, or
            of the wrong type, and values of `AnomalyKind`.
        extra: Top-level fields that are not named above, as written.
    """

    time_s: float | None = None
    event_type: str = "unknown"
    instance_id: str | None = None
    level: str = "INFO"
    message_id: str | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    response_time_s: float | None = None
    error: str | None = None
    details: dict[str, Any] = {}
    suspect: tuple[str, ...] = ()
    extra: dict[str, Any] = {}


class LifecycleEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of an instance's `instance.log`, continuation lines joined by newlines.

    `suspect` is that of `Message`.
    """

    instance_id: str
    time_s: float | None = None
    level: str = "INFO"
    text: str = ""
    suspect: tuple[str, ...] = ()

    @property
    def slack_s(self) -> float:
        """It may be so much later in truth: a log with whole seconds cuts the rest off."""
        return 1.0 if self.time_s is not None and self.time_s.is_integer() else 0.0


class OrchestratorEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of `orchestrator.log`.

    Attributes:
        time_s: When; `None` if unreadable.
        level: `INFO`, `ERROR`, …
        logger: Dotted name of the logger.
        text: The message.
        instance_id: The instance it concerns, if the entry names one.
        error: The `error` field, if any.
        exception: The traceback, if any: from the line or from the raw lines after it.
        recovered: The line was not valid JSON and was read as far as possible.
        suspect: As of `Message`.
        extra: Fields that are not named above.
    """

    time_s: float | None = None
    level: str = "INFO"
    logger: str = ""
    text: str = ""
    instance_id: str | None = None
    error: str | None = None
    exception: str | None = None
    recovered: bool = False
    suspect: tuple[str, ...] = ()
    extra: dict[str, Any] = {}


IDENTITY_FIELDS = (
    "instance_name",
    "role",
    "instance_type",
    "model",
    "parent_instance_id",
    "tmux_session",
)
"""What metadata and audit details may say about an instance, under these names."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An instance's `metadata.json`; known fields of a newer one replace those of an older one."""

    instance_id: str
    instance_name: str | None = None
    created_s: float | None = None
    role: str | None = None
    instance_type: str | None = None
    model: str | None = None
    parent_instance_id: str | None = None
    tmux_session: str | None = None
    extra: dict[str, Any] = {}


class InstanceSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An instance's directory exists, with or without files in it."""

    instance_id: str


class InstanceGone(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An instance's directory has gone; two sweeps in a row did not find it."""

    instance_id: str


class FrameRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The location of one pane capture; its text is read on demand.

    Attributes:
        instance_id: The instance whose pane was captured.
        time_s: When it was captured; `None` if the header's time cannot be read.
        path: The capture file, relative to the root. In names that others gave, a byte that is no
            UTF-8, and a backslash, is a backslash followed by `x` and two hex digits.
        offset: Offset of the frame's header.
        body_offset: Offset of the pane text.
        end: One past the last byte known so far. The newest frame of a file may still grow: the
            same `offset` then comes again with a larger `end` and replaces the earlier one.
        digest: Checksum of the whole pane text; 0 if unknown.
        screen: Checksum of the end of the text, which is what the pane can show; 0 if unknown.
        suspect: What is odd about it, by `AnomalyKind`: `BACK` if its time runs backwards, as in a
            header that pane text forged, and `TORN` if its text or its header was cut off.
        tail: The last lines of the pane text without colours, trailing blank lines and the blanks
            that fill frames around text, safe to show: at most 20 lines and 2,000 characters. Empty
            unless the frame is the newest of its file.
    """

    instance_id: str
    time_s: float | None = None
    path: str
    offset: int
    body_offset: int
    end: int
    digest: int = 0
    screen: int = 0
    suspect: tuple[str, ...] = ()
    tail: str = ""

    @property
    def place(self) -> tuple[str, int, int, int]:
        """What tells it from every other frame, with or without its `tail`."""
        return self.path, self.offset, self.end, self.digest

    def shows_same(self, other: FrameRef) -> bool:
        """Return whether the pane showed the same in both frames, whatever is stored above it."""
        if self.screen and other.screen:
            return self.screen == other.screen
        return self.digest == other.digest


class Problem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something in the tree that could not be read; counted and shown, never raised.

    Attributes:
        path: The file, relative to the root.
        reason: What is wrong, as text to show.
        offset: Offset of the line; `None` if the problem is the whole file.
        line: The beginning of the line, safe to show.
        time_s: The time of the newest record before it in its file; `None` if unknown (as where
            exchanges are read in bulk) or if the problem is the whole file.
        is_gap: The file can be read, but was truncated or replaced: lines may be lost.
    """

    path: str
    reason: str
    offset: int | None = None
    line: str = ""
    time_s: float | None = None
    is_gap: bool = False


Record: TypeAlias = (
    Message
    | AuditEvent
    | LifecycleEvent
    | OrchestratorEvent
    | Metadata
    | InstanceSeen
    | InstanceGone
    | FrameRef
)


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one poll of the tree found: one item of `follow()`.

    Attributes:
        records: New records. Records of one file are in file order; files are merged by time.
        problems: What could not be read.
        readable: Of what could not be read as a whole, as a `Problem` without an offset told, what
            can be read now, or is gone: `Problem.path` of each.
        caught_up: Everything that was in the tree when the poll began has been handed out, or it
            cannot be read.
        waiting: Why the root cannot be read (yet), as text to show; `None` if it can.
        reset: Everything handed out before is void, as the root was replaced by another directory,
            or the directory of an instance that was gone came back: what is there is told again.
        cursor: Pass it to `follow()` to resume after this batch. A JSON object of about 200 bytes
            per file of the tree.
        blocks: Exchanges in bulk, in no order among each other; only if blocks were asked for.
            The exchanges in them are then not among the records.
        anomalies: What is odd, file by file; those of one file are in file order.
        polling: The operating system does not tell what changes, at least not of all directories:
            what is new is found by the sweeps. False if that is what was asked for.
    """

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()
    readable: tuple[str, ...] = ()
    caught_up: bool = True
    waiting: str | None = None
    reset: bool = False
    cursor: dict[str, Any] = {}
    blocks: tuple[AuditBlock, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    polling: bool = False

    @property
    def count(self) -> int:
        """The number of records, including those in blocks."""
        return len(self.records) + sum(len(block.exchanges) for block in self.blocks)

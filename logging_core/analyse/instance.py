"""One instance: the records about it folded into its state."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable

from logging_core.analyse.activity import Activity
from logging_core.analyse.columns import Columns
from logging_core.analyse.errors import UNTOLD, error_of, first_line, is_failed_end
from logging_core.analyse.evidence import Evidence, Proof, ProofKind, Verdict
from logging_core.analyse.facts import SAID_CHARS, Creation, PaneChange, Sayings
from logging_core.analyse.identity import Identity, Rank
from logging_core.analyse.judgement import Around, judge
from logging_core.analyse.reports import ErrorSource, LastErrors
from logging_core.analyse.requests import Requests
from logging_core.analyse.state import InstanceState, OpenRequest
from logging_core.event_types import (
    COMMUNICATION,
    EXCHANGE,
    RECEIVED,
    SENT,
    SPAWN,
    SPOKEN,
    TERMINATE,
)
from logging_core.records import (
    IDENTITY_FIELDS,
    AuditEvent,
    FrameRef,
    LifecycleEvent,
    Message,
    Metadata,
)
from logging_core.text import beginning

CREATED = re.compile(
    r"Instance created(?: with(?: role: (?P<role>.+?)(?=, type: |$),?)?(?: type: (?P<type>\S+))?)?",
    re.MULTILINE,
)
"""How an entry of an instance.log begins that tells of a creation."""

READY = re.compile(r"[\w ]{0,60}initialization completed")
"""How one begins that says that the instance is ready."""

_ENDED = re.compile(r"Instance (?P<reason>terminated.*)")
_MAX_REPLIES = 64  # that wait: of a thousand instances they are what memory peaks with

_AUDIT_PROOFS = {
    SPAWN: (ProofKind.SPAWNED, "spawned"),
    "instance_suspended": (ProofKind.SUSPENDED, "suspended"),
    "instance_resumed": (ProofKind.RESUMED, "resumed"),
    "instance_reconnected": (ProofKind.RESUMED, "reconnected"),
    "instance_recovered": (ProofKind.RESUMED, "recovered"),
}
_ONLY_IN_DIRECTORY = (
    *(ProofKind.READY, ProofKind.REQUEST, ProofKind.COMMUNICATION),
    *(ProofKind.FAILED_SAYS_LOG, ProofKind.ENDED_SAYS_LOG),
)


class Instance:
    """Takes in the records about one instance, in any order of files, and freezes its state.

    A record without a readable time is given the time of the line before it, by the caller where
    the file is not the instance's own.

    Attributes:
        instance_id: Its id.
        has_directory: It has one, or had one that nobody missed yet.
        is_audited: The audit trail tells of it.
        identity: What it says of itself.
        creation: The earliest that is recorded.
        errors: How many there were about it.
    """

    __slots__ = (
        "_activity",
        "_evidence",
        "_fresh",
        "_frozen",
        "_last_errors",
        "_message_s",
        "_pane",
        "_reply_ids",
        "_reply_times",
        "_requests",
        "_sayings",
        "creation",
        "errors",
        "has_directory",
        "identity",
        "instance_id",
        "is_audited",
    )

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id
        self.has_directory = False
        self.is_audited = False
        self.creation = Creation()
        self.errors = 0
        self.identity = Identity()
        self._activity = Activity()
        self._evidence = Evidence()
        self._requests = Requests()
        self._reply_ids: list[str | None] = []
        self._reply_times = array("d")
        self._pane = PaneChange()
        self._last_errors: LastErrors | None = None
        self._message_s: float | None = None
        self._sayings = Sayings()
        self._frozen: InstanceState | None = None
        self._fresh = (math.inf, -math.inf)

    # --- records -------------------------------------------------------------

    def message(self, message: Message) -> float | None:
        """A line of its communication.jsonl; returns the time to go by."""
        at_s = self._message_s if message.time_s is None else message.time_s
        self._message_s = at_s
        self._activity.add(at_s)
        if message.event_type in SPOKEN:
            self._spoken(message, at_s)
        elif message.text:
            self._life(message.text, at_s, slack_s=0.0)
        return at_s

    def lifecycle(self, event: LifecycleEvent) -> None:
        """An entry of its instance.log."""
        self._activity.add(event.time_s)
        self._life(event.text, event.time_s, slack_s=event.slack_s)

    def audit(self, event: AuditEvent, at_s: float | None) -> None:
        """An audit event about it. Errors are told by `fail`."""
        self._activity.add(at_s)
        if event.event_type == EXCHANGE:
            if event.message_id is not None:
                self._requests.close(event.message_id, at_s)
            self._prove(ProofKind.REPLY, at_s, "reply", message_id=event.message_id)
            return
        if event.message_id is not None and error_of(event) is not None:
            self._requests.close(event.message_id, at_s, failed=True)
        self.identity.learn(at_s, event.details, Rank.AUDIT)
        if event.event_type == TERMINATE:
            self._ended(event, at_s)
        elif event.event_type in _AUDIT_PROOFS:
            kind, reason = _AUDIT_PROOFS[event.event_type]
            self._prove(kind, at_s, reason)
            if kind is ProofKind.SPAWNED:
                self.creation.add(at_s)

    def exchanges(self, exchanges: Columns) -> None:
        """Exchanges of it that were decoded in bulk."""
        self._reply_ids += exchanges.message_ids
        self._reply_times += exchanges.times
        if len(self._reply_ids) >= _MAX_REPLIES:
            self._settle()

    def _settle(self) -> None:
        """Learn from the exchanges in bulk; many at once cost little more than one."""
        ids, times = self._reply_ids, self._reply_times
        if not ids:
            return
        self._reply_ids, self._reply_times = [], array("d")
        self._activity.add_all(times)
        self._requests.close_all(ids, times)
        newest_s = max(times)
        newest_id = ids[times.index(newest_s)]
        if times.count(newest_s) > 1:
            newest_id = max(i or "" for i, t in zip(ids, times, strict=True) if t == newest_s)
        self._prove(ProofKind.REPLY, newest_s, "reply", message_id=newest_id or None)

    def mentioned(self, at_s: float | None) -> None:
        """Another log has an entry about it."""
        self._activity.add(at_s)

    def metadata(self, metadata: Metadata) -> None:
        """Its metadata.json, which is no record of something that happens: it is written anew."""
        self._activity.note(metadata.created_s)
        self.creation.add(metadata.created_s)
        known = {field: getattr(metadata, field) for field in IDENTITY_FIELDS}
        self.identity.learn(metadata.created_s, known, Rank.METADATA)

    def frame(self, ref: FrameRef) -> None:
        """A capture of its pane."""
        if self._pane.add(ref):
            self._activity.add(ref.time_s)

    def fail(self, at_s: float | None, error: str, source: ErrorSource, *, is_recent: bool) -> None:
        """Something reports an error about it; `is_recent` is whether errors of then count."""
        text = first_line(error)
        if text != UNTOLD:  # its end is proof by itself
            says_log = source is ErrorSource.INSTANCE
            self._prove(ProofKind.FAILED_SAYS_LOG if says_log else ProofKind.FAILED, at_s, text)
        if is_recent:
            self._last_errors = self._last_errors or LastErrors()
            self._last_errors.add(source, at_s, text)

    def lose_directory(self) -> None:
        """Its directory was deleted: go by what the audit trail tells, as a later reader must."""
        self.has_directory = False
        self.identity.asked_parent_id = self._message_s = None
        self._sayings = Sayings()
        self._requests = Requests()
        self._pane = PaneChange()
        self._evidence.drop(_ONLY_IN_DIRECTORY)

    # --- what it is ----------------------------------------------------------

    @property
    def is_known(self) -> bool:
        """Whether something shows that it exists: a mention in orchestrator.log alone does not."""
        return self.has_directory or self.is_audited

    def parent(self, is_known: Callable[[str], bool]) -> str | None:
        """Whose child it is."""
        parent = self.identity.parent(is_known)
        return None if parent == self.instance_id else parent

    def records_per_minute(self, now_s: float, minutes: int) -> tuple[int, ...]:
        """How many records each of the last minutes had, the current one last."""
        self._settle()
        return self._activity.per_minute(now_s, minutes)

    # --- state ---------------------------------------------------------------

    def touch(self) -> None:
        """Something about it may have changed: freeze it anew."""
        self._fresh = (math.inf, -math.inf)

    @property
    def same_until_s(self) -> float:
        """Up to which moment its last state holds if nothing comes, in seconds since the epoch."""
        return self._fresh[1]

    def state(self, around: Around) -> InstanceState:
        """Its state; the same object as before while nothing has changed."""
        fresh_from_s, fresh_to_s = self._fresh
        self._settle()
        if self._frozen is not None and fresh_from_s <= around.now_s <= fresh_to_s:
            return self._frozen
        still_open = self._evidence.still_open(self._requests.left(), around.now_s)
        instance_type = self.identity.get("instance_type")
        verdict, until_s = judge(self._evidence, self._pane, still_open, instance_type, around)
        self._frozen = self._freeze(around, verdict, still_open)
        until_s = min(until_s, self._activity.same_until_s(around.now_s))
        self._fresh = (around.now_s, until_s)
        return self._frozen

    def _freeze(
        self, around: Around, verdict: Verdict, still_open: tuple[OpenRequest, ...]
    ) -> InstanceState:
        return InstanceState(
            instance_id=self.instance_id,
            instance_name=self.identity.get("instance_name"),
            role=self.identity.get("role"),
            instance_type=self.identity.get("instance_type"),
            model=self.identity.get("model"),
            parent_instance_id=self.parent(around.is_known),
            tmux_session=self.identity.get("tmux_session"),
            state=verdict.state,
            reason=verdict.reason,
            since_s=verdict.since_s,
            created_s=self.creation.at_s,
            spawned_s=around.spawned_s(self.instance_id),
            last_activity_s=self._activity.last_s(around.now_s),
            usage=around.usage(self.instance_id),
            open_requests=still_open,
            unanswered=self._evidence.unanswered(self._requests.left()),
            last_said=self._sayings.last(verdict.reason),
            frames=self._pane.frames,
            newest_frame=self._pane.newest,
            pane_tail=self._pane.tail,
            pane_changed_s=self._pane.changed_s,
            errors=self.errors,
            last_error=None if self._last_errors is None else self._last_errors.text,
        )

    # --- evidence ------------------------------------------------------------

    def _spoken(self, message: Message, at_s: float | None) -> None:
        self._settle()  # what was answered before does not open again
        if message.parent_id:
            self.identity.asked_parent_id = message.parent_id
        self._sayings.add(message, at_s)
        if message.event_type == RECEIVED:
            if message.message_id is not None:
                self._requests.answer(message.message_id, at_s)
            self._prove(ProofKind.REPLY, at_s, "reply", message_id=message.message_id)
        elif message.event_type == SENT:
            if message.message_id is not None:
                text = beginning(message.content or "", SAID_CHARS)
                self._requests.open(message.message_id, at_s, text)
            self._prove(ProofKind.REQUEST, at_s, "request", message_id=message.message_id)
        else:
            self._prove(ProofKind.COMMUNICATION, at_s, COMMUNICATION, message_id=message.message_id)

    def _life(self, text: str, at_s: float | None, *, slack_s: float) -> None:
        if created := CREATED.match(text):
            self.creation.add(at_s, whole_second=slack_s > 0)
            said = {"role": created["role"], "instance_type": created["type"]}
            known = {k: v for k, v in said.items() if v != "None"}
            self.identity.learn(at_s, known, Rank.LOG)
            self._prove(ProofKind.SPAWNED, at_s, "spawned")
        elif READY.match(text):
            self._prove(ProofKind.READY, at_s, "ready", slack_s=slack_s)
        elif ended := _ENDED.match(text):
            self._prove(
                ProofKind.ENDED_SAYS_LOG, at_s, first_line(ended["reason"]), slack_s=slack_s
            )

    def _ended(self, event: AuditEvent, at_s: float | None) -> None:
        failed = is_failed_end(event)
        force = event.details.get("force")
        reason = f"terminated (force={force})" if isinstance(force, bool) else "terminated"
        if failed:
            reason = first_line(error_of(event) or "")
        proof = Proof(-math.inf if at_s is None else at_s, reason, failed=failed)
        self._evidence.add(ProofKind.ENDED, proof)

    def _prove(
        self,
        kind: ProofKind,
        at_s: float | None,
        what: str,
        *,
        slack_s: float = 0.0,
        message_id: str | None = None,
    ) -> None:
        time_s = -math.inf if at_s is None else at_s
        self._evidence.add(kind, Proof(time_s, what, slack_s, message_id))

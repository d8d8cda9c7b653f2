"""What the fleet is, was or will be shown as: frozen values, no behaviour.

Units are in the names: `_s` is seconds (a moment is seconds since the epoch), `_usd` US dollars.
`None` means unknown, never zero.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from logging_core.anomalies import Anomaly
from logging_core.records import FrameRef, Message, Problem


class State(enum.StrEnum):
    """What an instance is doing.

    Attributes:
        INITIALIZING: It was spawned, and is not ready yet.
        WAITING: Its pane ends in a question that only a person can answer.
        BUSY: A request is open.
        STUCK: One is open for long, and the pane has not changed for as long.
        IDLE: No request is open.
        SUSPENDED: It was suspended, and not resumed.
        ERROR: Its last event is an error.
        TERMINATED: It was shut down, and not in an error.
        UNKNOWN: No record tells.
    """

    INITIALIZING = "initializing"
    WAITING = "waiting"
    BUSY = "busy"
    STUCK = "stuck"
    IDLE = "idle"
    SUSPENDED = "suspended"
    ERROR = "error"
    TERMINATED = "terminated"
    UNKNOWN = "unknown"


class Latency(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Response times in seconds.

    `count`, `mean_s` and `max_s` are exact. The quantiles interpolate between the closest ranks;
    they are exact for up to 1,000 values and within 2 % beyond. What is unknown is `None`: all when
    `count` is 0, else where only the number of response times is known.
    """

    count: int = 0
    mean_s: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    max_s: float | None = None


class Usage(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a set of `message_exchange` events adds up to; a repeated message id counts once.

    Attributes:
        requests: Exchanges.
        tokens: Their tokens; `None` when none says.
        cost_usd: Their cost; `None` when none says.
        unpriced: Exchanges without a cost.
        latency: Their response times.
    """

    requests: int = 0
    tokens: int | None = None
    cost_usd: float | None = None
    unpriced: int = 0
    latency: Latency = Latency()


class Slot(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One stretch of a series by time: when it begins, and what the exchanges in it add up to."""

    start_s: float
    usage: Usage = Usage()


class Group(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What belongs together in a table of sums.

    Attributes:
        label: What its members have in common; `None` if that is unknown, or if they are the
            events or errors that are no longer told apart.
        usage: Their sums. Of events that are no exchange only `requests` is more than nothing:
            how many there were.
        instance_ids: Its members.
    """

    label: str | None
    usage: Usage
    instance_ids: tuple[str, ...] = ()


class OpenRequest(msgspec.Struct, frozen=True, gc=False):
    """A message sent to an instance that has no reply yet.

    Attributes:
        message_id: Its id.
        since_s: When it was sent, in seconds since the epoch; `None` if that cannot be read.
        text: How it begins, in one line: 240 characters at most, safe to show; empty if it says
            nothing.
    """

    message_id: str
    since_s: float | None
    text: str = ""


class InstanceState(msgspec.Struct, frozen=True, eq=False, kw_only=True, gc=False):
    """One instance at one moment.

    Attributes:
        instance_id: Its id, safe to show.
        instance_name: Its newest known name.
        role: As spawned.
        instance_type: `claude`, `codex`, …
        model: As spawned.
        parent_instance_id: Who spawned it.
        tmux_session: The session that its terminal is in.
        state: What it is doing.
        reason: Why we think so, in a few words: `request m-12 open`.
        since_s: Since when it is in that state.
        created_s: The earliest creation that the tree records.
        spawned_s: When each of its newest lives began, as the audit trail tells, oldest first:
            64 at most.
        last_activity_s: The newest record of any kind, the future (> 5 min ahead) left out.
        usage: Its requests, tokens, cost and response times.
        open_requests: Oldest first; empty for a terminated instance. One after which a thousand
            were sent is not open any more.
        unanswered: Those that have no reply and will have none, oldest first: it was terminated
            or spawned again since. None from before the newest thousand that were sent.
        last_said: How what it said last begins, as a request's `text`; or what it was told by
            another instance, if that is the reason.
        frames: Captures of its pane.
        newest_frame: The last of them, without its `tail`.
        pane_tail: The last lines of it, without colours and safe to show, as UTF-8.
        pane_changed_s: When the pane last showed something different.
        errors: Errors about it, as those of `FleetState`.
        last_error: The newest error, in a few words.
    """

    instance_id: str
    instance_name: str | None = None
    role: str | None = None
    instance_type: str | None = None
    model: str | None = None
    parent_instance_id: str | None = None
    tmux_session: str | None = None
    state: State = State.UNKNOWN
    reason: str = ""
    since_s: float | None = None
    created_s: float | None = None
    spawned_s: tuple[float, ...] = ()
    last_activity_s: float | None = None
    usage: Usage = Usage()
    open_requests: tuple[OpenRequest, ...] = ()
    unanswered: tuple[OpenRequest, ...] = ()
    last_said: str = ""
    frames: int = 0
    newest_frame: FrameRef | None = None
    pane_tail: bytes = b""
    pane_changed_s: float | None = None
    errors: int = 0
    last_error: str | None = None

    @property
    def label(self) -> str:
        """The name, else the id: what a person calls it."""
        return self.instance_name or self.instance_id


class TimelineEvent(msgspec.Struct, frozen=True, gc=False):
    """What happened between the messages: a line of an instance's life, or an error.

    Attributes:
        instance_id: Whom it is about; `""` for the fleet as a whole.
        time_s: When; `None` if that cannot be read.
        text: What happened, safe to show.
        is_error: Whether it reports an error.
        suspect: What is odd about its record; see `Message`.
        counts: Whether it is one of the errors that are counted: no repetition of another.
        message_id: Of an error, which request failed; `None` if it says none.
    """

    instance_id: str
    time_s: float | None = None
    text: str = ""
    is_error: bool = False
    suspect: tuple[str, ...] = ()
    counts: bool = False
    message_id: str | None = None


class ProblemCount(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What could not be read.

    Attributes:
        unreadable_lines: How many lines.
        files: In which files something could not be read, or is missing; sorted.
        newest: The newest few problems, the newest last.
        unreadable_files: How many of the files cannot be read as a whole.
        gaps: How often one was truncated or replaced before it was read to its end.
    """

    unreadable_lines: int = 0
    files: tuple[str, ...] = ()
    newest: tuple[Problem, ...] = ()
    unreadable_files: int = 0
    gaps: int = 0

    @property
    def total(self) -> int:
        """How many problems: a file that cannot be read at all has no unreadable line."""
        return self.unreadable_lines + self.unreadable_files + self.gaps


class FileAnomalies(msgspec.Struct, frozen=True, eq=False, gc=False):
    """How often something was odd about one file, which was read all the same.

    Attributes:
        path: The file, relative to the root, safe to show.
        clock_jumps: Records more than 5 minutes earlier than the one before them in this file, and
            such as are the first after others to be more than 5 minutes ahead of the reader's
            clock.
        gaps: How often it was truncated or replaced before it was read to its end.
        torn: Records whose end is missing.
        lossy: Records with bytes that are no UTF-8; captures are not looked through for them.
        links: 1 if it is only a second name of another file of its log, else 0.
    """

    path: str
    clock_jumps: int = 0
    gaps: int = 0
    torn: int = 0
    lossy: int = 0
    links: int = 0


class AnomalyCount(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What is odd, of all that was read since the model was begun.

    Attributes:
        clock_jumps: See `FileAnomalies`, of all files, as for `gaps`, `torn`, `lossy` and `links`.
        files: The files with any, the worst first, ties by path; at most 1,000, those that came
            first.
        newest: The last few clock jumps and gaps, oldest first: which file, when, by how much.
        newest_odd: The last few of the others, oldest first.
    """

    clock_jumps: int = 0
    gaps: int = 0
    files: tuple[FileAnomalies, ...] = ()
    newest: tuple[Anomaly, ...] = ()
    torn: int = 0
    lossy: int = 0
    links: int = 0
    newest_odd: tuple[Anomaly, ...] = ()


class FleetState(msgspec.Struct, frozen=True, eq=False, kw_only=True, gc=False):
    """The whole fleet at one moment: what every panel shows and `--json` prints.

    Attributes:
        at_s: The moment.
        instances: Those that have a directory or that the audit trail tells of: it outlives their
            directories. By creation, the ones of unknown age last; ties by id.
        usage: Of all exchanges, those of no known instance included.
        errors: Audit events that report an error or an end in one, and `ERROR` entries of
            `orchestrator.log`; what two of these, or more, report of one error
            within 5 seconds counts once.
        joint_errors: How many of these are about more than one instance, by the ids of all that
            one is about; of very many such groups, the most frequent.
        audit_events: Events of the audit trail that count, of any type; a repeated exchange, too.
        messages: The newest messages of all instances, merged by time, oldest first.
        dropped_messages: How many older ones are no longer in `messages`: a row's number in the
            whole timeline is this plus its index, and stays the same while the window moves.
        dropped_until_s: The latest time of these, in seconds since the epoch; minus infinity if
            none has one. Where clocks jumped, it may be later than those of `messages`.
        reordered: Differs from the state before if rows that it had may have other numbers now:
            while history is still being read, and after the tree was replaced. What was
            remembered by row number is void then.
        events: The newest events of all instances, as `messages`; errors of the audit trail and of
            `orchestrator.log` included.
        dropped_events: How many older ones are no longer in `events`.
        problems: What could not be read.
        anomalies: What is odd: where clocks jumped, where lines may be lost, what is torn.
        waiting: Why there is no root to be read: it does not exist yet, or is gone. `None` when
            there is one.
        caught_up: Everything in the tree has been read.
        polling: See `Batch`.
    """

    at_s: float
    instances: tuple[InstanceState, ...] = ()
    usage: Usage = Usage()
    errors: int = 0
    joint_errors: Mapping[tuple[str, ...], int] = {}
    audit_events: int = 0
    messages: Sequence[Message] = ()
    dropped_messages: int = 0
    dropped_until_s: float = -math.inf
    reordered: int = 0
    events: Sequence[TimelineEvent] = ()
    dropped_events: int = 0
    problems: ProblemCount = ProblemCount()
    anomalies: AnomalyCount = AnomalyCount()
    waiting: str | None = None
    caught_up: bool = False
    polling: bool = False

    def errors_about(self, instances: Iterable[InstanceState]) -> int:
        """Return how many errors are about any of some of its instances, each counted once."""
        own = {one.instance_id: one.errors for one in instances}
        groups = self.joint_errors.items()
        joint = ((sum(one in own for one in whom), number) for whom, number in groups)
        return sum(own.values()) - sum((times - 1) * number for times, number in joint if times)

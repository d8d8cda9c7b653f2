"""A handle on one instance, with one method per event that writes all records of that event."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack, cast

from logging_core.codec.encode import attempt, text_of
from logging_core.event_types import EXCHANGE, RECEIVED, SENT, SPAWN, TERMINATE
from logging_core.write.forks import Forkable
from logging_core.write.life import Life
from logging_core.write.loggers import InstanceAdapter
from logging_core.write.stamps import Clock
from logging_core.write.values import content_of, measure, raised, say, whole

if TYPE_CHECKING:
    from logging_core.write.writer import TreeWriter  # which makes handles

_SHOWN_CHARS = 80
_CLEANED_CHARS = 8192  # more than is shown plus the longest secret that begins in it


class InstanceFacts(TypedDict, total=False):
    """The metadata of an instance besides its name: see `TreeWriter.get_instance_logger`."""

    role: str | None
    instance_type: str | None
    model: str | None
    parent_instance_id: str | None
    tmux_session: str | None


class InstanceHandle(Forkable):
    """Writes everything about one instance, and keeps the totals for its end.

    As a context manager it also writes the end: `terminated`, or, if an exception passes through,
    `failed` and then `terminated` with the final state `error`; the exception propagates. What ends
    a program or a task in the ordinary way is no failure: `sys.exit(0)`, `KeyboardInterrupt`, a
    cancelled task.

    Thread-safe. The totals are those of the records that this handle wrote: that is why a manager's
    `instance` returns the same handle to all who ask for one. As for a reader, a reply that is
    recorded again under its id adds nothing.

    Args:
        writer: Writes the records.
        clock: The writer's clock, seconds since the epoch; measures response times and uptime.
        instance_id: The instance.
        instance_name: Its name; `None` keeps the one in the tree.
        make_id: Makes ids for messages that come without one; `None`: UUIDs.
        facts: See `InstanceFacts`; `None` or a missing one keeps what is in the tree.

    Attributes:
        instance_id: Its id.
        instance_name: Its name as given last.

    Raises:
        InvalidInstanceIdError: (a `ValueError`) before any file is touched.
    """

    def __init__(
        self,
        writer: TreeWriter,
        clock: Clock,
        instance_id: str,
        instance_name: str | None = None,
        *,
        make_id: Callable[[], str] | None = None,
        **facts: Unpack[InstanceFacts],
    ) -> None:
        super().__init__()
        self.instance_id = instance_id
        self.instance_name = instance_name
        self._writer = writer
        self._clock = clock
        self._make_id = make_id or _new_id
        self._facts = facts
        self._life = Life(clock())
        self._log()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or not _is_failure(error):
            self.terminated()
            return
        self.failed(error)
        self.terminated(final_state="error")

    @property
    def ended(self) -> bool:
        """Whether its end is written, and it was not created again."""
        return self._life.ended

    def learn(
        self,
        instance_name: str | None = None,
        *,
        make_id: Callable[[], str] | None = None,
        **facts: Unpack[InstanceFacts],
    ) -> None:
        """Replace what is given of its name and metadata; `None` keeps what is known.

        Args:
            instance_name: Its name.
            make_id: Makes ids for messages that come without one.
            facts: See `InstanceFacts`.
        """
        with self._lock:
            if instance_name is not None:
                self.instance_name = instance_name
            self._make_id = make_id or self._make_id
            given = {name: fact for name, fact in facts.items() if fact is not None}
            self._facts = cast("InstanceFacts", {**self._facts, **given})
        self._log()

    def created(
        self,
        *,
        enable_madrox: bool | None = None,
        bypass_isolation: bool | None = None,
        **details: Any,
    ) -> None:
        """Record that it was spawned, and reset the totals. Writes `instance_spawn`.

        Args:
            enable_madrox: Whether it may spawn instances itself; `None`: unknown.
            bypass_isolation: Whether it may leave its workspace; `None`: unknown.
            details: Further details; they override the event's own details of the same name.
        """
        with self._lock:
            self._life = Life(self._clock())
        facts = self._facts
        spawn = {
            "role": facts.get("role"),
            "instance_type": facts.get("instance_type"),
            "model": facts.get("model"),
            "enable_madrox": enable_madrox,
            "bypass_isolation": bypass_isolation,
            "parent_instance_id": facts.get("parent_instance_id"),
            **details,
        }
        said = (("role", spawn["role"]), ("type", spawn["instance_type"]))
        known = ", ".join(f"{name}: {text_of(value)}" for name, value in said if value is not None)
        self._record_event(SPAWN, f"created with {known}" if known else "created", spawn)

    def ready(self) -> None:
        """Record that it is ready. Writes to `instance.log`, as all methods but `captured` do."""
        self._log().info("Instance initialization completed successfully")

    def sent(self, content: str, message_id: str | None = None) -> str:
        """Record a request to it. Writes `message_sent`.

        Args:
            content: The request.
            message_id: Correlates the reply with it; `None` or empty: a new id.

        Returns:
            The message's id, for `received`.
        """
        message_id, content = self._id_of(message_id), content_of(content)
        fields = {
            "event_type": SENT,
            "message_id": message_id,
            "direction": "outbound",
            "content": content,
        }
        with self._lock:
            self._life.ask(message_id, self._clock(), len(content))
        # Part of a secret would not be recognised as one: redaction comes before the cut.
        shown = self._writer.clean(content[:_CLEANED_CHARS])[:_SHOWN_CHARS].partition("\n")[0]
        self._log().info("Sending message: %s", shown, extra=fields)
        return message_id

    def received(
        self,
        message_id: str,
        content: str,
        tokens: int | None = None,
        cost: float | None = None,
        response_time: float | None = None,
    ) -> None:
        """Record its reply. Writes `message_received` and `message_exchange`.

        Args:
            message_id: The id from `sent`; for any other, length and time of the request are
                unknown.
            content: The reply.
            tokens: Estimated tokens; `null` if `None` or not a whole number from 0 to 2**53.
            cost: Estimated cost in USD; `null` if `None`, not a number, negative or not finite.
            response_time: Seconds; measured from `sent` where a cost would be `null`.
        """
        message_id, content = text_of(message_id), content_of(content)
        tokens, cost, took_s = whole(tokens), measure(cost), measure(response_time)
        with self._lock:
            self._life.count(message_id, tokens, cost)
            sent_s, length = self._life.open.pop(message_id, (None, None))
        took_s = self._since(sent_s) if took_s is None else took_s
        message = {
            "event_type": RECEIVED,
            "message_id": message_id,
            "direction": "inbound",
            "content": content,
            "tokens": tokens,
            "cost": cost,
            "response_time": took_s,
        }
        exchange = {
            "message_id": message_id,
            "message_length": length,
            "response_length": len(content),
            "tokens": tokens,
            "cost": cost,
            "response_time_seconds": took_s,
        }
        self._log().info(_received_text(len(content), tokens, took_s), extra=message)
        self._writer.log_audit_event(EXCHANGE, self.instance_id, exchange)

    def captured(self, text: str) -> None:
        """Record what its pane shows, optionally with SGR colours. Writes only a capture."""
        self._writer.log_tmux_output(self.instance_id, text)

    def suspended(self, reason: str | BaseException | None = None) -> None:
        """Record that it was suspended. Writes `instance_suspended`.

        Args:
            reason: A text, or an exception: then its type and text; `None`: unknown.
        """
        self._paused("suspended", reason)

    def resumed(self, reason: str | BaseException | None = None) -> None:
        """Record that it was resumed. Writes `instance_resumed`; `reason` as for `suspended`."""
        self._paused("resumed", reason)

    def failed(self, error: str | BaseException, message_id: str | None = None) -> None:
        """Record an error. Writes `instance_failed`, and an `ERROR` to `instance.log`.

        Args:
            error: A text, or an exception: then its type and text, and in `instance.log` also its
                traceback.
            message_id: The id from `sent` of the request that failed, which is then no longer open;
                `None`: it concerns no request in particular. A reply that comes after all may still
                be recorded.
        """
        text, details = say(error), {"instance_name": self.instance_name}
        what = "Instance"
        if message_id is not None:
            details["message_id"] = text_of(message_id)
            what = f"Request {details['message_id']}"
        self._log().error("%s failed: %s", what, text, exc_info=raised(error))
        details["error"] = text
        self._writer.log_audit_event("instance_failed", self.instance_id, details)

    def terminated(self, force: bool = False, final_state: str = "terminated") -> None:
        """Record its end. Writes `instance_terminate` with the totals.

        A no-op if called again before the next `created`. Total tokens and cost are the sums of the
        known values, and `None` if there are none.

        Args:
            force: It was not asked to finish first; anything but a `bool` is written as text.
            final_state: `terminated` or `error`.
        """
        with self._lock:
            life = self._life
            if life.ended:
                return
            life.ended = True
            life.open.clear()
            life.replied.clear()
            totals = {
                "total_requests": life.requests,
                "total_tokens": life.tokens,
                "total_cost": life.cost_usd,
                "uptime_seconds": self._since(life.born_s),
            }
        forced = force if type(force) is bool else text_of(force)
        details = {"force": forced, "final_state": text_of(final_state), **totals}
        self._record_event(TERMINATE, f"terminated (force={forced})", details)

    def _paused(self, what: str, reason: object) -> None:
        because = {} if reason is None else {"reason": say(reason)}
        details = {"total_requests": self._life.requests, **because}
        self._record_event(f"instance_{what}", ": ".join([what, *because.values()]), details)

    def _record_event(self, event_type: str, text: str, details: Mapping[str, Any]) -> None:
        self._log().info("%s", f"Instance {text}")
        named = {"instance_name": self.instance_name, **details}
        self._writer.log_audit_event(event_type, self.instance_id, named)

    def _log(self) -> InstanceAdapter:
        """Look the logger up each time, so that logging works after `cleanup_instance_logs`."""
        return self._writer.get_instance_logger(self.instance_id, self.instance_name, **self._facts)

    def _id_of(self, message_id: object) -> str:
        """Return the text of an id; if there is none, a new one, even if `make_id` fails."""
        given = "" if message_id is None else text_of(message_id)
        return given or attempt(lambda: str(self._make_id())) or _new_id()

    def _since(self, time_s: float | None) -> float | None:
        """Return the seconds since `time_s`, to the microsecond; `None` if unknown or negative."""
        return None if time_s is None else measure(round(self._clock() - time_s, 6))


def _is_failure(error: BaseException) -> bool:
    """Return whether an exception is more than a wish that the program or the task ends."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_failure, error.exceptions))
    if isinstance(error, SystemExit):
        return error.code is not None and error.code != 0
    return isinstance(error, Exception)


def _received_text(length: int, tokens: int | None, took_s: float | None) -> str:
    tokens_text = "" if tokens is None else f", {tokens} tokens"
    took_text = "" if took_s is None else f", {took_s:.2f}s"
    return f"Received response ({length} chars{tokens_text}{took_text})"


def _new_id() -> str:
    return str(uuid.uuid4())

"""What an orchestrator writes about one instance, as calls to `LoggingManager`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from logging_core.demo.fleet import Profile
from logging_core.manager import LoggingManager


class Exchange(NamedTuple):
    """A request that waits for its reply.

    Attributes:
        message_id: Correlates the two.
        ask: The request.
        sent_s: When it was sent.
    """

    message_id: str
    ask: str
    sent_s: float


class Recorder:
    """Writes everything about one instance, and keeps the totals for its end.

    Args:
        profile: Its name, role and so on.
        instance_id: Its id.
        parent_id: Its parent's id; `None` if it has none.
        manager: Writes the records.
        clock: The current time, in seconds since the epoch.
    """

    def __init__(
        self,
        profile: Profile,
        instance_id: str,
        parent_id: str | None,
        manager: LoggingManager,
        clock: Callable[[], float],
    ) -> None:
        self.requests = 0
        self._profile = profile
        self._instance_id = instance_id
        self._parent_id = parent_id
        self._manager = manager
        self._clock = clock
        self._log = manager.orchestrator_logger.getChild("instance_manager")
        self._facts = {"instance_id": instance_id}
        self._born_s = 0.0
        self._tokens = 0
        self._cost_usd = 0.0

    def spawned(self) -> None:
        """Record that it was spawned."""
        profile = self._profile
        self._born_s = self._clock()
        about = {
            "role": profile.role,
            "instance_type": profile.instance_type,
            "model": profile.model,
            "parent_instance_id": self._parent_id,
        }
        session = f"madrox-{self._instance_id[:8]}"
        self._manager.get_instance_logger(
            self._instance_id, profile.name, **about, tmux_session=session
        )
        self._audit("instance_spawn", **about, enable_madrox=True, bypass_isolation=False)
        self._life(f"Instance created with role: {profile.role}, type: {profile.instance_type}")
        self._log.info(
            "Successfully spawned %s instance %s (%s) with role %s via tmux",
            *(profile.instance_type, self._instance_id, profile.name, profile.role),
            extra=self._facts,
        )

    def ready(self) -> None:
        """Record that it can take requests."""
        self._life("Instance initialization completed successfully")

    def pane(self, text: str) -> None:
        """Record what its pane shows."""
        self._manager.log_tmux_output(self._instance_id, text)

    def sent(self, message_id: str, ask: str) -> Exchange:
        """Record a request to it."""
        fields = {
            "event_type": "message_sent",
            "message_id": message_id,
            "direction": "outbound",
            "content": ask,
        }
        self._life(f"Sending message: {ask[:80]}", fields)
        return Exchange(message_id, ask, self._clock())

    def received(self, exchange: Exchange, reply: str, read: int, written: int) -> None:
        """Record its reply; `read` and `written` are tokens."""
        took_s = round(self._clock() - exchange.sent_s, 3)
        figures: dict[str, object] = {"tokens": read + written}
        if self._profile.price is not None:
            per_read, per_written = self._profile.price
            cost_usd = round((read * per_read + written * per_written) / 1e6, 6)
            figures["cost"] = cost_usd
            self._cost_usd += cost_usd
        self.requests += 1
        self._tokens += read + written
        fields = {
            "event_type": "message_received",
            "message_id": exchange.message_id,
            "direction": "inbound",
            "content": reply,
            **figures,
            "response_time": took_s,
        }
        text = f"Received response ({len(reply)} chars, {read + written} tokens, {took_s:.2f}s)"
        self._life(text, fields)
        details = {
            "message_id": exchange.message_id,
            "message_length": len(exchange.ask),
            "response_length": len(reply),
            **figures,
            "response_time_seconds": took_s,
        }
        self._manager.log_audit_event("message_exchange", self._instance_id, details)

    def said(self, direction: str, kind: str, text: str) -> None:
        """Record a message from its parent (`outbound`) or to its parent (`inbound`)."""
        self._manager.log_communication(
            self._instance_id, direction, kind, text, parent_id=self._parent_id
        )

    def suspended(self) -> None:
        """Record that it was suspended."""
        self._audit("instance_suspended", total_requests=self.requests)
        self._life("Instance suspended")

    def resumed(self) -> None:
        """Record that it was resumed."""
        self._audit("instance_resumed", retry_count=0)
        self._life("Instance resumed")

    def lost(self) -> None:
        """Record that the connection to its pane broke."""
        text = "Lost connection to %s (%s); reconnecting"
        self._log.warning(text, self._instance_id, self._profile.name, extra=self._facts)

    def reconnected(self) -> None:
        """Record that the connection is back."""
        self._audit("instance_reconnected", retry_count=2, state="idle")
        self._life("Instance reconnected after 2 tries")

    def vanished(self, error: str) -> None:
        """Record that its pane is gone, and why, in the orchestrator's log."""
        who = (self._instance_id, self._profile.name)
        self._log.warning("Pane of %s (%s) is gone", *who, extra=self._facts)
        facts = {**self._facts, "error": error}
        self._log.error("Instance %s (%s) failed: %s", *who, error, extra=facts)

    def failed(self, error: str) -> None:
        """Record that it has failed for good."""
        self._manager.get_instance_logger(self._instance_id).error("Instance failed: %s", error)
        self._audit("instance_failed", error=error, state="error")

    def terminated(self) -> None:
        """Record that it was stopped as planned."""
        self._audit(
            "instance_terminate",
            force=False,
            final_state="terminated",
            total_requests=self.requests,
            total_tokens=self._tokens,
            total_cost=round(self._cost_usd, 6),
            uptime_seconds=round(self._clock() - self._born_s, 3),
        )
        self._life("Instance terminated (force=False)")
        text = "Terminated instance %s (%s)"
        self._log.info(text, self._instance_id, self._profile.name, extra=self._facts)

    def _life(self, text: str, fields: Mapping[str, object] | None = None) -> None:
        self._manager.get_instance_logger(self._instance_id).info(text, extra=fields)

    def _audit(self, event_type: str, **details: object) -> None:
        named = {"instance_name": self._profile.name, **details}
        self._manager.log_audit_event(event_type, self._instance_id, named)

"""What became of a request that has no reply: it is open, failed, or will have none. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from logging_core.analyse.state import State, TimelineEvent
from logging_core.records import Message
from madrox_tui import format as fmt
from madrox_tui.panels.timeline.entries import Entry, Separator
from madrox_tui.panels.timeline.pairs import asks
from madrox_tui.panels.timeline.rows import TimelineRows
from madrox_tui.view import View

OPEN = "◷"
FAILED = "✗"
ENDED = f"{FAILED} agent ended"

AHEAD_S = 60.0
"""A request that is later than now by more has a time that does not tell since when it is open."""


class Beside(NamedTuple):
    """What is beside a message or event.

    Attributes:
        other: The reply to the request, or its failure, or the request of these; `None` if there
            is none.
        alone: Why there is none; `''` if there is one, or the entry is not among the rows.
    """

    other: Entry | None = None
    alone: str = ""


class Outcome(NamedTuple):
    """What is said of a request.

    Attributes:
        text: In words.
        short: The same where there is little room.
        style: Its cell style.
        is_open: Whether a reply may still come.
    """

    text: str
    short: str
    style: str
    is_open: bool = False


class Outcomes:
    """Knows what became of the requests among the rows.

    Args:
        rows: The rows of the timeline.

    Attributes:
        view: What is shown; `None` before anything is.
    """

    def __init__(self, rows: TimelineRows) -> None:
        self.view: View | None = None
        self._rows = rows
        self._since: dict[tuple[str, str], float | None] = {}
        self._unanswered: frozenset[tuple[str, str, float | None]] = frozenset()

    def update(self, view: View) -> None:
        """Learn from another view what has no reply of what the instances shown were asked."""
        self.view = view
        self._since = {
            (instance.instance_id, request.message_id): request.since_s
            for instance in view.instances
            for request in instance.open_requests
        }
        self._unanswered = frozenset(
            (instance.instance_id, request.message_id, request.since_s)
            for instance in view.instances
            for request in instance.unanswered
        )

    @property
    def has_open(self) -> bool:
        """Whether any request is open, and so grows older."""
        return bool(self._since)

    def of(self, index: int) -> Outcome | None:
        """Return what is said of the request in a row; `None` if nothing is."""
        message, view = self._rows.rows[index], self.view
        if view is None or not isinstance(message, Message):
            return None
        if self._is_open(message):
            age = self._age(message, view)
            style = "bad" if self._is_stuck(message, view) else "warn"
            return Outcome(f"{OPEN} open{age}", f"{OPEN}{age}", style, is_open=True)
        failure = self._rows.failure(index)
        if failure is not None:
            return Outcome(f"{FAILED} failed{_after(message, failure)}", FAILED, "bad")
        if (message.instance_id, message.message_id, message.time_s) in self._unanswered:
            return Outcome(ENDED, FAILED, "warn")
        return None

    def is_problem(self, index: int) -> bool:
        """Return whether a row is an error, a stuck request or a suspect message."""
        row = self._rows.rows[index]
        if isinstance(row, Message):
            stuck = self.view is not None and self._is_stuck(row, self.view)
            return bool(row.suspect) or (stuck and self._is_open(row))
        return isinstance(row, TimelineEvent) and row.is_error

    def beside(self, index: int, *, has_older: bool) -> Beside:
        """Return the other half of a message or event, or why there is none among the rows.

        Args:
            index: Its row.
            has_older: Whether there are older messages that are not loaded.
        """
        other = self._rows.other_half(index)
        row = None if other is None else self._rows.rows[other]
        if isinstance(row, Message | TimelineEvent):
            return Beside(row)
        return Beside(alone=self._why_alone(index, has_older=has_older))

    def _why_alone(self, index: int, *, has_older: bool) -> str:
        """Say why a message or event has no other half among the rows; `''` of a separator.

        Args:
            index: Its row.
            has_older: Whether there are older messages that are not loaded.
        """
        entry, said = self._rows.rows[index], self.of(index)
        if isinstance(entry, Separator):
            return ""
        if entry.message_id is None:
            what = "an event" if isinstance(entry, TimelineEvent) else "a message without an id"
            return f"{what} has no other half"
        if not asks(entry):
            where = "loaded" if has_older else "among the messages"
            return f"its request is not {where}"
        if said is None and self._rows.is_cut:
            return "its reply is not loaded"
        # Else what comes after a request that is loaded is loaded, too.
        if said is None:
            doubt = "" if self._rows.knows_failure(index) else ": too old to tell whether it failed"
            return f"no reply{doubt}"
        # What is said stays on the screen while the reply may come.
        until = f" by {fmt.clock(self.view.state.at_s)}" if said.is_open and self.view else ""
        return f"no reply{until}: {said.text}"

    def _is_open(self, message: Message) -> bool:
        """Return whether it has no reply yet: of those with one id, the one sent back then."""
        key = message.instance_id, message.message_id or ""
        if message.direction != "outbound" or key not in self._since:
            return False
        since_s, sent_s = self._since[key], message.time_s
        if since_s is None or sent_s is None:
            return True
        # While clocks are put back, an open request is taken for as young as its time may mean.
        return datetime.fromtimestamp(sent_s) == datetime.fromtimestamp(since_s)

    def _age(self, message: Message, view: View) -> str:
        """Return for how long a request is open, after a blank; `''` if its time does not tell."""
        since_s = self._since[message.instance_id, message.message_id or ""]
        at_s = view.state.at_s
        if since_s is None or message.time_s is None or since_s > at_s + AHEAD_S:
            return ""
        return f" {fmt.ago(since_s, at_s)}"

    @staticmethod
    def _is_stuck(message: Message, view: View) -> bool:
        instance = view.by_id.get(message.instance_id)
        return instance is not None and instance.state is State.STUCK


def _after(message: Message, failure: TimelineEvent) -> str:
    if message.time_s is None or failure.time_s is None:
        return ""
    return f" after {fmt.duration(failure.time_s - message.time_s)}"

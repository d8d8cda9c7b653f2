"""What was asked in the exchanges that audit events tell of. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from logging_core.analyse.lives import life_begin_s
from logging_core.records import AuditEvent, Message

MAX_CHARS = 120
"""So much of a request is shown in a row."""


class Requests:
    """The requests among some messages, by the events that name them.

    Args:
        messages: By time, oldest first.
        spawned: When each life of each instance began, ascending, as far as is known.
    """

    def __init__(
        self,
        messages: Iterable[Message] = (),
        spawned: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> None:
        self._spawned = spawned
        self._sent: defaultdict[tuple[str, str], list[Message]] = defaultdict(list)
        for message in messages:
            if message.direction == "outbound" and message.message_id and message.content:
                self._sent[message.instance_id, message.message_id].append(message)

    def text(self, event: AuditEvent) -> str:
        """Return the beginning of what was asked, in one line; empty if that is not known.

        Of requests with one id, which lives of an instance may have, it is the last one before the
        event, in its life.
        """
        if event.instance_id is None or event.message_id is None:
            return ""
        until_s = math.inf if event.time_s is None else event.time_s
        from_s = life_begin_s(self._spawned.get(event.instance_id, ()), event.time_s)
        for message in reversed(self._sent.get((event.instance_id, event.message_id), ())):
            if message.time_s is None or from_s < message.time_s <= until_s:
                return " ".join((message.content or "")[: 2 * MAX_CHARS].split())[:MAX_CHARS]
        return ""

"""Why an instance is in its state, in words for a person: what was asked of it, what it said. Pure.

The state's own reason names a message by its id; here the message itself is looked up among the
newest of the fleet, near the moment that the state is from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from logging_core.analyse.state import FleetState, InstanceState, State
from logging_core.records import Message
from madrox_tui.panels.timeline.entries import entry_text

NEAR = 32
"""So many messages before and after a moment are looked at: clocks differ, and some come late."""

MAX_CHARS = 240
"""The most characters of a message that are shown."""

_FORCED = re.compile(r"terminated \(force=(True|False)\)")


def why(instance: InstanceState, state: FleetState) -> str:
    """What was asked of one that works, what one that rests said or was told last, or the reason.

    Args:
        instance: One of the fleet, or a branch of it as one.
        state: The fleet at that moment.
    """
    if instance.state in {State.BUSY, State.STUCK} and instance.open_requests:
        request = instance.open_requests[0]

        def asks(message: Message) -> bool:
            return message.message_id == request.message_id and message.direction == "outbound"

        asked = _found(state.messages, instance.instance_id, request.since_s, asks)
        return asked or instance.reason
    if instance.state is State.IDLE:
        last = next((of for what, of in _LAST if instance.reason.startswith(what)), None)
        said = last and _found(state.messages, instance.instance_id, instance.since_s, last)
        return said or instance.reason
    return plainly(instance.reason)


def plainly(reason: str) -> str:
    """A reason in words, where the tree has it as a program prints it."""
    return _FORCED.sub(lambda found: "killed" if found[1] == "True" else "terminated", reason)


def _replies(message: Message) -> bool:
    return message.direction == "inbound"


def _communicates(message: Message) -> bool:
    return message.event_type == "communication"


_LAST = (("reply", _replies), ("communication", _communicates))
"""How the reason begins of one that rests, and which message it is about."""


def _found(
    messages: Sequence[Message],
    instance_id: str,
    time_s: float | None,
    wanted: Callable[[Message], bool],
) -> str:
    """The beginning of the last such message of an instance about then; `''` if there is none."""
    if time_s is None:
        return ""
    place = _first_after(messages, time_s)
    for message in reversed(messages[max(0, place - NEAR) : place + NEAR]):
        if message.instance_id == instance_id and wanted(message):
            return _beginning(entry_text(message))
    return ""


def _first_after(messages: Sequence[Message], time_s: float) -> int:
    """Where the messages after a moment begin, as far as they are in the order of time."""
    low, high = 0, len(messages)
    while low < high:
        middle = (low + high) // 2
        if _time(messages, middle) <= time_s:
            low = middle + 1
        else:
            high = middle
    return low


def _time(messages: Sequence[Message], index: int) -> float:
    """When a message was, or the one before it if it does not say."""
    for place in range(index, max(-1, index - NEAR), -1):
        time_s = messages[place].time_s
        if time_s is not None:
            return time_s
    return -math.inf


def _beginning(text: str) -> str:
    """The first line that says anything."""
    lines = (" ".join(line.split()) for line in text[: 4 * MAX_CHARS].split("\n"))
    return next(filter(None, lines), "")[:MAX_CHARS]

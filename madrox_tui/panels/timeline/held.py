"""What the timeline shows of a state, and which messages that holds. Pure."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from logging_core.analyse.state import FleetState, TimelineEvent
from logging_core.records import Message
from madrox_tui.panels.timeline.entries import Entry

E = TypeVar("E", Message, TimelineEvent)


class Known(enum.Enum):
    """Which messages a state holds.

    Attributes:
        ALL: All there are, or none can be read besides.
        NEWEST: The newest of all.
        OF_EACH: The newest of each instance, which reach back to different times.
    """

    ALL = enum.auto()
    NEWEST = enum.auto()
    OF_EACH = enum.auto()


class Wanted(msgspec.Struct, frozen=True):
    """Which rows are shown.

    Attributes:
        ids: Only rows of these instances; `None` for all rows, including those of the whole fleet.
        events: Whether events are shown besides messages.
    """

    ids: frozenset[str] | None = None
    events: bool = True

    def holds(self, entry: Entry) -> bool:
        """Return whether an entry passes `ids`."""
        return self.has(entry.instance_id)

    def has(self, instance_id: str) -> bool:
        """Return whether rows of an instance pass `ids`."""
        return self.ids is None or instance_id in self.ids


def whole_from_s(state: FleetState, wanted: Wanted, known: Known) -> float:
    """Return from when on no message that is wanted is missing in a state.

    Args:
        state: The fleet.
        wanted: Whose messages.
        known: Which messages the state holds.
    """
    if known is Known.ALL:
        return -math.inf
    if known is Known.NEWEST:
        return state.dropped_until_s
    firsts: dict[str, float] = {}
    for message in filter(wanted.holds, state.messages):
        if message.time_s is not None:
            firsts.setdefault(message.instance_id, message.time_s)
    if not firsts:
        return state.at_s
    for one in state.instances:
        if one.usage.requests and one.last_activity_s is not None and wanted.has(one.instance_id):
            firsts.setdefault(one.instance_id, one.last_activity_s)  # what it said was before
    return max(firsts.values())


def continues(before: FleetState, state: FleetState) -> bool:
    """Return whether `state` continues `before`: same order, and nothing missing in between."""
    return (
        before.caught_up
        and before.reordered == state.reordered
        and _is_joined(
            before.messages, before.dropped_messages, state.messages, state.dropped_messages
        )
        and _is_joined(before.events, before.dropped_events, state.events, state.dropped_events)
    )


def _is_joined(old: Sequence[E], old_first: int, new: Sequence[E], first: int) -> bool:
    last = old_first + len(old) - 1 - first
    return (last == -1 and not old) or (0 <= last < len(new) and new[last] is old[-1])

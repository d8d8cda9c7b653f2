"""What is known of one instance besides its state: names, times, its pane, what it said."""

from __future__ import annotations

import enum
import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from logging_core.records import FrameRef, Message
from logging_core.text import beginning

FUTURE_S = 300.0
"""A record so far ahead of the clock does not tell when an instance was last active."""

_MIN_PUT_BACK_S = 1800.0

PULSE_MINUTES = 60
"""Of so many minutes at least it is known how many records each had."""

_PULSE_S = 60.0 * PULSE_MINUTES

TOLD = "communication"
"""The event type of what an instance tells another, and why one rests after that."""

SAID_CHARS = 240
"""Of how a message begins so many characters are told."""

_KEPT_CHARS = 4 * SAID_CHARS

FIELDS = (
    "instance_name",
    "role",
    "instance_type",
    "model",
    "parent_instance_id",
    "tmux_session",
)
"""What metadata and audit details may say about an instance, under these names."""


class Rank(enum.IntEnum):
    """What tells of an instance; of two that are of one moment the greater counts."""

    LOG = 0
    AUDIT = 1
    METADATA = 2


class Identity:
    """Names and settings: of each the newest that is known, whatever the order of arrival.

    Attributes:
        asked_parent_id: Whom its communications name as the parent; may be nobody we know.
    """

    __slots__ = ("_known", "asked_parent_id")

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, int, str]] = {}
        self.asked_parent_id: str | None = None

    def learn(self, at_s: float | None, values: Mapping[str, Any], rank: Rank) -> None:
        """Take in the `FIELDS` of `values` that are texts: an empty or absent one says nothing."""
        time_s = -math.inf if at_s is None else at_s
        for field in FIELDS:
            value = values.get(field)
            if isinstance(value, str) and value:
                self._note(field, (time_s, rank.value, value))

    def merge(self, other: Identity) -> None:
        """Take in what `other` knows; whom it names last as the parent is the newest."""
        for field, told in other._known.items():
            self._note(field, told)
        if other.asked_parent_id is not None:
            self.asked_parent_id = other.asked_parent_id

    def get(self, field: str) -> str | None:
        """The newest known value."""
        known = self._known.get(field)
        return None if known is None else known[-1]

    def parent(self, is_known: Callable[[str], bool]) -> str | None:
        """Whose child it says to be, if only to one that is known."""
        parent = self.get("parent_instance_id")
        if parent is None and self.asked_parent_id is not None and is_known(self.asked_parent_id):
            return self.asked_parent_id
        return parent

    def _note(self, field: str, told: tuple[float, int, str]) -> None:
        known = self._known.get(field)
        if known is None or known[:2] <= told[:2]:
            self._known[field] = told


class Creation:
    """The earliest creation that the tree records."""

    __slots__ = ("_exact_s", "_second_s")

    def __init__(self) -> None:
        self._exact_s: float | None = None
        self._second_s: float | None = None

    def add(self, at_s: float | None, *, whole_second: bool = False) -> None:
        """Take a creation time in; one in whole seconds may be up to a second later in truth."""
        if at_s is None:
            return
        if whole_second:
            self._second_s = at_s if self._second_s is None else min(at_s, self._second_s)
        else:
            self._exact_s = at_s if self._exact_s is None else min(at_s, self._exact_s)

    @property
    def at_s(self) -> float | None:
        """The earliest; an exact time is preferred to its own second."""
        if self._exact_s is None or self._second_s is None:
            return self._second_s if self._exact_s is None else self._exact_s
        return self._second_s if self._second_s + 1 <= self._exact_s else self._exact_s


class Activity:
    """When an instance was heard of last, records from the future left out; and how often."""

    __slots__ = ("_before_s", "_is_believed", "_last_s", "_minutes", "_times")

    def __init__(self) -> None:
        self._minutes = array("I")  # in order, and how many records each had
        self._times = array("I")
        self._last_s = -math.inf
        self._before_s = -math.inf  # the newest that is older by more than a jump of the clock
        self._is_believed = False  # whether the last one was, before the reader's clock went back

    def add(self, at_s: float | None) -> None:
        """Take the time of a record in."""
        if at_s is not None:
            self._count(int(at_s // 60), 1)
            self.note(at_s)

    def note(self, at_s: float | None) -> None:
        """It was heard of at a moment, by what is no record that counts."""
        if at_s is None:
            return
        if at_s > self._last_s:
            if at_s > self._last_s + FUTURE_S:
                self._before_s, self._is_believed = self._last_s, False
            self._last_s = at_s
        elif self._before_s < at_s < self._last_s - FUTURE_S:
            self._before_s = at_s

    def add_all(self, times: Sequence[float]) -> None:
        """Take the times of many records in, in file order."""
        newest_s = max(times)
        # A clock that jumped ahead must not hide the newest record that can be believed.
        before_s = next((t for t in reversed(times) if t < newest_s - FUTURE_S), None)
        if before_s is not None:
            self.note(before_s)
        self.note(newest_s)
        from_s = max(self._counts_from_s(), newest_s - _PULSE_S)
        if from_s <= newest_s:
            minutes = Counter([t // 60 for t in times if t >= from_s])
            for minute, count in minutes.items():
                self._count(int(minute), count)

    def _counts_from_s(self) -> float:
        """When the oldest minute begins that is not outnumbered by newer ones."""
        known = len(self._minutes) >= PULSE_MINUTES
        return 60.0 * self._minutes[-PULSE_MINUTES] if known else 0.0

    def per_minute(self, now_s: float, minutes: int) -> tuple[int, ...]:
        """How many records each of the last minutes had, the current one last."""
        first = int(now_s // 60) - minutes + 1
        counts = [0] * minutes
        for place in range(bisect_left(self._minutes, first), len(self._minutes)):
            ago = self._minutes[place] - first
            if ago < minutes:
                counts[ago] = self._times[place]
        return tuple(counts)

    def _count(self, minute: int, times: int) -> None:
        place = bisect_left(self._minutes, minute)
        if place < len(self._minutes) and self._minutes[place] == minute:
            self._times[place] += times
            return
        self._minutes.insert(place, minute)
        self._times.insert(place, times)
        if len(self._minutes) > 2 * PULSE_MINUTES:
            del self._minutes[:PULSE_MINUTES], self._times[:PULSE_MINUTES]

    def last_s(self, now_s: float) -> float | None:
        """The newest time up to `FUTURE_S` after now.

        What is later is forgotten, unless it was not later when this was asked before: then it is
        the clock that is asked by that was put back, and may be put right.
        """
        latest_s = now_s + FUTURE_S
        if self._last_s > latest_s and not self._is_believed:
            self._last_s, self._before_s = self._before_s, -math.inf
        self._is_believed = self._is_believed or self._last_s <= latest_s
        for at_s in (self._last_s, self._before_s):
            if at_s <= latest_s:
                return at_s if at_s > -math.inf else None
        return None

    def same_until_s(self, now_s: float) -> float:
        """Up to which moment `last_s` is the same as now if it is not heard of again."""
        is_ahead = self._last_s > now_s + FUTURE_S
        return math.nextafter(self._last_s - FUTURE_S, -math.inf) if is_ahead else math.inf


class PaneChange:
    """The captures of one pane: how many, the newest, and when they last differed.

    Attributes:
        frames: How many.
        newest: The last of them, without its `tail`.
        tail: That, see `FrameRef`, as UTF-8.
    """

    __slots__ = ("_before", "_changed_before_s", "frames", "newest", "tail")

    def __init__(self) -> None:
        self.frames = 0
        self.newest: FrameRef | None = None
        self._before: FrameRef | None = None
        self._changed_before_s: float | None = None
        self.tail = b""  # what frames programs draw has two bytes a character as text

    def add(self, ref: FrameRef) -> bool:
        """Take a capture in; the same one again, grown, replaces what was known of it.

        Returns:
            Whether it is another one.
        """
        newest = self.newest
        is_new = newest is None or (ref.path, ref.offset) != (newest.path, newest.offset)
        if is_new:
            self._changed_before_s = self.changed_s
            self._before = newest
            self.frames += 1
        self.newest = msgspec.structs.replace(ref, tail="")
        self.tail = ref.tail.encode()
        return is_new

    @property
    def changed_s(self) -> float | None:
        """When the pane last showed something different; its first capture counts."""
        newest, before = self.newest, self._before
        if newest is None or newest.time_s is None:
            return self._changed_before_s
        if before is not None and before.shows_same(newest):
            return self._changed_before_s
        return newest.time_s


def latest_reading(time_s: float, now_s: float) -> float:
    """The latest moment up to `now_s` at which a clock on the wall shows the same as at `time_s`.

    An hour later while clocks are put back, as the tree does not tell the two hours apart and what
    is looked at now is more likely to be new than old; else `time_s` itself.
    """
    if now_s - time_s < _MIN_PUT_BACK_S:
        return time_s
    again_s = _again_s(time_s)
    return again_s if time_s < again_s <= now_s else time_s


def same_reading_until_s(time_s: float, now_s: float) -> float:
    """Up to which moment `latest_reading` is the same as now."""
    again_s = _again_s(time_s)
    return math.nextafter(again_s, -math.inf) if again_s > max(time_s, now_s) else math.inf


def _again_s(time_s: float) -> float:
    """When a clock on the wall shows the same again; earlier or the same if it does not."""
    return datetime.fromtimestamp(time_s).replace(fold=1).timestamp()


class Sayings:
    """What an instance said last, and what was communicated last, each by how it begins."""

    __slots__ = ("_replied", "_told")

    def __init__(self) -> None:
        self._replied = self._told = (-math.inf, "")

    def add(self, message: Message, at_s: float | None) -> None:
        """Take in a message to it, or from it."""
        said = (-math.inf if at_s is None else at_s, (message.content or "")[:_KEPT_CHARS])
        if message.direction == "inbound" and said[0] >= self._replied[0]:
            self._replied = said
        if message.event_type == TOLD and said[0] >= self._told[0]:
            self._told = said

    def last(self, reason: str) -> str:
        """Return what was communicated, if that is the reason of its state; else what it said."""
        return beginning((self._told if reason.startswith(TOLD) else self._replied)[1], SAID_CHARS)

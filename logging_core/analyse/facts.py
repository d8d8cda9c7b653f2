"""What is known of one instance besides its state: its creation, its pane, what it said."""

from __future__ import annotations

import math

import msgspec

from logging_core.event_types import COMMUNICATION
from logging_core.records import FrameRef, Message
from logging_core.text import beginning

SAID_CHARS = 240
"""Of how a message begins so many characters are told."""

_KEPT_CHARS = 4 * SAID_CHARS


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

        Its file may have another name by then, and what has its name may be another file.

        Returns:
            Whether it is another one.
        """
        newest = self.newest
        is_new = newest is None or (ref.time_s, ref.offset) != (newest.time_s, newest.offset)
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
        if message.event_type == COMMUNICATION and said[0] >= self._told[0]:
            self._told = said

    def last(self, reason: str) -> str:
        """Return what was communicated, if that is the reason of its state; else what it said."""
        _, text = self._told if reason.startswith(COMMUNICATION) else self._replied
        return beginning(text, SAID_CHARS)

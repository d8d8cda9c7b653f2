"""Which file of a log is which: each one's inode and content against what was read before.

The inode of a deleted file goes to the next one that is made. So whoever compresses several parts
gives each of them the inode of the one before, and all are known by their content alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from logging_core.read.cursor import UNREAD
from logging_core.read.files import FileId, Part, Source, open_regular
from logging_core.read.forward import source_on
from logging_core.read.tracked import Feed, Tracked, Turn
from logging_core.tree import classify

REWRITTEN = "truncated or rewritten: read from its start"
"""The problem of a file whose bytes are no longer those that were read."""

REPLACED = "replaced by another file: lines may be lost"
"""The problem of a file that another one stands in the place of."""

GAPS = frozenset({REWRITTEN, REPLACED})
"""The problems of files that can be read, but of which lines may be lost."""

_KEPT = 8  # vanished files that are remembered, to know them in a copy
_NO_FILE: FileId = (0, 0)  # of a position: its inode is another file's by now

_NOTHING: Mapping[Any, Any] = {}  # of thousands of logs, between two looks

T = TypeVar("T")


class Known(Generic[T]):
    """The files of one log that something is known of.

    Args:
        root: Of the tree.
        make: Makes the feed of a new file.

    Attributes:
        present: During a look, the files as they were listed last.
    """

    __slots__ = ("_displaced", "_files", "_growing", "_lost", "_make", "_root", "present")

    def __init__(self, root: Path, make: Callable[[], Feed[T]]) -> None:
        self._root = root
        self._make = make
        self._files: dict[FileId, Tracked[T]] = {}
        self._lost: dict[FileId, Tracked[T]] = {}  # vanished
        self._displaced: tuple[Tracked[T], ...] = ()  # and another file has their inode or name
        self._growing: dict[FileId, tuple[int, int]] = {}
        self.present: Mapping[FileId, Part] = _NOTHING

    def begin(self, part: Part) -> Tracked[T]:
        """A file of which nothing was read."""
        tracked = self._files[part.id] = Tracked.begin(part, self._make())
        return tracked

    def forget(self) -> None:
        """Begin anew with all files that are there."""
        self._files = {}

    def are_all_in(self, parts: Sequence[Part]) -> bool:
        """Whether a listing has every file that was there before."""
        return self._files.keys() <= {part.id for part in parts}

    def note(self, parts: Sequence[Part]) -> None:
        """Take over a listing."""
        self.present = {part.id: part for part in parts}
        for id_ in [id_ for id_ in self._files if id_ not in self.present]:
            self._lost[id_] = self._files.pop(id_)

    def end_look(self, *, settled: bool) -> list[tuple[str, Sequence[T]]]:
        """Forget what no file can be a copy of any more if it is `settled` which one each is.

        Returns:
            By path, what waited for the rest of itself in files that are gone.
        """
        self.present = _NOTHING
        if not settled:
            return []
        gone = [file for file in (*self._displaced, *self._lost.values()) if not file.copied]
        self._displaced = ()
        while len(self._lost) > _KEPT:
            del self._lost[next(iter(self._lost))]
        return [(file.path, items) for file in gone if (items := file.feed.end())]

    def positions(self, *, vanished_too: bool) -> dict[str, list[int]]:
        """See `LogTail.positions`."""
        positions = {tracked.path: _position(id_, tracked) for id_, tracked in self._files.items()}
        displaced = [(_NO_FILE, tracked) for tracked in self._displaced]
        for id_, tracked in [*self._lost.items(), *displaced] if vanished_too else ():
            path = tracked.path
            while path in positions:  # other files may have its name and its inode by now
                path += "~"
            positions[path] = _position(_NO_FILE if id_ in self._files else id_, tracked)
        return positions

    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """Go on at `positions`."""
        for path, (dev, ino, _, _, checked, crc, *position) in positions.items():
            feed = self._make()
            feed.resume(position)
            file = classify(path)
            generation = 0 if file is None else file.generation
            tracked = Tracked(path, generation, feed, checked, crc)
            if (dev, ino) == _NO_FILE:
                self._displaced += (tracked,)
            else:
                self._files[dev, ino] = tracked

    def get(self, part: Part) -> Tracked[T] | None:
        """What is known of a file that is there, by its inode; it may be another one's."""
        tracked = self._files.get(part.id)
        if tracked is not None and part.log.generation < tracked.generation:
            self._displace(part.id)  # rotation only counts up: this is a deleted file's inode
            return None
        return tracked

    def identify(
        self, part: Part, source: Source, turn: Turn[T], *, fresh: bool
    ) -> Tracked[T] | None:
        """What is known of the file that was just opened; `None` to look at it again later.

        Args:
            part: The file as it was listed.
            source: Its bytes.
            turn: Is given its problem, if there is one.
            fresh: Nothing of the log was read before.
        """
        known = self._files.get(part.id)
        tracked = known or self._lost.get(part.id)
        if tracked is not None and tracked.may_be(part) and tracked.is_in(source):
            if known is None:
                del self._lost[part.id]
        elif not fresh and source.find_trouble() and self._grows(part):
            return None
        else:
            tracked = self._find_copied(part, source)
            is_replaced = self._forget_replaced(part)
            if tracked is None:
                tracked = Tracked.begin(part, self._make())
                if known is not None and known.path == part.path and not known.copied:
                    turn.problems.append((part.path, REWRITTEN))
                elif is_replaced:
                    turn.problems.append((part.path, REPLACED))
        if tracked is not known:
            self._displace(part.id)
        self._files[part.id] = tracked
        return tracked

    def _displace(self, id_: FileId) -> None:
        """Remember what had an inode that is another file's now: a copy of it may come yet."""
        if id_ in self._files:
            self._displaced += (self._files.pop(id_),)

    def _grows(self, part: Part) -> bool:
        """Whether a part has changed since the last look at it."""
        mark = (part.size, part.mtime_ns)
        if self._growing.pop(part.id, None) == mark:
            return False
        self._growing[part.id] = mark
        return True

    def _forget_replaced(self, part: Part) -> bool:
        """Whether another file had this live one's name before; not remembered for long then."""
        replaced = [id_ for id_, lost in self._lost.items() if lost.path == part.path]
        if not part.live:
            return False
        self._displaced += tuple([self._lost.pop(id_) for id_ in replaced])
        return bool(replaced)

    def _find_copied(self, part: Part, source: Source) -> Tracked[T] | None:
        """The file that this new one is a copy of, copied or compressed."""
        candidates = [*self._lost.values(), *self._displaced]
        for id_, tracked in self._files.items():
            other = self.present[id_]
            if other.log.compressed != part.log.compressed or not self._is_intact(tracked, other):
                candidates.append(tracked)
        for tracked in candidates:
            if tracked.is_begun and tracked.is_in(source):
                tracked.copied = True
                self._lost = {id_: lost for id_, lost in self._lost.items() if lost is not tracked}
                self._displaced = tuple(gone for gone in self._displaced if gone is not tracked)
                return replace(tracked, feed=copy.copy(tracked.feed), mark=None, copied=False)
        return None

    def _is_intact(self, tracked: Tracked[T], part: Part) -> bool:
        """Whether a file still holds what was read of it."""
        if tracked.mark is not None and tracked.mark[:2] == (part.size, part.mtime_ns):
            return True
        with suppress(OSError), open_regular(str(self._root / part.path)) as fd:
            return tracked.is_in(source_on(fd, None))
        return False


def _position(id_: FileId, tracked: Tracked[Any]) -> list[int]:
    mark = UNREAD if tracked.mark is None or tracked.feed.waits else tracked.mark[:2]
    seen = tracked.seen or (tracked.checked, tracked.crc)
    return [*id_, *mark, *seen, *tracked.feed.position()]

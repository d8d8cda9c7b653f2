"""Follows one log through everything that happens to its files.

A log is a set of files: the live one, rotated ones, compressed ones. Each file is known by device
and inode, and by a checksum of its first bytes and of those before the place it was read up to,
because a file system gives the inode of a deleted file to the next one. So every file is read on
from where it was, under whatever name it now has, oldest first:

- renamed and created anew: the old file is read to its end, then the new one;
- truncated, rewritten, or deleted and created anew: read from the start, and a problem says so;
- copied or compressed: known by its content, and read on from the same place.

No descriptor is kept open between two looks.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from logging_core.read.files import FileId, Part, Source, open_regular
from logging_core.read.forward import ForwardSource, source_on
from logging_core.read.lines import LIMIT
from logging_core.read.tracked import Feed, Tracked, Turn
from logging_core.tree import classify

TURN = LIMIT
"""So many bytes are read at a time: no less, or a line longer than that could not be passed."""

REWRITTEN = "truncated or rewritten: read from its start"
"""The problem of a file whose bytes are no longer those that were read."""

REPLACED = "replaced by another file: lines may be lost"
"""The problem of a file that another one stands in the place of."""

GAPS = frozenset({REWRITTEN, REPLACED})
"""The problems of files that can be read, but of which lines may be lost."""

FEED = 4
"""So many numbers of a position are about the file; those of its feed follow."""

_KEPT = 8  # vanished files that are remembered, to know them in a copy
_LOOKS = 3  # listings that may be overtaken by renames, one after the other
_NEVER = 1 << 62
_WIDER = 8  # times as much of the end of a log that has no whole line there

_NOTHING: Mapping[Any, Any] = {}  # of thousands of logs that are all well, and at rest
_NONE: frozenset[str] = frozenset()

T = TypeVar("T")
Relist = Callable[[], Sequence[Part]]


class _OvertakenError(Exception):
    """A file was renamed between listing and opening."""


class LogTail(Generic[T]):
    """Reads one log, each record once.

    Args:
        root: Of the tree.
        make: Makes the feed of a new file.
        history: Read only so many bytes at the end of what is there at the first look, or more
            where no item begins in them (up to `TURN`), and no compressed part; 0 for nothing,
            `None` for all.
    """

    __slots__ = (
        "_failing",
        "_files",
        "_fresh",
        "_growing",
        "_history",
        "_linked",
        "_lost",
        "_make",
        "_present",
        "_root",
        "_unpacked",
    )

    def __init__(
        self, root: Path, make: Callable[[], Feed[T]], *, history: int | None = None
    ) -> None:
        self._root = root
        self._make = make
        self._history = history
        self._fresh = True
        self._files: dict[FileId, Tracked[T]] = {}
        self._lost: dict[FileId, Tracked[T]] = {}
        self._growing: dict[FileId, tuple[int, int]] = {}
        self._failing: Mapping[str, str] = _NOTHING
        self._linked: frozenset[str] = _NONE  # second names that were told
        self._present: Mapping[FileId, Part] = _NOTHING
        self._unpacked: ForwardSource | None = None  # the part that is being read

    def poll(self, parts: Sequence[Part], relist: Relist, budget: int = TURN) -> Turn[T]:
        """Read what is new, up to about `budget` bytes.

        Args:
            parts: The log's files as listed, oldest first.
            relist: Lists them again, for when a rename overtook the listing.
            budget: The last read may go beyond it by one `TURN`.
        """
        turn = self._look(parts, relist, budget)
        while self._fresh and self._history and not turn.items and self._leaves_out(parts):
            self._history = min(_WIDER * self._history, TURN)
            self._files = {}
            known, turn = turn.problems, self._look(parts, relist, budget)
            turn.problems[:0] = known
        self._fresh = False
        return turn

    def _look(self, parts: Sequence[Part], relist: Relist, budget: int) -> Turn[T]:
        turn = Turn[T](budget)
        if self._fresh and self._history is not None:
            self._leave_out(parts, self._history)
        for _ in range(_LOOKS):
            parts = self._settle(parts, relist)
            self._note_lost(parts)
            try:
                self._read_all(parts, turn)
            except _OvertakenError:
                parts = relist()
                continue
            break
        else:
            turn.failed = True
        self._present = _NOTHING
        while len(self._lost) > _KEPT:
            del self._lost[next(iter(self._lost))]
        return turn

    def positions(self) -> dict[str, list[int]]:
        """Where to go on after a restart: of each path device, inode, check, and position."""
        return {
            tracked.path: [*id_, tracked.checked, tracked.crc, *tracked.feed.position()]
            for id_, tracked in self._files.items()
        }

    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """Go on at `positions`."""
        self._fresh = False
        for path, (dev, ino, checked, crc, *position) in positions.items():
            feed = self._make()
            feed.resume(position)
            file = classify(path)
            generation = 0 if file is None else file.generation
            self._files[dev, ino] = Tracked(path, generation, feed, checked, crc)

    def begin(self, part: Part, offset: int | None, *, aligned: bool = True) -> None:
        """Read a file only from `offset` on; `None`: not at all. See `Feed.skip_to`."""
        tracked = Tracked.begin(part, self._make())
        tracked.feed.skip_to(_NEVER if offset is None else offset, aligned=aligned)
        self._files[part.id] = tracked

    # --- which file is which -------------------------------------------------

    def _settle(self, parts: Sequence[Part], relist: Relist) -> Sequence[Part]:
        """List again if a file is missing: a listing may miss one that is just being renamed."""
        for _ in range(2):
            if self._files.keys() <= {part.id for part in parts}:
                break
            parts = relist()
        return parts

    def _note_lost(self, parts: Sequence[Part]) -> None:
        self._present = {part.id: part for part in parts}
        for id_ in [id_ for id_ in self._files if id_ not in self._present]:
            self._lost[id_] = self._files.pop(id_)

    def _leaves_out(self, parts: Sequence[Part]) -> bool:
        """Whether there is more to be had before what was read."""
        size = sum(part.size for part in parts if not part.log.compressed)
        return self._history is not None and self._history < min(size, TURN)

    def _leave_out(self, parts: Sequence[Part], left: int) -> None:
        """Begin `left` bytes before the end of what is there."""
        for part in reversed(parts):
            if part.log.compressed or (left <= 0 and not part.live):
                self.begin(part, None)
            elif part.size > left:
                self.begin(part, part.size - left - 1, aligned=False)
            left -= part.size

    def _identify(self, part: Part, source: Source, turn: Turn[T]) -> Tracked[T] | None:
        """What is known of the file that was just opened; `None` to look at it again later."""
        known = self._files.get(part.id) or self._lost.pop(part.id, None)
        if known is not None and not known.checked and known.path != part.path:
            known = None  # nothing was read by which it could be known again
        if known is not None and known.is_in(source):
            tracked: Tracked[T] | None = known
        elif known is not None and known.path == part.path and not known.copied:
            turn.problems.append((part.path, REWRITTEN))
            tracked = None
        elif not self._fresh and source.find_trouble() and self._grows(part):
            return None
        else:
            tracked = self._find_copied(part, source)
            if self._forget_replaced(part) and tracked is None:
                turn.problems.append((part.path, REPLACED))
        tracked = tracked or Tracked.begin(part, self._make())
        self._files[part.id] = tracked
        return tracked

    def _grows(self, part: Part) -> bool:
        """Whether a part has changed since the last look at it."""
        mark = (part.size, part.mtime_ns)
        if self._growing.pop(part.id, None) == mark:
            return False
        self._growing[part.id] = mark
        return True

    def _forget_replaced(self, part: Part) -> bool:
        """Whether another file had this live one's name before; no longer remembered then."""
        replaced = [id_ for id_, lost in self._lost.items() if lost.path == part.path]
        for id_ in replaced if part.live else ():
            del self._lost[id_]
        return part.live and bool(replaced)

    def _find_copied(self, part: Part, source: Source) -> Tracked[T] | None:
        """The file that this new one is a copy of, copied or compressed."""
        candidates = [*self._lost.values()]
        for id_, tracked in self._files.items():
            other = self._present[id_]
            if other.log.compressed != part.log.compressed or not self._is_intact(tracked, other):
                candidates.append(tracked)
        for tracked in candidates:
            if tracked.checked and tracked.is_in(source):
                tracked.copied = True
                self._lost = {id_: lost for id_, lost in self._lost.items() if lost is not tracked}
                return replace(tracked, feed=copy.copy(tracked.feed), mark=None, copied=False)
        return None

    def _is_intact(self, tracked: Tracked[T], part: Part) -> bool:
        """Whether a file still holds what was read of it."""
        if tracked.mark is not None and tracked.mark[:2] == (part.size, part.mtime_ns):
            return True
        with suppress(OSError), open_regular(str(self._root / part.path)) as fd:
            return tracked.is_in(source_on(fd, None))
        return False

    # --- reading -------------------------------------------------------------

    def _read_all(self, parts: Sequence[Part], turn: Turn[T]) -> None:
        for part in parts:
            if turn.left <= 0:
                turn.drained = False
                return
            if self._present[part.id] is not part:
                self._note_link(part, turn)
                continue
            try:
                self._read_part(part, turn)
            except FileNotFoundError:
                raise _OvertakenError from None
            except OSError as error:
                turn.failed = True
                self._fail(part.path, error.strerror or str(error), turn)
            if not turn.drained:
                return

    def _read_part(self, part: Part, turn: Turn[T]) -> None:
        tracked = self._files.get(part.id)
        if tracked is not None and part.log.generation < tracked.generation:
            del self._files[part.id]  # rotation only counts up: this is a deleted file's inode
            tracked = None
        if tracked is not None:
            unchanged = tracked.mark == (part.size, part.mtime_ns, part.live)
            if unchanged or tracked.feed.offset >= _NEVER:
                tracked.rename(part)
                return
        with open_regular(str(self._root / part.path)) as fd:
            source = source_on(fd, self._unpacked)
            if source is self._unpacked:
                self._unpacked = None
            if source.id != part.id:
                raise _OvertakenError
            tracked = self._identify(part, source, turn)
            if tracked is None:
                turn.failed = True
                return
            tracked.rename(part)
            self._drain(tracked, part, source, turn)
            if not turn.drained and isinstance(source, ForwardSource):
                self._unpacked = source if source.keep(tracked.feed.offset) else None
        if source.trouble is not None:
            self._fail(part.path, source.trouble, turn)
        elif part.path in self._failing:
            self._failing = {path: why for path, why in self._failing.items() if path != part.path}

    def _note_link(self, part: Part, turn: Turn[T]) -> None:
        """A file has two names, unless it was renamed while they were listed."""
        names = [part.path, self._present[part.id].path]
        with suppress(OSError):
            found = [os.lstat(self._root / name) for name in names]
            if part.path not in self._linked and os.path.samestat(*found):
                self._linked |= {part.path}
                turn.links.append((part.path, names[1]))

    def _drain(self, tracked: Tracked[T], part: Part, source: Source, turn: Turn[T]) -> None:
        feed, at_end = tracked.feed, False
        while not at_end and turn.left > 0:
            data = source.read(TURN, feed.offset)
            turn.left -= len(data)
            at_end = not source.reaches(feed.offset + len(data) + 1)
            final = at_end and not part.live and source.trouble is None
            if not data and not at_end:  # cut off while it was open
                turn.failed = True
                return
            if len(data) == TURN and not data.strip(b"\0"):
                feed.skip_to(max(source.after_hole(feed.offset), feed.offset + len(data)))
                continue
            items = feed.feed(data, at_end=at_end, final=final)
            if items:
                turn.items.append((part.path, items))
        turn.drained = at_end
        tracked.mark = (*source.mark, part.live) if at_end else None
        tracked.check(source)

    def _fail(self, path: str, reason: str, turn: Turn[T]) -> None:
        if self._failing.get(path) != reason:
            self._failing = {**self._failing, path: reason}
            turn.problems.append((path, reason))

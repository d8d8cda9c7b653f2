"""Follows one log through everything that happens to its files.

A log is a set of files: the live one, rotated ones, compressed ones. Each file is known by device
and inode, and by a checksum of its first bytes and of those before the place it was read up to,
because a file system gives the inode of a deleted file to the next one. So every file is read on
from where it was, under whatever name it now has, oldest first:

- renamed and created anew: the old file is read to its end, then the new one;
- truncated, rewritten, or deleted and created anew: read from the start, and a problem says so;
- copied or compressed: known by its content, and read on from the same place.

A last line without its newline comes once its file is no longer written to, or is gone: of that,
its beginning is kept.

No descriptor is kept open between two looks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from logging_core.read.cursor import UNREAD
from logging_core.read.files import Part, Source, open_regular
from logging_core.read.forward import ForwardSource, source_on
from logging_core.read.known import Known
from logging_core.read.lines import LIMIT
from logging_core.read.tracked import Feed, Tracked, Turn

TURN = LIMIT
"""So many bytes are read at a time: no less, or a line longer than that could not be passed."""

FEED = 6
"""So many numbers of a position are about the file; those of its feed follow."""

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
        "_fresh",
        "_history",
        "_known",
        "_linked",
        "_root",
        "_settled",
        "_unpacked",
    )

    def __init__(
        self, root: Path, make: Callable[[], Feed[T]], *, history: int | None = None
    ) -> None:
        self._root = root
        self._history = history
        self._fresh = True
        self._known = Known(root, make)
        self._settled = True  # it is known of every file that is there which one it is
        self._failing: Mapping[str, str] = _NOTHING
        self._linked: frozenset[str] = _NONE  # second names that were told
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
            self._known.forget()
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
            self._known.note(parts)
            try:
                self._read_all(parts, turn)
            except _OvertakenError:
                parts = relist()
                continue
            break
        else:
            turn.failed = True
        self._settled = turn.drained and not turn.failed
        self._forget_failing(self._failing.keys() - {part.path for part in parts}, turn)
        turn.items[:0] = self._known.end_look(settled=self._settled)
        return turn

    def positions(self) -> dict[str, list[int]]:
        """Where to go on after a restart, by path: see `cursor`; then check, and position.

        So also of vanished files, while there may be a copy of them that is not known as one yet;
        `~` after a path where another file has it by now.
        """
        positions = self._known.positions(vanished_too=not self._settled)
        for path in self._failing.keys() & positions.keys():
            positions[path][2:4] = UNREAD
        return positions

    def resume(self, positions: Mapping[str, Sequence[int]]) -> None:
        """Go on at `positions`."""
        self._fresh = self._settled = False
        self._known.resume(positions)

    def begin(self, part: Part, offset: int | None, *, aligned: bool = True) -> None:
        """Read a file only from `offset` on; `None`: not at all. See `Feed.skip_to`."""
        tracked = self._known.begin(part)
        if offset is not None:
            tracked.feed.skip_to(offset, aligned=aligned)
            return
        tracked.feed.skip_to(_NEVER)
        tracked.mark = (part.size, part.mtime_ns, part.live)
        with suppress(OSError), open_regular(str(self._root / part.path)) as fd:
            if part.log.compressed:
                tracked.leave_out(Source(fd))
            else:  # a copy of it must be known as one
                tracked.check(source_on(fd, None))

    def _settle(self, parts: Sequence[Part], relist: Relist) -> Sequence[Part]:
        """List again if a file is missing: a listing may miss one that is just being renamed."""
        for _ in range(2):
            if self._known.are_all_in(parts):
                break
            parts = relist()
        return parts

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

    # --- reading -------------------------------------------------------------

    def _read_all(self, parts: Sequence[Part], turn: Turn[T]) -> None:
        for part in parts:
            if turn.left <= 0:
                turn.drained = False
                return
            if self._known.present[part.id] is not part:
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
        tracked = self._known.get(part)
        mark = (part.size, part.mtime_ns, part.live)
        if tracked is not None and tracked.mark == mark:
            tracked.rename(part)
            return
        with open_regular(str(self._root / part.path)) as fd:
            if tracked is not None and part.log.compressed and tracked.is_left_out(Source(fd)):
                tracked.rename(part)
                tracked.mark = mark
                return
            source = source_on(fd, self._unpacked)
            if source is self._unpacked:
                self._unpacked = None
            if source.id != part.id:
                raise _OvertakenError
            tracked = self._known.identify(part, source, turn, fresh=self._fresh)
            if tracked is None:
                turn.failed = True
                return
            tracked.rename(part)
            self._drain(tracked, part, source, turn)
            if not turn.drained and isinstance(source, ForwardSource):
                self._unpacked = source if source.keep(tracked.feed.offset) else None
        if source.trouble is not None:
            self._fail(part.path, source.trouble, turn)
        else:
            self._forget_failing({part.path}, turn)

    def _note_link(self, part: Part, turn: Turn[T]) -> None:
        """A file has two names, unless it was renamed while they were listed."""
        names = [part.path, self._known.present[part.id].path]
        with suppress(OSError):
            found = [os.lstat(self._root / name) for name in names]
            if part.path not in self._linked and os.path.samestat(*found):
                self._linked |= {part.path}
                turn.links.append((part.path, names[1]))

    def _drain(self, tracked: Tracked[T], part: Part, source: Source, turn: Turn[T]) -> None:
        feed = tracked.feed
        at_end = feed.offset >= _NEVER
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

    def _forget_failing(self, paths: AbstractSet[str], turn: Turn[T]) -> None:
        """These can be read, or are gone."""
        readable = self._failing.keys() & paths
        if readable:
            self._failing = {p: why for p, why in self._failing.items() if p not in readable}
            turn.readable += sorted(readable)

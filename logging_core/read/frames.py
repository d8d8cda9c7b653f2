"""Where the captures of a pane stand in its file, and the text of one of them."""

from __future__ import annotations

import errno
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from logging_core.anomalies import AnomalyKind
from logging_core.codec.entries import Unreadable
from logging_core.codec.pane import FRAME_RULE, TAIL_BYTES, pane_tail, restore_pane, screen_sum
from logging_core.codec.times import parse_time
from logging_core.read.files import Source, open_regular
from logging_core.records import FrameRef
from logging_core.text import safe_pane
from logging_core.tree import local_path

MAX_SHOWN = 4 << 20
"""Of a larger frame only so many bytes at its end are read."""

HEADER_SIZE = 1 + 80 + 2 + 35 + 2 + 80 + 1
"""The bytes of the longest header there can be."""

_HELD = max(HEADER_SIZE, TAIL_BYTES)
"""So much of what the open frame ends with is read again with what follows, and not kept."""

_RULE_LINE = b"\n" + FRAME_RULE + b"\n"
_STAMP = rb"\[([0-9T:.+Z-]{10,35})\]"
# Its last rule is no part of a match: it may be the first one of the next header, if this one was
# cut off.
_HEADER = re.compile(_RULE_LINE + _STAMP + b"(?=" + _RULE_LINE + b")")
_BEGUN_HEADER = re.compile(_RULE_LINE + b"(?:" + _STAMP + rb"\n)?\Z")
_STRANGE = "text before the first frame"


class FrameSpan(NamedTuple):
    """Where one frame stands: what a `FrameRef` says but for whose it is, and in which file."""

    offset: int
    body_offset: int
    end: int
    time_s: float
    digest: int
    screen: int
    suspect: tuple[str, ...]
    tail: str = ""


class Header(NamedTuple):
    """Where one frame begins.

    Attributes:
        offset: Of the header's first byte.
        body_offset: Of the pane text's first byte.
        time_s: When the pane was captured.
    """

    offset: int
    body_offset: int
    time_s: float

    def body_before(self, end: int) -> int:
        """Where its text begins if it ends at `end`: there, if its last rule is the next one's."""
        return min(self.body_offset, end)


def find_headers(data: bytes, base: int) -> Iterator[Header]:
    """The headers in the bytes at offset `base` of a capture file.

    Three lines that look like a header but hold no time are pane text. The very first header of a
    file may lack its newline. One that was cut off after its time, or just before its end, has its
    last rule or newline from the one that follows, which begins with these all the same.
    """
    shift = 1 if base == 0 and data[:1] == b"=" else 0
    for match in _HEADER.finditer(b"\n" + data if shift else data):
        time_s = parse_time(match[1].decode())
        if time_s is not None:
            body = match.end() + len(_RULE_LINE) - shift
            yield Header(base + max(0, match.start() - shift), base + body, time_s)


def suspect_of(end: bytes, *, is_back: bool, may_grow: bool) -> tuple[str, ...]:
    """What is odd about a frame: see `FrameRef.suspect`.

    Args:
        end: The last bytes of its text, which is torn if no newline is there, or what is left of a
            header.
        is_back: Whether its time is before that of the frame before it.
        may_grow: Whether its end may not be there yet; then it is not torn.
    """
    back = (AnomalyKind.BACK,) if is_back else ()
    if may_grow or (end.endswith(b"\n") and not _ends_in_header(end)):
        return back
    return (*back, AnomalyKind.TORN)


def _ends_in_header(end: bytes) -> bool:
    may_be_one = end.endswith((b"=\n", b"]\n"))  # nearly no text does, and this is quick to see
    return may_be_one and _BEGUN_HEADER.search(end[-HEADER_SIZE:]) is not None


class FrameScanner:
    """Finds the frames of one capture file while it grows.

    See `suspect_of` for what may be odd about them.

    Args:
        tails: Each frame is given its `tail`, not only the newest.

    Attributes:
        offset: Where the next bytes are wanted from.
    """

    __slots__ = (
        "_body",
        "_crc",
        "_is_back",
        "_reported",
        "_start",
        "_strange",
        "_tails",
        "_time_s",
        "offset",
    )

    def __init__(self, *, tails: bool = False) -> None:
        self._tails = tails
        self.offset = 0
        self._start = 0
        self._body = -1  # before the first header
        self._time_s = 0.0
        self._is_back = False
        self._crc = 0
        self._reported = (-1, -1, False)  # where it begins and ends, and whether it is torn
        self._strange = False

    def feed(self, data: bytes, *, at_end: bool, final: bool) -> list[FrameSpan | Unreadable]:
        """Take the bytes at `offset`; give the frames that end, and at the file's end the open one.

        Args:
            data: The bytes.
            at_end: The file ends with them for now.
            final: The same for good: then the open one is torn if it has no end.
        """
        base, found = self.offset, list[FrameSpan | Unreadable]()
        done = max(0, self._body - base)
        for header in find_headers(data, base):
            found.extend(self._closed(data[done : header.offset - base], header.offset))
            done = header.body_offset - base
            self._is_back = self._body >= 0 and header.time_s < self._time_s
            self._start, self._body, self._time_s = header
            self._crc = 0
        if at_end and self._body >= 0:
            found.extend(
                self._closed(data[done:], base + len(data), newest=True, may_grow=not final)
            )
        held = HEADER_SIZE if self._body < 0 else _HELD
        keep = max(0, done - len(_RULE_LINE), len(data) - held)
        if self._body < 0:
            found.extend(self._before_first(data[:keep]))
        self._crc = zlib.crc32(data[done:keep], self._crc)
        self.offset = base + keep
        return found

    @property
    def waits(self) -> bool:
        """Never: see `end`."""
        return False

    def end(self) -> list[FrameSpan | Unreadable]:
        """Give nothing: the open frame is given whenever the file ends, as far as it goes."""
        return []

    def skip_to(self, offset: int, *, aligned: bool = True) -> None:
        """Go on at another offset; where frames begin is seen by itself, `aligned` or not."""
        self.offset = offset
        if self._body < 0:
            self._start = offset

    def position(self) -> list[int]:
        """Where to go on after a restart: at the newest frame, and what is known of it."""
        _, end, is_torn = self._reported
        return [self._start, end, int(is_torn)]

    def resume(self, position: Sequence[int]) -> None:
        """Go on at a `position`."""
        self.offset = self._start = position[0]
        self._reported = (position[0], position[1], bool(position[2]))

    def _closed(
        self, rest: bytes, end: int, *, newest: bool = False, may_grow: bool = False
    ) -> list[FrameSpan | Unreadable]:
        """The open frame up to `end`, unless just this is known already."""
        if self._body < 0:
            return self._before_first(rest)
        last = rest[-TAIL_BYTES:]
        suspect = suspect_of(last, is_back=self._is_back, may_grow=may_grow)
        known = (self._start, end, AnomalyKind.TORN in suspect)
        if known == self._reported:
            return []
        self._reported = known
        digest = zlib.crc32(rest, self._crc)
        wanted = newest or self._tails
        tail = pane_tail(last) if wanted else ""
        screen = screen_sum(last)
        body = min(self._body, end)
        return [FrameSpan(self._start, body, end, self._time_s, digest, screen, suspect, tail)]

    def _before_first(self, data: bytes) -> list[FrameSpan | Unreadable]:
        if self._strange or not data.strip(b"\0 \r\n\t"):
            return []
        self._strange = True
        return [Unreadable(self.offset, _STRANGE, data[:200])]


def read_frame(root: Path, ref: FrameRef, *, raw: bool = False) -> str:
    """The text of a frame, its last newline off.

    SGR colour sequences stay; everything else is made safe by `logging_core.text.safe_pane`. Of a
    frame beyond `MAX_SHOWN` bytes only the end is read.

    Args:
        root: Of the tree.
        ref: The frame.
        raw: Leave the text unsanitised.

    Raises:
        OSError: The file is gone or unreadable, or another one has taken its place.
    """
    path = local_path(ref.path)
    try:
        body = _read_body(root, path, ref)
    except OSError as error:
        try:  # it may have been compressed meanwhile
            body = _read_body(root, f"{path}.gz", ref)
        except OSError:
            raise error from None
    text = restore_pane(body.removesuffix(b"\n").decode("utf-8", "replace"))
    return text if raw else safe_pane(text)


def _read_body(root: Path, path: str, ref: FrameRef) -> bytes:
    size = ref.end - ref.body_offset
    with open_regular(str(root / path)) as fd:
        source = Source.of(fd)
        body = source.read(min(size, MAX_SHOWN), ref.end - min(size, MAX_SHOWN))
    if size <= MAX_SHOWN and zlib.crc32(body) != ref.digest:
        raise OSError(errno.ESTALE, "the file was replaced", path)
    return body

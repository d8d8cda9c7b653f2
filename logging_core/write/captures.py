"""Deduplication of pane captures: what to store of a pane that is captured again and again.

An orchestrator passes in the pane's whole scrollback at every capture. Stored like that, the file
would grow with the square of the session: two hours of captures every 5 s make hundreds of
megabytes, nearly all of them lines that are in the file a thousand times already. So a frame holds
only the end of the capture:

    the lines that scrolled off since the last frame, followed by the window,

where the window is the last `screen_rows` lines (default 50). It must cover everything that a
program can still redraw, so it must be at least as high as the pane. For a reader this means:

* Every frame is self-contained: its end is what the pane showed, in the same colours. Where a
  colour set further up is in force at the top of a frame or of its window, its SGR sequence is
  repeated there; apart from these, a frame is the capture's own text from some line to its end.
* Nothing that was captured is missing. A line above the window is stored once, in the first frame
  whose window it has left: the frames without their last `screen_rows` lines, concatenated, are
  the pane's scrollback, including lines that the terminal has since dropped.
* A capture with nothing new is not stored, but after `heartbeat_s` seconds the window is stored
  again: if the newest frame is older than that, nobody was capturing. It is also stored if this
  process logged anything else about the instance since: so the newest frame tells what the pane
  shows after the newest record, and a question in it is one that is still asked.
* The whole capture is stored after the program starts, and whenever a capture does not continue
  where the previous one ended: after the history was cleared, say, or when more than the whole
  scrollback went by. After a resize that rewraps lines, it is stored from the first line that
  differs. Lines may then be in the file twice, but none is missing.

How a capture is matched to the previous one: what was above the window is history, which a terminal
does not change. Usually it is still at the beginning of the new capture; comparing one checksum
tells. Otherwise its beginning may have been dropped (`history-limit`): the remainder, at least
`screen_rows` lines, is searched for at the beginning of the new capture, by one checksum per line.
Where identical lines allow several matches, as in a history of one repeated line, the match that
leaves the fewest new lines wins. Colour sequences at the beginning of a line are ignored there,
because tmux repeats the colours in force in the first line of its output.

Memory use is 8 bytes per line of the pane's history and no text: 4 MB for a hundred panes of 5,000
lines.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import NamedTuple

SCREEN_ROWS = 50
"""Lines of the window: as many as the documented recipe for a stuck instance reads."""

HEARTBEAT_S = 60.0
"""Seconds after which the window of an unchanged pane is stored again."""

_DIGEST_SIZE = 8
_CHUNK = 1 << 20  # characters split at once: each line takes fifty bytes more as an object
_SGR = re.compile("\x1b\\[([0-9;:]{0,100})m")
_LEADING_SGR = re.compile("\n\x1b\\[[0-9;:]*m(?:\x1b\\[[0-9;:]*m)*")
_SGR_ENDS = {
    "22": ("bold", "faint"),
    "23": ("italic",),
    "24": ("underline",),
    "25": ("blink",),
    "27": ("inverse",),
    "28": ("hidden",),
    "29": ("struck",),
    "39": ("foreground",),
    "49": ("background",),
    "55": ("overline",),
    "59": ("underline colour",),
}
_SGR_STARTS = {
    "1": "bold",
    "2": "faint",
    "3": "italic",
    "4": "underline",
    "5": "blink",
    "6": "blink",
    "7": "inverse",
    "8": "hidden",
    "9": "struck",
    "21": "underline",
    "53": "overline",
    "58": "underline colour",
    **{str(code): "foreground" for code in (*range(30, 39), *range(90, 98))},
    **{str(code): "background" for code in (*range(40, 49), *range(100, 108))},
}
_SGR_COLOURS = frozenset({"38", "48", "58"})
_SGR_COLOUR_SIZES = {"5": 3, "2": 5}  # 38;5;index and 38;2;red;green;blue


class _Settled(NamedTuple):
    """The lines above the window of a capture, all of them stored and final.

    Attributes:
        size: Number of characters, including newlines.
        checksum: Hash of the text.
        digests: `_DIGEST_SIZE` bytes per line.
        colours: The SGR sequences in force after them.
    """

    size: int = 0
    checksum: int = hash("")
    digests: bytes = b""
    colours: str = ""


class _Stored(NamedTuple):
    """What the file holds: the settled lines, and the window's hash and time of the last frame."""

    settled: _Settled = _Settled()
    window: int | None = None
    time_s: float = 0.0


class Deduplicator:
    """Decides what to store of each capture of one pane; see the module's docstring.

    It writes nothing itself, and a frame that could not be written loses nothing: what is not
    committed becomes part of the next frame. Not thread-safe.

    Args:
        screen_rows: Lines of the window, at least 1; should be at least the pane's height.
        heartbeat_s: Store an unchanged window again after this many seconds; 0: at every capture;
            infinity: never, unless `take` is told to.
        full: Store every capture in full.

    Raises:
        ValueError: `screen_rows` is below 1, or `heartbeat_s` is negative or NaN.
    """

    __slots__ = ("_full", "_heartbeat_s", "_pending", "_screen_rows", "_stored")

    def __init__(
        self,
        *,
        screen_rows: int = SCREEN_ROWS,
        heartbeat_s: float = HEARTBEAT_S,
        full: bool = False,
    ) -> None:
        if screen_rows < 1:
            raise ValueError(f"screen_rows is {screen_rows}: use the height of the tallest pane")
        if not heartbeat_s >= 0:
            raise ValueError(f"heartbeat_s is {heartbeat_s}: use a number of seconds, 0 or more")
        self._screen_rows = screen_rows
        self._heartbeat_s = heartbeat_s
        self._full = full
        self._stored = _Stored()
        self._pending = self._stored

    def take(self, time_s: float, text: str, *, again: bool = False) -> str | None:
        """Return the text of the frame to store for a capture; `None` if there is nothing new.

        Call `commit` once it is stored. Otherwise the next call starts from the same state.

        Args:
            time_s: When it was captured, in seconds since the epoch.
            text: The captured text: the scrollback, oldest line first, then the screen.
            again: Store the window even if it is unchanged.
        """
        if self._full:
            return text
        stored = self._stored
        known = _match_settled(stored.settled, text, self._screen_rows)
        window_at = _last_lines(text, self._screen_rows)
        start = min(known.size, window_at)
        before = known.colours if start == known.size else _in_force("", text[:start])
        scrolled_off = text[start:window_at]
        top = _in_force(before, scrolled_off)
        window = top + text[window_at:]
        settled = _extend_settled(known, text, scrolled_off, top)
        shown = hash(window)
        recent = not again and 0 <= time_s - stored.time_s < self._heartbeat_s
        if recent and not scrolled_off and shown == stored.window:
            self._stored = self._pending = stored._replace(settled=settled)
            return None
        self._pending = _Stored(settled, shown, time_s)
        return before + scrolled_off + window if scrolled_off else window

    def commit(self) -> None:
        """Confirm that the frame from the last `take` is in the file."""
        self._stored = self._pending

    def forget(self) -> None:
        """Make the next capture be stored in full, as its file was deleted or replaced."""
        self._stored = self._pending = _Stored()


def _match_settled(settled: _Settled, text: str, least: int) -> _Settled:
    """Return those of the settled lines that `text` begins with.

    A match of fewer than `least` lines counts as coincidence, unless there were no more.
    """
    if hash(text[: settled.size]) == settled.checksum:
        return settled
    digests = _digests(text)
    size = _overlap(settled.digests, digests, least * _DIGEST_SIZE)
    found = _first_lines(text, size // _DIGEST_SIZE)
    return _Settled(len(found), hash(found), digests[:size], _in_force("", found))


def _overlap(old: bytes, new: bytes, least: int) -> int:
    """Return the size of the longest prefix of `new` that is a suffix of `old`.

    If there is none of at least `least`, the size of their common prefix, or 0 if that is shorter
    than `least` and `old`. All sizes are in bytes of digests.
    """
    needle = new[:least]
    at = old.find(needle) if len(needle) == least else -1
    while at >= 0:
        if at % _DIGEST_SIZE == 0 and new.startswith(old[at:]):
            return len(old) - at
        at = old.find(needle, at - at % _DIGEST_SIZE + _DIGEST_SIZE)
    most = min(len(old), len(new)) // _DIGEST_SIZE
    differs = bisect_left(range(1, most + 1), 1, key=lambda n: not _same(old, new, n))
    same = differs * _DIGEST_SIZE
    return same if same >= min(least, len(old)) else 0


def _same(old: bytes, new: bytes, lines: int) -> bool:
    return old.startswith(new[: lines * _DIGEST_SIZE])


def _extend_settled(known: _Settled, text: str, scrolled_off: str, colours: str) -> _Settled:
    """Add the lines that have left the window; `colours` are in force after them."""
    if not scrolled_off:
        return known
    size = known.size + len(scrolled_off)
    return _Settled(size, hash(text[:size]), known.digests + _digests(scrolled_off), colours)


def _digests(text: str) -> bytes:
    """Return one digest for each line that ends in a newline."""
    if "\x1b" in text:
        text = _LEADING_SGR.sub("\n", f"\n{text}")[1:]
    digests, at = array("q"), 0
    while end := text.rfind("\n", at, at + _CHUNK) + 1 or text.find("\n", at) + 1:
        digests.extend(map(hash, text[at : end - 1].split("\n")))
        at = end
    return digests.tobytes()


def _first_lines(text: str, count: int) -> str:
    lines = text.split("\n", count)[:count]
    return text[: sum(map(len, lines)) + count]


def _last_lines(text: str, count: int) -> int:
    """Return where the last `count` lines begin; a trailing newline begins no line."""
    at = len(text) - text.endswith("\n")
    for _ in range(count):
        at = text.rfind("\n", 0, at)
        if at < 0:
            return 0
    return at + 1


def _in_force(before: str, text: str) -> str:
    """Return the SGR sequences in force after `text`, given those in force before it.

    A sequence takes effect regardless of what was set before; so nothing before the last full reset
    counts, and of identical sequences only the last.
    """
    reset = max(text.rfind("\x1b[m"), text.rfind("\x1b[0m"))
    if reset >= 0:
        before, text = "", text[reset:]
    found = _SGR.findall(text)
    if not found:
        return before
    in_force: dict[str, str] = {}
    for parameters in (*_SGR.findall(before), *reversed(dict.fromkeys(reversed(found)))):
        _apply(in_force, parameters)
    return "".join(f"\x1b[{parameters}m" for parameters in in_force.values())


def _apply(in_force: dict[str, str], parameters: str) -> None:
    values = parameters.split(";")
    while values:
        code = values[0].partition(":")[0].lstrip("0")
        size = 1
        if values[0] in _SGR_COLOURS and len(values) > 1:
            size = _SGR_COLOUR_SIZES.get(values[1], 1)
        if not code:
            in_force.clear()
        elif code in _SGR_STARTS:
            in_force[_SGR_STARTS[code]] = ";".join(values[:size])
        for ended in _SGR_ENDS.get(code, ()):
            in_force.pop(ended, None)
        del values[:size]

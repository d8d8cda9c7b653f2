"""Frames of `tmux_output.log`: one capture of a pane, with its header.

A frame is an empty line, a rule of 80 `=`, the time in brackets, the rule again, and then the
captured text, followed by one newline. The header is in-band, so a pane that shows such lines could
forge a frame. Therefore the writer adds a space before every captured line that consists only of
spaces (none or more) and exactly 80 `=`, and the reader removes one again: the captured text is
restored exactly, and no captured line is ever a rule.
"""

from __future__ import annotations

import re
import zlib

from logging_core.codec.times import format_time
from logging_core.text import safe_block

FRAME_RULE = b"=" * 80
"""The first and the third line of a frame's header."""

TAIL_BYTES = 16 << 10
"""The most that `pane_tail` needs of the end of a pane, in bytes."""

SCREEN_LINES = 50
"""Lines at the end of a frame that count as what the pane itself shows."""

_TAIL_LINES = 20
_ENOUGH_LINES = 2 * _TAIL_LINES  # unless most of them are blank
_TAIL_CHARACTERS = 2000
_BORDERS = "│┃║▌▐█┆"
_SGR = re.compile("\x1b\\[[0-9;:]*m")
_RULE_TEXT = FRAME_RULE.decode()
_RULE_LINE = re.compile("^(?= *={80}$)", re.MULTILINE)
_DEFUSED_LINE = re.compile("^ (?= *={80}$)", re.MULTILINE)


def frame_header(time_s: float) -> bytes:
    """Return the header of a frame captured at `time_s`: empty line, rule, time and rule."""
    return b"\n%b\n[%b]\n%b\n" % (FRAME_RULE, format_time(time_s).encode(), FRAME_RULE)


def encode_frame(time_s: float, text: str) -> bytes:
    r"""Encode a frame: header, defused text and a newline, which is always added.

    A lone surrogate, which UTF-8 cannot encode, is written as its escape: `\ud800`.
    """
    body = defuse_pane(text).encode("utf-8", "backslashreplace")
    return b"%b%b\n" % (frame_header(time_s), body)


def defuse_pane(text: str) -> str:
    """Add a space before every line of only spaces and 80 `=`; see the module's docstring."""
    return _RULE_LINE.sub(" ", text) if _RULE_TEXT in text else text


def restore_pane(text: str) -> str:
    """Undo `defuse_pane`; text by a writer that does not defuse is returned as is."""
    return _DEFUSED_LINE.sub("", text) if _RULE_TEXT in text else text


def screen_sum(end: bytes) -> int:
    """Return a checksum of a frame's last `SCREEN_LINES` lines: see `FrameRef.screen`.

    Args:
        end: The frame's last bytes, including its final newline, at most `TAIL_BYTES`.
    """
    at = len(end)
    for _ in range(SCREEN_LINES + 1):
        at = end.rfind(b"\n", 0, at)
        if at < 0:
            break
    return zlib.crc32(end[at + 1 :])


def pane_tail(end: bytes) -> str:
    """Return the last lines of a pane without colours, safe to show; see `FrameRef.tail`.

    Of the blanks that fill a frame around text, one is left: they would take the place of text.

    Args:
        end: The pane's last bytes, at most `TAIL_BYTES`; if that many, the first line may be cut.
    """
    if len(end) >= TAIL_BYTES:
        end = end[end.find(b"\n") + 1 :]
    whole = end.decode("utf-8", "replace")
    lines = _bare_lines("\n".join(whole.rsplit("\n", _ENOUGH_LINES)[1:]))
    if len(lines) < _TAIL_LINES:
        lines = _bare_lines(whole)
    return "\n".join(map(_unpadded, lines[-_TAIL_LINES:]))[-_TAIL_CHARACTERS:]


def _bare_lines(text: str) -> list[str]:
    """Return the lines without colours and trailing blank lines, safe to show."""
    safe = safe_block(_SGR.sub("", restore_pane(text)))
    return [line.rstrip() for line in safe.rstrip().split("\n")]


def _unpadded(line: str) -> str:
    border = line[-1:]
    text = line[:-1].rstrip()
    return f"{text} {border}" if border in _BORDERS and len(text) + 2 < len(line) else line

"""The sanitiser: makes text from a log safe to show in a terminal.

Nothing in a log is trusted: a message may hold escape sequences that set the clipboard, C1
controls, bidirectional overrides or a thousand combining marks. Such characters are *shown*, not
removed, because removing them joins the text around them: ESC becomes `␛`, CSI (U+009B) becomes
`‹9b›`, a right-to-left override becomes `‹U+202E›`. Every function here is idempotent and returns
text without surrogates, bidirectional, zero-width and control characters, except newlines and SGR
sequences where noted.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile

LINE_BREAK = "↵"
"""Stands for a line break where there is room for one line only."""

MAX_MARKS = 4
"""Combining marks kept per base character; the rest become a count: `‹+996›`."""

_FORMAT = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSAFE = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff{_FORMAT}]")
_PRESENTATION = re.compile("[\ufe0e\ufe0f]")
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
_EMOJI_JOINER = re.compile(f"(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])")
_MAYBE_MARK = (
    "[\u0300-\u1fff\u20d0-\u20ff\u2cef-\u2cf1\u2d7f\u2de0-\u2dff\u302a-\u302f\u3099\u309a"
    "\ua66f-\uaaff\uabe3-\uabed\ufb1e\ufe20-\ufe2f\U000101fd-\U0001e94a]"
)
_MAYBE_MARKS = re.compile(f"{_MAYBE_MARK}{{{MAX_MARKS + 1},}}")
_MARKS = frozenset({"Mn", "Me"})
_SGR = re.compile("(\x1b\\[[0-9;:]*m)")
_COLOURED_MARKS = re.compile(f"((?:\x1b\\[[0-9;:]*m)+)({_MAYBE_MARK}+)")
_ALL_COLOURED_MARKS = re.compile(f"(?:(?:\x1b\\[[0-9;:]*m)+{_MAYBE_MARK}+)+")


def safe_block(text: str) -> str:
    """Make `text` safe to show, keeping newlines; tabs become spaces, CR LF becomes LF."""
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = text.expandtabs(4)
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if not text.isascii():
        text = _PRESENTATION.sub("", text)
        text = _EMOJI_JOINER.sub("", text)
        text = _MAYBE_MARKS.sub(_limit_marks, text)
    return _UNSAFE.sub(_picture, text)


def safe_line(text: str) -> str:
    """Make `text` safe to show on one line: like `safe_block`, with newlines shown as `␊`."""
    return safe_block(text).replace("\n", "␊")


def safe_pane(text: str) -> str:
    """Make captured pane text safe: like `safe_block`, but keep SGR colour sequences.

    The result is for an SGR parser, never for a terminal.
    """
    if "\x1b" not in text:
        return safe_block(text)
    if not text.isascii():
        text = _ALL_COLOURED_MARKS.sub(_marks_first, text)
    parts = _SGR.split(text)
    parts[::2] = map(safe_block, parts[::2])
    return "".join(parts)


def beginning(text: str, most: int) -> str:
    """Return how a text begins, in one line: with single blanks, and `↵` for a line break.

    Lines that say nothing are left out; `""` if none says anything.

    Args:
        text: The text, already safe to show.
        most: The most characters that are returned. Four times as many are looked at.
    """
    said = _in_one_line(text[: most + most // 8])  # nearly always enough
    if len(said) < most < len(text):
        said = _in_one_line(text[: 4 * most])
    return said[:most].rstrip()


def shortened(text: str, most: int) -> str:
    """Return a text of `most` characters at most: one that is longer ends in `…`."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def safe_json(text: str) -> str:
    r"""Make JSON safe to show without changing what it says: as `\u202e`, not as `‹U+202E›`."""
    return _UNSAFE.sub(_escape, text)


def _in_one_line(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return f" {LINE_BREAK} ".join(filter(None, lines))


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code < 0xA0:
        return f"‹{code:02x}›"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"‹U+{code:04X}›"


def _marks_first(match: re.Match[str]) -> str:
    """Colours that begin between a character and its marks begin after these: one cell has one."""
    done: list[str] = []
    colours = ""
    for sgr, chars in _COLOURED_MARKS.findall(match[0]):
        colours += sgr
        marks = "".join(takewhile(lambda char: unicodedata.category(char) in _MARKS, chars))
        done.append(marks)
        if len(marks) < len(chars):
            done += colours, chars[len(marks) :]
            colours = ""
    return "".join([*done, colours])


def _limit_marks(match: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in match[0]:
        if unicodedata.category(char) in _MARKS:
            marks += 1
            if marks > MAX_MARKS:
                continue
        else:
            kept.extend(_surplus(marks))
            marks = 0
        kept.append(char)
    kept.extend(_surplus(marks))
    return "".join(kept)


def _surplus(marks: int) -> list[str]:
    return [f"‹+{marks - MAX_MARKS}›"] if marks > MAX_MARKS else []

"""A captured pane as rows of styled segments; pure, and safe whatever the capture contains.

A capture may hold thousands of lines of scrollback, of which the screen shows forty. So a pane
stores only each line's plain text, width and initial style; segments are made on drawing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style

from logging_core.records import FrameRef
from madrox_tui.colours.legible import Ground
from madrox_tui.panels.pane.sgr import PLAIN, apply_sgr, shown

_SGR = re.compile("\x1b\\[([0-9;:]*)m")
_RESETS = ("\x1b[0m", "\x1b[m")


class Pane(msgspec.Struct, frozen=True, eq=False):
    """One frame, ready to draw.

    Attributes:
        ref: Where it is stored.
        texts: Its lines without colours; trailing blank lines are left out.
        widths: Cells of each line.
        width: Cells of the widest line.
        size: Characters of the capture, colours included.
        lines: Its lines with their SGR codes.
        styles: The style each line begins with; empty if all begin plain.
    """

    ref: FrameRef
    texts: Sequence[str]
    widths: Sequence[int]
    width: int
    size: int
    lines: Sequence[str]
    styles: Sequence[Style]

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.texts)

    def row(self, index: int, ground: Ground | None = None) -> list[Segment]:
        """Return line `index` with its colours, which carry over line ends as in a terminal.

        Args:
            index: The line.
            ground: The colours of the terminal it is drawn in; `None` if unknown.
        """
        line = self.lines[index]
        style = self.styles[index] if self.styles else PLAIN
        if "\x1b" not in line:
            return [Segment(line, shown(style, ground))] if line else []
        parts = _SGR.split(line)
        found = []
        for position, part in enumerate(parts):
            if position % 2:
                style = apply_sgr(style, part)
            elif part:
                found.append(Segment(part, shown(style, ground)))
        return found

    def cuts(self, index: int, width: int) -> Iterator[tuple[int, int]]:
        """Yield the start and end, in characters, of each piece of line `index` that fits `width`.

        A character wider than `width` cells is a piece of its own.
        """
        text = self.texts[index]
        if self.widths[index] <= width:
            yield 0, len(text)
            return
        start = cells = 0
        for position, char in enumerate(text):
            size = get_character_cell_size(char)
            if cells + size > width and position > start:
                yield start, position
                start, cells = position, 0
            cells += size
        yield start, len(text)


def make_pane(ref: FrameRef, text: str) -> Pane:
    """Turn sanitised pane text (SGR codes only) into a pane.

    Concealed and blinking text is shown plainly, and text in the colour of its background gets
    the default colour: a capture must not be able to hide anything.
    """
    lines = text.split("\n")
    texts = plain_lines(text)
    while texts and not texts[-1].strip():
        texts.pop()
    del lines[len(texts) :]
    widths = [len(line) if line.isascii() else cell_len(line) for line in texts]
    return Pane(ref, texts, widths, max(widths, default=0), len(text), lines, _styles(lines))


def plain_lines(text: str) -> list[str]:
    """Return the lines of sanitised pane text without colours."""
    return _SGR.sub("", text).split("\n")


def crop(segments: Sequence[Segment], start: int, end: int) -> list[Segment]:
    """Return the characters from `start` to `end` of a row."""
    found, at = [], 0
    for segment in segments:
        first, last = max(start - at, 0), min(end - at, len(segment.text))
        if first < last:
            found.append(Segment(segment.text[first:last], segment.style))
        at += len(segment.text)
    return found


def _styles(lines: Sequence[str]) -> Sequence[Style]:
    if not any("\x1b" in line for line in lines):
        return ()
    styles, style = [], PLAIN
    for line in lines:
        styles.append(style)
        if "\x1b" in line:
            style = _last_style(style, line)
    return styles


def _last_style(style: Style, line: str) -> Style:
    """Return the style after a line, starting from its last reset."""
    reset = max(map(line.rfind, _RESETS))
    if reset >= 0:
        style = PLAIN
    for match in _SGR.finditer(line, max(reset, 0)):
        style = apply_sgr(style, match[1])
    return style

"""A captured pane as rows of styled segments; pure, and safe whatever the capture holds."""

from __future__ import annotations

from dataclasses import dataclass

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from logging_core.records import FrameRef

_VISIBLE = Style(conceal=False, blink=False, blink2=False)
_CONSOLE = Console(color_system=None, width=80, markup=False, emoji=False, highlight=False)


@dataclass(frozen=True, eq=False)
class Pane:
    """One frame, ready to draw.

    Attributes:
        ref: Where it stands.
        rows: Its lines; trailing blank ones left out.
        width: Cells of the widest line.
    """

    ref: FrameRef
    rows: tuple[tuple[Segment, ...], ...]
    width: int


def make_pane(ref: FrameRef, text: str) -> Pane:
    """Turn sanitised pane text (SGR colours only) into rows.

    Concealed and blinking text is shown plainly, and text in its own background's colour is
    given the default colour: a capture must not be able to hide anything.
    """
    decoder = AnsiDecoder()
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    rows = tuple(tuple(_segments(decoder.decode_line(line))) for line in lines)
    return Pane(ref, rows, max((sum(cell_len(s.text) for s in row) for row in rows), default=0))


def _segments(line: Text) -> list[Segment]:
    line.end = ""
    return [Segment(s.text, _shown(s.style)) for s in line.render(_CONSOLE) if s.text]


def _shown(style: Style | None) -> Style | None:
    if not style:
        return None
    if style.conceal or style.blink or style.blink2:
        style += _VISIBLE
    if style.color is not None and style.color == style.bgcolor:
        style = style.without_color + Style(bgcolor=style.bgcolor)
    return style

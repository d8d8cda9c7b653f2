"""Long text, wrapped or scrolled; only the rows on screen are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType

from madrox_tui import format as fmt
from madrox_tui.key_names import at_once
from madrox_tui.widgets.line_view import LineView

MAX_CHARS = 64 * 1024
_CONSOLE = Console(color_system=None, width=80, markup=False, emoji=False, highlight=False)


class TextView(LineView):
    """Shows sanitised text; beyond 64 Ki characters, only the number of the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding("w", "wrap", "Toggle wrap", show=False, id="pane.wrap"),
        )
    ]
    has_cursor: ClassVar[bool] = False

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._text_at = _whatever(text)
        self._rows: list[str] = []
        self._wraps = True
        self._wrapped = 0

    def show_text(self, text: str) -> None:
        """Replace the text, and go to its beginning."""
        self.show_fitted(_whatever(text))

    def show_fitted(self, text_at: Callable[[int], str]) -> None:
        """Show a text that is made for a width in cells, and go to its beginning."""
        self._text_at, self._wrapped = text_at, 0
        self._wrap()
        self.scroll_home(animate=False)

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap to the new width."""
        self._wrap()
        self.call_after_refresh(self._wrap)  # the width may change again during layout

    def action_wrap(self) -> None:
        """Toggle between wrapping lines and scrolling sideways."""
        self._wraps = not self._wraps
        self._wrapped = 0
        self._wrap()
        self.scroll_to(x=0, animate=False, force=True)

    def _wrap(self) -> None:
        if self.row_width == self._wrapped:
            return
        self._wrapped = self.row_width
        text = self._text_at(self._wrapped)
        self._rows = wrap(text, self._wrapped) if self._wraps else text.split("\n")
        widest = max(map(cell_len, self._rows), default=0)
        self.show_rows(len(self._rows), max(self.row_width, widest))

    def row(self, index: int) -> list[Segment]:
        """Draw one row."""
        return [Segment(self._rows[index])]


def _whatever(text: str) -> Callable[[int], str]:
    """What is shown of a text, whatever the width."""
    surplus = len(text) - MAX_CHARS
    more = f"\n… {surplus:,} {fmt.plural(surplus, 'character')} more" if surplus > 0 else ""
    kept = text[:MAX_CHARS] + more
    return lambda _: kept


def wrap(text: str, width: int) -> list[str]:
    """Wrap text to rows of at most `width` cells, at blanks where possible."""
    rows: list[str] = []
    for line in text.split("\n"):
        wrapped = Text(line).wrap(_CONSOLE, width, overflow="fold", tab_size=4)
        rows.extend(row.plain for row in wrapped)
    return rows

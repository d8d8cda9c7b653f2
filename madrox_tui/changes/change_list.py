"""A list of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from logging_core.analyse.state import FleetState
from madrox_tui.changes.columns import ChangeCells
from madrox_tui.changes.comparison import Change, Comparison
from madrox_tui.changes.export import changes_export
from madrox_tui.columns import Table
from madrox_tui.export import Export
from madrox_tui.key_names import at_once
from madrox_tui.widgets.line_view import LineView


class ChangeList(LineView):
    """Shows what became of instances, the most telling first.

    Args:
        hue: Returns the cell style of an instance's colour.
        names: What instances are called on the screen, by id.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding("enter", "choose", "Select instance", show=False, id="changes.select"),
        )
    ]
    header_rows = 1

    def __init__(self, hue: Callable[[str], str], names: Mapping[str, str]) -> None:
        super().__init__()
        self._hue = hue
        self._names = names
        self._nothing = ""
        self._changes: tuple[Change, ...] = ()
        self._now = FleetState(at_s=0.0)
        self._cells = ChangeCells((), self._now, hue, names)
        self._table: Table[Change] = Table(())

    @property
    def selected(self) -> Change | None:
        """The change under the cursor."""
        return self._changes[self.cursor] if self.cursor < len(self._changes) else None

    @property
    def why(self) -> str:
        """Why that is, in full; empty if there is no change, or no reason."""
        return self._cells.why(self.selected)[0] if self.selected is not None else ""

    def show_changes(self, compared: Comparison, now: FleetState, nothing: str) -> None:
        """Replace the changes shown.

        Args:
            compared: The changes.
            now: The fleet at the later moment.
            nothing: What to say if there are none.
        """
        self._changes, self._now, self._nothing = compared.changes, now, nothing
        self._cells = ChangeCells(compared.changes, now, self._hue, self._names)
        self._table = Table(self._cells.columns())
        self.cursor = 0
        self.show_rows(len(compared.changes))
        self.scroll_home(animate=False)
        self.refresh()

    def header(self, _line: int) -> list[Segment]:
        """Draw the headings; none without a row."""
        if not self._changes:
            return []
        return self._table.at(self.row_width).header(self.cell_style("head"))

    def row(self, index: int) -> list[Segment]:
        """Draw one change."""
        return self._table.at(self.row_width).row(self._changes[index], self.cell_style)

    def whole_text(self, index: int) -> str:
        """Return a row's text in full."""
        return self._table.at(self.row_width).text(self._changes[index])

    def copy_text(self) -> str:
        """Return the row under the cursor in full."""
        return self.whole_text(self.cursor).strip() if self.count else ""

    def export(self) -> Export:
        """Export the changes listed."""
        return changes_export(self._changes)

    def nothing(self) -> str:
        """Say why the list is empty."""
        return self._nothing

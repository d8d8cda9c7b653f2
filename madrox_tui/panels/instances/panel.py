"""Panel 1: every instance, what it is doing, and since when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from logging_core.analyse.state import InstanceState, State
from madrox_tui.key_names import at_once
from madrox_tui.panels.instances.instance_list import InstanceList
from madrox_tui.panels.instances.rows import Order
from madrox_tui.states import NEEDS_YOU


class InstancesPanel(InstanceList):
    """Sorts the instances, folds their tree, and goes to those that need somebody."""

    HELP = "All instances, those that need you first. The pane shows the one under the cursor."
    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding("enter", "choose", "Pane", id="instances.open", tooltip="Open pane"),
            Binding("s", "sort", "Sort", id="instances.sort", tooltip="Sort by next column"),
            Binding(
                "r", "reverse", "Reverse", id="instances.reverse", tooltip="Reverse sort order"
            ),
            Binding(
                "t",
                "tree",
                "Tree",
                id="instances.tree",
                tooltip="Toggle tree; scroll left to fold a branch, right to unfold it",
            ),
            Binding(
                "e", "problem", "Problem", id="instances.problem", tooltip="Go to next problem"
            ),
            Binding("D", "dead", "Toggle terminated instances", show=False, id="instances.dead"),
        )
    ]

    # --- from one run to the next --------------------------------------------

    def kept(self) -> dict[str, Any]:
        """Save how the rows are arranged, but not which are hidden: nobody would miss those."""
        return {"sort": self.order.key, "reverse": self.order.reverse, "tree": self.as_tree}

    def restore(self, kept: dict[str, Any]) -> None:
        """Restore the arrangement; invalid values are ignored."""
        if kept.get("sort") in self._table.keys:
            self.order = Order(kept["sort"], kept.get("reverse") is True)
        self.as_tree = kept.get("tree") is True

    # --- keys and mouse ------------------------------------------------------

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.order = Order(self._table.next_key)

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self.order = Order(self.order.key, not self.order.reverse)

    def action_tree(self) -> None:
        """Toggle the tree."""
        self.as_tree = not self.as_tree

    def action_dead(self) -> None:
        """Toggle terminated instances."""
        self.with_dead = not self.with_dead

    def action_needy(self) -> None:
        """Go to the next instance that needs you."""
        self._seek(lambda i: i.state in NEEDS_YOU, "no instance in this list needs you")

    def action_problem(self) -> None:
        """Go to the next instance with an error, or a stuck request."""
        broken = {State.ERROR, State.STUCK}
        self._seek(lambda i: i.state in broken or i.errors > 0, "no problems")

    def _seek(self, wanted: Callable[[InstanceState], bool], none: str) -> None:
        place = self._table.place_after(self.cursor, wanted)
        if place is None:
            self.notify(none, markup=False)
            return
        row = self._rows[place]
        found = self._table.first_in(row, wanted)
        if found != row.instance.instance_id:
            self._fold(self._folded.difference(row.ids))
        self.select(found)

    def action_sideways(self, columns: int) -> None:
        """In the tree, fold the branch (or go to the parent), or unfold it; else scroll."""
        if not self.as_tree or not self._rows:
            super().action_sideways(columns)
            return
        row, instance_id = self._rows[self.cursor], self._rows[self.cursor].instance.instance_id
        if columns > 0:
            self._fold(self._folded - {instance_id})
        elif row.branch and not row.folded:
            self._fold(self._folded | {instance_id})
        elif row.depth and row.instance.parent_instance_id is not None:
            self.select(row.instance.parent_instance_id)

    def on_click(self, event: events.Click) -> None:
        """Sort by a clicked heading, reverse on the next click; fold at a clicked fold sign.

        Textual also calls the base class's handler, which handles clicks on rows.
        """
        at = self.place_of(event)
        place = None if at is None else self._table.at(self.row_width).column_at(at.x)
        if at is None or place is None:
            return
        (column, inside), y = place, at.y
        if y >= self.header_rows:
            if column.key == "name":
                self._fold_at(self.scroll_offset.y + y - self.header_rows, inside)
        elif column.key:
            again = column.key == self.order.key
            self.order = Order(column.key, again and not self.order.reverse)

    def _fold(self, folded: frozenset[str]) -> None:
        if folded != self._folded:
            self._folded = folded
            self._show()

    def _fold_at(self, index: int, x: int) -> None:
        """Fold or unfold a branch if its sign is at cell `x` of the name."""
        row = self._rows[index] if self.as_tree and index < len(self._rows) else None
        if row is not None and row.branch and x // 2 == row.depth:
            self._fold(self._folded ^ {row.instance.instance_id})

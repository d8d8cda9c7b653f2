"""Panel 1: every instance, what it is doing, and since when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from logging_core.analyse.state import InstanceState, State
from madrox_tui.columns import Fitted, Table
from madrox_tui.export import Export
from madrox_tui.find import holds
from madrox_tui.instance_columns import Cells, instance_columns, instance_export, searched
from madrox_tui.panels.look import NEEDS_YOU
from madrox_tui.tree_rows import Order, Row, flat, forest
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView


class InstancesPanel(LineView):
    """The list of instances; the one under the cursor is the selected one.

    Whatever changes, the cursor stays on its instance, and a list that was scrolled keeps that
    instance on its line of the screen.
    """

    HELP = "Every instance, those that need you first; the one under the cursor is in the pane."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open pane", show=False, id="instances.open"),
        Binding("s", "sort", "Sort by the next column", show=False, id="instances.sort"),
        Binding("r", "reverse", "Reverse the order", show=False, id="instances.reverse"),
        Binding(
            "t",
            "tree",
            "Tree",
            show=False,
            id="instances.tree",
            tooltip="Parents and children as a tree; h folds a branch into its sums, l unfolds it",
        ),
        Binding("e", "problem", "Next instance with errors", show=False, id="instances.problem"),
        Binding("D", "dead", "Hide or show the dead", show=False, id="instances.dead"),
    ]
    header_rows = 1

    class Selected(Message):
        """The instance under the cursor, whenever it or anything about it may have changed.

        Attributes:
            instance: Its state; `None` when no instance is shown.
            at_s: The moment that the panels show.
        """

        def __init__(self, instance: InstanceState | None, at_s: float) -> None:
            super().__init__()
            self.instance = instance
            self.at_s = at_s

    view: reactive[View | None] = reactive(None, repaint=False)
    """What to show; set by the app."""

    order: reactive[Order] = reactive(Order(), repaint=False)
    """By what the rows are sorted."""

    as_tree: reactive[bool] = reactive(False, repaint=False)
    """Whether children are below their parents."""

    with_dead: reactive[bool] = reactive(True, repaint=False)
    """Whether terminated instances are shown."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._rows: list[Row] = []
        self._folded: frozenset[str] = frozenset()
        self._was_read = False  # until then the first row is whichever is first
        self._cells = Cells()
        self._table = Table(instance_columns(self._cells))
        self._texts: list[str] = []  # what was searched of a view, for the next letter
        self._texts_of: Fitted[Row] | None = None
        self.entitle("Instances")

    @property
    def selected(self) -> InstanceState | None:
        """The instance under the cursor."""
        return self._rows[self.cursor].instance if self.cursor < len(self._rows) else None

    @property
    def selected_time_s(self) -> float | None:
        """When the selected instance was last heard of."""
        return self.selected.last_activity_s if self.selected else None

    # --- what is shown -------------------------------------------------------

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Show a new view; where only time has passed, the ages that read otherwise by now."""
        if view is None or not view.is_later(before):
            self._show()
            return
        self._cells.at_s = view.state.at_s
        if self._cells.are_stale():
            self._texts_of = None
            if self.display:
                self.refresh_changed()
        self._announce()

    def watch_order(self) -> None:
        """Show the rows in another order."""
        self._show()

    def watch_as_tree(self) -> None:
        """Show a list or a tree."""
        self._show()

    def watch_with_dead(self) -> None:
        """Hide or show the dead."""
        self._show()

    def _show(self) -> None:
        view = self.view
        if view is None:
            return
        self._cells = Cells(view, tree=self.as_tree)
        self._table = Table(instance_columns(self._cells))
        chosen, line = self.selected, self.cursor - self.scroll_offset.y
        shown = [i for i in view.instances if self.with_dead or i.state is not State.TERMINATED]
        if self.as_tree:
            self._rows = forest(shown, self.order, self._folded)
        else:
            self._rows = flat(shown, self.order)
        scrolled = self.scroll_offset.y > 0
        if chosen is not None and (self.cursor or self._was_read):
            self.set_reactive(LineView.cursor, self._place_of(chosen.instance_id))
        self._was_read = self._was_read or view.state.caught_up
        self.show_rows(len(self._rows))
        if scrolled:
            self.scroll_to(y=self.cursor - line, animate=False, force=True, immediate=True)
        self._entitle()
        self._announce()

    def _place_of(self, instance_id: str) -> int:
        """The row that stands for an instance; the cursor's where none does any more."""
        for place, row in enumerate(self._rows):
            if instance_id in row.ids:
                return place
        return max(0, min(self.cursor, len(self._rows) - 1))

    def _entitle(self) -> None:
        if self.view is None:
            return
        dead = sum(i.state is State.TERMINATED for i in self.view.instances)
        hidden = f"  {dead} dead hidden" if dead and not self.with_dead else ""
        reason = self._rows[self.cursor].shown.reason if self._rows else ""
        self.entitle(_title(self.view) + hidden, reason)

    def watch_cursor(self, old: int, new: int) -> None:
        """Another instance is selected."""
        super().watch_cursor(old, new)
        self._entitle()
        self._announce()

    def _announce(self) -> None:
        at_s = self.view.state.at_s if self.view else 0.0
        self.post_message(self.Selected(self.selected, at_s))

    def header(self, _line: int) -> list[Segment]:
        """The headings; the one that the rows are sorted by is marked."""
        fitted = self._table.at(self.row_width, self.order.key)
        return fitted.header(self.cell_style("head"), self.order.key, self.order.mark)

    def row(self, index: int) -> list[Segment]:
        """One instance; the dead are dimmed."""
        row = self._rows[index]
        segments = self._table.at(self.row_width, self.order.key).row(row, self.cell_style)
        if row.shown.state is State.TERMINATED:
            muted = self.cell_style("muted")
            segments = [Segment(segment.text, muted) for segment in segments]
        return segments

    def nothing(self) -> str:
        """What is waited for."""
        if self.view is None or self.view.state.waiting is not None:
            return ""
        if self.view.instances:
            return "all of them are dead: D shows them"
        if self.view.narrowed:
            return "no instance passes the filter: Esc drops it"
        return "no instance yet: one appears when its first log is written"

    def whole_text(self, index: int) -> str:
        """What is shown of an instance, and what there is no room for."""
        fitted = self._table.at(self.row_width, self.order.key)
        return f"{fitted.text(self._rows[index])}\n{searched(self._rows[index])}"

    def find_rows(self, text: str) -> Sequence[int]:
        """The rows that hold a text, also in a column that there is no room for."""
        fitted = self._table.at(self.row_width, self.order.key)
        if fitted is not self._texts_of:
            self._texts, self._texts_of = list(map(self.whole_text, range(self.count))), fitted
        return [i for i, whole in enumerate(self._texts) if holds(whole, text)]

    def export(self) -> Export:
        """The rows as values."""
        return instance_export(self._rows)

    def copy_text(self) -> str:
        """The id of the selected instance: what other commands want to be given."""
        return self.selected.instance_id if self.selected else ""

    # --- from one run to the next --------------------------------------------

    def kept(self) -> dict[str, Any]:
        """How the rows are arranged."""
        order = self.order
        return {
            "sort": order.key,
            "reverse": order.reverse,
            "tree": self.as_tree,
            "dead": self.with_dead,
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Arrange the rows as they were; what makes no sense is left alone."""
        if kept.get("sort") in self._table.keys:
            self.order = Order(kept["sort"], kept.get("reverse") is True)
        self.as_tree = kept.get("tree") is True
        self.with_dead = kept.get("dead") is not False

    # --- keys and mouse ------------------------------------------------------

    def select(self, instance_id: str) -> None:
        """Put the cursor on an instance, if it is shown."""
        for place, row in enumerate(self._rows):
            if instance_id in row.ids:
                self._move_to(place)

    def action_sort(self) -> None:
        """Sort by the next column."""
        keys = self._table.keys
        self.order = Order(keys[(keys.index(self.order.key) + 1) % len(keys)])

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self.order = Order(self.order.key, not self.order.reverse)

    def action_tree(self) -> None:
        """Show a tree, or a list again."""
        self.as_tree = not self.as_tree

    def action_dead(self) -> None:
        """Hide the dead, or show them again."""
        self.with_dead = not self.with_dead

    def action_needy(self) -> None:
        """Go to the next instance that needs you."""
        self._seek(lambda i: i.state in NEEDS_YOU, "nobody needs you")

    def action_problem(self) -> None:
        """Go to the next instance with errors."""
        self._seek(lambda i: i.state is State.ERROR or i.errors > 0, "no instance has errors")

    def _seek(self, wanted: Callable[[InstanceState], bool], none: str) -> None:
        here, number = self.cursor, len(self._rows)
        for step in range(1, number + 1):
            place = (here + step) % number
            if wanted(self._rows[place].shown):
                self._move_to(place)
                return
        self.notify(none, markup=False)

    def action_sideways(self, columns: int) -> None:
        """In the tree: fold the branch (or go to the parent), or unfold it."""
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

    def _fold(self, folded: frozenset[str]) -> None:
        if folded != self._folded:
            self._folded = folded
            self._show()

    def on_click(self, event: events.Click) -> None:
        """A click on a heading sorts by that column, another reverses; one on a sign folds.

        Textual calls the handler of the list, for clicks on rows, besides this one.
        """
        x, y = event.get_content_offset_capture(self)
        place = self._table.at(self.row_width, self.order.key).column_at(x)
        if place is None:
            return
        column, inside = place
        if y >= self.header_rows:
            if column.key == "name":
                self._fold_at(self.scroll_offset.y + y - self.header_rows, inside)
        elif column.key:
            again = column.key == self.order.key
            self.order = Order(column.key, again and not self.order.reverse)

    def _fold_at(self, index: int, x: int) -> None:
        """Fold or unfold the branch whose sign is at cell `x` of the name."""
        row = self._rows[index] if self.as_tree and index < len(self._rows) else None
        if row is not None and row.branch and x // 2 == row.depth:
            self._fold(self._folded ^ {row.instance.instance_id})

    def _follows_end(self) -> bool:
        return False


def _title(view: View) -> str:
    total = len(view.state.instances)
    if not view.narrowed:
        return f"Instances {total}"
    only = f"  only {view.instances[0].label}" if view.scope and view.instances else ""
    return f"Instances {len(view.instances)} of {total}{only}"

"""The list of instances: its rows, in order, and the one that is selected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.segment import Segment
from textual.message import Message
from textual.reactive import reactive

from logging_core.analyse.state import InstanceState, State
from madrox_tui.export import Export
from madrox_tui.key_names import KeysInForce
from madrox_tui.panels.instances.rows import Order, Row
from madrox_tui.panels.instances.table import InstanceTable
from madrox_tui.panels.instances.words import instances_title, no_instances
from madrox_tui.scope import Scope
from madrox_tui.view import View, team
from madrox_tui.widgets.line_view import LineView


class InstanceList(LineView):
    """Shows instances, sorted or as a tree; the one under the cursor is selected.

    The cursor stays on its instance whatever changes; in a scrolled list that instance also stays
    on its screen line. Only from the first row it goes to the one that another order puts there.
    To an instance that was left out for a while it returns, unless another was chosen meanwhile.

    Args:
        keys: The keys in force.
        root: Where instances are looked for: named while there are none; `None` names no place.
    """

    header_rows = 1

    class Selected(Message):
        """The selected instance, or something about it, may have changed: more than its ages.

        Attributes:
            instance: Its state; `None` if no instance is shown.
            at_s: The time that the panels show.
        """

        def __init__(self, instance: InstanceState | None, at_s: float) -> None:
            super().__init__()
            self.instance = instance
            self.at_s = at_s

    view: reactive[View | None] = reactive(None, repaint=False)
    """What to show; set by the app."""

    order: reactive[Order] = reactive(Order(), repaint=False)
    """How the rows are sorted."""

    as_tree: reactive[bool] = reactive(False, repaint=False)
    """Whether children are shown below their parents."""

    with_dead: reactive[bool] = reactive(True, repaint=False)
    """Whether terminated instances are shown who are above nobody else."""

    def __init__(
        self,
        keys: KeysInForce,
        root: Path | None = None,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._keys = keys
        self._root = root
        self._table = InstanceTable()
        self._folded: frozenset[str] = frozenset()
        self._left_out: str | None = None  # who would be under the cursor, if it were listed
        self._was_read = False  # until the tree is read, the cursor stays on the first row
        self.entitle("Instances")

    @property
    def _rows(self) -> list[Row]:
        return self._table.rows

    @property
    def selected(self) -> InstanceState | None:
        """The instance under the cursor."""
        return self._rows[self.cursor].instance if self.cursor < len(self._rows) else None

    @property
    def selected_scope(self) -> Scope | None:
        """The instance under the cursor, with everyone below it if that branch is folded."""
        if self.cursor >= len(self._rows):
            return None
        row = self._rows[self.cursor]
        return Scope(row.instance.instance_id, below=row.folded > 0)

    @property
    def selected_time_s(self) -> float | None:
        """When the selected instance was last active."""
        return self.selected.last_activity_s if self.selected else None

    def select(self, instance_id: str) -> None:
        """Put the cursor on an instance, if it is shown."""
        place = self._table.place_of(instance_id)
        if place is not None:
            self._move_to(place)

    # --- what is shown -------------------------------------------------------

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Show a new view; if only time has passed, redraw only if an age now reads differently."""
        self._folded = (self._folded | team(before)) - team(view)
        if view is None or not view.is_later(before):
            self._show()
            return
        if self._table.grow_older(view.state.at_s):
            self.refresh_changed()

    def watch_order(self) -> None:
        """Sort the rows again."""
        self._show(from_top=not self.cursor)

    def watch_as_tree(self) -> None:
        """Switch between list and tree."""
        self._show()

    def watch_with_dead(self) -> None:
        """Hide or show terminated instances."""
        self._show()

    def _show(self, *, from_top: bool = False) -> None:
        view = self.view
        chosen, line = self.selected, self.cursor - self.scroll_offset.y
        self._table = InstanceTable(
            view,
            self.order,
            as_tree=self.as_tree,
            with_dead=self.with_dead,
            folded=self._folded,
        )
        if view is None:
            return
        if not from_top and (self.cursor or self._was_read):
            self.set_reactive(LineView.cursor, self._place_of(chosen))
        self._was_read = self._was_read or view.state.caught_up
        moves = self.scroll_offset.y > 0 or not self._sees_cursor
        self.show_rows(len(self._rows), first=self.cursor - line if moves else None)
        self._entitle()
        self._announce()

    def _place_of(self, chosen: InstanceState | None) -> int:
        """Return the new place of the cursor, which was on `chosen`, and note who is left out."""
        wanted = [self._left_out, chosen.instance_id if chosen else None]
        known = [instance_id for instance_id in wanted if instance_id is not None]
        places = [self._table.place_of(instance_id) for instance_id in known]
        self._left_out = known[0] if known and places[0] is None else None
        clamped = max(0, min(self.cursor, len(self._rows) - 1))
        return next((place for place in places if place is not None), clamped)

    def _move_to(self, index: int) -> None:
        self._left_out = None
        super()._move_to(index)

    @property
    def _sees_cursor(self) -> bool:
        height = self.size.height - self.header_rows
        return 0 <= self.cursor - self.scroll_offset.y < height

    def _entitle(self) -> None:
        if self.view is not None:
            why = self._table.why(self._rows[self.cursor]) if self._rows else ""
            self.entitle(instances_title(self.view, self._table.hidden), why)

    def watch_cursor(self, old: int, new: int) -> None:
        """Announce the newly selected instance."""
        super().watch_cursor(old, new)
        self._entitle()
        self._announce()

    def _announce(self) -> None:
        at_s = self.view.state.at_s if self.view else 0.0
        self.post_message(self.Selected(self.selected, at_s))

    def header(self, _line: int) -> list[Segment]:
        """Draw the headings; the sort column is marked."""
        fitted = self._table.at(self.row_width)
        return fitted.header(self.cell_style("head"), self.order.key, self.order.mark)

    def row(self, index: int) -> list[Segment]:
        """Draw one instance, dimmed if it is terminated."""
        row = self._rows[index]
        segments = self._table.at(self.row_width).row(row, self.cell_style)
        if row.shown.state is State.TERMINATED:
            muted = self.cell_style("muted")
            segments = [Segment(segment.text, muted) for segment in segments]
        return segments

    def nothing(self) -> str:
        """Say what the panel is waiting for."""
        return "" if self.view is None else no_instances(self.view, self._root, self._keys)

    def whole_text(self, index: int) -> str:
        """Return a row's text, including what there is no room to show."""
        return self._table.whole_text(index, self.row_width)

    def cut_hits(self, index: int, text: str) -> Iterable[tuple[int, int]]:
        """Return where cells are cut that hold a text."""
        return self._table.at(self.row_width).cut_hits(self._rows[index], text)

    def find_rows(self, text: str) -> Sequence[int]:
        """Return the rows that contain a text, even in a column that is not shown."""
        return self._table.find_rows(text, self.row_width)

    def export(self) -> Export:
        """Export each instance by itself, even those folded into a branch."""
        return self._table.export()

    def copy_text(self) -> str:
        """Return the id of the selected instance, for use in other commands."""
        return self.selected.instance_id if self.selected else ""

    async def action_choose(self) -> None:
        """Open the pane of the instance under the cursor."""
        self._left_out = None
        await super().action_choose()

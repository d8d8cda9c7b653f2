"""The table of instances: its rows in their order, and the columns that fit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from logging_core.analyse.state import InstanceState, State
from madrox_tui.columns import Fitted, Table
from madrox_tui.export import Export
from madrox_tui.find import holds
from madrox_tui.panels.instances.columns import Cells, instance_columns
from madrox_tui.panels.instances.export import instance_export
from madrox_tui.panels.instances.rows import Order, Row, flat, forest
from madrox_tui.view import View


class InstanceTable:
    """The instances of a view in their order, and what the columns show of them.

    Args:
        view: The view; `None` while there is none.
        order: How the rows are sorted.
        as_tree: Whether children are below their parents.
        with_dead: Whether terminated instances have rows; in a tree, those have one anyway who
            are above someone who is not.
        folded: In a tree, the parents whose branch is one row, by id.

    Attributes:
        rows: The rows, in order.
    """

    def __init__(
        self,
        view: View | None = None,
        order: Order = Order(),
        *,
        as_tree: bool = False,
        with_dead: bool = True,
        folded: Collection[str] = frozenset(),
    ) -> None:
        self._instances = () if view is None else view.instances
        self._note = "" if view is None else view.counted_since()
        self._order = order
        self._as_tree = as_tree
        self._with_dead = with_dead
        self.rows = self._arranged(frozenset(folded))
        self._cells = Cells(view, tree=as_tree)
        self._table = Table(instance_columns(self._cells, self.rows))
        self._texts: dict[int, str] = {}  # of rows, by their index: kept for the next key press
        self._texts_of: Fitted[Row] | None = None
        self._found: tuple[str, Sequence[int]] = ("", ())  # what was looked for in these, and where

    @property
    def hidden(self) -> int:
        """How many instances are in no row, not even in a folded branch: all are terminated."""
        return len(self._instances) - sum(len(row.ids) for row in self.rows)

    @property
    def keys(self) -> tuple[str, ...]:
        """The sort keys, in column order."""
        return self._table.keys

    @property
    def next_key(self) -> str:
        """The key of the next column."""
        return self.keys[(self.keys.index(self._order.key) + 1) % len(self.keys)]

    def at(self, width: int) -> Fitted[Row]:
        """Return the columns that fit into `width` cells."""
        return self._table.at(width, self._order.key)

    def grow_older(self, at_s: float) -> bool:
        """Count ages to a later time; return whether any of them now reads differently."""
        self._cells.at_s = at_s
        is_stale = self._cells.are_stale()
        if is_stale:
            self._texts_of = None
        return is_stale

    def place_of(self, instance_id: str) -> int | None:
        """Return the index of the row that shows an instance; `None` if none does."""
        return next((n for n, row in enumerate(self.rows) if instance_id in row.ids), None)

    def place_after(self, here: int, wanted: Callable[[InstanceState], bool]) -> int | None:
        """Return the index of the next row that shows what is wanted, wrapping; `None` if none."""
        number = len(self.rows)
        places = ((here + step) % number for step in range(1, number + 1))
        return next((place for place in places if wanted(self.rows[place].shown)), None)

    def first_in(self, row: Row, wanted: Callable[[InstanceState], bool]) -> str:
        """Return who in a row's branch is wanted, by id: its own instance, its lead, or another."""
        everyone = (r.instance for r in self._arranged(frozenset()))
        others = (i for i in everyone if i.instance_id in row.ids)
        found = (i for i in (row.instance, row.lead, *others) if wanted(i))
        return next(found, row.instance).instance_id

    def why(self, row: Row) -> str:
        """Return why a row's instance is in its state."""
        return self._cells.why(row)[0]

    def whole_text(self, number: int, width: int) -> str:
        """Return the text of row `number`, including what `width` cells have no room for."""
        fitted = self._searched_at(width)
        text = self._texts.get(number)
        if text is None:
            row = self.rows[number]
            who = row.instance
            texts = (who.instance_id, who.label, who.role, who.instance_type, who.model)
            hidden = filter(None, (*texts, row.shown.reason))
            text = self._texts[number] = "\n".join([fitted.text(row), *hidden])
        return text

    def find_rows(self, text: str, width: int) -> list[int]:
        """Return the indices of the rows that contain a text, even where it is not shown."""
        self._searched_at(width)
        before, rows = self._found
        if not (before and text.startswith(before)):  # else it can only be where that was
            rows = range(len(self.rows))
        found = [number for number in rows if holds(self.whole_text(number, width), text)]
        self._found = text, found
        return found

    def _searched_at(self, width: int) -> Fitted[Row]:
        """Return the columns that fit; forget what a search found, and in what, of others."""
        fitted = self.at(width)
        if fitted is not self._texts_of:
            self._texts, self._texts_of, self._found = {}, fitted, ("", ())
        return fitted

    def export(self) -> Export:
        """Export each instance by itself, even those folded into a branch."""
        return instance_export(self._arranged(frozenset()), self._note)

    def _arranged(self, folded: frozenset[str]) -> list[Row]:
        if self._as_tree:
            return forest(self._instances, self._order, folded, with_dead=self._with_dead)
        dead = () if self._with_dead else (State.TERMINATED,)
        return flat((i for i in self._instances if i.state not in dead), self._order)

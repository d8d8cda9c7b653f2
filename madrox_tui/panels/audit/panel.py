"""Panel 4: what it costs and how long it takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from logging_core.analyse.state import Group
from madrox_tui.export import Export
from madrox_tui.key_names import KeysInForce, at_once
from madrox_tui.panels.audit.figures_view import FiguresView
from madrox_tui.panels.audit.lines import audit_lines
from madrox_tui.panels.audit.plots import AuditPlots
from madrox_tui.panels.audit.table import AuditTable, said
from madrox_tui.panels.audit.view import (
    ALL_TIME,
    GROUPINGS,
    TABLE_WINDOWS,
    kept_grouping,
)
from madrox_tui.panels.audit.words import audit_title, differs, no_groups
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from madrox_tui.events.query import EventQuery


class AuditPanel(FiguresView):
    """Requests, tokens, cost and response times: in total, over time, and by group.

    Args:
        keys: The keys in force.
    """

    HELP = (
        "Requests, tokens, cost and response times, from the audit trail. A row opens the list of "
        "events behind it; moving up from the first row goes to the figures above the table, "
        "scrolling sideways among them."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *at_once(
            Binding(
                "enter",
                "choose",
                "Rows",
                id="audit.open",
                tooltip="List the events behind this number",
            ),
            Binding(
                "b",
                "by",
                "Group",
                id="audit.by",
                tooltip="Cycle grouping: instance, role, model, type, parent, event, error",
            ),
            Binding(
                "W",
                "window",
                "Window",
                id="audit.window",
                tooltip="Cycle the window of times, plots and table: all, 1h, 5m",
            ),
            Binding("s", "sort", "Sort", id="audit.sort", tooltip="Sort by next column"),
            Binding("r", "reverse", "Reverse", id="audit.reverse", tooltip="Reverse sort order"),
        )
    ]

    class GroupedBy(Message):
        """The user chose another table: one of `GROUPINGS` in one of `TABLE_WINDOWS`."""

        def __init__(self, by: str, window: str) -> None:
            super().__init__()
            self.by = by
            self.window = window

    view: reactive[View | None] = reactive(None, repaint=False)
    """What to show; set by the app."""

    def __init__(
        self,
        keys: KeysInForce,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._keys = keys
        self.entitle("Audit")
        self._table = AuditTable()
        self._sort = ""
        self._reverse = False
        self._plots = AuditPlots()
        self._asked: tuple[str, str] | None = None  # the grouping and window asked for last
        self._opens = False  # a row of that table, as soon as it is there

    @property
    def selected_time_s(self) -> float | None:
        """Always `None`: a sum has no time."""
        return None

    @property
    def chosen(self) -> EventQuery | None:
        """The query for the events behind what is under the cursor; `None` if there are none."""
        if self.view is None:
            return None
        if self.figure is not None:
            return self._query_of(self.figure, self.view)
        group = self._selected
        return None if group is None else self._query_of_group(group, self.view)

    def _query_of(self, figure: str, view: View) -> EventQuery:
        from madrox_tui.panels.audit.figure_query import figure_query

        return figure_query(figure, view)

    def _query_of_group(self, group: Group, view: View) -> EventQuery | None:
        from madrox_tui.events.query import query_of

        shown = frozenset(view.by_id) if view.narrowed else None
        labels = (other.label for other in self._table.groups)
        title = self._table.called(group)
        query = query_of(group, self._table.by, title, shown=shown, labels=labels)
        if query is None or self._window == ALL_TIME:
            return query
        return replace(query, from_s=view.audit.from_s, window=self._window)

    @property
    def _window(self) -> str:
        return ALL_TIME if self.view is None else self.view.audit.window

    @property
    def _shown(self) -> tuple[str, str]:
        """The grouping and window of the table."""
        return self._table.by, self._window

    @property
    def _wanted(self) -> tuple[str, str]:
        """Those of the table that was asked for last: it may still be made."""
        return self._asked or self._shown

    @property
    def _selected(self) -> Group | None:
        groups = self._table.groups
        return groups[self.cursor] if self.cursor < len(groups) else None

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Show new sums; the cursor stays on its group."""
        if view is None:
            return
        if before is None or differs(before, view):
            self._arrange(view.audit.by)
        if self._opens and self._wanted == self._shown:
            self._opens = False
            if self.has_focus:
                self.call_later(self.action_choose)

    def _sort_by(self, key: str, *, reverse: bool) -> None:
        self._sort, self._reverse = key, reverse
        self._arrange(self._table.by)

    def _arrange(self, by: str) -> None:
        """Show the groups in their order; the cursor stays on its group."""
        chosen, stays = self._selected, by == self._table.by
        self._table = AuditTable(self.view, by, self._sort, reverse=self._reverse)
        labels = [group.label for group in self._table.groups]
        if stays and chosen is not None and chosen.label in labels:
            self.set_reactive(LineView.cursor, labels.index(chosen.label))
        self._show()

    def _show(self) -> None:
        self._choose_above()
        self.show_rows(len(self._table.groups))

    def on_resize(self, event: events.Resize) -> None:
        """Show as much as fits."""
        self._show()
        super().on_resize(event)

    def export(self) -> Export:
        """Export the table's sums."""
        from madrox_tui.panels.audit.export import audit_export

        table, view = self._table, self.view
        note = "" if view is None else view.counted_since(view.audit.from_s)
        return audit_export(table.by, table.groups, table.called, note)

    def kept(self) -> dict[str, Any]:
        """Save the grouping and the order."""
        return {"by": self._table.by, "sort": self._sort, "reverse": self._reverse}

    def restore(self, kept: dict[str, Any]) -> None:
        """Restore them; the feed must be told, too, as it groups the views."""
        self._reverse = kept.get("reverse") is True
        self._sort = kept["sort"] if isinstance(kept.get("sort"), str) else ""
        self._table = AuditTable(None, kept_grouping(kept))

    def headings(self) -> list[Segment]:
        """Draw the table's headings; the sort column is marked."""
        head, table = self.cell_style("head"), self._table
        return table.at(self.row_width).header(head, table.key, table.mark)

    def row(self, index: int) -> list[Segment]:
        """Draw one group's sums."""
        return self._table.at(self.row_width).row(self._table.groups[index], self.cell_style)

    def whole_text(self, index: int) -> str:
        """Return a row's text, in full even where it is cut to fit."""
        return self._table.at(self.row_width).text(self._table.groups[index])

    def cut_hits(self, index: int, text: str) -> Iterable[tuple[int, int]]:
        """Return where cells are cut that hold a text."""
        return self._table.at(self.row_width).cut_hits(self._table.groups[index], text)

    def nothing(self) -> str:
        """Say what the panel is waiting for."""
        if self.view is None:
            return ""
        if self.view.state.instances and not self.view.instances:
            return self.view.nobody(self._keys)
        if self.view.missing is not None:
            return self.view.missing
        return no_groups(self.view.audit, self._table.by, self._keys)

    def action_by(self) -> None:
        """Request the next grouping."""
        by, window = self._wanted
        self._ask(GROUPINGS[(GROUPINGS.index(by) + 1) % len(GROUPINGS)], window)

    def action_window(self) -> None:
        """Request the next window."""
        by, window = self._wanted
        self._ask(by, TABLE_WINDOWS[(TABLE_WINDOWS.index(window) + 1) % len(TABLE_WINDOWS)])

    def _ask(self, by: str, window: str) -> None:
        self._asked, self._opens = (by, window), False
        self.post_message(self.GroupedBy(by, window))

    async def action_choose(self) -> None:
        """Choose what is under the cursor, in the table that was asked for last."""
        self._opens = self._wanted != self._shown
        if not self._opens:
            await super().action_choose()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort_by(self._table.next_key, reverse=False)

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self._sort_by(self._sort, reverse=not self._reverse)

    def on_click(self, event: events.Click) -> None:
        """Sort by a clicked heading, reverse on the next click.

        Textual also calls the base classes' handlers, for figures and rows.
        """
        x, y = event.get_content_offset_capture(self)
        place = self._table.at(self.row_width).column_at(x)
        if y != self.header_rows - 1 or place is None or not place[0].key:
            return
        key = place[0].key
        self._sort_by(key, reverse=key == self._table.key and not self._reverse)

    def _choose_above(self) -> None:
        """Choose the lines above the table."""
        view, height = self.view, self.scrollable_content_region.height
        if view is None or view.missing or not height:
            self.show_above(())
            return
        self.show_above(audit_lines(view, view.errors, self._plots, self.row_width, height))

    def _entitle(self) -> None:
        title = "Audit" if self.view is None else audit_title(self.view)
        if self.figure is not None and self.view is not None:
            opens = f": {self._query_of(self.figure, self.view).in_words}"
            self.entitle(title, self._keys.press("audit.open", opens))
        else:
            note = self._table.note(self.row_width)
            window = "" if self._window == ALL_TIME else f" · last {self._window}"
            self.entitle(title, f"by {said(self._table.by)}{window}{note}")

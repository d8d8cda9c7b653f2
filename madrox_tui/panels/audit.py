"""Panel 4: what it costs and how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from logging_core.analyse.state import Group, Latency
from madrox_tui import format as fmt
from madrox_tui.audit_export import audit_export
from madrox_tui.audit_figures import figure_query
from madrox_tui.audit_lines import audit_lines
from madrox_tui.audit_plots import AuditPlots
from madrox_tui.audit_view import COUNTED, GROUPINGS, kept_grouping
from madrox_tui.columns import Cell, Column, Table
from madrox_tui.exchanges import EventQuery, query_of
from madrox_tui.export import Export
from madrox_tui.plot import bar
from madrox_tui.view import View
from madrox_tui.widgets.figures_view import FiguresView
from madrox_tui.widgets.line_view import LineView

BAR_WIDTH = 10
MIN_LABEL, MAX_LABEL = 10, 24
"""The minimum and maximum cells for labels; in between, as wide as the longest."""


class AuditPanel(FiguresView):
    """Requests, tokens, cost and response times: in total, over time, and by group."""

    HELP = (
        "Requests, tokens, cost and response times, from the audit trail. Enter lists the events "
        "behind a row; ↑ from the first row goes to the figures above the table, ← → among them."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
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
    ]

    class GroupedBy(Message):
        """The user chose another grouping: one of `GROUPINGS`."""

        def __init__(self, by: str) -> None:
            super().__init__()
            self.by = by

    view: reactive[View | None] = reactive(None, repaint=False)
    """What to show; set by the app."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.entitle("Audit")
        self._groups: tuple[Group, ...] = ()
        self._names: Mapping[str, str] = {}
        self._by = GROUPINGS[0]
        self._most = 0.0
        self._priced = True
        self._plots = AuditPlots()
        self._table = Table(self._columns())

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
            return figure_query(self.figure, self.view)
        if self.cursor >= len(self._groups):
            return None
        group = self._groups[self.cursor]
        shown = frozenset(self.view.by_id) if self.view.narrowed else None
        labels = (other.label for other in self._groups)
        return query_of(group, self._by, self._called(group), shown=shown, labels=labels)

    def watch_view(self, before: View | None, view: View | None) -> None:
        """Show new sums; the cursor stays on its group."""
        if view is None:
            return
        audit = view.audit
        if view.is_later(before) and audit.budget is None:
            return  # only the budget's projected end depends on the present
        chosen = self._groups[self.cursor] if self.cursor < len(self._groups) else None
        stays = self._by == audit.by
        self._by, self._groups = audit.by, () if view.missing else audit.groups
        self._names = view.labels
        self._priced = any(group.usage.cost_usd is not None for group in self._groups)
        self._most = max(map(self._weight, self._groups), default=0.0)
        self._table = Table(self._columns())
        if stays and chosen is not None:
            self._keep(chosen.label)
        self._arrange()
        self.show_rows(len(self._groups))

    def on_resize(self, event: events.Resize) -> None:
        """Show as much as fits."""
        self._arrange()
        self.show_rows(len(self._groups))
        super().on_resize(event)

    def export(self) -> Export:
        """Export the table's sums."""
        return audit_export(self._by, self._groups, self._called)

    def kept(self) -> dict[str, Any]:
        """Save the grouping."""
        return {"by": self._by}

    def restore(self, kept: dict[str, Any]) -> None:
        """Restore the grouping; the feed must be told, too, as it groups the views."""
        self._by = kept_grouping(kept)
        self._table = Table(self._columns())

    def headings(self) -> list[Segment]:
        """Draw the table's headings."""
        return self._table.at(self.row_width).header(self.cell_style("head"))

    def row(self, index: int) -> list[Segment]:
        """Draw one group's sums."""
        return self._table.at(self.row_width).row(self._groups[index], self.cell_style)

    def nothing(self) -> str:
        """Say what the panel is waiting for."""
        if self.view is None:
            return ""
        if self.view.state.instances and not self.view.instances:
            return self.view.nobody
        if self.view.missing is not None:
            return self.view.missing
        if self._by in COUNTED:
            return f"no {_said(self._by)}s yet: press b to group by something else"
        return "no requests yet: they are counted as audit/ records each message_exchange"

    def action_by(self) -> None:
        """Request the next grouping."""
        way = GROUPINGS[(GROUPINGS.index(self._by) + 1) % len(GROUPINGS)]
        self.post_message(self.GroupedBy(way))

    def _follows_end(self) -> bool:
        return False

    def _arrange(self) -> None:
        """Choose the lines above the table."""
        view, height = self.view, self.scrollable_content_region.height
        if view is None or view.missing or not height:
            self.show_above(())
            return
        errors = view.state.errors
        if view.narrowed:
            errors = sum(instance.errors for instance in view.instances)
        self.show_above(audit_lines(view, errors, self._plots, self.row_width, height))

    def _entitle(self) -> None:
        title = "Audit  filtered" if self.view is not None and self.view.narrowed else "Audit"
        if self.figure is not None and self.view is not None:
            self.entitle(title, f"Enter: {figure_query(self.figure, self.view).title}")
        else:
            self.entitle(title, f"by {_said(self._by)}{self._of}")

    @property
    def _of(self) -> str:
        """The note that shares are not of the cost, if they are shown."""
        columns = self._table.at(self.row_width).columns
        shown = bool(self._most) and any(column.title == "SHARE" for column in columns)
        return " · share of requests" if shown and not self._priced else ""

    def _keep(self, label: str | None) -> None:
        labels = [group.label for group in self._groups]
        if label in labels:
            self.set_reactive(LineView.cursor, labels.index(label))

    # --- the table -----------------------------------------------------------

    def _columns(self) -> list[Column[Group]]:
        by = self._by
        longest = max((cell_len(self._called(group)) for group in self._groups), default=0)
        most = max(MIN_LABEL, min(longest, MAX_LABEL))
        name = Column[Group](
            _said(by).upper(), MIN_LABEL, self._named, growth=((0.5, most),), inner=True
        )
        share = Column[Group]("", BAR_WIDTH, self._bar, priority=6)
        number = Column[Group]("REQ", 5, _number, right=True, priority=1)
        if by in COUNTED:
            wide = Column[Group](_said(by).upper(), MIN_LABEL, self._named, growth=((9, 120),))
            times = Column[Group]("TIMES", 5, _number, right=True, priority=1)
            return [wide, share, times, Column("IN", 5, _members, right=True, priority=2)]
        columns = [
            name,
            share,
            Column[Group]("SHARE", 5, self._percent, right=True, priority=7),
            number,
            Column[Group](
                "TOKENS", 6, lambda g: (fmt.tokens(g.usage.tokens), ""), right=True, priority=4
            ),
            Column[Group]("COST", 8, _cost, right=True, priority=2),
            Column[Group]("P50", 5, _latency(lambda x: x.p50_s), right=True, priority=5),
            Column[Group]("P95", 5, _latency(lambda x: x.p95_s), right=True, priority=3),
            Column[Group]("MAX", 5, _latency(lambda x: x.max_s), right=True, priority=8),
            Column[Group]("UNPRICED", 8, _unpriced, right=True, priority=9),
        ]
        if by != "instance":
            columns.append(Column[Group]("INST", 4, _members, right=True, priority=10))
        return columns

    def _named(self, group: Group) -> Cell:
        return self._called(group), self._hue(group) or ("" if group.label else "muted")

    def _called(self, group: Group) -> str:
        label = group.label
        if label is None:
            return "others" if self._by in COUNTED else "unknown"
        return self._names.get(label, label) if self._by in {"instance", "parent"} else label

    def _hue(self, group: Group) -> str:
        own = self._by in {"instance", "parent"} and self.view is not None
        return self.view.hue(group.label) if own and self.view and group.label else ""

    def _bar(self, group: Group) -> Cell:
        part = self._weight(group) / self._most if self._most else 0.0
        return bar(part, BAR_WIDTH), self._hue(group) or "accent"

    def _percent(self, group: Group) -> Cell:
        """Share of the total shown; subtrees overlap, so their shares add up to more than 100 %."""
        if self.view is None or (self._priced and group.usage.cost_usd is None):
            return fmt.UNKNOWN, "muted"
        usage = self.view.usage
        whole = (usage.cost_usd or 0.0) if self._priced else usage.requests
        return fmt.share(self._weight(group), whole), "muted"

    def _weight(self, group: Group) -> float:
        """Return what bar and share measure: cost, or the count for events and unpriced fleets."""
        counted = self._by in COUNTED or not self._priced
        return group.usage.requests if counted else group.usage.cost_usd or 0.0


def _said(by: str) -> str:
    return {"instance_type": "type", "event_type": "event"}.get(by, by)


def _latency(of: Callable[[Latency], float | None]) -> Callable[[Group], Cell]:
    return lambda group: (fmt.duration(of(group.usage.latency)), "")


def _number(group: Group) -> Cell:
    return fmt.count(group.usage.requests), ""


def _members(group: Group) -> Cell:
    return fmt.count(len(group.instance_ids)), "muted"


def _cost(group: Group) -> Cell:
    usage = group.usage
    return fmt.money_in_short(usage), "muted" if usage.cost_usd is None else ""


def _unpriced(group: Group) -> Cell:
    number = group.usage.unpriced
    return (fmt.count(number) if number else fmt.UNKNOWN), "muted"

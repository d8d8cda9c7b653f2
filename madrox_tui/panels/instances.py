"""Panel 1: every instance, what it is doing, and since when."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from logging_core.analyse.state import InstanceState, State
from madrox_tui import format as fmt
from madrox_tui.columns import Cell, Column, Table
from madrox_tui.panels.look import LOOKS
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView


class InstancesPanel(LineView):
    """The list of instances; the one under the cursor is the selected one."""

    HELP = "Every instance; the one under the cursor is shown in the pane."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open pane", show=False, id="instances.open"),
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

    view: reactive[View | None] = reactive(None, layout=False)
    """What to show; set by the app."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.border_title = Content("Instances")
        self._shown: tuple[InstanceState, ...] = ()
        self._at_s = 0.0
        self._table = Table(self._columns())

    @property
    def selected(self) -> InstanceState | None:
        """The instance under the cursor."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    def watch_view(self, view: View | None) -> None:
        """Show a new view; the cursor stays on its instance."""
        if view is None:
            return
        chosen = self.selected
        self._at_s = view.state.at_s
        self._shown = tuple(sorted(view.instances, key=lambda i: LOOKS[i.state].rank))
        if chosen is not None:
            ids = [instance.instance_id for instance in self._shown]
            if chosen.instance_id in ids:
                self.set_reactive(LineView.cursor, ids.index(chosen.instance_id))
        self.border_title = Content(_title(view))
        self.show_rows(len(self._shown))
        self._announce()

    def watch_cursor(self, old: int, new: int) -> None:
        """Another instance is selected."""
        super().watch_cursor(old, new)
        self._announce()

    def select(self, instance_id: str) -> None:
        """Put the cursor on an instance, if it is shown."""
        for index, instance in enumerate(self._shown):
            if instance.instance_id == instance_id:
                self._move_to(index)

    def header(self, _line: int) -> list[Segment]:
        """The headings."""
        return self._table.at(self.row_width).header(self.cell_style("head"))

    def row(self, index: int) -> list[Segment]:
        """One instance; the dead are dimmed."""
        instance = self._shown[index]
        row = self._table.at(self.row_width).row(instance, self.cell_style)
        if instance.state is State.TERMINATED:
            muted = self.cell_style("muted")
            row = [Segment(segment.text, muted) for segment in row]
        return row

    def nothing(self) -> str:
        """What is waited for."""
        if self.view is None or self.view.state.waiting is not None:
            return ""
        if self.view.narrowed:
            return "no instance passes the filter: Esc drops it"
        return "no instance yet: one appears when its first log is written"

    def _announce(self) -> None:
        self.border_subtitle = Content(self.selected.reason if self.selected else "")
        self.post_message(self.Selected(self.selected, self._at_s))

    def _follows_end(self) -> bool:
        return False

    def _columns(self) -> list[Column[InstanceState]]:
        return [
            Column("  STATE", 14, _state),
            Column("FOR", 4, self._for, right=True, priority=1),
            Column("NAME", 10, self._labelled, elastic=True, most=24),
            Column("ROLE", 16, lambda i: (i.role or "–", ""), priority=6),
            Column("MODEL", 16, _model, priority=8),
            Column("OPEN", 4, _open, right=True, priority=7),
            Column("REQ", 5, lambda i: (fmt.count(i.usage.requests), ""), right=True, priority=2),
            Column("TOKENS", 6, lambda i: (fmt.tokens(i.usage.tokens), ""), right=True, priority=4),
            Column(
                "COST", 7, lambda i: (fmt.dollars(i.usage.cost_usd), ""), right=True, priority=3
            ),
            Column(
                "P95",
                5,
                lambda i: (fmt.duration(i.usage.latency.p95_s), ""),
                right=True,
                priority=5,
            ),
            Column("SEEN", 4, self._seen, right=True, priority=9),
            Column("WHY", 16, lambda i: (i.reason, "muted"), priority=10, elastic=True, most=60),
        ]

    def _labelled(self, instance: InstanceState) -> Cell:
        return instance.label, self.view.hue(instance.instance_id) if self.view else ""

    def _for(self, instance: InstanceState) -> Cell:
        return fmt.age(_elapsed(instance.since_s, self._at_s)), "muted"

    def _seen(self, instance: InstanceState) -> Cell:
        return fmt.age(_elapsed(instance.last_activity_s, self._at_s)), "muted"


def _title(view: View) -> str:
    total = len(view.state.instances)
    if not view.narrowed:
        return f"Instances {total}"
    only = f"  only {view.instances[0].label}" if view.scope and view.instances else ""
    return f"Instances {len(view.instances)} of {total}{only}"


def _state(instance: InstanceState) -> Cell:
    look = LOOKS[instance.state]
    return f"{look.glyph} {instance.state.value}", look.style


def _model(instance: InstanceState) -> Cell:
    return instance.model or instance.instance_type or "–", "muted"


def _open(instance: InstanceState) -> Cell:
    number = len(instance.open_requests)
    return (str(number), "good") if number else ("–", "muted")


def _elapsed(since_s: float | None, at_s: float) -> float | None:
    return None if since_s is None else max(0.0, at_s - since_s)

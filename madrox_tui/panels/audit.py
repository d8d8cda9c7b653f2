"""Panel 4: what it costs and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.reactive import reactive

from logging_core.analyse.state import InstanceState, Latency, Usage
from madrox_tui import format as fmt
from madrox_tui.columns import Cell, Column, Table
from madrox_tui.view import View
from madrox_tui.widgets.line_view import LineView

BAR_WIDTH = 10
EIGHTHS = " ▏▎▍▌▋▊▉█"


class AuditPanel(LineView):
    """Requests, tokens, cost and response times: in total, and by instance."""

    HELP = "Requests, tokens, cost and response times, from the audit trail."
    has_cursor: ClassVar[bool] = False
    header_rows = 4

    view: reactive[View | None] = reactive(None, layout=False)
    """What to show; set by the app."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.border_title = Content("Audit")
        self._shown: tuple[InstanceState, ...] = ()
        self._most = 0.0
        self._table = Table(self._columns())

    def watch_view(self, view: View | None) -> None:
        """Show new sums; the dearest instances first, without costs the busiest."""
        if view is None:
            return
        self._shown = tuple(sorted(view.instances, key=_weight, reverse=True))
        self._most = max(map(_share_of, self._shown), default=0.0)
        self.border_title = Content("Audit  filtered" if view.narrowed else "Audit")
        self.show_rows(len(self._shown))

    def header(self, line: int) -> list[Segment]:
        """The totals, and the table's headings."""
        usage = self.view.usage if self.view else Usage()
        if line == 0:
            return self._totals(usage)
        if line == 1:
            return self._latency(usage.latency)
        return self._table.at(self.row_width).header(self.cell_style("head")) if line == 3 else []

    def row(self, index: int) -> list[Segment]:
        """One instance's sums."""
        return self._table.at(self.row_width).row(self._shown[index], self.cell_style)

    def _totals(self, usage: Usage) -> list[Segment]:
        errors = (
            self.view.state.errors
            if self.view and not self.view.narrowed
            else sum(instance.errors for instance in self._shown)
        )
        pairs = [
            (fmt.count(usage.requests), "req", "strong"),
            (fmt.tokens(usage.tokens), "tok", "strong"),
            (fmt.money(usage), "", "strong"),
            (fmt.count(errors), "err", "bad" if errors else "strong"),
        ]
        return self._pairs(pairs)

    def _latency(self, latency: Latency) -> list[Segment]:
        values = {
            "p50": latency.p50_s,
            "p95": latency.p95_s,
            "p99": latency.p99_s,
            "max": latency.max_s,
        }
        pairs = [(fmt.duration(value), name, "strong") for name, value in values.items()]
        return self._pairs(pairs)

    def _pairs(self, pairs: list[tuple[str, str, str]]) -> list[Segment]:
        segments: list[Segment] = []
        for value, label, style in pairs:
            segments.append(Segment(value, self.cell_style(style)))
            segments.append(Segment(f" {label}  " if label else "  ", self.cell_style("muted")))
        return segments

    def _columns(self) -> list[Column[InstanceState]]:
        return [
            Column("INSTANCE", 10, self._labelled, elastic=True, most=24),
            Column("", BAR_WIDTH, self._bar, priority=6),
            Column("REQ", 5, lambda i: (fmt.count(i.usage.requests), ""), right=True, priority=1),
            Column("TOKENS", 6, lambda i: (fmt.tokens(i.usage.tokens), ""), right=True, priority=4),
            Column(
                "COST", 8, lambda i: (fmt.dollars(i.usage.cost_usd), ""), right=True, priority=2
            ),
            Column("P50", 5, _latency(lambda x: x.p50_s), right=True, priority=5),
            Column("P95", 5, _latency(lambda x: x.p95_s), right=True, priority=3),
            Column("MAX", 5, _latency(lambda x: x.max_s), right=True, priority=7),
        ]

    def _bar(self, instance: InstanceState) -> Cell:
        share = _share_of(instance) / self._most if self._most else 0.0
        eighths = round(share * BAR_WIDTH * 8)
        whole, rest = divmod(eighths, 8)
        return "█" * whole + (EIGHTHS[rest] if rest else ""), self._hue(instance)

    def _labelled(self, instance: InstanceState) -> Cell:
        return instance.label, self._hue(instance)

    def _hue(self, instance: InstanceState) -> str:
        return self.view.hue(instance.instance_id) if self.view else ""


def _latency(of: Callable[[Latency], float | None]) -> Callable[[InstanceState], Cell]:
    return lambda instance: (fmt.duration(of(instance.usage.latency)), "")


def _share_of(instance: InstanceState) -> float:
    """What the bar shows: cost where it is known, else requests do not compare."""
    return instance.usage.cost_usd or 0.0


def _weight(instance: InstanceState) -> tuple[float, int, int]:
    return _share_of(instance), instance.usage.tokens or 0, instance.usage.requests

"""The log health dialog: what could not be read, and the tree's disk use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.worker import Worker

from logging_core.analyse.state import FleetState
from logging_core.records import Problem
from madrox_tui.health.disk import DiskLooks, DiskSource
from madrox_tui.health.report import health_lines
from madrox_tui.key_names import CLOSES, KeysInForce, overlay_keys
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.line_report import LineReport

MEASURED_EVERY_S = 5.0
"""How often the disk is measured while the report is open."""


class HealthScreen(Dialog[None]):
    """The log health report, over the panels.

    Args:
        state: Returns the fleet's state as currently shown.
        source: Measures the disk.
        keys: The keys in force.
        older: Returns what could not be read of messages older than the state's.
        unread: Returns what of the tree is still to be read, see `View`.
        every_s: How often to measure and to rebuild the report.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSES,
        Binding("tilde", "dismiss", "Close", id="view.health"),
    ]

    def __init__(
        self,
        state: Callable[[], FleetState],
        source: DiskSource,
        keys: KeysInForce,
        *,
        older: Callable[[], Sequence[Problem]] = tuple,
        unread: Callable[[], str | None] = lambda: None,
        every_s: float = MEASURED_EVERY_S,
    ) -> None:
        super().__init__()
        self._report = LineReport()
        self._state = state
        self._source = source
        self._keys = keys
        self._older = older
        self._unread = unread
        self._every_s = every_s
        self._disk = DiskLooks()
        self._measuring: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """A frame with the report in it."""
        with Vertical(classes="dialog -tall") as dialog:
            dialog.border_title = Content("Log health")
            dialog.border_subtitle = overlay_keys(self._keys)
            yield self._report

    def on_mount(self) -> None:
        """Measure now, and then periodically."""
        self._measure_anew()
        self.set_interval(self._every_s, self._measure_anew)

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the report to its new width."""
        self.call_after_refresh(self._show)

    def _measure_anew(self) -> None:
        """Measure the disk, unless a measurement is running: a large tree takes a while."""
        if self._measuring is None or self._measuring.is_finished:
            self._measuring = self._measure()
        else:
            self._show()

    @work(group="disk")
    async def _measure(self) -> None:
        self._disk = self._disk.then(await self._source.disk())
        self._show()

    def _show(self) -> None:
        lines = health_lines(
            self._state(),
            self._disk,
            self._report.row_width,
            older=self._older(),
            unread=self._unread(),
        )
        self._report.show_lines(lines)

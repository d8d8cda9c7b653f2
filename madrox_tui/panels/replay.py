"""Panel 2: what the selected instance's terminal showed last."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.reactive import reactive

from logging_core.analyse.state import InstanceState
from madrox_tui import format as fmt
from madrox_tui.pane import Pane
from madrox_tui.widgets.line_view import LineView


class ReplayPanel(LineView):
    """The newest captured frame of one pane, with its colours."""

    HELP = "The newest capture of the selected instance's terminal."
    has_cursor: ClassVar[bool] = False

    pane: reactive[Pane | None] = reactive(None, layout=False)
    """The frame to show; `None` while there is none."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.border_title = Content("Pane")
        self.set_reactive(LineView.follow, True)
        self._instance: InstanceState | None = None

    def show_instance(self, instance: InstanceState | None, at_s: float) -> None:
        """Say whose pane this is, and how old its newest frame is."""
        changed = _id(instance) != _id(self._instance)
        self._instance = instance
        if changed:
            self.follow = True
            self.pane = None
            self.scroll_to(x=0, animate=False, force=True)
        self.border_title = Content("Pane" if instance is None else f"Pane  {instance.label}")
        self.border_subtitle = Content(_subtitle(instance, at_s))
        self.refresh()

    def watch_pane(self, pane: Pane | None) -> None:
        """Show another frame."""
        if pane is None:
            self.show_rows(1)
        else:
            self.show_rows(len(pane.rows), pane.width)

    def row(self, index: int) -> list[Segment]:
        """A line of the terminal; without a frame, what is waited for."""
        if self.pane is not None:
            return list(self.pane.rows[index]) if index < len(self.pane.rows) else []
        return [Segment(self._empty(), self.cell_style("muted"))]

    def _empty(self) -> str:
        if self._instance is None:
            return "no instance selected"
        if self._instance.newest_frame is None:
            return "no capture of this pane yet: the orchestrator's log_tmux_output() writes them"
        return ""


def _id(instance: InstanceState | None) -> str | None:
    return None if instance is None else instance.instance_id


def _subtitle(instance: InstanceState | None, at_s: float) -> str:
    if instance is None or instance.newest_frame is None:
        return ""
    frame_s = instance.newest_frame.time_s
    if frame_s is None:
        return f"frame {instance.frames}"
    age = fmt.age(max(0.0, at_s - frame_s))
    return f"frame {instance.frames}  {fmt.clock(frame_s)}  {age} ago"

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

    @property
    def instance_id(self) -> str | None:
        """Whose pane this is; `None` if nobody's."""
        return None if self._instance is None else self._instance.instance_id

    def show_instance(self, instance: InstanceState | None, at_s: float) -> None:
        """Say whose pane this is, and how old its newest frame is."""
        before = self.instance_id
        self._instance = instance
        if self.instance_id != before:
            self.follow = True
            self.pane = None
            self.scroll_to(x=0, animate=False, force=True)
        self.border_title = Content("Pane" if instance is None else f"Pane  {instance.label}")
        self.border_subtitle = Content(_subtitle(instance, at_s))
        self.refresh()

    def watch_pane(self, pane: Pane | None) -> None:
        """Show another frame."""
        self.show_rows(len(pane.rows) if pane else 0, pane.width if pane else 0)

    def row(self, index: int) -> list[Segment]:
        """A line of the terminal."""
        return list(self.pane.rows[index]) if self.pane else []

    def nothing(self) -> str:
        """Why there is no frame."""
        if self._instance is None:
            return "no instance selected"
        if self._instance.newest_frame is None:
            return "no capture of this pane yet"
        return "" if self.pane is None else "a blank screen"


def _subtitle(instance: InstanceState | None, at_s: float) -> str:
    if instance is None or instance.newest_frame is None:
        return ""
    frame_s = instance.newest_frame.time_s
    if frame_s is None:
        return f"frame {instance.frames}"
    age = fmt.age(max(0.0, at_s - frame_s))
    return f"frame {instance.frames}  {fmt.clock(frame_s)}  {age} ago"

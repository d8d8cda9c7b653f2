"""A frame with a scrubber at the bottom, which shows and seeks the time of the recording."""

from __future__ import annotations

from rich.segment import Segment
from textual import events, work

from logging_core.records import FrameRef
from madrox_tui.panels.pane.frame_source import Course, FrameSource
from madrox_tui.panels.pane.frame_view import FrameView
from madrox_tui.panels.pane.scrubber import Scrubber

BUCKETS = 120
"""The number of parts of the recording for which the amount of change is computed."""


_SHORTEST_CELL_S = 1.0  # else each frame of a recording that has just begun would be a reason


class ScrubbedView(FrameView):
    """Pins a scrubber below the rows. A subclass implements `seek` and `instance_id`.

    Args:
        source: Where frames and their times come from.
    """

    header_rows: int = 1  # drawn as the last line

    def __init__(
        self,
        source: FrameSource,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self.source = source
        self.course: Course | None = None
        self._surveyed: Course | None = None  # as loaded; newer frames extend `course`
        self._surveying: str | None = None
        self._mouse: int | None = None

    def seek(self, time_s: float) -> None:
        """Show the frame of a time, in seconds since the epoch. Subclasses override it."""
        raise NotImplementedError

    @property
    def instance_id(self) -> str | None:
        """The instance whose frames are shown; `None` if none is. Subclasses override it."""
        raise NotImplementedError

    @property
    def selected_time_s(self) -> float | None:
        """When the frame shown was captured, in seconds since the epoch."""
        return None if self.pane is None else self.pane.ref.time_s

    def survey(self, ref: FrameRef) -> None:
        """Let the strip reach to a frame; reload how much changed once a cell of it has passed."""
        course, surveyed, time_s = self.course, self._surveyed, ref.time_s
        if course is None or surveyed is None:
            self.survey_all(ref.instance_id)
            return
        if time_s is None:
            return
        if time_s > course.to_s:
            self.course = course._replace(to_s=time_s)
            self.draw_scrubber()
        cell_s = max(_SHORTEST_CELL_S, (surveyed.to_s - surveyed.from_s) / BUCKETS)
        if not surveyed.from_s <= time_s <= surveyed.to_s + cell_s:
            self.survey_all(ref.instance_id)

    def survey_all(self, instance_id: str) -> None:
        """Load how much changed when in an instance's recording, once the frame is painted."""
        self.call_after_refresh(self._begin_survey, instance_id)

    def _begin_survey(self, instance_id: str) -> None:
        is_under_way = instance_id == self._surveying
        if instance_id == self.instance_id and not is_under_way and self.app.return_code is None:
            self._surveying = instance_id
            self._survey(instance_id)

    @work(group="survey", exclusive=True)
    async def _survey(self, instance_id: str) -> None:
        course = await self.source.course(instance_id, BUCKETS)
        if instance_id == self._surveying:
            self._surveying = None
        if instance_id == self.instance_id:  # else another one was selected meanwhile
            self.course = self._surveyed = course
            self.draw_scrubber()

    def header(self, line: int) -> list[Segment]:
        """Draw the scrubber."""
        scrubber = self._scrubber
        if scrubber is None:
            return []
        return scrubber.draw(self.selected_time_s, self._mouse, self.cell_style)

    @property
    def _scrubber(self) -> Scrubber | None:
        return Scrubber(self.course, self.row_width) if self.course else None

    def draw_scrubber(self) -> None:
        """Redraw the pinned line."""
        self._redraw(0)

    def _on_screen(self, line: int, way: int) -> int:
        """The pinned line is at the bottom."""
        return (line - way) % max(1, self.size.height)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Seek to the time under the mouse, and start dragging."""
        if self._over_scrubber(event):
            self.capture_mouse()
            self._seek_mouse(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Seek while dragging; else show the time under the mouse."""
        if self.app.mouse_captured is self:
            self._seek_mouse(event)
        else:
            self._point_at(self._cell(event) if self._over_scrubber(event) else None)

    def on_mouse_up(self) -> None:
        """Stop dragging."""
        self.release_mouse()

    def on_leave(self) -> None:
        """Stop showing the time under the mouse."""
        self._point_at(None)

    def _over_scrubber(self, event: events.MouseEvent) -> bool:
        offset = event.get_content_offset(self)
        return offset is not None and offset.y == self.size.height - 1

    def _cell(self, event: events.MouseEvent) -> int:
        return event.get_content_offset_capture(self).x

    def _seek_mouse(self, event: events.MouseEvent) -> None:
        scrubber = self._scrubber
        if scrubber is not None:
            self._point_at(self._cell(event))
            self.seek(scrubber.time_of(self._cell(event)))

    def _point_at(self, cell: int | None) -> None:
        if cell != self._mouse:
            self._mouse = cell
            self.draw_scrubber()

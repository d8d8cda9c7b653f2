"""Panel 2: what the selected instance's terminal shows, and what it showed at any time before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from logging_core.analyse.state import InstanceState
from logging_core.records import FrameRef
from madrox_tui import format as fmt
from madrox_tui.find import Found, holds, next_row
from madrox_tui.frames import FrameSource
from madrox_tui.playback import Playback
from madrox_tui.seek import Goal, Kind, Place, reach
from madrox_tui.widgets.frame_view import Mode
from madrox_tui.widgets.scrubbed_view import ScrubbedView


class ReplayPanel(ScrubbedView):
    """One pane as it is, following, or as it was; below it a line to go through its time.

    Args:
        source: Where earlier frames come from.
        now: A clock that never goes back, in seconds: for playing.
    """

    HELP = "The selected instance's terminal: as it is now, or any capture of it from before."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("[", "step(-1)", "Frame before", show=False, id="pane.previous"),
        Binding("]", "step(1)", "Next frame", show=False, id="pane.next"),
        Binding(
            "{", "differ(-1)", "Previous different frame", show=False, id="pane.differ_previous"
        ),
        Binding("}", "differ(1)", "Next different frame", show=False, id="pane.differ_next"),
        Binding("<", "speed(-1)", "Slower", show=False, id="pane.slower"),
        Binding(">", "speed(1)", "Faster", show=False, id="pane.faster"),
        Binding("d", "mode", "All, what is new, or both", show=False, id="pane.mode"),
        Binding("w", "wrap", "Break long lines, or not", show=False, id="pane.wrap"),
    ]

    rewound: reactive[bool] = reactive(False, layout=False)
    """Whether a frame is shown that was chosen, not the newest one."""

    playing: reactive[bool] = reactive(False, layout=False)
    """Whether the frames after the one that is shown follow by themselves."""

    def __init__(
        self,
        source: FrameSource,
        *,
        now: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(source, id=id)
        self.entitle("Pane")
        self.set_reactive(ReplayPanel.follow, True)
        self._playback = Playback(now)
        self._instance: InstanceState | None = None
        self._place: Place | None = None
        self._goal: Goal | None = None
        self._seeking = False
        self._at_s = 0.0
        self._moment_s: float | None = None
        self._seen = 0
        self._gone = False

    # --- what the screen says and asks ---------------------------------------

    @property
    def instance_id(self) -> str | None:
        """Whose pane this is; `None` if nobody's."""
        return None if self._instance is None else self._instance.instance_id

    def show_instance(self, instance: InstanceState | None, at_s: float) -> None:
        """Say whose pane this is, what is known of it, and what time it is."""
        before = self.instance_id
        self._instance, self._at_s = instance, at_s
        if self.instance_id != before:
            self._begin()
        elif self.follow:
            self._follow_newest()
        self._entitle()

    def show_at(self, time_s: float | None) -> None:
        """Show the frame of a moment, in seconds since the epoch; `None`: the newest, following."""
        self._moment_s = time_s
        if time_s is None:
            self.action_last()
        else:
            self._go(Goal(Kind.MOMENT, time_s))

    def toggle_play(self) -> bool:
        """Play, or pause, when looking at the past; whether that was what `Space` meant."""
        if self.rewound and self.pane is not None:
            self.playing = not self.playing
            return True
        return False

    def nothing(self) -> str:
        """Why there is no frame."""
        if self._instance is None:
            return "no instance selected"
        if self._instance.newest_frame is None:
            return "no capture of this pane yet: log_tmux_output() writes one"
        if self._gone:
            return "the file of this capture is gone"
        if self.pane is None:
            return "no capture of this pane before that moment" if self.rewound else ""
        return "nothing new since the frame before" if self.pane.texts else "a blank screen"

    def seek(self, time_s: float) -> None:
        """Show the frame of a moment that was pointed at."""
        self._go(Goal(Kind.MOMENT, time_s))

    async def find_beyond(self, text: str, direction: int) -> int | None:
        """Show the nearest frame after (> 0) or before this one that holds a text anew.

        Args:
            text: What is looked for; capitals matter if it has any.
            direction: To newer frames, or to older ones.

        Returns:
            The number of the line that holds it and that the frames between do not have; `None`
            if there is none, and then nothing changes.
        """
        if self._place is None:
            return None
        async for ref, line in self.source.search(self._place.ref, text, direction):
            self.playing = False
            self.rewound, self.follow = True, False
            await self._show(Place(ref))
            return line
        return None

    def find_rows(self, text: str) -> Sequence[int]:
        """The rows that hold a text; all of them are looked through, undecoded."""
        return [i for i in range(self.count) if holds(self.row_text(i), text)]

    def action_find_next(self, step: int) -> None:
        """Go to the next hit, or the one before; beyond the frame in those after, or before."""
        found = self.found
        at = self.scroll_offset.y if found.at is None else found.at
        if found.text and not any((row - at) * step > 0 for row in self.find_rows(found.text)):
            self._find_beyond(step)
        else:
            super().action_find_next(step)

    @work(group="find", exclusive=True)
    async def _find_beyond(self, step: int) -> None:
        text = self.found.text
        line = await self.find_beyond(text, step)
        if line is None:
            self.notify("no more of it in any frame", markup=False)
            return
        rows = self.find_rows(text)
        at = next_row(rows, self.row_of(line) - 1, 1)
        self.found = Found(text, rows, at)
        if at is not None:
            self.show_row(at)

    # --- keys ----------------------------------------------------------------

    def action_step(self, frames: int) -> None:
        """Show the frame so many on."""
        if frames < 0 or not self.follow:
            self._go(Goal(Kind.STEP, frames))

    def action_differ(self, direction: int) -> None:
        """Show the nearest frame that differs."""
        if direction < 0 or not self.follow:
            self._go(Goal(Kind.DIFFERING, direction))

    def action_speed(self, steps: int) -> None:
        """Play faster, or slower."""
        self._playback.change_speed(steps)
        if self.playing:
            self._play()
        self._entitle()

    def action_first(self) -> None:
        """Show the first frame that was captured."""
        self._go(Goal(Kind.FIRST))

    def action_last(self) -> None:
        """Show the newest frame, and follow."""
        self.playing = self.rewound = False
        super().action_last()
        self._follow_newest()

    # --- what changes --------------------------------------------------------

    def watch_follow(self, follow: bool) -> None:
        """Following begins with the newest frame; where it ends, what comes is counted."""
        if follow:
            self._follow_newest()
        elif self._instance is not None:
            self._seen = self._instance.frames
        self._entitle()

    def watch_mode(self) -> None:
        """To compare, the frame before is needed."""
        super().watch_mode()
        self._compare()
        self._entitle()

    def watch_playing(self, playing: bool) -> None:
        """Begin to play."""
        if playing:
            self._playback.frame_shown()
            self._play()
        self._entitle()

    def _begin(self) -> None:
        """Forget the instance before."""
        self.playing = self.rewound = self._gone = False
        self._place = self._goal = self.course = None
        self.show_frame(None, None)
        self.scroll_to(x=0, animate=False, force=True)
        self.follow = True
        if self._moment_s is not None:
            self._go(Goal(Kind.MOMENT, self._moment_s))
        else:
            self._follow_newest()

    def _follow_newest(self) -> None:
        newest = self._instance.newest_frame if self._instance else None
        if newest is not None and (self.pane is None or self.pane.ref != newest):
            self._want(Goal(Kind.NEWEST))

    def _go(self, goal: Goal) -> None:
        """Look at the past."""
        if self._instance is not None:
            self.playing = False
            self.rewound, self.follow = True, False
            self._want(goal)

    def _want(self, goal: Goal) -> None:
        waiting = self._goal
        self._goal = goal if waiting is None else waiting.then(goal)
        if not self._seeking:
            self._seeking = True
            self._seek()

    @work(group="seek")
    async def _seek(self) -> None:
        """Go to one frame at a time, until the last one that was asked for is shown."""
        try:
            while (goal := self._goal) is not None and self._instance is not None:
                self._goal = None
                place = await reach(goal, self.source, self._instance, self._place)
                if place is not None:
                    await self._show(place)
                else:
                    await self._miss(goal)
        finally:
            self._seeking = False
        if self.rewound and self.pane is not None:
            self._warm(self.pane.ref)

    async def _miss(self, goal: Goal) -> None:
        """There is no such frame: after the last one is the present, before the first nothing."""
        instance_id = self.instance_id
        if instance_id is not None and not await self.source.any_left(instance_id):
            self._gone = True
        elif goal.kind is Kind.MOMENT:
            self._place = None
            self.show_frame(None, None)
        elif goal.amount > 0:
            self.action_last()
        self._entitle()

    @work(group="warm", exclusive=True)
    async def _warm(self, ref: FrameRef) -> None:
        await self.source.warm(ref)

    async def _show(self, place: Place) -> None:
        pane = await self.source.pane(place.ref)
        earlier = None if self.mode is Mode.FULL else await self.source.before(place.ref)
        if place.ref.instance_id != self.instance_id:
            return
        self._gone = pane is None
        if pane is not None:
            self._place = place
            self.show_frame(pane, earlier)
            self.survey(pane.ref)
        self.refresh()
        self._entitle()

    @work(group="compare", exclusive=True)
    async def _compare(self) -> None:
        if self.pane is not None and self.mode is not Mode.FULL:
            self.earlier = await self.source.before(self.pane.ref)

    @work(group="play", exclusive=True)
    async def _play(self) -> None:
        """Show frame after frame; at the end, follow."""
        while self.playing and self._place is not None and self._instance is not None:
            here, goal = self._place, Goal(Kind.STEP, 1)
            place = await reach(goal, self.source, self._instance, here)
            if place is None:
                self.action_last()
                return
            await asyncio.sleep(self._playback.wait_s(here.ref.time_s, place.ref.time_s))
            if self.playing and self._place is here:
                await self._show(place)
                self._playback.frame_shown()

    def _follows_end(self) -> bool:
        """Coming to the end of a frame that was chosen is not coming to the present."""
        return not self.rewound

    # --- what the border says --------------------------------------------------

    def _entitle(self) -> None:
        """Say whose pane it is, which frame is shown, and what is going on."""
        title = "Pane" if self._instance is None else f"Pane  {self._instance.label}"
        if self.mode is not Mode.FULL:
            title += f" · {self.mode.value}"
        self.entitle(title, " · ".join(filter(None, self._facts())))

    def _facts(self) -> Iterator[str]:
        if self._place is None or self._instance is None:
            return
        yield from self._place.facts(self._at_s)
        if self._gone:
            yield "file gone"
        yield from self._progress(self._instance.frames - self._seen)

    def _progress(self, new: int) -> Iterator[str]:
        if self.follow:
            yield "following"
            return
        if self.rewound:
            sign = "▶" if self.playing else "‖"
            yield f"{sign} {self._playback.speed}x"
        if new > 0:
            yield f"{fmt.count(new)} new"

"""A pane that seeks in its frames: to the newest, to a time, step by step, or playing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import work
from textual.message import Message
from textual.reactive import reactive

from logging_core.analyse.state import InstanceState
from logging_core.records import FrameRef
from madrox_tui.key_names import KeysInForce
from madrox_tui.panels.pane.frame_source import FrameSource
from madrox_tui.panels.pane.frame_view import Mode
from madrox_tui.panels.pane.playback import Playback
from madrox_tui.panels.pane.scrubbed_view import ScrubbedView
from madrox_tui.panels.pane.seek import Goal, GoalKind, reach


class ReplayView(ScrubbedView):
    """Shows one frame of an instance, the newest or a chosen one, and plays from there.

    A subclass binds the keys, and sets the border title in `_entitle`.

    Args:
        keys: The keys in force.
        source: Where earlier frames come from.
        now: A monotonic clock, in seconds, for playback.
    """

    class Moved(Message):
        """At an earlier moment of the screen, the pane went to another one; see `moment_s`."""

    rewound: reactive[bool] = reactive(False, layout=False)
    """Whether a chosen frame is shown, instead of following the newest."""

    playing: reactive[bool] = reactive(False, layout=False)
    """Whether playback is running."""

    def __init__(
        self,
        keys: KeysInForce,
        source: FrameSource,
        *,
        now: Callable[[], float],
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(source, id=id)
        self.set_reactive(ReplayView.follow, True)
        self._keys = keys
        self._playback = Playback(now)
        self._instance: InstanceState | None = None
        self._shown: FrameRef | None = None
        self._goal: Goal | None = None
        self._seeking = False
        self.moment_s: float | None = None
        """The earlier time that is shown, in seconds since the epoch; `None` if the screen shows
        none: then a rewound pane is by itself."""
        self._seen = 0
        self._gone = False
        self._homeless = False

    @property
    def instance_id(self) -> str | None:
        """The instance whose pane is shown; `None` if none is."""
        return None if self._instance is None else self._instance.instance_id

    @property
    def follows_end(self) -> bool:
        """Scrolling to the end of a rewound frame does not resume following."""
        return not self.rewound

    def seek(self, time_s: float) -> None:
        """Show the frame of a time picked on the scrubber: at its end the newest, and follow."""
        if self.moment_s is None and self.course is not None and time_s >= self.course.to_s:
            self.action_last()
        else:
            self._go(Goal(GoalKind.MOMENT, time_s))

    def action_last(self) -> None:
        """Show the newest frame, and follow."""
        if self.moment_s is not None:
            self.moment_s = None
            self.post_message(self.Moved())
        self.playing = self.rewound = False
        super().action_last()
        self._follow_newest()

    def _entitle(self) -> None:
        """Update the border title. Subclasses override it."""

    # --- what changes --------------------------------------------------------

    def watch_follow(self, follow: bool) -> None:
        """Show the newest frame when following starts; count new frames once it ends."""
        if follow:
            self._follow_newest()
        elif self._instance is not None:
            self._seen = self._instance.frames
        self._entitle()

    def watch_mode(self) -> None:
        """Load the previous frame if the mode compares."""
        super().watch_mode()
        self._compare()
        self._entitle()

    def watch_playing(self, playing: bool) -> None:
        """Start playback."""
        if playing:
            self._begin_playing()
        self._entitle()

    # --- from frame to frame -------------------------------------------------

    def _begin(self) -> None:
        """Start over with another instance."""
        self.playing = self.rewound = self._gone = self._homeless = False
        self._shown = self._goal = self.course = None
        self.show_frame(None, None)
        self.scroll_to(x=0, animate=False, force=True)
        self.follow = True
        if self.moment_s is not None:
            self._go(Goal(GoalKind.MOMENT, self.moment_s))
        elif self._instance is not None and not self._show_kept(self._instance.newest_frame):
            self._want(Goal(GoalKind.NEWEST))  # its captures may not have been read yet

    def _show_kept(self, ref: FrameRef | None) -> bool:
        """Show a frame immediately if it is cached; return whether it was."""
        pane = None if ref is None or self.mode is not Mode.FULL else self.source.kept(ref)
        if pane is None:
            return False
        self._shown = pane.ref
        self.show_frame(pane, None)
        self.survey(pane.ref)
        return True

    def _follow_newest(self) -> None:
        newest = self._instance.newest_frame if self._instance else None
        if newest is None:
            return
        # A frame that is being found for another goal is shown, too, and may come after it.
        if self._seeking or self.pane is None or self.pane.ref.place != newest.place:
            self._want(Goal(GoalKind.NEWEST))

    def _go(self, goal: Goal) -> None:
        """Rewind to a goal."""
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
        """Reach one goal at a time, until the latest one is shown."""
        try:
            while (goal := self._goal) is not None and self._instance is not None:
                start, self._goal = goal.start, None
                if start is not None:
                    goal, self._goal = start, goal._replace(start=None)
                ref, rest = await reach(goal, self.source, self._instance, self._shown)
                if rest is not None:
                    self._goal = rest if self._goal is None else rest.then(self._goal)
                if ref is None:
                    await self._miss(goal)
                elif goal.kind is GoalKind.MOMENT and goal.amount == self.moment_s:
                    await self._show(ref)  # the screen is there already
                else:
                    await self._move(ref)
        finally:
            self._seeking = False
            self.refresh()
        if self.playing:
            self._begin_playing()
        elif self.rewound and self.pane is not None:
            self._warm(self.pane.ref)

    async def _miss(self, goal: Goal) -> None:
        """Handle a goal without a frame: past the end, before the first one, or all gone."""
        instance_id = self.instance_id
        if goal.kind is GoalKind.NEWEST:
            self._homeless = instance_id is not None and not await self.source.has_directory(
                instance_id
            )
        elif instance_id is not None and await self.source.newest(instance_id) is None:
            self._gone = True
        elif goal.kind is GoalKind.MOMENT:
            self._shown = None
            self.show_frame(None, None)
            if self.course is None and instance_id is not None:
                self.survey_all(instance_id)
        elif goal.amount > 0:
            self._end()
        self._entitle()

    def _end(self) -> None:
        """Past the last frame follow the newest, unless the screen is at an earlier time."""
        if self.moment_s is None:
            if self.playing:
                self.notify("played to the newest capture: following", markup=False)
            self.action_last()
        else:
            self.playing = False
            key = self._keys.name("line.last")
            self.notify(f"this is the last capture: {key} returns to live", markup=False)

    @work(group="warm", exclusive=True)
    async def _warm(self, ref: FrameRef) -> None:
        await self.source.warm(ref)

    async def _move(self, ref: FrameRef) -> None:
        """Show a frame, and take a screen that is at an earlier time along to it."""
        await self._show(ref)
        time_s = self.selected_time_s
        is_wanted = self.moment_s is not None and self._goal is None
        if is_wanted and time_s is not None and time_s != self.moment_s:
            self.moment_s = time_s
            self.post_message(self.Moved())

    async def _show(self, ref: FrameRef) -> None:
        pane = await self.source.pane(ref)
        earlier = None if self.mode is Mode.FULL else await self.source.before(ref)
        if ref.instance_id != self.instance_id:
            return
        self._gone = pane is None
        if pane is not None:
            self._shown = ref
            newest = self._instance.newest_frame if self._instance else None
            if self._instance is not None and newest is not None and newest.place == ref.place:
                self._seen = self._instance.frames
            self.show_frame(pane, earlier)
            self.survey(pane.ref)
        self.refresh()
        self._entitle()

    @work(group="compare", exclusive=True)
    async def _compare(self) -> None:
        if self.pane is not None and self.mode is not Mode.FULL:
            self.earlier = await self.source.before(self.pane.ref)

    def _begin_playing(self) -> None:
        self._playback.frame_shown()
        self._play()

    @work(group="play", exclusive=True)
    async def _play(self) -> None:
        """Show frame after frame up to the end; not from one that is being left for another."""
        while (
            self.playing
            and not self._seeking
            and self._shown is not None
            and self._instance is not None
        ):
            here = self._shown
            step = await self.source.step(here, 1)
            if step is None:
                self._end()
                return
            await asyncio.sleep(self._playback.wait_s(here.time_s, step.ref.time_s))
            if self.playing and self._shown is here:
                await self._move(step.ref)
                self._playback.frame_shown()

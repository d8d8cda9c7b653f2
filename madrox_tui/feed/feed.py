"""The one hop from the log tree to the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from logging_core.analyse.state import FleetState, TimelineEvent
from logging_core.records import AuditEvent, Batch, InstanceGone, Message, Problem
from logging_core.threads import in_thread
from madrox_tui.config import Settings
from madrox_tui.feed.pace import MANY_PER_S, Pace
from madrox_tui.feed.past import LazyPast, prepare, why_nothing
from madrox_tui.feed.pulse import Pulse
from madrox_tui.feed.sources import (
    frames_of,
    messages_of,
    read_events,
    read_halves,
    read_line,
    read_told,
)
from madrox_tui.feed.view_maker import PREFETCHED, ViewMaker
from madrox_tui.heap import give_back
from madrox_tui.panels.audit.view import ALL_TIME
from madrox_tui.view import Narrowing, View

if TYPE_CHECKING:
    from logging_core.read.disk import DiskUse
    from madrox_tui.events.query import EventQuery, Events
    from madrox_tui.feed.first_view import FirstView
    from madrox_tui.feed.live import LiveFleet
    from madrox_tui.panels.timeline.message_source import Written


class Feed:
    """Follows a tree, folds it into the fleet model, and publishes views.

    What reads the tree is loaded when it is needed: after the first paint if the first view was
    prefetched.

    Args:
        root: The log tree; need not exist yet.
        now: The clock, seconds since the epoch.
        settings: The user's settings.
        since_s: Count only what happened at or after this moment; `None` for all.
        past: Gives earlier states of the tree; `None` if they cannot be shown.
        cached: Whether sums are kept from one run to the next. A tree without any is then also
            read from its beginning, in another process, and not only from the ends of its logs.
        prefetched: Returns the first view if another process made it; else `None`.

    Attributes:
        frames: Reads the captured frames of every pane.
        messages: Reads messages older than those of a view; `None` with `since_s`.
        since_s: As given.
        trouble: Why sums cannot be kept for the next run; `None` if they can, as far as is known.
    """

    def __init__(
        self,
        root: Path,
        *,
        now: Callable[[], float],
        settings: Settings,
        since_s: float | None = None,
        past: LazyPast | None = None,
        cached: bool = False,
        prefetched: Callable[[], FirstView | None] = lambda: None,
    ) -> None:
        self.root = root
        self.messages = None if since_s is not None else messages_of(root)
        self.frames = frames_of(root)
        self.now = now
        self._settings = settings
        self.since_s = since_s
        self.trouble: str | None = None
        self._cached = cached
        self._prefetched = prefetched
        self._polls_left = 0
        self._is_abreast = asyncio.Event()
        self._pulse = Pulse(time.monotonic)
        self._view_maker = ViewMaker(settings, self._pulse, time.monotonic)
        self._pace = Pace(time.monotonic, time.process_time)
        self._is_swollen = True  # the heap has pages to give back
        self._past = past
        self._past_turn = asyncio.Lock()
        self._jumps = 0

    @cached_property
    def _live(self) -> LiveFleet:
        from logging_core.summing import Summing
        from madrox_tui.feed.live import LiveFleet
        from madrox_tui.feed.opened import model_options, screen_cache

        return LiveFleet(
            self.root,
            model_options(self._settings, self.since_s),
            poll=self._settings.poll,
            cache=screen_cache(self.root, self.since_s) if self._cached else None,
            monotonic=time.monotonic,
            summing=partial(Summing, self.root, self.since_s) if self._cached else None,
            anew=self._is_abreast.clear,
        )

    def begin(self) -> View | None:
        """Return the prefetched view; `None` if there is none. To be called once, before `run`.

        No view that shows less of the tree is published after it.
        """
        prefetched = self._prefetched()
        if prefetched is None:
            return None
        self._polls_left = prefetched.polls
        if prefetched.capture is not None:
            self.frames.put(*prefetched.capture)
        return prefetched.view

    async def run(self, publish: Callable[[View], None]) -> None:
        """Follow the tree until cancelled; `publish` is given each new view, on the loop."""
        tasks = [asyncio.create_task(work(publish)) for work in (self._follow, self._tick)]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def narrow(self, narrowing: Narrowing, held: View | None) -> View:
        """Return a view of other instances; the views published from now on show the same.

        Args:
            narrowing: Which instances to show.
            held: The view to narrow, if the screen shows an older one; `None` for the newest.
        """
        self._view_maker.narrowing = narrowing
        if held is None:
            return await self._narrowed()
        async with AsyncExitStack() as turns:
            if held.moment_s is not None:
                await turns.enter_async_context(self._past_turn)
            await turns.enter_async_context(self._live.turn)
            view = await in_thread(partial(self._look_at, held.state, held.moment_s))
            return msgspec.structs.replace(view, records=held.records)

    async def _narrowed(self) -> View:
        """Return the newest view, not of a model that begins anew."""
        while True:
            await self._is_abreast.wait()
            async with self._live.turn:
                if self._is_abreast.is_set():
                    return await in_thread(self._look)

    @property
    def knows_the_past(self) -> bool:
        """Whether earlier moments can be shown."""
        return self._past is not None

    async def at(self, moment_s: float, progress: Callable[[int], object]) -> View:
        """Return the view of an earlier moment.

        Cancellation ends the reading, too, within a fraction of a second.

        Args:
            moment_s: Seconds since the epoch.
            progress: Called now and then with the number of records read for it so far.

        Raises:
            OSError: There is no room on the disk for what it takes, or the tree went away half
                read.
        """
        async with self._past_turn:
            state = await self._state_at(moment_s, progress)
            # A number of its own: its rows continue those of no other view.
            self._jumps += 1
            state = msgspec.structs.replace(state, reordered=PREFETCHED - self._jumps)
            async with self._live.turn:
                return await in_thread(partial(self._look_at, state, moment_s))

    async def state_at(self, moment_s: float, progress: Callable[[int], object]) -> FleetState:
        """Return the whole fleet as of an earlier moment; see `at`."""
        async with self._past_turn:
            return await self._state_at(moment_s, progress)

    async def _state_at(self, moment_s: float, progress: Callable[[int], object]) -> FleetState:
        if self._past is None:
            raise RuntimeError("this feed knows no past")
        past = await in_thread(self._past.get)
        await prepare(past, progress)
        return await in_thread(partial(past.state_at, moment_s))

    def group_by(self, by: str, window: str = ALL_TIME) -> None:
        """Group the audit panel's table by something else, or in another window, from now on."""
        self._view_maker.group_by(by, window)

    async def disk(self) -> DiskUse:
        """Measure what the tree takes on the disk."""
        from logging_core.read.disk import measure_disk

        return await asyncio.to_thread(measure_disk, self.root, now_s=self.now())

    async def events(self, query: EventQuery, most: int) -> Events:
        """Return the first `most` audit events of a query; none if they cannot be read."""
        return await asyncio.to_thread(read_events, self.root, query, most)

    async def halves(self, event: AuditEvent, spawned: Sequence[float]) -> tuple[Message, ...]:
        """Return the reply and the request that an event is about, as far as they are found."""
        return await asyncio.to_thread(read_halves, self.root, event, spawned)

    def older_problems(self) -> list[Problem]:
        """Return what could not be read, so far, of messages older than those of a view."""
        return [] if self.messages is None else self.messages.problems

    async def line(self, message: Message) -> Written | None:
        """Find the line that a message was read from; `None` if it is no longer there."""
        return await asyncio.to_thread(read_line, self.root, message)

    async def told(self, error: TimelineEvent) -> TimelineEvent | None:
        """Find all that the audit trail says of an error; `None` if that is not found."""
        return await asyncio.to_thread(read_told, self.root, error)

    async def _follow(self, publish: Callable[[View], None]) -> None:
        live = await asyncio.to_thread(lambda: self._live)  # imports what reads: slow
        async with aclosing(live.batches()) as batches:
            async for batch in batches:
                await self._take(live, batch, publish)

    async def _take(self, live: LiveFleet, batch: Batch, publish: Callable[[View], None]) -> None:
        """Fold a batch into the model, publish a view if one is due, and rest as is due."""
        async with live.turn:
            await asyncio.to_thread(live.take, batch)
            self._note_unread()
            self._note_gone(batch)
            self._pulse.beat(batch.count, caught_up=batch.caught_up)
            self._polls_left -= 1
            part_due = self._polls_left <= 0 and self._pace.wants_part(self._pulse.events_per_s)
            if batch.caught_up or part_due:
                await self._show(publish)
                self._is_abreast.set()
            if live.wants_keeping(batch):  # takes longer than a look: what is new is shown first
                await asyncio.to_thread(live.keep, batch)
                self._is_swollen, self.trouble = True, live.trouble
        if batch.caught_up:
            events_per_s = self._pulse.events_per_s
            self._is_swollen = self._is_swollen or events_per_s >= MANY_PER_S
            await asyncio.sleep(self._pace.rest_s(events_per_s))

    def _note_unread(self) -> None:
        if self._view_maker.is_whole != self._live.is_whole:
            self._is_swollen = True  # the first model was replaced
        self._view_maker.is_whole = self._live.is_whole
        self._view_maker.unread = self._live.progress

    def _note_gone(self, batch: Batch) -> None:
        """Tell the past who is gone: by itself it would find out only when it is used."""
        for record in reversed(batch.records):
            if self._past is None or not isinstance(record, InstanceGone):
                return  # they come last
            self._past.note_gone(record.instance_id, self.now())

    async def _tick(self, publish: Callable[[View], None]) -> None:
        while True:
            await self._is_abreast.wait()
            await asyncio.sleep(self._till_tick_s())
            if self._is_swollen and self._pulse.events_per_s < MANY_PER_S:
                self._is_swollen = False
                give_back()
            async with self._live.turn:
                self._note_unread()
                # Else a view was shown meanwhile, or the model begins anew.
                if self._till_tick_s() <= 0 and self._is_abreast.is_set():
                    view = self._view_maker.again(self._live.model, self.now())
                    self._is_swollen = self._is_swollen or view is None  # sums are made anew
                    await self._show(publish, view)

    def _till_tick_s(self) -> float:
        return self._pace.till_tick_s(self._settings.tick_s, self._pulse.events_per_s)

    async def _show(self, publish: Callable[[View], None], view: View | None = None) -> None:
        publish(await asyncio.to_thread(self._look) if view is None else view)
        self._pace.shown()

    def _look(self) -> View:
        return self._view_maker.newest(self._live.model, self.now())

    def _look_at(self, state: FleetState, moment_s: float | None) -> View:
        if moment_s is None or self._past is None:
            return self._view_maker.held(self._live.model, state)
        past = self._past.get()
        view = self._view_maker.earlier(self._live.model, state, moment_s, past)
        first_s = past.span[0] if past.span is not None else None
        missing = why_nothing(moment_s, first_s, self.since_s, self.now())
        return msgspec.structs.replace(view, missing=missing)

"""The one hop from the log tree to the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

import msgspec

from logging_core.analyse.state import FleetState, InstanceState, Usage
from logging_core.records import Batch, InstanceGone
from madrox_tui.audit_sums import AuditSums
from madrox_tui.config import Settings
from madrox_tui.exchanges import EventQuery, Events
from madrox_tui.filters import Filter, parse_filter
from madrox_tui.pace import Pace
from madrox_tui.past import Past, prepare
from madrox_tui.pulse import Pulse
from madrox_tui.sources import frames_of, messages_of
from madrox_tui.view import View

if TYPE_CHECKING:
    from logging_core.read.disk import DiskUse
    from madrox_tui.live import LiveFleet

P = ParamSpec("P")
T = TypeVar("T")

PULSE_MINUTES = 10
"""Of so many minutes the list shows how much was going on."""

_MINUTE_S = 60.0
_AHEAD = -1  # rows of a view made ahead are numbered otherwise than those of any other


class First(NamedTuple):
    """A view that was made ahead, and how many looks at the tree are in it."""

    view: View
    looks: int


class Feed:
    """Follows a tree, folds it into the fleet model, and publishes views.

    What reads the tree is loaded once it is needed: not before the first paint, where the first
    view was made ahead.

    Args:
        root: The log tree; need not exist yet.
        now: The clock, seconds since the epoch.
        settings: The filter to begin with, and how to look.
        since_s: Count only what happened at or after this moment; `None` for all.
        past: Knows earlier states of the tree; `None` if they cannot be shown.
        cached: Whether sums are kept from one run to the next.
        first: Gives what another feed saw of the tree a moment ago, or `None`.

    Attributes:
        frames: Every captured frame of every pane.
        messages: Messages older than those of a view; `None` if they do not count.
    """

    def __init__(
        self,
        root: Path,
        *,
        now: Callable[[], float],
        settings: Settings,
        since_s: float | None = None,
        past: Past | None = None,
        cached: bool = False,
        first: Callable[[], First | None] = lambda: None,
    ) -> None:
        self.root = root
        # What is older than what counts is not for the timeline either.
        self.messages = None if since_s is not None else messages_of(root)
        self.frames = frames_of(root)
        self.now = now
        self._settings = settings
        self._since_s = since_s
        self._cached = cached
        self._first = first
        self._looks_left = 0
        self._is_abreast = asyncio.Event()
        self._sums = AuditSums(budget_usd=settings.budget_usd, clock=time.monotonic)
        self._pulse = Pulse(time.monotonic)
        self._pace = Pace(time.monotonic, time.process_time)
        self._turn = asyncio.Lock()
        self._past = past
        self._past_turn = asyncio.Lock()
        self._jumps = -_AHEAD
        self._filter = parse_filter(settings.filter)
        self._scope: str | None = None
        self._last: View | None = None

    @cached_property
    def _live(self) -> LiveFleet:
        from logging_core.analyse.prompts import compile_patterns
        from logging_core.cache import FleetCache
        from madrox_tui.live import LiveFleet

        options = {
            "since_s": self._since_s,
            "stuck_after_s": self._settings.stuck_after_s,
            "prompts": compile_patterns(self._settings.prompts),
        }
        cache = FleetCache(self.root, "screen") if self._cached and self._since_s is None else None
        poll = self._settings.poll
        return LiveFleet(self.root, options, poll=poll, cache=cache, monotonic=time.monotonic)

    def look_ahead(self, enough: Callable[[], bool]) -> First:
        """What there is, blocking, for another feed of the same tree to begin with.

        Args:
            enough: Ends it early, between two looks.
        """
        looks = self._live.look_ahead(enough)
        state = msgspec.structs.replace(self._live.model.state(self.now()), reordered=_AHEAD)
        return First(self._view(state, None), looks)

    def begin(self) -> View | None:
        """The view made ahead; `None` if there is none. None that shows less is published later.

        To be called once, before `run`.
        """
        first = self._first()
        if first is None:
            return None
        self._looks_left = first.looks
        return first.view

    async def run(self, publish: Callable[[View], None]) -> None:
        """Follow the tree until cancelled; `publish` is given each new view, on the loop."""
        ticker = asyncio.create_task(self._tick(publish))
        try:
            await self._follow(publish)
        finally:
            ticker.cancel()

    async def narrow(self, wanted: Filter, scope: str | None, held: View | None) -> View:
        """A view that is narrowed otherwise; later ones are narrowed the same.

        Args:
            wanted: The filter.
            scope: The only instance to show, or `None`.
            held: The view to narrow, if the screen shows an older one; `None` for the newest.
        """
        self._filter, self._scope = wanted, scope
        if held is None:
            await self._is_abreast.wait()
            async with self._turn:
                return await _uncut(self._look)
        async with self._turn if held.moment_s is None else self._past_turn:
            return await _uncut(self._view, held.state, held.moment_s)

    @property
    def knows_the_past(self) -> bool:
        """Whether earlier moments can be shown."""
        return self._past is not None

    async def at(self, moment_s: float) -> View:
        """The view of an earlier moment, in seconds since the epoch.

        Cancelling it also ends what it takes to know that moment, within a fraction of a second.

        Raises:
            OSError: The tree cannot be read.
        """
        if self._past is None:
            raise RuntimeError("this feed knows no past")
        async with self._past_turn:
            await prepare(self._past)
            state = await _uncut(self._past.state_at, moment_s)
            # Its rows are numbered otherwise than those of any other moment.
            self._jumps += 1
            state = msgspec.structs.replace(state, reordered=-self._jumps)
            return await _uncut(self._view, state, moment_s)

    def group_by(self, by: str) -> None:
        """Sum up the audit panel's table by something else in the views to come."""
        self._sums.by = by

    async def disk(self) -> DiskUse:
        """What the tree takes on the disk."""
        from logging_core.read.disk import measure_disk

        return await asyncio.to_thread(measure_disk, self.root, now_s=self.now())

    async def events(self, query: EventQuery, most: int) -> Events:
        """The newest `most` audit events that are meant; none if they cannot be read."""
        return await asyncio.to_thread(self._read_events, query, most)

    async def _follow(self, publish: Callable[[View], None]) -> None:
        live = await asyncio.to_thread(lambda: self._live)  # which takes time the first time
        async for batch in live.batches():
            async with self._turn:
                await asyncio.to_thread(live.take, batch)
                self._note_gone(batch)
                self._pulse.beat(batch.count, caught_up=batch.caught_up)
                self._looks_left -= 1
                part_due = self._looks_left <= 0 and self._pace.wants_part(self._pulse.events_per_s)
                if batch.caught_up or part_due:
                    await self._show(publish)
                    self._is_abreast.set()
            if batch.caught_up:
                await asyncio.sleep(self._pace.rest_s(self._pulse.events_per_s))

    def _note_gone(self, batch: Batch) -> None:
        """Tell the past, whose own looks are rare, who is gone from now on."""
        for record in reversed(batch.records):
            if self._past is None or not isinstance(record, InstanceGone):
                return  # they come last
            self._past.note_gone(record.instance_id, self.now())

    async def _tick(self, publish: Callable[[View], None]) -> None:
        await self._is_abreast.wait()
        while True:
            await asyncio.sleep(self._settings.tick_s)
            async with self._turn:
                if self._pace.wants_tick(self._settings.tick_s, self._pulse.events_per_s):
                    await self._show(publish, self._look_again())

    async def _show(self, publish: Callable[[View], None], view: View | None = None) -> None:
        publish(await asyncio.to_thread(self._look) if view is None else view)
        self._pace.shown()

    def _look(self) -> View:
        self._last = view = self._view(self._live.model.state(self.now()), None)
        return view

    def _look_again(self) -> View | None:
        """The last view as of now, if only time has passed since; that takes no time."""
        now_s, last, model = self.now(), self._last, self._live.model
        if last is None or not model.holds_at(now_s) or not self._sums.is_current:
            return None
        if (last.filter, last.scope) != (self._filter, self._scope):
            return None
        if now_s // _MINUTE_S != last.state.at_s // _MINUTE_S:
            return None  # what happened by the minute is another
        rate, lag_s = self._pulse.events_per_s, self._pulse.lag_s
        self._last = last.later(model.state(now_s), events_per_s=rate, lag_s=lag_s)
        return self._last

    def _view(self, state: FleetState, moment_s: float | None) -> View:
        usage_of = (
            self._live.model.usage_of if moment_s is None else partial(self._usage_at, moment_s)
        )
        instances = tuple(filter(self._passes, state.instances))
        usage = state.usage
        if len(instances) < len(state.instances):
            usage = usage_of(instance.instance_id for instance in instances)
        if moment_s is None:
            audit = self._sums.look(self._live.model, state, instances, usage)
        else:
            audit = self._sums.look_back(self._live.model, state, instances, usage, usage_of)
        return View(
            state,
            self._filter,
            self._scope,
            instances,
            usage,
            activity=self._activity(state) if moment_s is None else {},
            audit=audit,
            moment_s=moment_s,
            events_per_s=self._pulse.events_per_s,
            lag_s=self._pulse.lag_s,
        )

    def _usage_at(self, moment_s: float, instance_ids: Iterable[str]) -> Usage:
        return Usage() if self._past is None else self._past.usage_at(moment_s, instance_ids)

    def _read_events(self, query: EventQuery, most: int) -> Events:
        from logging_core.read.events import newest_events

        try:
            return Events(*newest_events(self.root, query.matches, most))
        except OSError:
            return Events(more=True)

    def _activity(self, state: FleetState) -> dict[str, tuple[int, ...]]:
        model, now_s = self._live.model, state.at_s
        return {
            i.instance_id: model.activity(i.instance_id, now_s=now_s, minutes=PULSE_MINUTES)
            for i in state.instances
        }

    def _passes(self, instance: InstanceState) -> bool:
        if self._scope is not None and instance.instance_id != self._scope:
            return False
        return self._filter.matches(instance)


async def _uncut(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call in a thread that has ended when this returns, also when it is cancelled."""
    done = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.wait([done])
        raise

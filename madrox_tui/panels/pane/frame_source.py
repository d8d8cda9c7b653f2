"""The captured frames of a pane: read in threads, cached, prefetched."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, Protocol, TypeVar

from logging_core.records import FrameRef
from logging_core.threads import in_thread
from madrox_tui.find import holds
from madrox_tui.panels.pane.pane import Pane, make_pane, plain_lines

if TYPE_CHECKING:
    from madrox_tui.panels.pane.hits import Hits

KEPT_CHARS = 4 << 20
"""Characters of captures that are cached; three panes are cached in any case."""

MAX_COMPARED = 500
"""How many frames are searched for one that differs."""

_PAGE = 32
_STEP_S = 0.02  # a frame that is to be shown does not wait longer for the count
_KEPT_PANES = 3

P = ParamSpec("P")
T = TypeVar("T")


class Frames(Protocol):
    """Random access to the frames of one instance; every call blocks, for a bounded time."""

    def has_directory(self) -> bool:
        """Whether there is a place for frames, with any or without."""

    def before(self, ref: FrameRef, count: int) -> list[FrameRef]:
        """Return the `count` frames before one, oldest first."""

    def after(self, ref: FrameRef, count: int) -> list[FrameRef]:
        """Return the `count` frames after one, oldest first."""

    def newest(self, count: int) -> list[FrameRef]:
        """Return the last `count` frames, oldest first."""

    def at(self, time_s: float) -> FrameRef | None:
        """Return the newest frame at or before a time; `None` if there is none."""

    def density(
        self, buckets: int, from_s: float | None = None, to_s: float | None = None
    ) -> list[int]:
        """Return how much changed in each of `buckets` equal parts of the time."""

    def span(self) -> tuple[float, float] | None:
        """Return the times of the first and the last frame; `None` if there are no frames."""


class Step(NamedTuple):
    """Another frame, and its distance in frames: after (> 0) or before."""

    ref: FrameRef
    steps: int


class Course(NamedTuple):
    """How much changed over the course of a recording.

    Attributes:
        density: How much, in equal parts of the time.
        from_s: When the recording begins.
        to_s: When it ends.
    """

    density: tuple[int, ...]
    from_s: float
    to_s: float


class FrameSource:
    """Reads frames on demand, one read in flight at a time; a failed read gives `None`.

    Args:
        open_pane: Returns the frames of an instance, by id.
        read: Returns the sanitised text of a frame, colours included.
    """

    def __init__(self, open_pane: Callable[[str], Frames], read: Callable[[FrameRef], str]) -> None:
        self._open = open_pane
        self._read = read
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[tuple[str, int, int, int], Pane] = OrderedDict()
        self._opened: tuple[str, Frames] | None = None

    async def pane(self, ref: FrameRef) -> Pane | None:
        """Return a frame, ready to draw; `None` if its file is gone or was replaced."""
        async with self._turn:
            pane = self.kept(ref)
            if pane is None:
                pane = await self._call(self._make, ref)
            if pane is not None:
                self._keep(pane)
            return pane

    def kept(self, ref: FrameRef) -> Pane | None:
        """Return a frame if it is cached."""
        return self._kept.get(ref.place)

    def put(self, ref: FrameRef, text: str) -> None:
        """Cache a frame that was read elsewhere; `text` is what `read` would have returned."""
        self._keep(make_pane(ref, text))

    async def step(self, ref: FrameRef, steps: int) -> Step | None:
        """Return the frame `steps` on, or the last on the way there; `None` if there is none."""
        found = await self._beside(ref, steps)
        if not found:
            return None
        return Step(found[-1], len(found)) if steps > 0 else Step(found[0], -len(found))

    async def differing(self, ref: FrameRef, direction: int) -> Step | None:
        """Return the nearest frame after (> 0) or before one that shows something else.

        At most `MAX_COMPARED` frames are searched; if all of them look the same, the last one is
        returned.
        """
        step: Step | None = None
        async for step in self._walk(ref, direction):
            if abs(step.steps) >= MAX_COMPARED or not await self._same(ref, step.ref):
                return step
        return step

    async def before(self, ref: FrameRef) -> Pane | None:
        """Return the frame before one; `None` if it is the first."""
        step = await self.step(ref, -1)
        return None if step is None else await self.pane(step.ref)

    async def first(self, instance_id: str) -> FrameRef | None:
        """Return the first frame that still exists; `None` if there is none."""
        async with self._turn:
            frames = self._frames(instance_id)
            span = await self._call(frames.span)
            first = None if span is None else await self._call(frames.at, span[0])
            if first is None:
                return None
            same = await self._call(frames.before, first, _PAGE)  # of that moment
            return same[0] if same else first

    async def newest(self, instance_id: str) -> FrameRef | None:
        """Return the newest frame; `None` if there is none, as when its files were deleted."""
        async with self._turn:
            found = await self._call(self._frames(instance_id).newest, 1)
            return found[0] if found else None

    async def has_directory(self, instance_id: str) -> bool:
        """Return whether an instance has a directory; false if that cannot be seen, either."""
        async with self._turn:
            return bool(await self._call(self._frames(instance_id).has_directory))

    async def at(self, instance_id: str, time_s: float) -> FrameRef | None:
        """Return the newest frame at or before a time, in seconds since the epoch."""
        async with self._turn:
            return await self._call(self._frames(instance_id).at, time_s)

    async def course(self, instance_id: str, buckets: int) -> Course | None:
        """Return how much changed over the whole recording; `None` without frames."""
        async with self._turn:
            frames = self._frames(instance_id)
            span = await self._call(frames.span)
            if span is None:
                return None
            density = await self._call(frames.density, buckets, *span)
            return None if density is None else Course(tuple(density), *span)

    async def search(
        self, ref: FrameRef, text: str, direction: int = -1
    ) -> AsyncIterator[tuple[FrameRef, int]]:
        """Find a text in the frames before (or after) one: frame and line, nearest first.

        After the end of the recording come the frames from its other end on, and `ref` itself last.
        A line that the previously searched frame shows too is not reported again: consecutive
        frames repeat one another. Case matters if `text` has capitals. Each step reads one frame.
        """
        seen = await self._lines_with(ref, text)
        async for other in self._round(ref, direction):
            hits = {} if other is None else await self._lines_with(other, text)
            for line in hits if direction > 0 else reversed(hits):
                if other is not None and line not in seen:
                    yield other, hits[line][0 if direction > 0 else -1]
            seen = hits

    async def count(self, hits: Hits) -> AsyncIterator[None]:
        """Count the hits of a search in all frames after those that it has counted, in steps.

        A step reads as many frames as it can in `_STEP_S`, and keeps none of them.
        """
        while not hits.is_full:
            if hits.last is not None:
                refs = await self._beside(hits.last, _PAGE)
            else:
                first = await self.first(hits.instance_id)
                refs = [] if first is None else [first]
            if not refs:
                break
            async with self._turn:
                await self._call(self._count, hits, refs)
            yield
        hits.is_whole = not hits.is_full

    def _count(self, hits: Hits, refs: Iterable[FrameRef]) -> None:
        until = monotonic() + _STEP_S
        for ref in refs:
            try:
                hits.add(ref, plain_lines(self._read(ref)))
            except OSError:
                hits.add(ref, ())
            if hits.is_full or monotonic() > until:
                return

    async def warm(self, ref: FrameRef) -> None:
        """Prefetch the neighbours of a frame, so that stepping to them is instant."""
        for steps in (1, -1):
            if step := await self.step(ref, steps):
                await self.pane(step.ref)

    async def _same(self, ref: FrameRef, other: FrameRef) -> bool:
        """Return whether two frames look the same; an unreadable one equals no other."""
        if ref.digest and other.digest:
            return ref.shows_same(other)
        pane, second = await self.pane(ref), await self.pane(other)
        return pane is not None and second is not None and pane.texts == second.texts

    async def _lines_with(self, ref: FrameRef, text: str) -> dict[str, list[int]]:
        """Return the lines with a text, in the order of the frame, and where each of them is."""
        pane = await self.pane(ref)
        lines: dict[str, list[int]] = {}
        for index, line in enumerate(pane.texts if pane is not None else ()):
            if holds(line, text):
                lines.setdefault(line, []).append(index)
        return lines

    async def _round(self, ref: FrameRef, direction: int) -> AsyncIterator[FrameRef | None]:
        """Yield every frame after or before one, `None`, and those from the other end on to it."""
        async for step in self._walk(ref, direction):
            yield step.ref
        yield None
        end = self.first if direction > 0 else self.newest
        other = await end(ref.instance_id)
        if other is None:
            return
        yield other
        if other.place != ref.place:
            async for step in self._walk(other, direction):
                yield step.ref
                if step.ref.place == ref.place:
                    return

    async def _walk(self, ref: FrameRef, direction: int) -> AsyncIterator[Step]:
        """Yield every frame after or before one, nearest first."""
        sign, last = 1 if direction > 0 else -1, Step(ref, 0)
        while found := await self._beside(last.ref, sign * _PAGE):
            for steps, other in enumerate(found[::sign], start=abs(last.steps) + 1):
                last = Step(other, sign * steps)
                yield last

    async def _beside(self, ref: FrameRef, steps: int) -> list[FrameRef]:
        async with self._turn:
            frames = self._frames(ref.instance_id)
            beside = frames.after if steps > 0 else frames.before
            return await self._call(beside, ref, abs(steps)) or []

    def _frames(self, instance_id: str) -> Frames:
        if self._opened is None or self._opened[0] != instance_id:
            self._opened = (instance_id, self._open(instance_id))
        return self._opened[1]

    def _make(self, ref: FrameRef) -> Pane:
        return make_pane(ref, self._read(ref))

    def _keep(self, pane: Pane) -> None:
        self._kept[pane.ref.place] = pane
        self._kept.move_to_end(pane.ref.place)
        while (
            len(self._kept) > _KEPT_PANES
            and sum(kept.size for kept in self._kept.values()) > KEPT_CHARS
        ):
            self._kept.popitem(last=False)

    async def _call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return await in_thread(partial(work, *args, **kwargs))
        except OSError:
            return None

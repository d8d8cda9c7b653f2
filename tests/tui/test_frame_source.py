"""Frames on demand: what is read, what is kept, what is found."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest

from builders import TreeBuilder
from logging_core.read.frames import read_frame
from logging_core.read.panes import PaneFile
from logging_core.records import FrameRef
from madrox_tui.panels.pane import frame_source
from madrox_tui.panels.pane import hits as hits_module
from madrox_tui.panels.pane.frame_source import FrameSource, Step
from madrox_tui.panels.pane.hits import Hits

pytestmark = pytest.mark.asyncio


class Reads:
    """Reads frames, and counts how often each was read and how many at once."""

    def __init__(self, tree: TreeBuilder) -> None:
        self.tree = tree
        self.count: Counter[int] = Counter()
        self.most_at_once = 0
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self._running = 0
        self._lock = threading.Lock()
        self.source = FrameSource(lambda i: PaneFile(tree.root, i), self.read)

    def read(self, ref: FrameRef) -> str:
        with self._lock:
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        self.entered.release()
        try:
            assert self.gate.wait(10)
            self.count[ref.offset] += 1
            return read_frame(self.tree.root, ref)
        finally:
            with self._lock:
                self._running -= 1

    def all(self) -> list[FrameRef]:
        return PaneFile(self.tree.root, "a1").newest(1_000)


@pytest.fixture
def reads(tree: TreeBuilder) -> Reads:
    """Ten frames; the scrollback of each repeats the one before."""
    for number in range(10):
        lines = [f"Error {n}" if n % 3 == 0 else f"line {n}" for n in range(number + 1)]
        tree.frame("a1", "\n".join(lines), at=number)
    return Reads(tree)


async def test_a_frame_is_read_once(reads: Reads) -> None:
    """A frame that was shown a moment ago is not read again, nor are its neighbours."""
    ref = reads.all()[5]
    await reads.source.pane(ref)
    await reads.source.warm(ref)
    for steps in (1, -1):
        step = await reads.source.step(ref, steps)
        assert step is not None
        await reads.source.pane(step.ref)
    await reads.source.pane(ref)
    assert len(reads.count) == 3
    assert set(reads.count.values()) == {1}


async def test_one_read_at_a_time(reads: Reads) -> None:
    """However many frames are wanted at once, one is read at a time."""
    panes = await asyncio.gather(*map(reads.source.pane, reads.all()))
    assert all(pane is not None for pane in panes)
    assert reads.most_at_once == 1


async def test_one_read_at_a_time_whoever_gives_up(reads: Reads) -> None:
    """A read that nobody waits for any more is over before the next one begins."""
    wanted, gate = reads.all(), reads.gate
    gate.clear()
    for ref in wanted[:3]:
        task = asyncio.create_task(reads.source.pane(ref))
        await asyncio.to_thread(reads.entered.acquire, timeout=0.2)
        task.cancel()
    last = asyncio.create_task(reads.source.pane(wanted[9]))
    gate.set()
    assert await last is not None
    assert reads.most_at_once == 1


async def test_what_is_kept_is_bounded(reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old frames are forgotten when too much is kept, and read anew."""
    monkeypatch.setattr(frame_source, "KEPT_CHARS", 20)
    refs = reads.all()
    for ref in refs:
        await reads.source.pane(ref)
    await reads.source.pane(refs[-1])
    await reads.source.pane(refs[0])
    assert reads.count[refs[0].offset] == 2
    assert reads.count[refs[-1].offset] == 1


async def test_steps_end_where_the_recording_does(reads: Reads) -> None:
    """A step beyond the ends goes as far as there are frames; from the end there is none."""
    refs = reads.all()
    assert await reads.source.step(refs[7], 50) == Step(refs[9], 2)
    assert await reads.source.step(refs[2], -50) == Step(refs[0], -2)
    assert await reads.source.step(refs[9], 1) is None
    assert await reads.source.step(refs[0], -1) is None
    assert await reads.source.first("a1") == refs[0]


async def test_the_first_of_one_moment(tree: TreeBuilder) -> None:
    """The recording begins with its first frame, also if the next one has the same time."""
    for at in (10, 10, 10, 20):
        tree.frame("a1", f"at {at}", at=at)
    reads = Reads(tree)
    assert await reads.source.first("a1") == reads.all()[0]


async def test_differing_frames_of_unknown_digest(tree: TreeBuilder) -> None:
    """Where no checksum tells, the texts are compared; the search ends at the last frame."""
    for number, text in enumerate(("a", "b", "b", "b")):
        tree.frame("a1", text, at=number)
    reads = Reads(tree)
    bare = [
        FrameRef(
            instance_id=r.instance_id,
            path=r.path,
            offset=r.offset,
            body_offset=r.body_offset,
            end=r.end,
            time_s=r.time_s,
        )
        for r in reads.all()
    ]
    source = FrameSource(lambda _: Bare(bare), lambda ref: "a" if ref.offset == 0 else "b")
    assert await source.differing(bare[3], -1) == Step(bare[0], -3)
    assert await source.differing(bare[1], 1) == Step(bare[3], 2)
    assert await source.differing(bare[3], 1) is None


class Bare:
    """Frames in a list."""

    def __init__(self, refs: list[FrameRef]) -> None:
        self.refs = refs

    def has_directory(self) -> bool:
        return True

    def before(self, ref: FrameRef, count: int) -> list[FrameRef]:
        end = self.refs.index(ref)
        return self.refs[max(0, end - count) : end]

    def after(self, ref: FrameRef, count: int) -> list[FrameRef]:
        start = self.refs.index(ref) + 1
        return self.refs[start : start + count]

    def newest(self, count: int) -> list[FrameRef]:
        return self.refs[-count:]

    def at(self, time_s: float) -> FrameRef | None:
        return next((r for r in reversed(self.refs) if (r.time_s or 0) <= time_s), None)

    def density(
        self, buckets: int, from_s: float | None = None, to_s: float | None = None
    ) -> list[int]:
        return [1] * buckets

    def span(self) -> tuple[float, float] | None:
        return (0.0, 1.0)


async def test_search_goes_back_and_tells_each_line_once(reads: Reads) -> None:
    """A search tells, nearest first, what the frames after did not show already, and goes round."""
    tree = reads.tree
    tree.frame("a1", "all\nwas cleared", at=20)
    refs = reads.all()
    found = [hit async for hit in reads.source.search(refs[-1], "error")]
    assert found == [(refs[9], 9), (refs[9], 6), (refs[9], 3), (refs[9], 0)]
    assert [hit async for hit in reads.source.search(refs[-1], "ERROR")] == []
    onwards = [hit async for hit in reads.source.search(refs[0], "Error", 1)]
    assert onwards == [(refs[3], 3), (refs[6], 6), (refs[9], 9), (refs[0], 0)]
    round_again = [hit async for hit in reads.source.search(refs[0], "line", -1)]
    assert round_again[:2] == [(refs[9], 8), (refs[9], 7)]


async def test_all_hits_are_counted_and_no_frame_kept(reads: Reads) -> None:
    """A count reads each frame once, those that came since on the next call, and keeps none."""
    hits = Hits("a1", "error")
    async for _ in reads.source.count(hits):
        pass
    assert (len(hits), hits.frames, hits.is_whole) == (4, 4, True)
    assert set(reads.count.values()) == {1}
    assert all(reads.source.kept(ref) is None for ref in reads.all())
    reads.tree.frame("a1", "Error 9\nerror again", at=20)
    async for _ in reads.source.count(hits):
        pass
    assert (len(hits), hits.frames, len(reads.count)) == (5, 5, 11)


async def test_a_count_is_bounded(reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text that is everywhere no more hits are counted than anybody steps through."""
    monkeypatch.setattr(hits_module, "MAX_HITS", 3)
    hits = Hits("a1", "line")
    async for _ in reads.source.count(hits):
        pass
    assert (len(hits), hits.is_whole) == (3, False)
    assert len(reads.count) < 10


async def test_a_frame_that_is_gone_is_counted_without_hits(reads: Reads) -> None:
    """A file that goes while its frames are counted ends the count, and is no error."""
    hits = Hits("a1", "error")
    refs = reads.all()
    hits.add(refs[0], ["Error 0"])
    (reads.tree.root / "instances/a1/tmux_output.log").unlink()
    async for _ in reads.source.count(hits):
        pass
    assert (len(hits), hits.is_whole) == (1, True)


async def test_search_reads_only_as_far_as_it_is_asked(reads: Reads) -> None:
    """Who takes the first hit has the frames up to it read, and no more."""
    refs = reads.all()
    async for _, line in reads.source.search(refs[0], "line 1", 1):
        assert line == 1
        break
    assert len(reads.count) == 2


async def test_a_file_that_is_gone(reads: Reads) -> None:
    """Without its file a frame is nothing, and so is everything else that is asked for."""
    ref = reads.all()[5]
    (reads.tree.root / "instances/a1/tmux_output.log").unlink()
    assert await reads.source.pane(ref) is None
    assert await reads.source.step(ref, 1) is None
    assert await reads.source.at("a1", 1e12) is None
    assert await reads.source.course("a1", 10) is None
    assert await reads.source.newest("a1") is None

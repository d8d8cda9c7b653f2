"""Views of a tree: the first, made ahead, and those that follow."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from operator import is_
from pathlib import Path
from unittest import mock

import msgspec
import pytest

from builders import TreeBuilder
from logging_core.analyse.state import State
from logging_core.read import session
from madrox_tui.config import Settings
from madrox_tui.feed.feed import Feed
from madrox_tui.feed.first_view import FirstView
from madrox_tui.feed.live import LiveFleet
from madrox_tui.feed.opened import UNREADABLE
from madrox_tui.feed.past import LazyPast
from madrox_tui.feed.prefetch import prefetch
from madrox_tui.feed.view_maker import ViewMaker
from madrox_tui.filters import parse_filter
from madrox_tui.panels.pane.pane import Pane
from madrox_tui.view import Narrowing, View
from onlooker import TIMEOUT_S

SETTINGS = Settings(poll=True, tick_s=3600.0, filter="role:qa")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TreeBuilder:
    monkeypatch.setattr(session, "BATCH", 1)  # a poll reads one log
    made = TreeBuilder(tmp_path / "logs")
    for number in range(5):
        made.metadata(f"i{number}", f"agent-{number}", role="qa")
        made.send(f"i{number}", "m", at=number)
    return made


def make_feed(tree: TreeBuilder, prefetched: FirstView | None = None) -> Feed:
    return Feed(
        tree.root,
        now=lambda: TreeBuilder.epoch(100),
        settings=SETTINGS,
        prefetched=lambda: prefetched,
    )


def ahead(tree: TreeBuilder, polls: int) -> FirstView:
    """What is prefetched in so many polls, by another process."""
    left = iter(range(polls - 1))
    seen = prefetch(
        tree.root,
        SETTINGS,
        by="instance",
        since_s=None,
        now=lambda: TreeBuilder.epoch(100),
        enough=lambda: next(left, None) is None,
    )
    copy: FirstView = pickle.loads(pickle.dumps(seen))  # noqa: S301 - just pickled
    return copy


async def views(feed: Feed) -> list[View]:
    """What is published, up to a view of the whole tree."""
    published: list[View] = []
    done = asyncio.Event()

    def publish(view: View) -> None:
        published.append(view)
        if view.state.caught_up:
            done.set()

    running = asyncio.create_task(feed.run(publish))
    await asyncio.wait_for(done.wait(), TIMEOUT_S)
    running.cancel()
    await asyncio.wait({running})
    return published


def messages(view: View) -> int:
    return len(view.state.messages)


def test_a_view_made_ahead_shows_what_a_view_shows(tree: TreeBuilder) -> None:
    """Instances, messages and sums, filtered; and it comes from another process whole."""
    first = ahead(tree, 100)
    (*_, last) = asyncio.run(views(make_feed(tree)))
    for seen, expected in (
        (first.view.instances, last.instances),
        (first.view.usage, last.usage),
        ([*first.view.state.messages], [*last.state.messages]),
    ):
        assert msgspec.to_builtins(seen) == msgspec.to_builtins(expected)
    assert first.view.narrowing.filter.text == SETTINGS.filter
    assert first.view.narrowing.filter.matches(last.instances[0])
    assert first.view.state.caught_up


@pytest.mark.parametrize("polls", [1, 100])
def test_the_pane_that_is_selected_first_is_seen_ahead(tree: TreeBuilder, polls: int) -> None:
    """Its newest capture comes along, also where its file has not come to be read yet."""
    tree.frame("i0", "an older one", at=10)
    tree.frame("i0", "\x1b[31mred\x1b[0m and ‹", at=20)
    first = ahead(tree, polls)
    assert first.capture is not None
    ref, text = first.capture
    assert (ref.instance_id, text) == ("i0", "\x1b[31mred\x1b[0m and ‹")
    newest = first.view.by_id["i0"].newest_frame
    assert newest is not None
    assert newest.place == ref.place

    async def pane() -> Pane | None:
        feed = make_feed(tree, first)
        feed.begin()
        (tree.root / ref.path).unlink()
        return await feed.frames.pane(ref)

    shown = asyncio.run(pane())
    assert shown is not None
    assert shown.texts == ["red and ‹"]


def test_without_captures_or_instances_nothing_comes_along(tree: TreeBuilder) -> None:
    """There is a view all the same."""
    assert ahead(tree, 100).capture is None
    assert not ahead(TreeBuilder(tree.root.parent / "another"), 1).view.instances


@pytest.mark.parametrize("polls", [1, 4, 9])
def test_no_view_shows_less_than_the_one_made_ahead(tree: TreeBuilder, polls: int) -> None:
    """While the tree is read once more, the screen never goes back."""
    first = ahead(tree, polls)
    feed = make_feed(tree, first)
    assert feed.begin() is first.view
    known = [messages(view) for view in (first.view, *asyncio.run(views(feed)))]
    assert known == sorted(known)
    assert known[-1] == 5


def test_rows_of_the_view_made_ahead_are_no_rows_of_the_next(tree: TreeBuilder) -> None:
    """Their numbers mean nothing to it: a panel begins anew."""
    first = ahead(tree, 3)
    feed = make_feed(tree, first)
    feed.begin()
    (second, *_) = asyncio.run(views(feed))
    assert first.view.state.reordered != second.state.reordered


def test_a_filter_that_comes_first_waits_for_the_tree(tree: TreeBuilder) -> None:
    """It never shows less than the view made ahead did."""
    first = ahead(tree, 100)

    async def narrow() -> View:
        feed = make_feed(tree, first)
        feed.begin()
        running = asyncio.create_task(feed.run(lambda _: None))
        view = await asyncio.wait_for(
            feed.narrow(Narrowing(parse_filter("name:i")), None), TIMEOUT_S
        )
        running.cancel()
        await asyncio.wait({running})
        return view

    assert messages(asyncio.run(narrow())) == 5


class Ticking:
    """A feed that ticks all the time, with a clock that is turned by hand."""

    def __init__(self, tree: TreeBuilder) -> None:
        self.now_s = TreeBuilder.epoch(100)
        settings = Settings(poll=True, tick_s=0.001, stuck_after_s=150)
        self.feed = Feed(tree.root, now=lambda: self.now_s, settings=settings)
        self.newest: View | None = None
        self._came = asyncio.Event()

    def publish(self, view: View) -> None:
        self.newest = view
        self._came.set()

    async def until(self, holds: Callable[[View], bool]) -> View:
        """The first view from now on of which something is true."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                self._came.clear()
                await self._came.wait()
                assert self.newest is not None
                if holds(self.newest):
                    return self.newest

    def messages(self) -> int:
        """How many are shown."""
        return 0 if self.newest is None else len(self.newest.state.messages)

    async def rest(self, give_back: mock.Mock) -> int:
        """Wait until nothing more is given back of what the start took; how often it was."""
        await self.until(lambda _: give_back.called)
        for _ in range(3):
            await self.until(lambda _: True)
        return give_back.call_count


@asynccontextmanager
async def ticking(tree: TreeBuilder) -> AsyncIterator[Ticking]:
    made = Ticking(tree)
    running = asyncio.create_task(made.feed.run(made.publish))
    before = await made.until(lambda view: view.state.caught_up)
    while not (after := await made.until(lambda _: True)).is_later(before):
        before = after  # sums that rest have yet to be made anew
    yield made
    running.cancel()
    await asyncio.wait({running})


@pytest.mark.asyncio
async def test_a_tick_without_news_shows_the_same_objects(tree: TreeBuilder) -> None:
    """Only the moment is another; nothing is filtered, summed or counted again."""
    async with ticking(tree) as fleet:
        before = await fleet.until(lambda _: True)
        with mock.patch.object(ViewMaker, "newest", side_effect=AssertionError):
            fleet.now_s += 5
            after = await fleet.until(lambda view: view.state.at_s == fleet.now_s)
            assert after.is_later(before)
            assert (after.instances, after.activity) == (before.instances, before.activity)
            assert all(map(is_, after.instances, before.instances))


@pytest.mark.asyncio
async def test_what_time_changes_is_shown_on_time(tree: TreeBuilder) -> None:
    """The minutes of the activity move on, and a request becomes stuck, without any record."""
    async with ticking(tree) as fleet:
        before = await fleet.until(lambda _: True)
        fleet.now_s += 30
        after = await fleet.until(lambda view: view.state.at_s == fleet.now_s)
        assert not after.is_later(before)
        assert before.activity["i0"] == (*[0] * 8, 1, 0)
        assert after.activity["i0"] == (*[0] * 7, 1, 0, 0)
        assert {instance.state for instance in after.instances} == {State.BUSY}
        fleet.now_s = TreeBuilder.epoch(151)
        after = await fleet.until(lambda view: view.state.at_s == fleet.now_s)
        assert {i.instance_id for i in after.instances if i.state is State.STUCK} == {"i0"}


@pytest.mark.asyncio
async def test_a_tick_after_news_shows_them(tree: TreeBuilder) -> None:
    """A record, and another filter, are in every view that follows."""
    async with ticking(tree) as fleet:
        before = await fleet.until(lambda _: True)
        tree.send("i4", "more", at=99)
        after = await fleet.until(lambda view: messages(view) == 6)
        assert not after.is_later(before)
        await fleet.feed.narrow(Narrowing(parse_filter("name:agent-1")), None)
        after = await fleet.until(lambda _: True)
        assert [instance.instance_id for instance in after.instances] == ["i1"]


@pytest.mark.asyncio
async def test_once_all_is_read_the_memory_that_it_took_is_given_back(tree: TreeBuilder) -> None:
    """After the start, and not at every tick."""
    with mock.patch("madrox_tui.feed.feed.give_back") as give_back:
        async with ticking(tree) as fleet:
            given = await fleet.rest(give_back)
            for _ in range(3):
                fleet.now_s += 5
                await fleet.until(lambda view: view.state.at_s == fleet.now_s)
            assert give_back.call_count == given


@pytest.mark.asyncio
async def test_the_memory_that_keeping_the_sums_took_is_given_back(tree: TreeBuilder) -> None:
    """Each time that they are kept, as after the whole tree was read."""
    with mock.patch("madrox_tui.feed.feed.give_back") as give_back:
        async with ticking(tree) as fleet:
            given = await fleet.rest(give_back)
            with mock.patch.object(LiveFleet, "wants_keeping", return_value=True):
                tree.send("i4", "more", at=99)
                await fleet.until(lambda _: give_back.call_count > given)


@pytest.mark.asyncio
async def test_what_is_new_is_shown_before_the_sums_are_kept(tree: TreeBuilder) -> None:
    """Keeping those of a thousand instances takes longer than to read and show a line."""
    shown: list[int] = []
    async with ticking(tree) as fleet:

        def keep(*_: object) -> None:
            shown.append(fleet.messages())

        with (
            mock.patch.object(LiveFleet, "wants_keeping", lambda _, batch: batch.count > 0),
            mock.patch.object(LiveFleet, "keep", keep),
        ):
            before = fleet.messages()
            tree.send("i4", "more", at=99)
            await fleet.until(lambda _: bool(shown))
    assert shown == [before + 1]


@pytest.mark.asyncio
async def test_the_memory_that_new_sums_take_at_rest_is_given_back(tree: TreeBuilder) -> None:
    """They are made each minute although nothing happens."""
    with mock.patch("madrox_tui.feed.feed.give_back") as give_back:
        async with ticking(tree) as fleet:
            given = await fleet.rest(give_back)
            fleet.now_s += 60
            await fleet.until(lambda _: give_back.call_count > given)


@pytest.mark.asyncio
async def test_what_fails_while_nothing_happens_is_not_silent(tree: TreeBuilder) -> None:
    """Ages that cannot be told any more end the feed, rather than freeze."""
    feed = Feed(tree.root, now=lambda: TreeBuilder.epoch(60), settings=Settings(tick_s=0.01))
    broken = mock.patch("madrox_tui.feed.view_maker.ViewMaker.again", side_effect=ZeroDivisionError)
    with broken, pytest.raises(ZeroDivisionError):
        await feed.run(lambda _: None)


def test_the_first_view_loads_nothing_that_reads_a_tree(tree: TreeBuilder) -> None:
    """The first paint does not wait for modules that are needed only after it."""
    program = (
        "import pickle, sys; import madrox_tui.app; pickle.load(sys.stdin.buffer);"
        "late = 'logging_core.read', 'madrox_tui.events.query', 'madrox_tui.screenshot', 'orjson';"
        "print(*(name for name in sys.modules if name.startswith(late)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(ahead(tree, 5)),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    assert loaded.split() == []


def test_who_makes_the_first_view_loads_nothing_that_shows_it() -> None:
    """Nor what waits for events: it is another process, and the first paint waits for it."""
    program = (
        "import sys, madrox_tui.feed.prefetch;"
        "print(*(name for name in sys.modules if name.startswith(('asyncio', 'textual'))))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True
    ).stdout
    assert loaded.split() == []


@pytest.mark.asyncio
async def test_no_view_is_made_of_a_model_that_begins_anew(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what another process summed cannot be used, who is shown stays there meanwhile."""
    monkeypatch.setattr("logging_core.summing.Summing.load", lambda *_, **__: None)
    settings = msgspec.structs.replace(SETTINGS, tick_s=1e-4)
    feed = Feed(tree.root, now=lambda: TreeBuilder.epoch(100), settings=settings, cached=True)
    shown: list[int] = []
    given_up = asyncio.Event()

    def publish(view: View) -> None:
        shown.append(len(view.state.instances))
        if (view.unread or "").startswith(UNREADABLE):
            given_up.set()

    running = asyncio.create_task(feed.run(publish))
    await asyncio.wait_for(given_up.wait(), 50)
    running.cancel()
    await asyncio.wait({running})
    assert shown == sorted(shown)


def test_a_past_that_is_closed_while_it_is_made_is_closed() -> None:
    """Whoever ends the program at that moment leaves no temporary file open."""
    made = mock.Mock()

    def make() -> mock.Mock:
        past.close()
        return made

    past = LazyPast(make)
    assert past.get() is made
    made.close.assert_called_once_with()

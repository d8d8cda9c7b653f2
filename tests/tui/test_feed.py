"""Views of a tree: the first, made ahead, and those that follow."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import msgspec
import pytest

from builders import TreeBuilder
from logging_core.read import session
from madrox_tui.config import Settings
from madrox_tui.feed import Feed, First
from madrox_tui.filters import parse_filter
from madrox_tui.view import View

SETTINGS = Settings(poll=True, tick_s=3600.0, filter="role:qa")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TreeBuilder:
    monkeypatch.setattr(session, "BATCH", 1)  # a look reads one log
    made = TreeBuilder(tmp_path / "logs")
    for number in range(5):
        made.metadata(f"i{number}", f"agent-{number}", role="qa")
        made.send(f"i{number}", "m", at=number)
    return made


def make_feed(tree: TreeBuilder, first: First | None = None) -> Feed:
    return Feed(
        tree.root, now=lambda: TreeBuilder.epoch(100), settings=SETTINGS, first=lambda: first
    )


def ahead(tree: TreeBuilder, looks: int) -> First:
    """What is seen ahead with time for so many looks, by another process."""
    left = iter(range(looks - 1))
    seen = make_feed(tree).look_ahead(lambda: next(left, None) is None)
    copy: First = pickle.loads(pickle.dumps(seen))  # noqa: S301 - just pickled
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
    await asyncio.wait_for(done.wait(), 10)
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
    assert first.view.filter.text == SETTINGS.filter
    assert first.view.filter.matches(last.instances[0])
    assert first.view.state.caught_up


@pytest.mark.parametrize("looks", [1, 4, 9])
def test_no_view_shows_less_than_the_one_made_ahead(tree: TreeBuilder, looks: int) -> None:
    """While the tree is read once more, the screen never goes back."""
    first = ahead(tree, looks)
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
        view = await asyncio.wait_for(feed.narrow(parse_filter("name:i"), None, None), 10)
        running.cancel()
        await asyncio.wait({running})
        return view

    assert messages(asyncio.run(narrow())) == 5
